"""A whole run: make the world, profile, measure clean, put everything away as it becomes known."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness import environment
from harness.lab.client import Lab
from harness.model import RESULT_SCHEMA, Environment, Plan, Result, Sample, StormPlan, World
from harness.run.audience import Audience
from harness.run.interrupt import Interrupt, Interrupted
from harness.run.profiled import ProfiledArm, Rung
from harness.run.script import ScriptArm
from harness.run.storms import StormArm
from harness.run.trial import CleanArm
from harness.run.visits import Visits
from harness.store import Writer

IFNAME = "wt0"


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
        self._kind = self._lab.add_watched(IFNAME)
        if not self._lab.fresh_sysfs:
            self._learn(notes=("a fresh sysfs was refused: /sys/class/net inside shows the host's interfaces",))
        self._profile()
        self._grow_to(self._plan.pairs)
        self._learn(world=self._world())
        for script in self._plan.scripts:
            play = ScriptArm(self._lab, self._plan, script, self._setting.audience, self._setting.interrupt)
            play.perform(lambda episodes: self._learn(episodes=(*self._result.episodes, *episodes)))
        if self._plan.storm is not None:
            self._weather(self._plan.storm)
        if self._plan.duration_s:
            self._watch()
        self._setting.interrupt.check()
        self._learn(environment_after=environment.read())

    def _weather(self, storm: StormPlan) -> None:
        arm = StormArm(self._lab, self._plan, storm, self._setting.audience, self._setting.interrupt)
        held = arm.calibrate()
        self._learn(buffer_events=held)
        arm.perform(held, lambda rows: self._learn(storms=(*self._result.storms, *rows)))

    def _watch(self) -> None:
        visits = Visits(self._lab, self._plan, self._writer.captures, self._setting.interrupt)
        setting = self._setting
        arm = CleanArm(self._lab, self._plan, self._world(), setting.audience, setting.interrupt, visits=visits)
        self._learn(trials=(arm.perform(0, self._keep()),))
        heaps = visits.heaps(0)
        self._learn(heaps=tuple(heaps), notes=(*self._result.notes, *visits.notes))

    def _keep(self) -> Callable[[int, str, Sample], None]:
        return self._writer.append

    def _profile(self) -> None:
        profile = self._plan.profile
        if profile is None:
            return
        arm = ProfiledArm(self._lab, self._plan, self._writer.captures, self._setting.audience, self._setting.interrupt)
        for pairs in profile.ladder_pairs:
            self._grow_to(pairs)
            links, _ = self._lab.links(IFNAME)
            rung = Rung(pairs=pairs, links=links, ifname=IFNAME)
            captures = arm.climb(profile, rung, top=pairs == profile.ladder_pairs[-1])
            self._learn(captures=(*self._result.captures, *captures))

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
