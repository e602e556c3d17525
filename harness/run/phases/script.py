"""The scripted arm: all subjects live through the same events, in rounds, each event timed.

A round makes the watched interfaces anew, lets every subject look them up, changes them, and waits for what is said:
as long as the slowest watcher may need, which is a poll's interval and a half. Who has said nothing by then is asked
to stop, and kept watching.
"""

import random
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.errors import LabFault, SubjectFault
from harness.lab.client import Lab
from harness.lab.messages import AddDaemon, Batch, CreateNetns, DeleteLink, KillDaemon, Ok, RenameLink
from harness.model import (
    EventRun,
    Executable,
    Observation,
    ReportedOutcome,
    ScriptedEvent,
    ScriptPlan,
    SubjectPlan,
)
from harness.probes.process import sockets
from harness.probes.process.resources import Read
from harness.run.context import RunContext
from harness.run.machine import quiet
from harness.run.process_group import READY_S, STOP_S, ProcessGroup
from harness.subjects import registry
from harness.subjects.process import Subject

QUICK_S = 0.5  # patience with watchers that are woken by events: ten times what counts as late
HELD = {"hold", "refuse"}
LIMITED = {"refuse", "limit"}


@dataclass(frozen=True, kw_only=True)
class Group:
    """One watched interface with its own set of subjects."""

    number: int
    ifname: str
    subjects: tuple[Subject, ...]
    programs: tuple[SubjectPlan, ...] = ()  # started anew for each event


