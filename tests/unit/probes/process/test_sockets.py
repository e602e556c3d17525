"""The kernel's table of netlink sockets, by its text, and by sockets that another process has open."""

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.probes.process import sockets
from harness.probes.process.sockets import Row

# Linux 6.18, as read: the last column is padded, process ids may be ports above 2^31.
TABLE = """\
sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
0000000014c0ae0a 0   0          00000000 0        0        0     2        0        4       \n\
000000003b1f6e4e 0   10801      00000001 213248   0        0     2        428      52345   \n\
00000000c3a1e7d0 0   4294963198 00000001 768      0        0     2        0        52346   \n\
00000000f089973b 4   0          00000000 0        0        0     2        0        565     \n\
0000000000000000 16  -4099      ffffffff 0        0        1     3        4294967295 18446744073709551615
"""


def test_rows_are_found_by_their_inode() -> None:
    assert sockets.rows(TABLE) == {
        4: Row(queued=0, dropped=0, groups=0),
        52_345: Row(queued=213_248, dropped=428, groups=1),
        52_346: Row(queued=768, dropped=0, groups=1),
        565: Row(queued=0, dropped=0, groups=0),
        18_446_744_073_709_551_615: Row(queued=0, dropped=4_294_967_295, groups=0xFFFFFFFF),
    }


@pytest.mark.parametrize("table", ["", TABLE.splitlines()[0], TABLE.splitlines()[0] + "\n"])
def test_a_table_without_rows_names_no_socket(table: str) -> None:
    assert sockets.rows(table) == {}


def test_columns_that_newer_kernels_may_add_change_nothing() -> None:
    wider = "\n".join(f"{line.rstrip()} 7" for line in TABLE.splitlines())
    assert sockets.rows(wider) == sockets.rows(TABLE)


# --- a process --------------------------------------------------------------------------------------------------------

RTM_GETLINK, NLM_F_REQUEST, NLM_F_DUMP = 18, 1, 0x300
DUMP = struct.pack("=IHHII", 32, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + bytes(16)
OPEN = "s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE); s.bind((0, 0))"
ASK = f"s.send({DUMP!r})"  # the kernel queues its answer before this returns
CLOSE = "s.close()"
OTHERS = "u = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); i = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"


@contextmanager
def a_process_that_did(*lines: str) -> Iterator[int]:
    """Start one that has carried out these lines, and waits."""
    program = "\n".join(["import socket", *lines, "print(flush=True)", "input()"])
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        yield process.pid
        process.communicate(b"\n")


def test_what_waits_on_its_socket_is_seen_from_outside() -> None:
    with a_process_that_did(OPEN, ASK) as pid:
        [row] = sockets.of(pid)
        assert row.queued == sockets.queued(pid) > 0
        assert list((sockets.dropped([pid]) or {}).values()) == [row.dropped] == [0]


def test_all_its_sockets_are_added_and_those_of_another_kind_are_none() -> None:
    with a_process_that_did(OTHERS, OPEN, ASK, OPEN.replace("s", "t", 1).replace("; s.", "; t.")) as pid:
        assert sorted(row.queued > 0 for row in sockets.of(pid)) == [False, True]


@pytest.mark.parametrize("lines", [(), (OTHERS,), (OPEN, ASK, CLOSE)])
def test_one_that_has_none_open_has_none(lines: tuple[str, ...]) -> None:
    with a_process_that_did(*lines) as pid:
        assert sockets.of(pid) == []
        assert (sockets.dropped([pid]), sockets.queued(pid)) == ({}, 0)


def test_a_descriptor_that_closes_while_they_are_listed_hides_no_other() -> None:
    """Its own listing is such a one to this process: it is listed, and closed before it is looked at."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as ours:
        ours.bind((0, 0))
        assert Row(queued=0, dropped=0, groups=0) in sockets.of(os.getpid())


def test_one_that_is_gone_has_none() -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    assert sockets.of(ended.pid) == []
    assert (sockets.dropped([ended.pid]), sockets.queued(ended.pid)) == (None, 0)


def test_drops_of_a_family_count_a_shared_socket_once(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {1: {4: Row(0, 5, 1), 7: Row(0, 20, 1)}, 2: {7: Row(0, 20, 1)}}

    def opened(pid: int, _: object) -> dict[int, Row]:
        if pid not in held:
            raise ProcessLookupError(pid)
        return held[pid]

    monkeypatch.setattr(sockets, "_open", opened)
    both = {4: 5, 7: 20}
    assert [sockets.dropped(pids) for pids in ([1], [1, 2], [1, 3], [3], [])] == [both, both, both, None, None]


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        ({4: 2}, {4: 5}, 3),
        ({4: 2}, {4: 2, 7: 6}, 6),
        ({4: 5}, {7: 6}, None),
        (None, {4: 5}, None),
        ({4: 2}, None, None),
    ],
)
def test_what_was_dropped_on_a_socket_that_is_gone_is_not_known(
    before: dict[int, int] | None, after: dict[int, int] | None, more: int | None
) -> None:
    assert sockets.more_dropped(before, after) == more
