"""A whole run: make the world, profile, measure clean, put everything away as it becomes known."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness import environment
from harness.errors import NetchurnError
from harness.lab.client import Lab
from harness.model import (
    COMPRESSED_TRIAL,
    RESULT_SCHEMA,
    CompressedPlan,
    Environment,
    Pace,
    Plan,
    ProfilePlan,
    Result,
    Sample,
    StormPlan,
    World,
)
from harness.run.audience import Audience
from harness.run.counted import CountedArm
from harness.run.interrupt import Interrupt, Interrupted
from harness.run.ladder import Ladder, Rung
from harness.run.profiled import ProfiledArm
from harness.run.script import ScriptArm
from harness.run.storms import StormArm
from harness.run.trial import CleanArm
from harness.run.visits import Visits
from harness.store import Writer
from harness.subjects import registry, toolchain

IFNAME = "wt0"
LONGEST_DAY_S = 3600.0
COMPRESSED_SAMPLE_S = 0.25


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Where and for whom a run happens."""

    results: Path
    command: str
    audience: Audience
    interrupt: Interrupt


def run(plan: Plan, setting: Setting) -> Path:
    """Carry out a plan and give the result folder. What Ctrl-C cut short is in it all the same, unsealed.

    LabFault where no world can be made: then no folder is made either. SubjectFault when a subject dies at start.
    """
    facts = environment.read()
    with Lab() as lab:
        folder = setting.results.absolute() / plan.scenario / environment.run_id(facts, plan.id)
        writer = Writer(folder)
        session = _Session(lab, plan, setting, writer, facts)
        try:
            session.perform()
            writer.seal()
        except Interrupted:
            pass
        finally:
            writer.close()
    return folder


