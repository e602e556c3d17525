"""One sampler outside the subjects reads all of them on the same tick of a fixed grid."""

import resource
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

import msgspec

from harness.model import Sample
from harness.probes.process.cgroup import Group
from harness.probes.process.process_tree import TreeProbe
from harness.probes.process.resources import Probe, ProcessGone, Read
from harness.run.watching.progress import SubjectStatus
from harness.safe_read import process_file
from harness.subjects.process import Subject

FULL_EVERY_S = 5.0  # the sparse part of a reading walks the page tables, and looks at each descriptor

Keep = Callable[[str, Sample], None]


class Sampler:
    """Reads each living subject once a tick and hands the reading on at once."""

    def __init__(
        self,
        subjects: Sequence[Subject],
        interval_s: float,
        keep: Keep,
        charged: Mapping[str, Group] = MappingProxyType({}),
        read: Read = process_file,
    ) -> None:
        """Open the processes' files. ``charged`` are the control groups of those that have one of their own."""
        self._limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        with suppress(ValueError, OSError):  # of a kernel that allows less than its own limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._limit[1], self._limit[1]))  # three files of each child
        self._charged = charged
        self._subjects = tuple(subjects)
        self._probes: dict[str, Probe | TreeProbe] = {}
        for subject in self._subjects:
            kind = TreeProbe if subject.external else Probe
            try:
                self._probes[subject.name] = kind(subject.process.pid, read)
            except ProcessGone:
                continue
            except BaseException:
                self.close()
                raise
        self._keep = keep
        self._full_every = max(1, round(FULL_EVERY_S / interval_s))
        self._ticks = 0

    def tick(self, *, full: bool = False) -> tuple[SubjectStatus, ...]:
        """Read all; give how they stand. A subject that has ended is no longer read."""
        full = full or self._ticks % self._full_every == 0
        self._ticks += 1
        return tuple(self._read(subject, full=full) for subject in self._subjects)

    def close(self) -> None:
        """Close the files of all processes, and let processes that are started later have the limit of before."""
        for probe in self._probes.values():
            probe.close()
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, self._limit)

    def _read(self, subject: Subject, *, full: bool) -> SubjectStatus:
        rss = None
        probe = self._probes.get(subject.name)
        if probe is not None:
            try:
                sample = probe.read(full=full, work=subject.work)
                if full and subject.name in self._charged:
                    sample = msgspec.structs.replace(sample, **self._charged[subject.name].read())
            except ProcessGone:
                self._probes.pop(subject.name).close()
            else:
                rss = sample.rss_bytes
                self._keep(subject.name, sample)
        work = subject.work
        return SubjectStatus(
            name=subject.name,
            rss_bytes=rss,
            polls=work.polls if work else None,
            events=work.events if work else None,
            alive=rss is not None,
        )