class ScriptPhase:
    """Plays a script."""

    def __init__(self, context: RunContext[Lab], script: ScriptPlan) -> None:
        """Remember the script; nothing is started yet."""
        self._context = context
        self._script = script
        self._random = random.Random(context.plan.seed)  # noqa: S311 - reproducible phases, not secrets
        self._away = 0
        self.programs: dict[str, Executable] = {}  # of the user's, as they were started

    def perform(self, keep: Callable[[list[EventRun]], None]) -> None:
        """Play the whole script; hand on the events of each round as soon as they are over."""
        turns = [(number, one) for number in range(self._script.rounds) for one in self._script.scripted_events]
        with ProcessGroup(self._context.lab, self._context.interrupt) as processes:
            groups = [self._group(processes, number) for number in range(self._script.groups)]
            self._away = self._context.lab.request(CreateNetns()).number
            for done, (number, scripted_event) in enumerate(turns):
                self._context.listener.step("playing the script", done, len(turns))
                self._context.interrupt.check()
                keep(self._play(processes, groups, number, scripted_event))
            for group in groups:
                self._remove(group.ifname)

    def _group(self, processes: ProcessGroup, number: int) -> Group:
        ifname = f"wg{number}"
        subjects = tuple(
            processes.start(
                one.name, registry.rounds_command(one.name, ifname=ifname, interval_s=self._context.plan.interval_s)
            )
            for one in self._context.plan.subjects
            if one.source == "builtin" and self._plays(one)
        )
        programs = tuple(one for one in self._context.plan.subjects if one.source == "exec" and self._plays(one))
        return Group(number=number, ifname=ifname, subjects=subjects, programs=programs)

    def _plays(self, subject: SubjectPlan) -> bool:
        return any(subject.name in event.expected_outcomes for event in self._script.scripted_events)

    def _with_programs(self, processes: ProcessGroup, group: Group, scripted_event: ScriptedEvent) -> Group:
        """Start the programs that are asked of an event: they know no rounds."""
        started = tuple(
            processes.start_program(one, group.ifname, events=True)
            for one in group.programs
            if one.name in scripted_event.expected_outcomes
        )
        return replace(group, subjects=(*group.subjects, *started))

    def _play(
        self, processes: ProcessGroup, groups: list[Group], number: int, scripted_event: ScriptedEvent
    ) -> list[EventRun]:
        made = [group for group in groups if _plays(group, scripted_event) and self._make(group, scripted_event)]
        if not made:
            return []
        for group in made:
            self._begin(group, scripted_event)
        asked = [self._with_programs(processes, group, scripted_event) for group in made]
        subjects = [one for group in asked for one in _asked(group, scripted_event)]
        self._await_all(processes, subjects, scripted_event)
        drops = {id(one): sockets.dropped([one.process.pid], self._context.lab.read) for one in subjects}
        _limit(subjects, scripted_event, self._context.lab.read)
        injected = self._inject_all(processes, asked, scripted_event)
        _release(subjects, scripted_event)
        self._listen(processes, subjects, scripted_event)
        seen = [
            EventRun(
                scripted_event=scripted_event.name,
                round=number,
                group=group.number,
                began_ns=injected[group.number].began_ns,
                done_ns=injected[group.number].at_ns,
                observations=tuple(self._observe(one, drops[id(one)]) for one in _asked(group, scripted_event)),
                load_average_1m=quiet.load(),
            )
            for group in asked
        ]
        _discard_programs(processes, subjects)
        return seen

    def _await_all(self, processes: ProcessGroup, subjects: list[Subject], scripted_event: ScriptedEvent) -> None:
        self._await(processes, [one for one in subjects if not one.external], scripted_event)
        processes.await_programs([one for one in subjects if one.external])
        self.programs.update(processes.programs())

    def _make(self, group: Group, scripted_event: ScriptedEvent) -> bool:
        """Make the group's interface anew; False where this machine cannot make that kind of link."""
        self._remove(group.ifname)
        if scripted_event.link == "wireguard-go":
            try:
                self._context.lab.request(AddDaemon(ifname=group.ifname))
            except LabFault:
                return False
        else:
            self._context.lab.request(Batch(lines=(f"link add {group.ifname} type veth peer name {group.ifname}p",)))
        address = f"address add 100.64.{group.number}.1/24 dev {group.ifname}"
        self._context.lab.request(Batch(lines=(address, f"link set {group.ifname} up")))
        return True

    def _remove(self, ifname: str) -> None:
        """Remove whatever a round may have left: the interface, renamed, elsewhere, or its peer."""
        for name in (ifname, f"{ifname}p", f"{ifname}x", f"{ifname}b"):
            try:
                self._context.lab.request(Batch(lines=(f"link delete {name}",)))
            except LabFault:
                continue
        if self._away:
            try:
                self._context.lab.request(Batch(lines=(f"link delete {ifname}",), netns_pid=self._away))
            except LabFault:
                return

    def _begin(self, group: Group, scripted_event: ScriptedEvent) -> None:
        for subject in _asked(group, scripted_event):
            subject.forget()
            subject.send("hold" if scripted_event.injection in HELD else "again")

    def _await(self, processes: ProcessGroup, subjects: list[Subject], scripted_event: ScriptedEvent) -> None:
        def settled(one: Subject) -> bool:
            return bool(one.ready or one.reported_outcome or (scripted_event.injection in HELD and one.found))

        processes.wait(lambda: all(settled(one) or not one.alive for one in subjects), READY_S)
        for one in subjects:
            if not settled(one):
                raise _lost(one, f"did not begin its round of {scripted_event.name!r}")

    def _inject_all(self, processes: ProcessGroup, groups: list[Group], scripted_event: ScriptedEvent) -> dict[int, Ok]:
        """Change every group's interface, at phases of its own where the script says so."""
        phases = [self._random.uniform(0, self._script.phase_s) for _ in groups]
        began = time.monotonic()
        injected = {}
        for phase, group in sorted(zip(phases, groups, strict=True), key=lambda pair: pair[0]):
            processes.wait(lambda: False, began + phase - time.monotonic())
            injected[group.number] = self._inject(group, scripted_event)
        return injected

    def _inject(self, group: Group, scripted_event: ScriptedEvent) -> Ok:
        if scripted_event.injection == "kill-daemon":
            return self._context.lab.request(KillDaemon(ifname=group.ifname))
        _, index = self._context.lab.links(group.ifname)
        if scripted_event.injection == "stop":
            now = time.monotonic_ns()
            for subject in _asked(group, scripted_event):
                subject.send("stop")
            return Ok(at_ns=now, began_ns=now)
        answers = [self._step(step, group.ifname, index) for step in scripted_event.steps]
        if not answers:
            now = time.monotonic_ns()
            return Ok(at_ns=now, began_ns=now)
        return Ok(at_ns=answers[-1].at_ns, began_ns=answers[0].began_ns)

    def _step(self, step: str, ifname: str, index: int) -> Ok:
        if step == "fault: delete":
            return self._context.lab.request(DeleteLink(index=index))
        if step == "fault: rename":
            return self._context.lab.request(RenameLink(index=index, name=f"{ifname}x"))
        line = step.format(ifname=ifname, index=index, away=self._away)
        if line.startswith("away:"):
            return self._context.lab.request(Batch(lines=(line.removeprefix("away:").strip(),), netns_pid=self._away))
        return self._context.lab.request(Batch(lines=tuple(line.split("\n"))))

    def _listen(self, processes: ProcessGroup, subjects: list[Subject], scripted_event: ScriptedEvent) -> None:
        """Wait until all have said something, or as long as each may need; then end the rounds of the rest."""
        polling = any(one.external or registry.find(one.name).polls for one in subjects)  # a program may poll
        patience = QUICK_S + (1.5 * self._context.plan.interval_s if polling else 0.0)
        silent = not scripted_event.valid_reasons and scripted_event.injection != "stop"
        processes.wait(lambda: not silent and all(one.reported_outcome for one in subjects), patience)
        ours = [one for one in subjects if not one.external]
        for subject in ours:
            if not subject.reported_outcome:
                subject.send("stop")
        processes.wait(lambda: all(one.reported_outcome or not one.alive for one in ours), STOP_S, heed_interrupt=False)
        for subject in subjects:
            if scripted_event.injection in LIMITED:
                _free_descriptors(subject)
        for subject in ours:
            if not subject.reported_outcome:
                raise _lost(subject, f"said nothing of {scripted_event.name!r}, not even when it was asked to stop")

    def _observe(self, subject: Subject, before: sockets.Drops | None) -> Observation:
        said: ReportedOutcome | None = subject.reported_outcome[0] if subject.reported_outcome else None
        return Observation(
            subject=subject.name,
            reported_outcome=said,
            dropped=sockets.more_dropped(before, sockets.dropped([subject.process.pid], self._context.lab.read)) or 0,
            lost=subject.lost,
        )