class _Session:
    def __init__(self, lab: Lab, plan: Plan, setting: Setting, writer: Writer, facts: Environment) -> None:
        self._lab = lab
        self._plan = plan
        self._setting = setting
        self._writer = writer
        self._kind = ""
        self._result = Result(
            schema=RESULT_SCHEMA,
            run_id=writer.folder.name,
            command=setting.command,
            plan=plan,
            environment=facts,
            environment_after=None,
            captures=(),
            trials=(),
            notes=(),
        )
        writer.save(self._result)

    def _learn(self, **facts: object) -> None:
        self._result = msgspec.structs.replace(self._result, **facts)
        self._writer.save(self._result)

    def perform(self) -> None:
        self._leave_out()
        self._kind = self._lab.add_watched(IFNAME)
        if not self._lab.fresh_sysfs:
            self._learn(notes=("a fresh sysfs was refused: /sys/class/net inside shows the host's interfaces",))
        self._profile()
        self._grow_to(self._plan.pairs)
        self._learn(world=self._world())
        if self._plan.duration_s:
            self._watch()
        for script in self._plan.scripts:
            play = ScriptArm(self._lab, self._plan, script, self._setting.audience, self._setting.interrupt)
            play.perform(lambda episodes: self._learn(episodes=(*self._result.episodes, *episodes)))
        if self._plan.storm is not None:
            self._weather(self._plan.storm)
        self._setting.interrupt.check()
        self._learn(environment_after=environment.read())

    def _leave_out(self) -> None:
        """Leave out the subjects that cannot be built here; the result's plan keeps them, and says why not."""
        mine = [one for one in self._plan.subjects if one.origin == "builtin" and one.language == "go"]
        if not mine:
            return
        self._setting.audience.step("building the Go subjects (the first time takes a minute)", 0, 1)
        try:
            registry.gowatch()
            found = toolchain.find()
            facts = msgspec.structs.replace(self._result.environment, go=found.version if found else None)
            self._learn(environment=facts)
        except NetchurnError as fault:
            why = f"Go: not measured: {fault.message} ({fault.hint})"
            rest = tuple(one for one in self._plan.subjects if one not in mine)
            self._plan = msgspec.structs.replace(self._plan, subjects=rest)
            self._learn(skipped={one.name: why for one in mine})

    def _weather(self, storm: StormPlan) -> None:
        arm = StormArm(self._lab, self._plan, storm, self._setting.audience, self._setting.interrupt)
        held = arm.calibrate()
        self._learn(buffer_events=held)
        arm.perform(held, lambda rows: self._learn(storms=(*self._result.storms, *rows)))

    def _watch(self) -> None:
        """Repeat what the plan says, profiled and clean in turns; the first profiled turn was the ladder's top."""
        for index in range(self._plan.trials):
            if index and self._plan.profile is not None:
                links, _ = self._lab.links(IFNAME)
                rung = Rung(pairs=self._pairs, links=links, ifname=IFNAME, trial=index)
                self._count(self._plan.profile, rung, top=True)
            self._try(self._plan, self._world(), "real")

    def _keep(self) -> Callable[[int, str, Sample], None]:
        return self._writer.append

    def _profile(self) -> None:
        """Climb the ladder of link counts; at each rung profile, and make the compressed day where it is due."""
        profile = self._plan.profile
        if profile is None:
            return
        ladder = Ladder(self._lab, IFNAME, self._grow_to)
        for rung in ladder.rungs(profile):
            ladder.climb_to(rung)
            self._count(profile, rung, top=rung.pairs == self._plan.pairs)
            if self._plan.compressed is not None and rung.links == self._plan.compressed.links:
                self._live_a_day(self._plan.compressed, rung)
        ladder.even()

    def _count(self, profile: ProfilePlan, rung: Rung, *, top: bool) -> None:
        setting = self._setting
        for kind in (ProfiledArm, CountedArm):
            arm = kind(self._lab, self._plan, self._writer.captures, setting.audience, setting.interrupt)
            captures = arm.climb(profile, rung, top=top)
            self._learn(captures=(*self._result.captures, *captures))

    def _live_a_day(self, day: CompressedPlan, rung: Rung) -> None:
        """Make a day of polls back to back, with the subjects of the plan that are meant."""
        subjects = tuple(one for one in self._plan.subjects if one.name in day.subjects)
        if not subjects:
            return
        plan = msgspec.structs.replace(
            self._plan,
            subjects=subjects,
            polls=day.polls,
            interval_s=0.0,
            duration_s=LONGEST_DAY_S,
            churn_pairs_per_s=0.0,
            sample_interval_s=COMPRESSED_SAMPLE_S,
        )
        world = msgspec.structs.replace(self._world(), pairs=rung.pairs, links=rung.links)
        self._try(plan, world, "compressed")

    def _try(self, plan: Plan, world: World, pace: Pace) -> None:
        """Perform one clean trial, and keep what it and its visits found."""
        setting = self._setting
        index = sum(one.pace == pace for one in self._result.trials) + (COMPRESSED_TRIAL if pace == "compressed" else 0)
        visits = Visits(self._lab, plan, self._writer.captures, setting.interrupt)
        arm = CleanArm(self._lab, plan, world, setting.audience, setting.interrupt, visits=visits)
        trial = arm.perform(index, self._keep())
        self._learn(trials=(*self._result.trials, msgspec.structs.replace(trial, pace=pace)))
        heaps = visits.heaps(index)
        self._learn(heaps=(*self._result.heaps, *heaps), notes=(*self._result.notes, *visits.notes))
        setting.interrupt.check()

    def _grow_to(self, pairs: int) -> None:
        have = self._pairs
        total = self._plan.pairs
        self._lab.add_pairs(
            have, pairs - have, lambda made: self._setting.audience.step("making veth pairs", made, total)
        )
        self._pairs = pairs
        self._setting.interrupt.check()

    _pairs = 0

    def _world(self) -> World:
        links, index = self._lab.links(IFNAME)
        return World(
            links=links,
            pairs=self._pairs,
            ifname=IFNAME,
            ifindex=index,
            kind=self._kind,
            fresh_sysfs=self._lab.fresh_sysfs,
        )
