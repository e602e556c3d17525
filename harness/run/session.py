"""A whole run: make the world, profile, measure clean, put everything away as it becomes known."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import msgspec

from harness import environment
from harness.analysis.doses import dose_trial
from harness.errors import NetchurnError
from harness.lab.client import Lab
from harness.lab.host import HostLab, ProcessLauncher
from harness.model import CompressedPlan, NamespaceInfo, Plan, ProfilePlan, Skipped, StormPlan
from harness.model.warning import DataWarning
from harness.results.writer import Writer
from harness.run.context import RunContext
from harness.run.interrupt import Interrupted
from harness.run.link_steps import LinkStep, LinkSteps
from harness.run.machine import quiet
from harness.run.phases.dumps import DumpsPhase
from harness.run.phases.go_counts import GoCountsPhase
from harness.run.phases.memray import MemrayPhase
from harness.run.phases.script import ScriptPhase
from harness.run.phases.storm import StormPhase
from harness.run.phases.timing import TimingPhase
from harness.run.record import ResultBuilder, Setting
from harness.subjects import registry

Place = TypeVar("Place", bound=ProcessLauncher)
IFNAME = "wt0"
HOST, HOST_IFNAME = "host", "lo"
LONGEST_DAY_S = 3600.0
COMPRESSED_SAMPLE_S = 0.25
MOST_NAMED = 20


def run(plan: Plan, setting: Setting) -> Path:
    """Carry out a plan and give the result folder. What Ctrl-C cut short is in it all the same, unsealed.

    LabFault where no world can be made: then no folder is made either. SubjectFault when a subject dies at start.
    ResultFault where somebody put another folder in the place of the result.
    """
    facts = environment.read()
    with ExitStack() as stack:
        if setting.kept is not None:
            stack.callback(setting.kept.close)
        place = Lab(setting.kept) if plan.lab else HostLab(setting.kept)
        stack.callback(place.close)
        writer = Writer(setting.results.absolute() / plan.scenario / environment.run_id(facts, plan.id))
        stack.callback(writer.close)
        record = ResultBuilder(plan, setting, writer, facts)
        setting.listener.on_start(writer.folder)
        with suppress(Interrupted):
            _measure(place, plan, setting, record)
            place.close()  # now nothing that was measured lives, and changes what is sealed
            _seal(writer, record, setting.interrupt.check)
        writer.check()
    return writer.folder


def _measure(place: ProcessLauncher, plan: Plan, setting: Setting, record: ResultBuilder) -> None:
    if isinstance(place, HostLab):
        _observe(_context(place, plan, setting, record), record)
    else:
        try:
            _Session(_context(place, plan, setting, record), record).perform()
        except (Interrupted, NetchurnError, OSError):
            with suppress(NetchurnError, OSError):  # the first counts
                record.count()
            raise
    setting.interrupt.check()


def _context(place: Place, plan: Plan, setting: Setting, record: ResultBuilder) -> RunContext[Place]:
    return RunContext(
        lab=place,
        plan=plan,
        listener=setting.listener,
        interrupt=setting.interrupt,
        captures=record.captures,
        queue=setting.queue,
        spare=setting.spare,
        kept=setting.kept,
    )


def _seal(writer: Writer, record: ResultBuilder, check: Callable[[], None]) -> None:
    """Name what a program left that no seal covers, and seal the rest; Interrupted where ``check`` says so."""
    odd = writer.odd(check)
    more = [f"and {len(odd) - MOST_NAMED:,} more"] if len(odd) > MOST_NAMED else []
    notes = [DataWarning(id="not_sealed", text=f"not sealed: {words}") for words in (*odd[:MOST_NAMED], *more)]
    record.update(environment_after=environment.read(), limitations=(*record.result.limitations, *notes))
    writer.seal(check)


def _observe(context: RunContext[HostLab], record: ResultBuilder) -> None:
    """Look at processes where they run: only the controls are started, and no link is made."""
    links, index = context.lab.links(HOST_IFNAME)
    namespace = NamespaceInfo(links=links, pairs=0, ifname=HOST_IFNAME, ifindex=index, kind=HOST, fresh_sysfs=True)
    record.update(namespace=namespace)
    for _ in range(context.plan.trials):
        record.attempt(context, namespace)


class _Session:
    """A run in a lab."""

    def __init__(self, context: RunContext[Lab], record: ResultBuilder) -> None:
        self._context = context
        self._lab = context.lab
        self._record = record
        self._kind = HOST
        self._ifname = HOST_IFNAME if context.plan.own_interface else IFNAME  # of the controls
        self._pairs = 0

    @property
    def _plan(self) -> Plan:
        return self._context.plan

    def perform(self) -> None:
        """Profile and measure what is at rest first; scripts and storms come last."""
        self._leave_out()
        if not self._plan.own_interface:
            self._kind = self._lab.add_watched(IFNAME)
        if not self._lab.fresh_sysfs:
            text = "a fresh sysfs was refused: /sys/class/net inside shows the host's interfaces"
            self._record.update(limitations=(DataWarning(id="host_sysfs", text=text),))
        self._profile()
        self._grow_to(self._plan.pairs)
        self._record.update(namespace=self._world())
        if self._plan.duration_s:
            self._wait()
            self._watch()
        self._record.count()
        if (doses := dose_trial.plan_of(self._plan)) is not None:
            self._record.attempt(self._context.with_plan(doses), self._world(), "dosed")
        if self._plan.scripts or self._plan.storm is not None or self._plan.dumps is not None:
            self._context.queue.drain()  # these are timed
        for script in self._plan.scripts:
            self._wait()
            play = ScriptPhase(self._context, script)
            play.perform(lambda found: self._record.update(event_runs=(*self._record.result.event_runs, *found)))
            self._record.identify(play.programs)
        if self._plan.storm is not None:
            self._storm_result(self._plan.storm)
        if self._plan.dumps is not None:
            dumps = DumpsPhase(self._context, self._plan.dumps)
            dumps.perform(lambda rows: self._record.update(dumps=(*self._record.result.dumps, *rows)))
            self._record.identify(dumps.programs)

    def _wait(self) -> None:
        """Wait for a quiet machine where the plan asks for one; what reads captures ends before."""
        if self._plan.max_load is None:
            return
        self._record.count()
        self._record.meanwhile()
        self._context.queue.drain()
        quiet.wait(self._plan.max_load, self._context.listener, self._context.interrupt)

    def _leave_out(self) -> None:
        """Leave out the subjects that cannot be built here; the result's plan keeps them, and says why not."""
        mine = [one for one in self._plan.subjects if one.source == "builtin" and one.language == "go"]
        if not mine:
            return
        self._context.listener.step("building the Go subjects (the first time takes a minute)", 0, 1)
        try:
            registry.gowatch()
            facts = msgspec.structs.replace(self._record.result.environment, go=registry.go().version)
            self._record.update(environment=facts)
        except NetchurnError as fault:
            why = Skipped(id=fault.id, text=f"Go: not measured: {fault.message} ({fault.hint})")
            rest = tuple(one for one in self._plan.subjects if one not in mine)
            self._context = self._context.with_plan(msgspec.structs.replace(self._plan, subjects=rest))
            self._record.update(skipped={one.name: why for one in mine})

    def _storm_result(self, storm: StormPlan) -> None:
        arm = StormPhase(self._context, storm)
        held = arm.calibrate()
        self._record.update(buffer_events=held)
        arm.perform(held, lambda rows: self._record.update(storms=(*self._record.result.storms, *rows)))
        self._record.identify(arm.programs)

    def _watch(self) -> None:
        """Repeat what the plan says, profiled and clean in turns; the first profiled turn was the ladder's top."""
        for index in range(self._plan.trials):
            # A program of the trial before may have taken it.
            if not self._plan.own_interface and not self._lab.find(IFNAME, 0)[0]:
                self._kind = self._lab.add_watched(IFNAME)
            if index and self._plan.profile is not None:
                links, _ = self._lab.links(self._ifname)
                step = LinkStep(pairs=self._pairs, links=links, ifname=self._ifname, trial=index)
                self._count(self._plan.profile, step, top=True)
            context = replace(self._context, meanwhile=self._record.meanwhile)
            self._record.attempt(context, self._world())

    def _profile(self) -> None:
        """Go through the numbers of links; at each profile, and make the compressed day where it is due."""
        profile = self._plan.profile
        if profile is None:
            return
        ladder = LinkSteps(self._lab, self._ifname, self._grow_to)
        timed = TimingPhase(self._context)
        for step in ladder.steps(profile):
            ladder.go_to(step)
            self._count(profile, step, top=profile.profile_at_every_step or step.pairs == self._plan.pairs)
            if self._plan.sweep is not None:
                self._record.count()  # nothing else works while it is timed
                timings = timed.run_step(self._plan.sweep, profile, step)
                self._record.update(timings=(*self._record.result.timings, *timings))
            if self._plan.compressed is not None and step.links == self._plan.compressed.links:
                self._record.count()
                self._live_a_day(self._plan.compressed, step)
        ladder.even()

    def _count(self, profile: ProfilePlan, step: LinkStep, *, top: bool) -> None:
        self._record.add_captures(MemrayPhase(self._context).run_step(profile, step, top=top))
        self._record.add_captures(tuple(GoCountsPhase(self._context).run_step(profile, step, top=top)))

    def _live_a_day(self, day: CompressedPlan, step: LinkStep) -> None:
        """Make a day of polls back to back, with the subjects of the plan that are meant."""
        subjects = tuple(one for one in self._plan.subjects if one.name in day.subjects)
        if not subjects:
            return
        plan = msgspec.structs.replace(
            self._plan,
            subjects=subjects,
            polls=day.polls,
            interval_s=0.0,
            until_decided=False,
            duration_s=LONGEST_DAY_S,
            churn_pairs_per_s=0.0,
            sample_interval_s=COMPRESSED_SAMPLE_S,
        )
        namespace = msgspec.structs.replace(self._world(), pairs=step.pairs, links=step.links)
        self._record.attempt(self._context.with_plan(plan), namespace, "compressed")

    def _grow_to(self, pairs: int) -> None:
        have = self._pairs
        total = self._plan.pairs
        self._lab.add_pairs(
            have, pairs - have, lambda made: self._context.listener.step("making veth pairs", made, total)
        )
        self._pairs = pairs
        self._context.interrupt.check()

    def _world(self) -> NamespaceInfo:
        links, index = self._lab.links(self._ifname)
        return NamespaceInfo(
            links=links,
            pairs=self._pairs,
            ifname=self._ifname,
            ifindex=index,
            kind=self._kind,
            fresh_sysfs=self._lab.fresh_sysfs,
        )
