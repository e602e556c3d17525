"""One reading of a process, now, from outside it."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil

from harness.model import Sample, Work
from harness.probes import procfs
from harness.safe_read import ProcessFile, process_file

Read = Callable[[int, ProcessFile], bytes]
"""Reads a file of a process that only its own user may read; OSError where that is refused."""


class ProcessGone(Exception):
    """The process ended before it could be read."""


class Probe:
    """Reads one process by its id as the host counts.

    A reading costs some tens of microseconds; a full one, with PSS and USS from smaps_rollup, about a millisecond more.
    Children of the process are not included.
    """

    def __init__(self, pid: int, read: Read = process_file) -> None:
        """Take hold of the process; Gone if it has ended already."""
        self._pid = pid
        self._reads = read
        try:
            self._process = psutil.Process(pid)
        except (psutil.NoSuchProcess, ValueError):  # ValueError: -1, which the kernel gives for one that has ended
            raise ProcessGone from None
        self._folder = Path(f"/proc/{pid}")

    def read(self, *, full: bool, work: Work | None) -> Sample:
        """Read everything once; Gone if the process has ended. ``full`` adds PSS and USS."""
        try:
            return self._read(full=full, work=work)
        except (psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError):
            raise ProcessGone from None

    def _read(self, *, full: bool, work: Work | None) -> Sample:
        with self._process.oneshot():
            cpu = self._process.cpu_times()
            rss = self._process.memory_info().rss
        status = (self._folder / "status").read_text(errors="replace")
        peak = procfs.kib_field(status, "VmHWM")
        if peak is None:  # a zombie has no memory left to speak of
            raise ProcessGone
        switched = procfs.total_switches(self._thread_statuses())
        faulted = procfs.faults((self._folder / "stat").read_text(errors="replace"))
        pss, uss = self._shares() if full else (None, None)
        return Sample(
            at_ns=time.monotonic_ns(),
            rss_bytes=rss,
            pss_bytes=pss,
            uss_bytes=uss,
            rss_peak_bytes=peak,
            user_s=cpu.user,
            system_s=cpu.system,
            voluntary_switches=switched.voluntary,
            involuntary_switches=switched.involuntary,
            minor_faults=faulted.minor,
            major_faults=faulted.major,
            polls=work.polls if work else None,
            events=work.events if work else None,
        )

    def _thread_statuses(self) -> list[str]:
        return [(task / "status").read_text(errors="replace") for task in (self._folder / "task").iterdir()]

    def _shares(self) -> tuple[int | None, int | None]:
        try:
            found = procfs.shares(self._reads(self._pid, "smaps_rollup").decode(errors="replace"))
        except PermissionError:
            return None, None
        return found or (None, None)
