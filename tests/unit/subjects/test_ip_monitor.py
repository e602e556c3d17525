"""What a line of ``ip -o monitor link`` says of one interface: a table of lines as iproute2 6 wrote them."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.subjects.ip_monitor import Monitor, reason

NEW = "<BROADCAST,MULTICAST,M-DOWN> mtu 1500 qdisc noop state DOWN group default \\    link/ether de:83:9a:c3:b2:fa"
PORT = "<BROADCAST,MULTICAST,M-DOWN> mtu 1500 master br0 state DOWN \\    link/ether de:83:9a:c3:b2:fa"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(f"Deleted 12: wg0@NONE: {NEW}", "deleted", id="deleted"),
        pytest.param(f"Deleted 12: wg0: {NEW}", "deleted", id="deleted, of a kind without a peer"),
        pytest.param(f"Deleted 12: wg0x@wg0p: {NEW}", "deleted", id="deleted under another name"),
        pytest.param(f"12: wg0x@wg0p: {NEW}", "renamed", id="renamed"),
        pytest.param(f"12: wg: {NEW}", "renamed", id="renamed to the beginning of its name"),
        pytest.param(f"12: wg00: {NEW}", "renamed", id="renamed to more than its name"),
        pytest.param(f"14: wg0@wg0p: {NEW}", "recreated", id="made anew, with a later index"),
        pytest.param(f"13: wg0: {NEW}", "recreated", id="made anew, with the next index"),
        pytest.param(f"12: wg0@wg0p: {NEW}", None, id="something about it changed"),
        pytest.param(f"12: wg0@if7: {NEW}", None, id="its peer went elsewhere"),
        pytest.param(f"11: wg0@wg0p: {NEW}", None, id="a line of the round before"),
        pytest.param(f"Deleted 11: wg0@wg0p: {NEW}", None, id="the deletion of the round before"),
        pytest.param(f"Deleted 14: wg0@wg0p: {NEW}", None, id="the deletion of a later one of its name"),
        pytest.param(f"13: wg0p@wg0: {NEW}", None, id="its peer, which has its name after the sign"),
        pytest.param(f"Deleted 13: wg0p@NONE: {NEW}", None, id="its peer is deleted"),
        pytest.param(f"112: docker0: {NEW}", None, id="another, whose index ends in its own"),
        pytest.param(f"Deleted 1: lo: {NEW}", None, id="another, deleted"),
        pytest.param(f"1212: veth0a@veth0b: {NEW}", None, id="another, made later"),
        pytest.param(f"12: wg0@wg0p: {PORT}", None, id="made the port of a bridge"),
        pytest.param(f"Deleted 12: wg0@wg0p: {PORT}", "deleted", id="released by a bridge: ip says deleted of it too"),
        pytest.param("    link/ether de:83:9a:c3:b2:fa brd ff:ff:ff:ff:ff:ff", None, id="the second half of a line"),
        pytest.param("Deleted wg0", None, id="no index"),
        pytest.param("Deleted 12:", None, id="cut off after the index"),
        pytest.param("deleted 12: wg0: x", None, id="not ip's own word"),
        pytest.param(" 12: wg0x: x", None, id="not at the beginning"),
        pytest.param("[NEIGH]12: wg0x: x", None, id="another object"),
        pytest.param("12: : x", None, id="no name"),
        pytest.param("netlink receive error No buffer space available (105)", None, id="ip's complaint of an overrun"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_line_tells_of_the_end_of_the_interface_or_of_nothing(line: str, expected: str | None) -> None:
    assert reason(line, "wg0", 12) == expected


@given(st.text())
def test_no_line_is_too_odd_to_be_read(line: str) -> None:
    assert reason(line, "wg0", 12) in {None, "deleted", "renamed", "recreated"}


# --- what it has said -------------------------------------------------------------------------------------------------


@pytest.fixture
def heard() -> Iterator[tuple[Monitor, int]]:
    """Give a monitor of no process, and the other end of its pipe."""
    monitor = object.__new__(Monitor)
    monitor._out, mouth = os.pipe()
    monitor._rest = b""
    yield monitor, mouth
    os.close(monitor.fileno())


def test_a_line_is_given_once_it_is_whole(heard: tuple[Monitor, int]) -> None:
    monitor, mouth = heard
    said = []
    for piece in (b"Deleted 1", b"2: wg0: x\n13: wg", b"0: x\n", b"\xff\n"):
        os.write(mouth, piece)
        said.append(monitor.lines())
    os.close(mouth)
    assert said == [[], ["Deleted 12: wg0: x"], ["13: wg0: x"], ["\ufffd"]]


def test_the_end_of_ip_is_the_end_and_no_endless_silence(heard: tuple[Monitor, int]) -> None:
    monitor, mouth = heard
    os.close(mouth)
    with pytest.raises(SystemExit, match="ip monitor has ended"):
        monitor.lines()