def _lost(subject: Subject, how: str) -> SubjectFault:
    return SubjectFault(
        "subject_died",
        f"subject {subject.name} {how}: {subject.last_words}",
        "leave it out with --subject, and report it",
    )


def _asked(group: Group, scripted_event: ScriptedEvent) -> list[Subject]:
    return [one for one in group.subjects if one.name in scripted_event.expected_outcomes]


def _plays(group: Group, scripted_event: ScriptedEvent) -> bool:
    names = {one.name for one in group.subjects} | {one.name for one in group.programs}
    return not names.isdisjoint(scripted_event.expected_outcomes)


def _discard_programs(processes: ProcessGroup, subjects: list[Subject]) -> None:
    for one in subjects:
        if one.external:
            processes.discard(one)


def _limit(subjects: list[Subject], scripted_event: ScriptedEvent, read: Read) -> None:
    if scripted_event.injection in LIMITED:
        for one in subjects:
            _take_descriptors(one, read)


def _release(subjects: list[Subject], scripted_event: ScriptedEvent) -> None:
    if scripted_event.injection in HELD:
        for one in subjects:
            one.send("go")


def _take_descriptors(subject: Subject, read: Read) -> None:
    """Leave the subject no free descriptor."""
    pid = subject.process.pid
    used = {int(entry.partition(b" ")[0]) for entry in read(pid, "fd").split(b"\0") if entry}
    lowest_free = next(number for number in range(len(used) + 1) if number not in used)
    hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free, hard))


def _free_descriptors(subject: Subject) -> None:
    if subject.alive:
        hard = resource.prlimit(subject.process.pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(subject.process.pid, resource.RLIMIT_NOFILE, (min(1024, hard), hard))
