"""Doses and cycles: each copy of a subject in a namespace of its own, all at the same time.

Each namespace is a lab with an agent of its own, so that stimuli of one do not wait for those of another, programs may
open the same ports, and everything that holds of one lab (privileges, SIGKILL, the guard of the host) holds of all.
Controls live in the run's own lab, where nothing is done.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress

import msgspec

from harness.lab.actions.pace import Done
from harness.lab.client import Lab
from harness.lab.door import Kept
from harness.lab.host import ProcessLauncher
from harness.lab.messages import Batch
from harness.model import CycleRound, DosePlan, NamespaceInfo, Sample, StimulusRun, SubjectPlan, Trial
from harness.run.interim import InterimLooks
from harness.run.phases.sampling import SamplingPhase
from harness.run.process_group import ProcessGroup
from harness.run.sampler import Sampler
from harness.run.stimulus import ByCommand, InNamespace, Stimulus
from harness.run.watching.progress import SubjectStatus
from harness.safe_read import ProcessFile
from harness.units import NS_A_SECOND

NEVER_S = 86_400.0  # the pause of a poller that is not to poll: longer than any run in doses
ROUNDS = 8  # of cycles that count, after one that does not
REST_S = 1.0  # memory that kept within a page for so long has settled
PATIENCE_S = 5.0  # what has not settled by then is read as it is
LIMIT_S = 600.0  # of all cycles
_PAGE_BYTES = 4096
WATCHED_KIND, WATCHED_LINKS = "veth", 3  # of a copy: lo, the watched one and its peer
_WATCHED = (
    "link add {0} type veth peer name {0}peer",  # a stimulus can make it again, which it could not a daemon's
    "address add 100.64.0.1/16 dev {0}",
    "link set {0} up",
)


class DosePhase(SamplingPhase):
    """One trial in which each copy gets its dose."""

    def perform(self, index: int, keep: Callable[[int, str, Sample], None], looks: InterimLooks) -> Trial:
        """Make the namespaces, and sample all copies side by side."""
        self._labs: dict[str, Lab] = {}
        with ExitStack() as stack:
            arms = [one for one in self._context.plan.subjects if one.arm is not None]
            for number, one in enumerate(arms):
                self._context.listener.step("making a namespace for each dose", number, len(arms))
                self._labs[one.name] = stack.enter_context(
                    _made(self._world.ifname, self._context.plan.pairs, self._context.kept)
                )
            self._world = self._where(next(iter(self._labs.values())))
            return super().perform(index, keep, looks)

    def _where(self, lab: Lab) -> NamespaceInfo:
        """Return the namespace of a copy, as which all others are made."""
        links, index = lab.links(self._world.ifname)
        pairs = self._context.plan.pairs
        return msgspec.structs.replace(self._world, pairs=pairs, links=links, ifindex=index, kind=WATCHED_KIND)

    @property
    def _dose(self) -> DosePlan:
        if self._context.plan.dose is None:
            raise TypeError("a plan without a dose")
        return self._context.plan.dose

    def _home(self, subject: SubjectPlan) -> ProcessLauncher:
        return self._labs.get(subject.name, self._context.lab)

    def _interval_s(self, subject: SubjectPlan) -> float:
        if subject.arm is None or self._dose.stimulus != "polls":
            return self._context.plan.interval_s
        return 1 / subject.arm.dose if subject.arm.dose else NEVER_S

    def _read(self, pid: int, name: ProcessFile) -> bytes:
        """Read a file of a process by whichever lab has it: under sudo each may read its own only."""
        for lab in self._labs.values():
            with suppress(OSError):
                return lab.read(pid, name)
        return self._context.lab.read(pid, name)

    def _stimulus(self, processes: ProcessGroup, name: str) -> Stimulus:
        pid = next(one.process.inner_pid for one in processes.subjects if one.name == name)
        lab, ifname = self._labs[name], self._world.ifname
        if self._dose.stimulus == "command":
            return ByCommand(lab, self._dose.command, ifname, pid)
        return InNamespace(lab, self._dose.stimulus, ifname, pid)

    def _measure(self, processes: ProcessGroup, sampler: Sampler, began: float, looks: InterimLooks) -> None:
        doses = {one.name: one.arm.dose for one in self._context.plan.subjects if one.arm is not None and one.arm.dose}
        if self._dose.stimulus == "polls":
            doses = {}
        with ExitStack() as stack:
            stimuli = {name: stack.enter_context(closing(self._stimulus(processes, name))) for name in doses}
            for name, stimulus in stimuli.items():
                stimulus.begin(rate=doses[name], count=None)
            try:
                super()._measure(processes, sampler, began, looks)
            finally:
                self._stimuli = [_run(name, one.done(stop=True)) for name, one in stimuli.items()]


class CyclesPhase(DosePhase):
    """One trial in which each subject gets so many stimuli as fast as they come back, and an idle copy none."""

    def _measure(self, processes: ProcessGroup, sampler: Sampler, began: float, looks: InterimLooks) -> None:
        del looks
        cycles = self._dose.cycles or 0
        ends = [cycles * number // ROUNDS for number in range(1, ROUNDS + 1)]
        names = [one.name for one in self._context.plan.subjects if one.arm is not None and one.arm.dose is None]
        with ExitStack() as stack:
            stimuli = {name: stack.enter_context(closing(self._stimulus(processes, name))) for name in names}
            rounds: dict[str, list[CycleRound]] = {name: [] for name in names}
            self._past: dict[str, Done] = {}
            past = 0
            try:
                for end in (ends[0], *(ends[0] + one for one in ends)):  # the first is the warm-up
                    watch = _Watch(self, processes, sampler, began)
                    if not self._round(watch, stimuli, rounds, (past, end)):
                        self._ended = "time"
                        return
                    past = end
                self._ended = "cycles"
            finally:
                self._stimuli = [
                    _run(name, _added(self._past.get(name), one.done(stop=True)), rounds[name])
                    for name, one in stimuli.items()
                ]

    def _round(
        self,
        watch: "_Watch",
        stimuli: Mapping[str, Stimulus],
        rounds: dict[str, list[CycleRound]],
        span: tuple[int, int],
    ) -> bool:
        """Make one round and its rest; False where that took too long."""
        first, last = span
        for name, stimulus in stimuli.items():
            if first:
                self._past[name] = _added(self._past.get(name), stimulus.done())
            stimulus.begin(rate=None, count=last - first, first=first)
        while any(stimulus.done().running for stimulus in stimuli.values()):
            watch.tick()
            if watch.elapsed_s > LIMIT_S:
                return False
        watch.rest(set(stimuli))
        rested = time.monotonic_ns()
        for name, stimulus in stimuli.items():
            done = stimulus.done()
            if done.performed == last - first and not done.fault:
                rounds[name].append(_cycle_round(last, done, watch.settled_ns.get(name, rested), rested))
        return True


def _added(past: Done | None, done: Done) -> Done:
    """Add what went wrong in earlier rounds, and how long they took, to the last one."""
    if past is None:
        return done
    return msgspec.structs.replace(
        done,
        performed=past.performed + done.performed,
        failed=past.failed + done.failed,
        last_status=done.last_status or past.last_status,
        behind_ns=max(past.behind_ns, done.behind_ns),
        busy_ns=past.busy_ns + done.busy_ns,
        fault=past.fault or done.fault,
    )


def _cycle_round(cycles: int, done: Done, settled_ns: int, rested_ns: int) -> CycleRound:
    return CycleRound(
        cycles=cycles, began_ns=done.began_ns, ended_ns=done.ended_ns, settled_ns=settled_ns, rested_ns=rested_ns
    )


class _Watch:
    """Samples while cycles go on, and while they rest."""

    def __init__(self, phase: CyclesPhase, processes: ProcessGroup, sampler: Sampler, began: float) -> None:
        self._phase = phase
        self._processes = processes
        self._sampler = sampler
        self._began = began
        self.settled_ns: dict[str, int] = {}

    @property
    def elapsed_s(self) -> float:
        """Return the seconds since the phase began."""
        return time.monotonic() - self._began

    def tick(self) -> tuple[SubjectStatus, ...]:
        """Read all once, and wait until the next reading is due."""
        return self._phase.take(self._processes, self._sampler, self._began)

    def rest(self, names: set[str]) -> None:
        """Sample until memory of these has kept within a page for a while, or patience ends."""
        began = time.monotonic_ns()
        history: dict[str, deque[tuple[int, int]]] = {name: deque() for name in names}
        while names - self.settled_ns.keys() and time.monotonic_ns() - began < PATIENCE_S * NS_A_SECOND:
            now = time.monotonic_ns()
            for row in self.tick():
                if row.name in names and row.rss_bytes is not None:
                    self._look(row.name, history[row.name], (now, row.rss_bytes))
            living = {one.name for one in self._processes.subjects if one.alive}
            names = names & living
        for name in names - self.settled_ns.keys():
            self.settled_ns[name] = time.monotonic_ns() - int(REST_S * NS_A_SECOND)

    def _look(self, name: str, readings: deque[tuple[int, int]], reading: tuple[int, int]) -> None:
        readings.append(reading)
        levels = [level for _, level in readings]
        while max(levels) - min(levels) > _PAGE_BYTES:
            readings.popleft()
            levels.pop(0)
        if reading[0] - readings[0][0] >= REST_S * NS_A_SECOND:
            self.settled_ns.setdefault(name, readings[0][0])


PHASES: dict[bool, type[DosePhase]] = {False: DosePhase, True: CyclesPhase}
"""By whether a plan has cycles."""


def _made(ifname: str, pairs: int, kept: Kept | None) -> Lab:
    """Make a namespace with its watched interface and its pairs; under sudo by a door that was kept for it."""
    lab = Lab(kept.more.pop() if kept is not None and kept.more else None)
    try:
        lab.request(Batch(lines=tuple(line.format(ifname) for line in _WATCHED)))
        lab.add_pairs(0, pairs)
    except BaseException:
        lab.close()
        raise
    return lab


def _run(name: str, done: Done, rounds: list[CycleRound] | None = None) -> StimulusRun:
    made = rounds[-1].cycles if rounds else done.performed
    return StimulusRun(
        subject=name,
        began_ns=rounds[0].began_ns if rounds else done.began_ns,
        ended_ns=done.ended_ns,
        performed=made,
        failed=done.failed,
        last_status=done.last_status,
        fault=done.fault,
        behind_s=round(done.behind_ns / NS_A_SECOND, 6),
        busy_s=round(done.busy_ns / NS_A_SECOND, 6),
        rounds=tuple(rounds or ()),
    )
