"""What the kernel dropped on a process's netlink sockets, read from outside: the oracle that no watcher reads.

Source: the Drops column of /proc/PID/net/netlink, joined with the sockets that /proc/PID/fd names by their inode.
"""

import re
from collections import ChainMap
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from harness.probes.process.resources import Read
from harness.safe_read import process_file

_SOCKET = re.compile(rb"\d+ socket:\[(\d+)\](?: .*)?")


class Row(NamedTuple):
    """One netlink socket: bytes that wait to be read, events dropped since it was opened, and groups it hears."""

    queued: int
    dropped: int
    groups: int  # as bits; 0: it only asks


def rows(table: str) -> dict[int, Row]:
    """Read the table by inode."""
    fields = (line.split() for line in table.splitlines()[1:])
    return {int(row[9]): Row(int(row[4]), int(row[8]), int(row[3], 16)) for row in fields}


def _open(pid: int, read: Read) -> dict[int, Row]:
    """Read the netlink sockets that a process has open, by inode; OSError for one that is gone, or is not ours."""
    known = rows(Path(f"/proc/{pid}/net/netlink").read_text())
    inodes = [int(found[1]) for entry in read(pid, "fd").split(b"\0") if (found := _SOCKET.fullmatch(entry))]
    return {inode: known[inode] for inode in inodes if inode in known}


def of(pid: int, read: Read = process_file) -> list[Row]:
    """Read all netlink sockets that a process has open; none for one that is gone."""
    try:
        return list(_open(pid, read).values())
    except OSError:
        return []


Drops = dict[int, int]
"""Events that were dropped on a socket since it was opened, by its inode."""


def dropped(pids: Iterable[int], read: Read = process_file) -> Drops | None:
    """Read the drops of all netlink sockets that processes have open; None where no process can be read."""
    found: list[dict[int, Row]] = []
    for pid in pids:
        with suppress(OSError):
            found.append(_open(pid, read))
    return {inode: row.dropped for inode, row in ChainMap(*found).items()} if found else None


def more_dropped(before: Drops | None, after: Drops | None) -> int | None:
    """Return how many events were dropped meanwhile; None where that is not known: a socket of before is gone."""
    if before is None or after is None or before.keys() - after.keys():
        return None
    return max(0, sum(after.values()) - sum(before.values()))


def queued(pid: int) -> int:
    """Add the bytes that wait on all netlink sockets that a process has open."""
    return sum(row.queued for row in of(pid))
