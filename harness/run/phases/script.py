"""The scripted arm: all subjects live through the same events, in rounds, each event timed.

A round makes the watched interfaces anew, lets every subject look them up, changes them, and waits for what is said:
as long as the slowest watcher may need, which is a poll's interval and a half. Who has said nothing by then is asked
to stop, and kept watching.
"""

import random
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

from harness.errors import LabFault, SubjectFault
from harness.lab.client import Lab
from harness.lab.messages import AddDaemon, Batch, Done, GoAway, KillDaemon, Strike
from harness.model import Episode, Happening, Observation, Plan, Said, ScriptPlan
from harness.probes import sockets
from harness.probes.resources import Read
from harness.run.interrupt import Interrupt
from harness.run.process_group import READY_S, STOP_S, Cast
from harness.run.progress import Audience
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


class ScriptArm:
    """Plays a script."""

    def __init__(self, lab: Lab, plan: Plan, script: ScriptPlan, audience: Audience, interrupt: Interrupt) -> None:
        """Remember the script; nothing is started yet."""
        self._lab = lab
        self._plan = plan
        self._script = script
        self._audience = audience
        self._interrupt = interrupt
        self._random = random.Random(plan.seed)  # noqa: S311 - reproducible phases, not secrets
        self._away = 0

    def perform(self, keep: Callable[[list[Episode]], None]) -> None:
        """Play the whole script; hand on the episodes of each round as soon as they are over."""
        turns = [(number, one) for number in range(self._script.rounds) for one in self._script.happenings]
        with Cast(self._lab, self._interrupt) as cast:
            groups = [self._group(cast, number) for number in range(self._script.groups)]
            self._away = self._lab.order(GoAway()).number
            for done, (number, happening) in enumerate(turns):
                self._audience.step("playing the script", done, len(turns))
                self._interrupt.check()
                keep(self._play(cast, groups, number, happening))
            for group in groups:
                self._remove(group.ifname)

    def _group(self, cast: Cast, number: int) -> Group:
        ifname = f"wg{number}"
        subjects = tuple(
            cast.start(one.name, registry.rounds_command(one.name, ifname=ifname, interval_s=self._plan.interval_s))
            for one in self._plan.subjects
            if any(one.name in happening.contract for happening in self._script.happenings)
        )
        return Group(number=number, ifname=ifname, subjects=subjects)

    def _play(self, cast: Cast, groups: list[Group], number: int, happening: Happening) -> list[Episode]:
        asked = [group for group in groups if _asked(group, happening) and self._make(group, happening)]
        if not asked:
            return []
        for group in asked:
            self._begin(group, happening)
        subjects = [one for group in asked for one in _asked(group, happening)]
        self._await(cast, subjects, happening)
        drops = {id(one): sockets.dropped(one.process.pid, self._lab.read) for one in subjects}
        if happening.trick in LIMITED:
            for one in subjects:
                _take_descriptors(one, self._lab.read)
        struck = self._strike_all(cast, asked, happening)
        if happening.trick in HELD:
            for one in subjects:
                one.send("go")
        self._listen(cast, subjects, happening)
        return [
            Episode(
                happening=happening.name,
                round=number,
                group=group.number,
                began_ns=struck[group.number].began_ns,
                done_ns=struck[group.number].at_ns,
                observations=tuple(self._observe(one, drops[id(one)]) for one in _asked(group, happening)),
            )
            for group in asked
        ]

    def _make(self, group: Group, happening: Happening) -> bool:
        """Make the group's interface anew; False where this machine cannot make that kind of link."""
        self._remove(group.ifname)
        if happening.link == "wireguard-go":
            try:
                self._lab.order(AddDaemon(ifname=group.ifname))
            except LabFault:
                return False
        else:
            self._lab.order(Batch(lines=(f"link add {group.ifname} type veth peer name {group.ifname}p",)))
        address = f"address add 100.64.{group.number}.1/24 dev {group.ifname}"
        self._lab.order(Batch(lines=(address, f"link set {group.ifname} up")))
        return True

    def _remove(self, ifname: str) -> None:
        """Remove whatever a round may have left: the interface, renamed, elsewhere, or its peer."""
        for name in (ifname, f"{ifname}p", f"{ifname}x", f"{ifname}b"):
            try:
                self._lab.order(Batch(lines=(f"link delete {name}",)))
            except LabFault:
                continue
        if self._away:
            try:
                self._lab.order(Batch(lines=(f"link delete {ifname}",), away=self._away))
            except LabFault:
                return

    def _begin(self, group: Group, happening: Happening) -> None:
        for subject in _asked(group, happening):
            subject.forget()
            subject.send("hold" if happening.trick in HELD else "again")

    def _await(self, cast: Cast, subjects: list[Subject], happening: Happening) -> None:
        def settled(one: Subject) -> bool:
            return bool(one.ready or one.said or (happening.trick in HELD and one.found))

        cast.wait(lambda: all(settled(one) or not one.alive for one in subjects), READY_S)
        for one in subjects:
            if not settled(one):
                raise _lost(one, f"did not begin its round of {happening.name!r}")

    def _strike_all(self, cast: Cast, groups: list[Group], happening: Happening) -> dict[int, Done]:
        """Change every group's interface, at phases of its own where the script says so."""
        phases = [self._random.uniform(0, self._script.phase_s) for _ in groups]
        began = time.monotonic()
        struck = {}
        for phase, group in sorted(zip(phases, groups, strict=True), key=lambda pair: pair[0]):
            cast.wait(lambda: False, began + phase - time.monotonic())
            struck[group.number] = self._strike(group, happening)
        return struck

    def _strike(self, group: Group, happening: Happening) -> Done:
        if happening.trick == "kill-daemon":
            return self._lab.order(KillDaemon(ifname=group.ifname))
        _, index = self._lab.links(group.ifname)
        if happening.trick == "stop":
            now = time.monotonic_ns()
            for subject in _asked(group, happening):
                subject.send("stop")
            return Done(at_ns=now, began_ns=now)
        answers = [self._step(step, group.ifname, index) for step in happening.steps]
        if not answers:
            now = time.monotonic_ns()
            return Done(at_ns=now, began_ns=now)
        return Done(at_ns=answers[-1].at_ns, began_ns=answers[0].began_ns)

    def _step(self, step: str, ifname: str, index: int) -> Done:
        if step == "strike: delete":
            return self._lab.order(Strike(index=index))
        if step == "strike: rename":
            return self._lab.order(Strike(index=index, name=f"{ifname}x"))
        line = step.format(ifname=ifname, index=index, away=self._away)
        if line.startswith("away:"):
            return self._lab.order(Batch(lines=(line.removeprefix("away:").strip(),), away=self._away))
        return self._lab.order(Batch(lines=tuple(line.split("\n"))))

    def _listen(self, cast: Cast, subjects: list[Subject], happening: Happening) -> None:
        """Wait until all have said something, or as long as each may need; then end the rounds of the rest."""
        polling = any(registry.find(one.name).polls for one in subjects)
        patience = QUICK_S + (1.5 * self._plan.interval_s if polling else 0.0)
        silent = not happening.truth and happening.trick != "stop"
        cast.wait(lambda: not silent and all(one.said for one in subjects), patience)
        for subject in subjects:
            if not subject.said:
                subject.send("stop")
        cast.wait(lambda: all(one.said or not one.alive for one in subjects), STOP_S, heed_interrupt=False)
        for subject in subjects:
            if happening.trick in LIMITED:
                _free_descriptors(subject)
        for subject in subjects:
            if not subject.said:
                raise _lost(subject, f"said nothing of {happening.name!r}, not even when it was asked to stop")

    def _observe(self, subject: Subject, drops_before: int) -> Observation:
        said: Said | None = subject.said[0] if subject.said else None
        return Observation(
            subject=subject.name,
            said=said,
            dropped=max(0, sockets.dropped(subject.process.pid, self._lab.read) - drops_before),
            lost=subject.lost,
        )


def _lost(subject: Subject, how: str) -> SubjectFault:
    return SubjectFault(
        f"subject {subject.name} {how}: {subject.last_words}", "leave it out with --subject, and report it"
    )


def _asked(group: Group, happening: Happening) -> list[Subject]:
    return [one for one in group.subjects if one.name in happening.contract]


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
