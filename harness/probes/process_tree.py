"""One reading of a process with its children: somebody else's program may be a shell that starts another.

Living descendants are added to the process itself: memory, processor time and faults. Of children that have ended,
the processor time and the faults that the kernel hands to the parent that waited for them are included; their memory is
not. One that lives and dies between two readings shows in time and faults only. Switches are those of the process
itself: the kernel forgets those of a child that ends. Pages that two of them share count twice in RSS, once in PSS.
"""

import os
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil

from harness.model import Sample, Work
from harness.probes import procfs
from harness.probes.resources import Probe, ProcessGone, Read
from harness.safe_read import process_file

_TICKS = os.sysconf("SC_CLK_TCK")
_ADDED = ("rss_bytes", "user_s", "system_s", "minor_faults", "major_faults")


def descendants(pid: int) -> list[int]:
    """List the living children of a process and theirs, but for this process and its own; reads all of /proc."""
    try:
        found = psutil.Process(pid).children(recursive=True)
        ours = psutil.Process().children(recursive=True) if any(one.pid == os.getpid() for one in found) else []
    except psutil.Error:
        return []
    left_out = {os.getpid(), *(one.pid for one in ours)}
    return [one.pid for one in found if one.pid not in left_out]


class TreeProbe:
    """Reads one process and its descendants; made and used like a ``Probe``."""

    def __init__(self, pid: int, read: Read = process_file) -> None:
        """Take hold of the process; Gone if it has ended already."""
        self._root = Probe(pid, read)
        self._reads = read
        self._pid = pid
        self._peak = 0

    def read(self, *, full: bool, work: Work | None) -> Sample:
        """Read all once; Gone if the process itself has ended. A child that ends meanwhile is left out."""
        sample = self._root.read(full=full, work=work)
        own = sample.rss_peak_bytes
        children = descendants(self._pid)
        each = [sample, *self._children(children, full=full)]
        waited = self._waited_for(children)
        added = {name: sum(getattr(one, name) for one in each) for name in _ADDED}
        added["user_s"] += sum(one.user_ticks for one in waited) / _TICKS
        added["system_s"] += sum(one.system_ticks for one in waited) / _TICKS
        added["minor_faults"] += sum(one.minor for one in waited)
        added["major_faults"] += sum(one.major for one in waited)
        self._peak = max(self._peak, own, added["rss_bytes"])
        return msgspec.structs.replace(
            sample,
            **added,
            rss_peak_bytes=self._peak,
            pss_bytes=_total(each, "pss_bytes"),
            uss_bytes=_total(each, "uss_bytes"),
        )

    def _children(self, children: list[int], *, full: bool) -> list[Sample]:
        found = []
        for pid in children:
            with suppress(ProcessGone, OSError):
                found.append(Probe(pid, self._reads).read(full=full, work=None))
        return found

    def _waited_for(self, children: list[int]) -> list[procfs.Waited]:
        found = []
        for pid in (self._pid, *children):
            with suppress(OSError):
                found.append(procfs.waited(Path(f"/proc/{pid}/stat").read_text(errors="replace")))
        return found


def _total(each: list[Sample], name: str) -> int | None:
    """Add what is known of all; None where one could not be read."""
    values = [getattr(one, name) for one in each]
    return None if None in values else sum(values)
