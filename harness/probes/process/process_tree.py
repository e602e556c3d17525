"""One reading of a process with its children: somebody else's program may be a shell that starts another.

Living descendants are added to the process itself: memory, processor time, faults, threads and descriptors. Of children
that have ended, the processor time and the faults that the kernel hands to the parent that waited for them are
included; their memory is not. One that lives and dies between two readings shows in time and faults only. Switches are
those of the process itself: the kernel forgets those of a child that ends. Pages that two of them share count twice in
RSS, once in PSS.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import psutil

from harness.model import Sample, Work
from harness.probes.process import procfs
from harness.probes.process.resources import Probe, ProcessGone, Read
from harness.safe_read import process_file

_TICKS = os.sysconf("SC_CLK_TCK")
_DIGITS = 6  # of seconds: a sum of decimals has sixteen, which say no more and take long to read
_OWN = {
    *("at_ns", "polls", "events", "voluntary_switches", "involuntary_switches", "rss_peak_bytes"),
    *("children", "children_rss_bytes"),
}
_ADDED = tuple(name for name in Sample.__struct_fields__ if name not in _OWN)


def descendants(pid: int) -> list[int]:
    """List the living children of a process and theirs, but for this process and its own.

    By /proc/PID/task/TID/children, which costs what a process has threads; where the kernel has no such file
    (CONFIG_PROC_CHILDREN), by all of /proc. A child that comes or goes meanwhile may be missing, once (proc(5)).
    """
    found: list[int] = []
    unvisited = [pid]
    listed = _children if _LISTED else _children_by_parent()
    while unvisited:
        children = [child for child in listed(unvisited.pop()) if child != os.getpid()]
        found += children
        unvisited += children
    return found


_LISTED = Path("/proc/thread-self/children").exists()


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - quicker
            with suppress(FileNotFoundError, ProcessLookupError):  # of one that has ended: the others have children too
                found += _children_of_thread(f"/proc/{pid}/task/{thread}/children")
    return found


def _children_of_thread(path: str) -> list[int]:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - quicker
        return [int(pid) for pid in file.read().split()]


def _children_by_parent() -> Callable[[int], list[int]]:
    """Read the parent of every process once."""
    children: dict[int, list[int]] = {}
    for process in psutil.process_iter(["ppid"]):
        children.setdefault(process.info["ppid"], []).append(process.pid)
    return lambda pid: children.get(pid, [])


class TreeProbe:
    """Reads one process and its descendants; made and used like a ``Probe``."""

    def __init__(self, pid: int, read: Read = process_file) -> None:
        """Open the process's files; ProcessGone if it has ended already."""
        self._reads = read
        self._root = Probe(pid, read)
        self._children: dict[int, Probe] = {}
        self._peak = 0

    def close(self) -> None:
        """Close the files of all."""
        self._root.close()
        self._forget(set(self._children))

    def read(self, *, full: bool, work: Work | None) -> Sample:
        """Read all once; ProcessGone if the process itself has ended. A child that ends meanwhile is left out."""
        root = self._root.read(full=full, work=work)
        pids = descendants(self._root.pid)
        children = self._read_children(pids, full=full)
        total: dict[str, Any] = {name: _total([root, *children], name) for name in _ADDED}
        for waited in self._waited_for():
            total["user_s"] += waited.user_ticks / _TICKS
            total["system_s"] += waited.system_ticks / _TICKS
            total["minor_faults"] += waited.minor
            total["major_faults"] += waited.major
        for name in ("user_s", "system_s"):
            total[name] = round(total[name], _DIGITS)
        self._peak = max(self._peak, root.rss_peak_bytes, total["rss_bytes"])
        of_children = sum(one.rss_bytes for one in children)
        return msgspec.structs.replace(
            root, **total, rss_peak_bytes=self._peak, children=len(pids), children_rss_bytes=of_children
        )

    def _read_children(self, pids: list[int], *, full: bool) -> list[Sample]:
        self._forget(set(self._children) - set(pids))
        found = []
        for pid in pids:
            try:
                probe = self._children.get(pid) or self._children.setdefault(pid, Probe(pid, self._reads))
                found.append(probe.read(full=full, work=None))
            except (ProcessGone, PermissionError):
                self._forget({pid} & set(self._children))
        return found

    def _forget(self, pids: set[int]) -> None:
        for pid in pids:
            self._children.pop(pid).close()

    def _waited_for(self) -> list[procfs.Waited]:
        found = []
        for probe in (self._root, *self._children.values()):
            with suppress(ProcessGone, OSError):
                found.append(probe.used().waited)
        return found


def _total(each: list[Sample], name: str) -> float | int | None:
    """Add what is known of all; None where one could not be read."""
    values = [getattr(one, name) for one in each]
    return None if None in values else sum(values)
