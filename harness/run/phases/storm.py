"""The storms: unrelated link events, more than a reader can hold, while the watched interface is never touched.

The overrun is deterministic: a reader with a default buffer is calibrated, every subject is stopped by SIGSTOP, more
events are sent than it held, and all go on. The live storms come at rising rates and then as fast as the kernel goes.
After each, the interface is deleted: a watcher whose state agrees with the kernel's says so.
"""

import signal
from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

from harness.lab.client import Lab
from harness.lab.messages import Batch, Calibrate, Storm
from harness.model import Executable, ReportedOutcome, Sample, StormPlan, StormResult
from harness.probes.process import sockets
from harness.probes.process.resources import Probe, ProcessGone
from harness.run.context import RunContext
from harness.run.process_group import STOP_S, ProcessGroup
from harness.subjects import registry
from harness.subjects.process import Subject
from harness.subjects.signs import EXITED, MATCHED
from harness.units import NS_A_SECOND

IFNAME = "storm0"
PATIENCE_S = 5.0  # more than two looks of a poll every two seconds
SETTLE_S = 60.0
LOOK_S = 0.05  # the kernel tells nobody when a queue becomes empty

_NOTICED = {"deleted", EXITED, MATCHED}
Kind = Literal["overrun", "live"]


class StormPhase:
    """Sends storms over all subjects at once."""

    def __init__(self, context: RunContext[Lab], storm: StormPlan) -> None:
        """Remember the plan; nothing is started yet."""
        self._context = context
        self._storm = storm
        self.programs: dict[str, Executable] = {}  # of the user's, as they were started

    def calibrate(self) -> int:
        """Count the events that a default buffer holds."""
        return self._context.lab.request(Calibrate()).number

    def perform(self, buffer_events: int, keep: Callable[[list[StormResult]], None]) -> None:
        """Send all storms, calmest last but one; hand on each one's rows as soon as it is over."""
        rates = [(rate, int(rate * self._storm.seconds_a_rate)) for rate in self._storm.rates]
        self._context.listener.step("overrun", 0, len(rates) + 2)
        keep(self._overrun(int(buffer_events * self._storm.overrun)))
        for done, (rate, count) in enumerate(rates, start=1):
            self._context.listener.step(f"storm of {rate:g} events a second", done, len(rates) + 2)
            keep(self._live(count, rate))
        if self._storm.live_events:
            self._context.listener.step("storm as fast as the kernel goes", len(rates) + 1, len(rates) + 2)
            keep(self._live(self._storm.live_events, None))

    def _overrun(self, count: int) -> list[StormResult]:
        def stopped(processes: ProcessGroup) -> dict[str, int | None]:
            for subject in processes.subjects:
                subject.kill(signal.SIGSTOP)
            self._context.lab.request(Storm(count=count))
            dropped = {one.name: self._dropped(one) for one in processes.subjects}
            for subject in processes.subjects:
                subject.kill(signal.SIGCONT)
            return dropped

        return self._storm_result("overrun", None, count, stopped)

    def _live(self, count: int, rate: float | None) -> list[StormResult]:
        def alive(processes: ProcessGroup) -> dict[str, int | None]:
            self._context.lab.request(Storm(count=count, rate=rate))
            return {one.name: self._dropped(one) for one in processes.subjects}

        return self._storm_result("live", rate, count, alive)

    def _storm_result(
        self, kind: Kind, rate: float | None, count: int, send: Callable[[ProcessGroup], dict[str, int | None]]
    ) -> list[StormResult]:
        self._context.interrupt.check()
        # It stays down: coming up would send events of its own while the storm is on.
        made = f"link add {IFNAME} type veth peer name {IFNAME}p"
        self._context.lab.request(Batch(lines=(made, f"address add 100.65.0.1/24 dev {IFNAME}")))
        with ProcessGroup(self._context.lab, self._context.interrupt) as processes:
            self._start(processes)
            opened = {one.name: len(sockets.of(one.process.pid, self._context.lab.read)) for one in processes.subjects}
            before = {one.name: _read(one) for one in processes.subjects}
            dropped = send(processes)
            self._settle(processes, opened)
            after = {one.name: _read(one) for one in processes.subjects}
            said = {one.name: one.reported_outcome[0] if one.reported_outcome else None for one in processes.subjects}
            asked = tuple(processes.subjects)
            state_correct = self._check(processes)
        return [
            _row(one, Difference(before[one.name], after[one.name]), said[one.name])(
                kind=kind, rate=rate, sent=count, dropped=dropped[one.name], state_correct=state_correct[one.name]
            )
            for one in asked
        ]

    def _start(self, processes: ProcessGroup) -> None:
        for one in self._context.plan.subjects:
            if one.role == "control" or one.duplicate_of:
                continue
            if one.source == "exec" and one.detect is not None:
                processes.start_program(one, IFNAME, events=True)
            elif one.source == "builtin":
                processes.start(
                    one.name, registry.command(one.name, ifname=IFNAME, interval_s=self._context.plan.interval_s)
                )
        processes.wait_until_ready()
        self.programs.update(processes.programs())

    def _settle(self, processes: ProcessGroup, opened: dict[str, int]) -> None:
        """Wait until every subject has read what was queued for it, or has said how it ended."""

        def settled(subject: Subject) -> bool:
            mine = sockets.of(subject.process.pid, self._context.lab.read)
            return bool(subject.reported_outcome) or (
                len(mine) >= opened[subject.name] and not any(one.queued for one in mine if one.groups)
            )

        for _ in range(int(SETTLE_S / LOOK_S)):
            if all(settled(one) for one in processes.subjects):
                return
            processes.poll(LOOK_S)

    def _dropped(self, subject: Subject) -> int | None:
        mine = sockets.of(subject.process.pid, self._context.lab.read)
        return sum(one.dropped for one in mine) if mine else None

    def _check(self, processes: ProcessGroup) -> dict[str, bool | None]:
        """Delete the interface: who still watches says so, if its state is the kernel's."""
        watching = [one for one in processes.subjects if one.alive and not one.reported_outcome]
        self._context.lab.request(Batch(lines=(f"link delete {IFNAME}",)))
        processes.wait(
            lambda: all(one.reported_outcome or not one.alive for one in watching),
            PATIENCE_S + 2 * self._context.plan.interval_s,
        )
        state_correct: dict[str, bool | None] = {one.name: None for one in processes.subjects}
        for one in watching:
            state_correct[one.name] = bool(one.reported_outcome) and one.reported_outcome[0].reason in _NOTICED
        ours = [one for one in watching if not one.external]
        processes.wait(lambda: all(not one.alive for one in ours if one.reported_outcome), STOP_S)
        for one in [one for one in processes.subjects if one.external]:
            processes.discard(one)
        return state_correct


class Difference(NamedTuple):
    """One process before and after; None where it could not be read."""

    before: Sample | None
    after: Sample | None

    def of(self, field: str) -> float:
        """Subtract one field; 0 where either end is unknown, as of a process that the storm ended."""
        before, after = getattr(self.before, field, None), getattr(self.after, field, None)
        return 0.0 if before is None or after is None else float(after - before)


def _row(subject: Subject, changed: Difference, said: ReportedOutcome | None) -> Callable[..., StormResult]:
    return partial(
        StormResult,
        subject=subject.name,
        seconds=changed.of("at_ns") / NS_A_SECOND,
        events_received=subject.work.events if subject.work else None,
        lost=subject.lost,
        reported_outcome=said,
        voluntary_switches=int(changed.of("voluntary_switches")),
        user_s=round(changed.of("user_s"), 6),
        system_s=round(changed.of("system_s"), 6),
    )


def _read(subject: Subject) -> Sample | None:
    try:
        with Probe(subject.process.pid) as probe:
            return probe.read(full=True, work=None)
    except ProcessGone:
        return None
