"""The dump that is made again: on the kernel's own table, and on tables that change while they are dumped."""

import socket
import struct

import pytest

from harness.watchers.polling import NLM_F_DUMP_INTR
from harness.watchers.protocols import Observer
from harness.watchers.retried_dump import TRIES, RetriedDump

NEWLINK, DONE, ERROR, MULTI = 16, 3, 2, 2
MARKED = MULTI | NLM_F_DUMP_INTR


class Counting(Observer):
    def __init__(self) -> None:
        self.dumps: list[tuple[bool | None, bool]] = []

    def dumped(self, *, marked: bool | None, discarded_ns: int | None = None) -> None:
        self.dumps.append((marked, discarded_ns is not None))


class Kernel:
    """A socket that answers each dump by datagrams."""

    def __init__(self, *dumps: list[bytes]) -> None:
        self._parts = iter([part for dump in dumps for part in dump])
        self.asked = 0

    def send(self, _: bytes) -> None:
        self.asked += 1

    def recv_into(self, buffer: bytearray) -> int:
        part = next(self._parts)
        buffer[: len(part)] = part
        return len(part)


def link(name: str, index: int, flags: int = MULTI) -> bytes:
    padded = name.encode() + bytes(4 - len(name) % 4)
    body = struct.pack("=BxHiII", 0, 1, index, 0, 0) + struct.pack("=HH", 4 + len(name) + 1, 3) + padded
    return struct.pack("=IHHII", 16 + len(body), NEWLINK, flags, 1, 0) + body


def done(flags: int = MULTI, kind: int = DONE, error: int = 0) -> bytes:
    return struct.pack("=IHHIIi", 20, kind, flags, 1, 0, error)


def look_up(*dumps: list[bytes]) -> tuple[RetriedDump, Kernel, Counting]:
    counting, kernel = Counting(), Kernel(*dumps)
    dump = RetriedDump(counting)
    dump.close()
    dump._socket = kernel  # type: ignore[assignment]  # what it asks
    return dump, kernel, counting


WHOLE = [link("lo", 1) + link("wt0", 7), link("veth0", 8), done()]
WITHOUT = [link("lo", 1), link("veth0", 8), done()]
LATE = [link("lo", 1), link("veth0", 8, MARKED), link("wt0", 7), done()]
HALF = [link("lo", 1), link("veth0", 8, MARKED), done()]
MARKED_AT_ITS_END = [link("lo", 1), done(MARKED)]


@pytest.mark.parametrize(
    ("dumps", "counted"),
    [
        ([WHOLE], [(False, False)]),
        ([LATE], [(True, False)]),  # what is in a marked dump is there
        ([HALF, WHOLE], [(True, True), (False, False)]),
        ([MARKED_AT_ITS_END, WHOLE], [(True, True), (False, False)]),
        ([HALF, HALF, LATE], [(True, True), (True, True), (True, False)]),
    ],
)
def test_a_link_is_found(dumps: list[list[bytes]], counted: list[tuple[bool, bool]]) -> None:
    look, kernel, counting = look_up(*dumps)

    assert look("wt0") == 7
    assert counting.dumps == counted
    assert kernel.asked == len(dumps)


def test_a_clean_dump_without_the_name_is_an_answer() -> None:
    look, _, counting = look_up(WITHOUT)

    with pytest.raises(OSError, match="no such network interface: wt0"):
        look("wt0")
    assert counting.dumps == [(False, False)]


def test_where_no_dump_is_clean_the_question_that_needs_none_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    look, kernel, counting = look_up(*([HALF] * TRIES))
    monkeypatch.setattr(socket, "if_nametoindex", {"wt0": 7}.__getitem__)

    assert look("wt0") == 7
    assert kernel.asked == TRIES
    assert counting.dumps == [(True, True)] * (TRIES - 1) + [(True, False)]


def test_a_dump_that_the_kernel_refuses_is_a_look_up_that_failed() -> None:
    look, _, counting = look_up([done(kind=ERROR, error=-105)])

    with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is compared below
        look("wt0")
    assert caught.value.errno == 105
    assert counting.dumps == []


def test_the_kernels_own_table_has_lo_and_not_a_name_that_nobody_gave() -> None:
    look = RetriedDump(Observer())
    try:
        assert look("lo") == socket.if_nametoindex("lo")
        with pytest.raises(OSError, match="nope0"):
            look("nope0")
    finally:
        look.close()
