"""The requests that a script sends by itself: byte for byte what the kernel reads, and never to the host."""

import errno
import socket
import struct
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from harness.lab.actions import faults
from harness.lab.actions.faults import Faults
from harness.lab.links import Links
from harness.lab.namespace import HostGuard, network_namespace
from raising import raises_id

RTM_DELLINK, RTM_SETLINK = 17, 19
NLM_F_REQUEST, NLM_F_ACK = 1, 4
IFLA_IFNAME, IFLA_MTU = 3, 4
HEADER_BYTES, LINK_BYTES = 16, 16
NO_LINK = 2**31 - 1

INDICES = st.integers(min_value=1, max_value=NO_LINK)
NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=15)


def decoded(data: bytes) -> Any:
    """Read a link message as pyroute2 does."""
    message = ifinfmsg(data)
    message.decode()
    return message


def test_a_deletion_is_these_bytes() -> None:
    assert faults.message(RTM_DELLINK, 5) == struct.pack(
        "=IHHII BxHiII", 32, RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0, socket.AF_UNSPEC, 0, 5, 0, 0
    )


@given(INDICES)
def test_a_deletion_names_its_link_and_nothing_else(index: int) -> None:
    message = decoded(faults.message(RTM_DELLINK, index))
    assert (message["header"]["type"], message["index"], message["family"]) == (RTM_DELLINK, index, socket.AF_UNSPEC)
    assert message["header"]["flags"] == NLM_F_REQUEST | NLM_F_ACK
    assert (message["flags"], message["change"], message["attrs"]) == (0, 0, [])


@given(INDICES, NAMES)
def test_a_renaming_carries_the_name_and_its_end(index: int, name: str) -> None:
    data = faults.message(RTM_SETLINK, index, IFLA_IFNAME, name.encode() + b"\0")
    message = decoded(data)
    assert (message["header"]["type"], message["index"]) == (RTM_SETLINK, index)
    assert [tuple(one) for one in message["attrs"]] == [("IFLA_IFNAME", name)]
    assert struct.unpack_from("=HH", data, HEADER_BYTES + LINK_BYTES) == (4 + len(name) + 1, IFLA_IFNAME)


@given(INDICES, st.integers(min_value=68, max_value=65_535))
def test_a_change_of_the_mtu_carries_it(index: int, mtu: int) -> None:
    message = decoded(faults.message(RTM_SETLINK, index, IFLA_MTU, struct.pack("=I", mtu)))
    assert message["index"] == index
    assert [tuple(one) for one in message["attrs"]] == [("IFLA_MTU", mtu)]


@given(INDICES, st.none() | st.binary(max_size=64))
def test_a_message_says_how_long_it_is_and_ends_on_four_bytes(index: int, value: bytes | None) -> None:
    attribute = () if value is None else (IFLA_IFNAME, value)
    data = faults.message(RTM_SETLINK, index, *attribute)
    assert struct.unpack_from("=I", data) == (len(data),)
    assert len(data) % 4 == 0
    assert len(data) >= HEADER_BYTES + LINK_BYTES + (0 if value is None else 4 + len(value))


# --- the answer -------------------------------------------------------------------------------------------------------


def acknowledgement(error: int) -> bytes:
    return struct.pack("=IHHII i", 36, 2, 0, 1, 0, -error) + faults.message(RTM_DELLINK, 5)[:16]


def test_a_request_is_sent_whole_and_an_acknowledgement_is_taken() -> None:
    ours, kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, kernel:
        kernel.send(acknowledgement(0))
        faults.ask(ours, faults.message(RTM_DELLINK, 5))
        assert kernel.recv(4096) == faults.message(RTM_DELLINK, 5)


@pytest.mark.parametrize("number", [errno.ENODEV, errno.EPERM, errno.EEXIST])
def test_a_refusal_is_told_in_the_kernels_own_number(number: int) -> None:
    ours, kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, kernel:
        kernel.send(acknowledgement(number))
        with pytest.raises(OSError, match=r"\[Errno") as refused:
            faults.ask(ours, faults.message(RTM_DELLINK, 5))
    assert refused.value.errno == number


# --- the host ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "disturb",
    [
        pytest.param(lambda lab: lab.batch(("link show",), None), id="a batch"),
        pytest.param(lambda lab: lab.batch(("link show",), 1), id="a batch elsewhere"),
        pytest.param(lambda lab: lab.create_netns(), id="another namespace"),
        pytest.param(lambda lab: lab.add_daemon("wg0"), id="a daemon"),
        pytest.param(lambda lab: lab.change(NO_LINK), id="deleting"),
        pytest.param(lambda lab: lab.change(NO_LINK, "wg0x"), id="renaming"),
        pytest.param(lambda lab: lab.storm(1, None), id="a storm"),
        pytest.param(lambda lab: lab.calibrate(), id="calibrating"),
    ],
)
def test_nothing_is_disturbed_on_the_host(monkeypatch: pytest.MonkeyPatch, disturb: Callable[[Faults], object]) -> None:
    started: list[object] = []
    monkeypatch.setattr(subprocess, "run", started.append)
    monkeypatch.setattr(subprocess, "Popen", started.append)
    monkeypatch.setattr(socket, "if_nametoindex", lambda _: NO_LINK)
    monkeypatch.setattr(faults, "ask", lambda *_: started.append("asked"))
    guard = HostGuard(network_namespace())
    with raises_id("host_namespace"):
        disturb(Faults(guard, Links(guard)))
    assert started == []
