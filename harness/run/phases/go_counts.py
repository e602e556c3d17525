"""The counting arm: Go programs count their own allocations, exactly, so two marks of one process are all it takes.

Pollers look back to back between the marks; subscriptions sleep, and then live through unrelated link events. At each
mark the program collects its garbage and leaves its sampled profiles, from which the shares by function come. What
marks and profiles allocate is not in the counts.
"""

import time
from contextlib import suppress
from pathlib import Path

from harness.errors import NetchurnError, SubjectFault
from harness.lab.client import Lab
from harness.lab.messages import ToggleMtu
from harness.model import Capture, CaptureKind, GoFunction, ProfilePlan, SubjectPlan, Work
from harness.probes.pprof import pprof
from harness.probes.pprof.diff import difference
from harness.run.context import RunContext
from harness.run.link_steps import LinkStep
from harness.run.process_group import ProcessGroup
from harness.subjects import registry
from harness.subjects.process import Subject
from harness.units import NS_A_SECOND

LEAST_POLLS = 20
LEAST_S = 0.5  # many samples for the shares by function
PATIENCE_S = 300.0
MOST_FUNCTIONS = 40
EVERY = 1  # byte: a hundred events allocate less than the runtime's own rate of 512 KiB would ever see


class GoCountsPhase:
    """Counts every Go subject of the plan."""

    def __init__(self, context: RunContext[Lab]) -> None:
        self._context = context
        self._subjects = [one for one in context.plan.subjects if one.accounting == registry.SIZE_CLASSES]

    def run_step(self, profile: ProfilePlan, step: LinkStep, *, top: bool) -> list[Capture]:
        """Count at one step: pollers at every step, subscriptions at the top one, where their events are sent too."""
        found = []
        for subject in self._subjects:
            if step.within(profile, subject.name) and (top or (subject.polls and subject.role != "control")):
                self._context.listener.step(f"counting {subject.name} at {step.links} links", 0, 1)
                found += self._poller(step, subject) if subject.polls else self._subscriber(profile, step, subject)
        return found

    def _poller(self, step: LinkStep, subject: SubjectPlan) -> list[Capture]:
        with ProcessGroup(self._context.lab, self._context.interrupt) as processes:
            counter = _Counter(processes, self._start(processes, step, subject, "idle"), step)
            counter.mark("idle")
            began = time.monotonic()
            processes.wait(lambda: False, LEAST_S)
            while not counter.polled(LEAST_POLLS):
                if time.monotonic() - began > PATIENCE_S:
                    raise SubjectFault(
                        "subject_too_slow",
                        f"{subject.name} did not make {LEAST_POLLS} polls within {PATIENCE_S:.0f} s",
                        "fewer links",
                    )
                processes.mark()
            counter.mark("idle")
            return counter.end(self._context.captures)

    def _subscriber(self, profile: ProfilePlan, step: LinkStep, subject: SubjectPlan) -> list[Capture]:
        found = []
        with ProcessGroup(self._context.lab, self._context.interrupt) as processes:
            counter = _Counter(processes, self._start(processes, step, subject, "idle"), step)
            processes.wait(lambda: False, profile.idle_s[0])
            counter.mark("idle")
            processes.wait(lambda: False, profile.idle_s[1] - profile.idle_s[0])
            counter.mark("idle")
            found += counter.end(self._context.captures)
        with ProcessGroup(self._context.lab, self._context.interrupt) as processes:
            counter = _Counter(processes, self._start(processes, step, subject, "events", EVERY), step)
            self._context.lab.request(ToggleMtu(count=profile.events[0]))  # what is made once, on the first events
            counter.mark("events", sent=profile.events[0])
            self._context.lab.request(ToggleMtu(count=profile.events[1] - profile.events[0]))
            counter.mark("events", sent=profile.events[1])
            found += counter.end(self._context.captures)
        return found

    def _start(
        self, processes: ProcessGroup, step: LinkStep, subject: SubjectPlan, label: str, sample_bytes: int | None = None
    ) -> Subject:
        folder = self._context.captures / step.name(subject.name, label)
        folder.mkdir()
        kind = subject.duplicate_of or subject.name
        argv = registry.command(kind, ifname=step.ifname, interval_s=0, capture=folder, sample_bytes=sample_bytes)
        started = processes.start(subject.name, argv)
        processes.wait_until_ready()
        return started


class _Counter:
    """One Go process between its start and its end."""

    def __init__(self, processes: ProcessGroup, subject: Subject, step: LinkStep) -> None:
        self._cast = processes
        self._subject = subject
        self._rung = step
        self._marks: list[tuple[CaptureKind, int, Work]] = []

    def mark(self, kind: CaptureKind, *, sent: int = 0) -> None:
        self._cast.mark()
        self._marks.append((kind, sent, self._exact()[-1]))

    def _exact(self) -> list[Work]:
        exact = self._subject.counts.exact()
        if not exact:
            silent = f"{self._subject.name} did not answer a mark: {self._subject.last_words}"
            raise SubjectFault("subject_silent", silent, "leave it out with --subject")
        return exact

    def polled(self, least: int) -> bool:
        return self._exact()[-1].polls - self._marks[0][2].polls >= least

    def end(self, folder: Path) -> list[Capture]:
        """Stop it, and give a capture for each mark that was wanted."""
        numbers = [self._exact().index(work) for _, _, work in self._marks]
        self._cast.terminate()
        profiles = sorted(Path(self._subject.argv[-1]).glob("*.allocs.pb.gz"))
        wanted = [profiles[number] for number in numbers]
        return [self._capture(mark, file, wanted[0], folder) for mark, file in zip(self._marks, wanted, strict=True)]

    def _capture(self, mark: tuple[CaptureKind, int, Work], file: Path, first: Path, folder: Path) -> Capture:
        kind, sent, work = mark
        began = self._subject.ready.at_ns if self._subject.ready else 0
        sampled: int | None = None
        functions: tuple[GoFunction, ...] = ()
        with suppress(NetchurnError):  # of profiles that cannot be compared
            sampled, functions = shares(first, file)
        return Capture(
            subject=self._subject.name,
            kind=kind,
            pairs=self._rung.pairs,
            links=self._rung.links,
            polls=work.polls,
            events=sent,
            live_s=(work.at_ns - began) / NS_A_SECOND,
            bytes=work.allocated_bytes or 0,
            allocations=work.allocations or 0,
            accounting=registry.SIZE_CLASSES,
            file=str(file.relative_to(folder.parent)),
            sampled_bytes=sampled,
            functions=functions,
            trial=self._rung.trial,
        )


def shares(first: Path, file: Path) -> tuple[int | None, tuple[GoFunction, ...]]:
    """Return what was allocated between two marks, as far as samples tell, and by which functions."""
    if file == first:
        return None, ()
    found = difference(pprof.read(first), pprof.read(file), "alloc_space")
    largest = sorted(found.functions, key=lambda one: -one.cumulative)[:MOST_FUNCTIONS]
    return found.total, tuple(GoFunction(name=name, flat=flat, cumulative=all_) for name, flat, all_ in largest)
