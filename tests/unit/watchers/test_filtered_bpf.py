"""The filter in the kernel: what it lets through, by an interpreter of ours and by the kernel itself."""

import ctypes
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpf_machine import accepts
from fake_kernel import INDEXES, KINDS, NAMES, OTHER_ATTRIBUTES, RTM_NEWLINK, SO_ATTACH_FILTER, WT0, ifname, message
from harness.watchers.filtered import program
from harness.watchers.outcome import Link


@st.composite
def links_and_names(draw: st.DrawFn) -> tuple[Link, str]:
    """Draw a link, and the name that a message carries: the link's own, one that resembles it, or any."""
    name = draw(NAMES)
    other = draw(
        st.one_of(
            st.just(name),
            st.integers(1, len(name)).map(lambda end: name[:end]),
            NAMES.map(lambda more: name + more).filter(lambda longer: len(longer.encode()) <= 15),
            st.just(name.swapcase()).filter(lambda swapped: len(swapped.encode()) <= 15),
            NAMES,
            st.just(""),
        )
    )
    return Link(name=name, index=draw(INDEXES)), other


@st.composite
def filtered_packets(draw: st.DrawFn) -> tuple[Link, bytes, bool]:
    """Draw a link, a message, and whether the message is of the link's index or name and of the device itself."""
    link, name = draw(links_and_names())
    index = draw(st.just(link.index) | INDEXES | st.just(int.from_bytes(struct.pack(">i", link.index), "little") >> 1))
    family = draw(st.just(0) | st.integers(0, 255))
    before, after = draw(OTHER_ATTRIBUTES), draw(OTHER_ATTRIBUTES)
    named = [ifname(name)] if draw(st.booleans()) else []
    packet = message(draw(st.sampled_from([*KINDS])), index, *before, *named, *after, family=family)
    return link, packet, family == 0 and (index == link.index or (bool(named) and name == link.name))


@given(filtered_packets())
def test_the_filter_lets_through_exactly_what_is_of_our_index_or_our_name(drawn: tuple[Link, bytes, bool]) -> None:
    link, packet, ours = drawn

    assert accepts(program(link), packet) == ours


@pytest.mark.parametrize("length", range(1, 16))
def test_a_name_of_any_length_is_told_from_its_prefix_and_from_what_it_is_a_prefix_of(length: int) -> None:
    name = "abcdefghijklmnopq"[:length]
    code = program(Link(name=name, index=7))

    assert accepts(code, message(RTM_NEWLINK, 8, ifname(name)))
    assert not accepts(code, message(RTM_NEWLINK, 8, ifname(name + "x")))
    assert not accepts(code, message(RTM_NEWLINK, 8, ifname(name[:-1])))


def test_a_name_that_is_no_text_is_found_too() -> None:
    name = b"wg\xff\xfe".decode(errors="surrogateescape")
    code = program(Link(name=name, index=7))

    assert accepts(code, message(RTM_NEWLINK, 8, ifname(name)))
    assert not accepts(code, message(RTM_NEWLINK, 8, ifname("wg")))


@pytest.mark.parametrize("size", range(36))
def test_a_packet_that_ends_early_is_judged_by_what_it_holds(size: int) -> None:
    whole = message(RTM_NEWLINK, 7)[:size]

    assert accepts(program(WT0), whole) == (size >= 24)


class KernelFilter:
    """The real kernel's BPF, with the filter on one end of a socket pair: what arrives was accepted."""

    def __init__(self, code: bytes) -> None:
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        kept = ctypes.create_string_buffer(code, len(code))
        handle = struct.pack("@HP", len(code) // 8, ctypes.addressof(kept))
        self._theirs.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, handle)

    def accepts(self, packet: bytes) -> bool:
        try:
            self._ours.send(packet)
            return self._theirs.recv(65_536) == packet
        except (BlockingIOError, PermissionError):  # a unix socket tells its sender of a refused packet
            return False

    def close(self) -> None:
        self._ours.close()
        self._theirs.close()


@given(filtered_packets(), st.binary(min_size=1, max_size=80))
def test_the_real_kernel_judges_as_this_test_does(drawn: tuple[Link, bytes, bool], noise: bytes) -> None:
    link, packet, ours = drawn
    code = program(link)
    kernel = KernelFilter(code)

    assert kernel.accepts(packet) == ours
    assert kernel.accepts(noise) == accepts(code, noise)
    kernel.close()
