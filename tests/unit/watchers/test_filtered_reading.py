"""Reading the messages of a link subscription, whatever the bytes."""

import socket
import struct

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from fake_kernel import (
    IFLA_IFNAME,
    IFLA_MTU,
    IFLA_NEW_NETNSID,
    INDEXES,
    KINDS,
    NAMES,
    OTHER_ATTRIBUTES,
    RTM_NEWADDR,
    RTM_NEWLINK,
    attribute,
    ifname,
    message,
    newlink,
    read,
)
from harness.watchers.classify import LinkEvent


@st.composite
def told(draw: st.DrawFn) -> tuple[bytes, LinkEvent | None]:
    """Draw a message and what is to be read from it; None for one that is not about a link."""
    kind = draw(st.sampled_from([*KINDS, RTM_NEWADDR, 3, 2, 0]))
    name, moved = draw(NAMES | st.just("")), draw(st.booleans())
    event = LinkEvent(
        kind=KINDS.get(kind, ""), index=draw(INDEXES), name=name, family=draw(st.integers(0, 255)), moved=moved
    )
    attributes = draw(OTHER_ATTRIBUTES)
    for one in ([ifname(name)] if name else []) + ([attribute(IFLA_NEW_NETNSID, b"\1\0\0\0")] if moved else []):
        attributes.insert(draw(st.integers(0, len(attributes))), one)
    return message(kind, event.index, *attributes, family=event.family), event if kind in KINDS else None


@given(st.lists(told(), max_size=5))
def test_a_datagram_is_read_to_its_end(messages: list[tuple[bytes, LinkEvent | None]]) -> None:
    assert read(b"".join(data for data, _ in messages)) == [event for _, event in messages if event]


@given(st.lists(told(), min_size=1, max_size=4), st.data())
def test_a_message_that_is_cut_off_is_left_out(
    messages: list[tuple[bytes, LinkEvent | None]], data: st.DataObject
) -> None:
    datagram = b"".join(one for one, _ in messages)
    end = data.draw(st.integers(0, len(datagram)))
    whole = [
        event for number, (_, event) in enumerate(messages) if sum(len(m) for m, _ in messages[: number + 1]) <= end
    ]

    assert read(datagram[:end]) == [event for event in whole if event]


@settings(max_examples=500)
@given(st.binary(max_size=200))
@example(b"")
@example(b"\0" * 200)
@example(b"\xff" * 200)
@example(struct.pack("=IHHII", 16, RTM_NEWLINK, 0, 0, 0) * 5)
def test_no_bytes_whatever_raise_or_never_end(data: bytes) -> None:
    assert len(read(data)) <= len(data) / 32


@given(st.integers(0, 40), st.integers(0, 2**16 - 1), st.binary(max_size=60))
def test_no_attribute_whatever_raises_or_never_ends(length: int, kind: int, rest: bytes) -> None:
    [event] = read(message(RTM_NEWLINK, 7, ifname("wt0"), struct.pack("=HH", length, kind) + rest))

    assert event.index == 7


def test_attributes_are_read_up_to_the_first_that_cannot_be() -> None:
    broken = struct.pack("=HH", 3, IFLA_MTU)

    assert read(message(RTM_NEWLINK, 7, ifname("wt0"), broken, ifname("no"))) == [newlink(7, "wt0")]
    assert read(message(RTM_NEWLINK, 7, broken, ifname("wt0"))) == [newlink(7, "")]


def test_a_message_may_end_within_four_bytes_and_the_next_begins_at_the_fourth() -> None:
    body = struct.pack("=BBHiII", 0, 0, 1, 7, 0, 0) + struct.pack("=HH", 4 + 5, IFLA_IFNAME) + b"wt01\0"
    odd = struct.pack("=IHHII", 16 + len(body), RTM_NEWLINK, 0, 0, 0) + body
    assert len(odd) % 4 == 1

    assert read(odd) == [newlink(7, "wt01")]
    assert read(odd + b"\0\0\0" + message(RTM_NEWLINK, 8, ifname("b"))) == [newlink(7, "wt01"), newlink(8, "b")]


def test_a_name_that_is_no_text_is_kept_byte_for_byte() -> None:
    name = b"wg\xff".decode(errors="surrogateescape")

    assert read(message(RTM_NEWLINK, 7, ifname(name))) == [newlink(7, name)]


def test_it_reads_in_this_kernels_own_dump_what_pyroute2_reads() -> None:
    request = struct.pack("=IHHII", 32, 18, 0x301, 1, 0) + struct.pack("=BBHiII", 0, 0, 0, 0, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.send(request)
        data = kernel.recv(1 << 20)
    decoded = [one for one in MarshalRtnl().parse(data) if one["event"] == "RTM_NEWLINK"]

    assert [(one.index, one.name) for one in read(data)] == [
        (one["index"], one.get_attr("IFLA_IFNAME")) for one in decoded
    ]
    assert "lo" in {one.name for one in read(data)}
