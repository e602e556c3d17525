"""One reading of a process, now, from outside it."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from harness.model import Sample, Work
from harness.probes.process import private_files, procfs
from harness.safe_read import ProcessFile, process_file

Read = Callable[[int, ProcessFile], bytes]
"""Reads a file of a process that only its own user may read; OSError where that is refused."""
_TICKS = os.sysconf("SC_CLK_TCK")
_FILE_BYTES = 16_384  # more than stat and status ever have
_KINDS = ("netlink_sockets", "inet_sockets", "unix_sockets", "files", "pipes", "event_descriptors")
# From Linux 6.2 on the size of /proc/PID/fd is the number of open descriptors; before, it was 0.
_SIZED = Path("/proc/self/fd").stat().st_size > 0


class ProcessGone(Exception):
    """The process ended before it could be read."""


class Probe:
    """Reads one process by its id as the host counts, through descriptors of /proc that stay open.

    A reading costs some twenty microseconds; a full one, with what smaps_rollup and the links of all descriptors tell,
    a hundred more, and two for each descriptor. Resident memory and its parts come from one text, so that the parts add
    up to it. Children of the process are not included.
    """

    def __init__(self, pid: int, read: Read = process_file) -> None:
        """Open the process's files; ProcessGone if it has ended already."""
        self.pid = pid
        self._reads = read
        self._open: list[int] = []
        try:
            with _going():
                self._status, self._stat = (self._opened(name, os.O_RDONLY) for name in ("status", "stat"))
                self._descriptors = self._opened("fd", os.O_PATH)
        except BaseException:
            self.close()
            raise

    def _opened(self, name: str, flags: int) -> int:
        descriptor = os.open(f"/proc/{self.pid}/{name}", flags | os.O_CLOEXEC)
        self._open.append(descriptor)
        return descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        while self._open:
            os.close(self._open.pop())

    def read(self, *, full: bool, work: Work | None) -> Sample:
        """Read everything once; ProcessGone if the process has ended. ``full`` adds what is read sparsely."""
        with _going():
            return self._read(full=full, work=work)

    def used(self) -> procfs.Used:
        """Read processor time and faults, the waited-for children's apart; ProcessGone if the process has ended."""
        with _going():
            return procfs.used(_text(self._stat))

    def _read(self, *, full: bool, work: Work | None) -> Sample:
        status = procfs.status(_text(self._status))
        if status is None:  # a zombie has no memory left to speak of
            raise ProcessGone
        used = procfs.used(_text(self._stat))
        switched = status.switches if status.threads == 1 else self._thread_switches() if full else None
        return Sample(
            at_ns=time.monotonic_ns(),
            rss_bytes=status.rss,
            rss_peak_bytes=status.peak,
            user_s=used.user_ticks / _TICKS,
            system_s=used.system_ticks / _TICKS,
            voluntary_switches=switched.voluntary if switched else None,
            involuntary_switches=switched.involuntary if switched else None,
            minor_faults=used.faults.minor,
            major_faults=used.faults.major,
            polls=work.polls if work else None,
            events=work.events if work else None,
            rss_anon_bytes=status.anon,
            rss_file_bytes=status.file,
            rss_shmem_bytes=status.shmem,
            swap_bytes=status.swap,
            threads=status.threads,
            descriptors=self._descriptor_count(),
            **(self._sparse() if full else {"pss_bytes": None, "uss_bytes": None}),
        )

    def _thread_switches(self) -> procfs.Switches:
        tasks = Path(f"/proc/{self.pid}/task")
        texts = []
        for task in tasks.iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended meanwhile
                texts.append((task / "status").read_text(errors="replace"))
        return procfs.total_switches(texts)

    def _descriptor_count(self) -> int | None:
        if _SIZED:
            return os.fstat(self._descriptors).st_size
        with suppress(PermissionError):
            return len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208 - as quick as can be
        return None

    def _sparse(self) -> dict[str, Any]:
        found: dict[str, Any] = {"pss_bytes": None, "uss_bytes": None}
        with suppress(PermissionError, FileNotFoundError):  # not allowed, or not built into this kernel
            rollup = procfs.rollup(self._reads(self.pid, "smaps_rollup").decode("latin-1"))
            found = {
                "pss_bytes": rollup.pss,
                "uss_bytes": rollup.uss,
                "huge_pages_bytes": rollup.huge_pages,
                "lazily_freed_bytes": rollup.lazily_freed,
            }
        if (self._descriptor_count() or 0) <= private_files.MOST_DESCRIPTORS:
            with suppress(PermissionError, FileNotFoundError):
                kinds = private_files.descriptor_kinds(self._reads(self.pid, "fd"))
                found |= {name: kinds[name] for name in _KINDS}
        return found


@contextmanager
def _going() -> Iterator[None]:
    try:
        yield
    except (ProcessLookupError, FileNotFoundError):
        raise ProcessGone from None


def _text(descriptor: int) -> str:
    """Read a file of /proc from its beginning; Latin-1 decodes any name of a process."""
    return os.pread(descriptor, _FILE_BYTES, 0).decode("latin-1")
