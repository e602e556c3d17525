"""The sampling phase: all subjects at the same time in the same namespace, nothing but the watcher in each."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from harness.errors import NetchurnError
from harness.lab.host import ProcessLauncher
from harness.lab.messages import ChurnPair
from harness.model import (
    Executable,
    NamespaceInfo,
    RunOutcome,
    Sample,
    StimulusRun,
    StopReason,
    SubjectPlan,
    SubjectRun,
    Trial,
)
from harness.probes.process import sockets
from harness.probes.process.process_tree import descendants
from harness.run.context import RunContext
from harness.run.interim import InterimLooks
from harness.run.interrupt import Interrupted
from harness.run.machine.clocks import Clocks
from harness.run.machine.control_groups import ControlGroups
from harness.run.machine.presence import Presence
from harness.run.machine.quiet import Loads
from harness.run.pprof_fetches import PprofFetches
from harness.run.process_group import ProcessGroup
from harness.run.recorded_copies import RecordedCopies
from harness.run.sampler import Sampler
from harness.run.watching.progress import SubjectStatus
from harness.safe_read import ProcessFile
from harness.subjects import registry
from harness.subjects.process import Subject
from harness.units import NS_A_SECOND, SECONDS_AN_HOUR

Drops = Mapping[str, sockets.Drops | None]
"""By subject, what the kernel has dropped on its netlink sockets; None where they cannot be read."""


class SamplingPhase:
    """One trial: start, wait until all are ready, sample on a grid, stop.

    ``fault`` is what ended the sampling or went wrong after it: it is raised once the trial is kept.
    """

    def __init__(
        self,
        context: RunContext[ProcessLauncher],
        namespace: NamespaceInfo,
        visits: PprofFetches,
        copies: RecordedCopies,
    ) -> None:
        """Remember the plan; nothing is started yet."""
        self._context = context
        self._world = namespace
        self._visits = visits
        self._copies = copies
        self._stimuli: list[StimulusRun] = []
        self._clocks = Clocks()
        self._loads = Loads()
        self._ended: StopReason = "interrupt"
        self._cycled = 0
        self._early_s: dict[str, float] = {}
        self._presence = Presence(context.lab, namespace)
        self.programs: dict[str, Executable] = {}
        self.fault: OSError | NetchurnError | None = None

    def perform(self, index: int, keep: Callable[[int, str, Sample], None], looks: InterimLooks) -> Trial:
        """Run the trial to its end, or to the interrupt: either way what was measured is in the trial."""
        with (
            closing(looks),
            closing(self._copies),
            closing(ControlGroups()) as groups,
            ProcessGroup(self._context.lab, self._context.interrupt) as processes,
        ):
            self._start(processes, index, groups)
            processes.wait_until_ready()
            self.programs = processes.programs()
            self._visits.begin(index, processes)
            self._copies.begin(index, processes, self._world.ifname)
            processes.warm_up()
            dropped = self._dropped(processes)
            sampler = Sampler(
                processes.subjects,
                self._context.plan.sample_interval_s,
                lambda name, sample: keep(index, name, sample),
                groups.groups,
                self._read,
            )
            began, ended = self._sample(processes, sampler, looks)
            drops = self._end(index, processes, dropped)
            runs = tuple(self._record(one, drops.get(one.name)) for one in processes.subjects)
            return self._trial(index, began, ended, runs, looks)

    def _end(self, index: int, processes: ProcessGroup, dropped: Drops) -> dict[str, int | None]:
        """Ask everybody for the last word, and end them; give how many events of each the kernel has dropped."""
        drops: dict[str, int | None] = {}
        with self._noted():
            now = self._dropped(processes)
            drops = {name: sockets.more_dropped(dropped[name], after) for name, after in now.items()}
            self._presence.look()
        with self._noted():
            self._copies.end(self._cycled)
        with self._noted():
            processes.mark()
            self._visits.end(index, processes)
        with self._noted():
            processes.terminate()
        return drops

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Keep what goes wrong until the trial is kept: what was measured is not lost by it."""
        try:
            yield
        except (OSError, NetchurnError) as cause:
            self.fault = self.fault or cause

    def _sample(self, processes: ProcessGroup, sampler: Sampler, looks: InterimLooks) -> tuple[float, float]:
        """Sample until the trial ends; when it began and ended, in seconds of CLOCK_MONOTONIC."""
        began = time.monotonic()
        self._note_ends(processes, 0.0)
        with self._noted(), closing(sampler), suppress(Interrupted):
            self._measure(processes, sampler, began, looks)
        ended = time.monotonic()
        self._note_ends(processes, ended - began)
        return began, ended

    def _trial(
        self, index: int, began: float, ended: float, runs: tuple[SubjectRun, ...], looks: InterimLooks
    ) -> Trial:
        return Trial(
            index=index,
            began_ns=int(began * NS_A_SECOND),
            ended_ns=int(ended * NS_A_SECOND),
            namespace=self._world,
            churned_pairs=self._cycled,
            runs=runs,
            stop_reason=self._ended,
            interim_looks=tuple(looks.done),
            clock_jumps=tuple(self._clocks.clock_jumps),
            link_change=self._presence.change,
            loads=tuple(self._loads.readings),
            stimuli=tuple(self._stimuli),
        )

    def _read(self, pid: int, name: ProcessFile) -> bytes:
        return self._context.lab.read(pid, name)

    def _home(self, subject: SubjectPlan) -> ProcessLauncher:  # noqa: ARG002 - one place for all here
        """Return where a subject lives."""
        return self._context.lab

    def _interval_s(self, subject: SubjectPlan) -> float:  # noqa: ARG002 - one pace for all here
        """Return the pause between a subject's polls."""
        return self._context.plan.interval_s

    def _dropped(self, processes: ProcessGroup) -> Drops:
        return {
            one.name: sockets.dropped((pid, *(descendants(pid) if one.external and pid > 0 else ())), self._read)
            for one in processes.subjects
            for pid in [one.process.pid]
        }

    def _ifname_of(self, program: SubjectPlan) -> str:
        """Return the name of the interface that a program watches: wt0, wt1 and on where each makes its own."""
        if not self._context.plan.own_interface:
            return self._world.ifname
        programs = [one.name for one in self._context.plan.subjects if one.source == "exec"]
        return f"wt{programs.index(program.name)}"

    def _start(self, processes: ProcessGroup, index: int, groups: ControlGroups) -> None:
        order = [one for one in self._context.plan.subjects if one.source != "pid"]
        random.Random(self._context.plan.seed + index).shuffle(order)  # noqa: S311 - a reproducible order, not a secret
        for one in order:
            if one.source == "exec":
                groups.adopt(one.name, self._program(processes, one).process.pid)
                continue
            argv = registry.command(
                one.arm.of if one.arm else one.duplicate_of or one.name,
                ifname=self._world.ifname,
                interval_s=self._interval_s(one),
                polls=self._context.plan.polls if one.polls else None,
                leak_bytes_per_s=self._context.plan.controls.leak_bytes_per_hour / SECONDS_AN_HOUR
                if self._context.plan.controls
                else 0.0,
            )
            groups.adopt(one.name, processes.start(one.name, argv, home=self._home(one)).process.pid)
        for one in self._context.plan.subjects:
            if one.pid is not None:
                processes.observe(one.name, one.pid)
                groups.watch(one.name, one.pid)

    def _program(self, processes: ProcessGroup, one: SubjectPlan) -> Subject:
        return processes.start_program(one, self._ifname_of(one), home=self._home(one))

    def _measure(self, processes: ProcessGroup, sampler: Sampler, began: float, looks: InterimLooks) -> None:
        tick = 0
        self._clocks = Clocks()
        while True:
            due = began + tick * self._context.plan.sample_interval_s
            over = self._over(processes, due - began, looks)
            rows = sampler.tick(full=over)
            self._clocks.look()
            self._loads.look(last=over)
            self._presence.look()
            self._copies.look(time.monotonic() - began, self._cycled)
            self._note_ends(processes, time.monotonic() - began)
            self._context.listener.on_sample(rows, time.monotonic() - began, self._context.plan.duration_s)
            if over:
                return
            self._context.meanwhile()
            tick = max(tick + 1, int((time.monotonic() - began) / self._context.plan.sample_interval_s))
            self._live_until(processes, began, began + tick * self._context.plan.sample_interval_s)

    def take(self, processes: ProcessGroup, sampler: Sampler, began: float) -> tuple[SubjectStatus, ...]:
        """Read all once, and listen until the next reading is due."""
        due = time.monotonic() + self._context.plan.sample_interval_s
        rows = sampler.tick()
        self._note_ends(processes, time.monotonic() - began)
        self._context.listener.on_sample(rows, time.monotonic() - began, self._context.plan.duration_s)
        self._live_until(processes, began, due)
        return rows

    def _over(self, processes: ProcessGroup, elapsed: float, looks: InterimLooks) -> bool:
        living = [one.name for one in processes.subjects if one.alive]
        reasons: tuple[tuple[StopReason, bool], ...] = (
            ("time", elapsed >= self._context.plan.duration_s),
            ("deaths", not living),
            (
                "polls",
                self._context.plan.polls is not None and self._polled_enough(processes, self._context.plan.polls),
            ),
            ("decided", looks.decided(elapsed, living)),
        )
        self._ended = next((reason for reason, holds in reasons if holds), "interrupt")
        return self._ended != "interrupt"

    def _polled_enough(self, processes: ProcessGroup, polls: int) -> bool:
        """Return whether all that poll have polled so often: ours by the plan, programs by what they report."""
        polling = {one.name for one in self._context.plan.subjects if one.polls}
        reporting = [one for one in processes.subjects if one.external and one.work and one.work.polls]
        pollers = [*reporting, *(one for one in processes.subjects if one.name in polling)]
        return bool(pollers) and all(not one.alive or (one.work and one.work.polls >= polls) for one in pollers)

    def _live_until(self, processes: ProcessGroup, began: float, until: float) -> None:
        """Listen until the next tick; meanwhile let containers come and go at the plan's rate."""
        while (now := time.monotonic()) < until:
            due = self._next_cycle(began)
            if due <= now:
                self._context.lab.request(ChurnPair(number=self._cycled))
                self._cycled += 1
            self._context.interrupt.check()
            processes.poll(min(until, due) - now)  # at once where a pair is due: what subjects say is read all the same
        self._context.interrupt.check()

    def _next_cycle(self, began: float) -> float:
        rate = self._context.plan.churn_pairs_per_s
        return began + (self._cycled + 0.5) / rate if rate else float("inf")

    def _note_ends(self, processes: ProcessGroup, elapsed: float) -> None:
        """Note who has ended by itself, and when."""
        for one in processes.subjects:
            if not one.alive:
                self._early_s.setdefault(one.name, round(elapsed, 3))

    def _record(self, subject: Subject, dropped: int | None) -> SubjectRun:
        return SubjectRun(
            name=subject.name,
            argv=subject.argv if subject.external else (Path(subject.argv[0]).name, *subject.argv[1:]),
            pid=subject.process.pid,
            outcome=self._outcome(subject),
            exit_status=subject.exit_status,
            ready_ns=subject.ready.at_ns if subject.ready else None,
            marks=subject.works,
            reported_outcome=tuple(subject.reported_outcome),
            stderr_tail=subject.stderr_tail,
            exited_after_s=self._early_s.get(subject.name),
            sigkilled=subject.sigkilled,
            dropped=dropped,
            malformed_lines=subject.malformed_lines,
            unresponsive=subject.unresponsive,
        )

    def _outcome(self, subject: Subject) -> RunOutcome:
        """Judge an end. A program may end as it likes when told to, by SIGTERM or worse: it knows no ``stop``."""
        early, status = subject.name in self._early_s, subject.exit_status
        if early:
            return "crashed" if status else "completed"
        if self._context.interrupt.asked or self.fault is not None:
            return "interrupted"
        if subject.external:
            return "completed"
        if status is None or status in {-9, -15}:
            return "timed_out"
        return "crashed" if status else "completed"
