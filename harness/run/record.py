"""What a run knows so far: every fact is on disk as soon as it is one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from harness.errors import ResultFault
from harness.lab.door import Kept
from harness.lab.host import ProcessLauncher
from harness.model import (
    COMPRESSED_TRIAL,
    DOSE_TRIAL,
    RESULT_SCHEMA,
    Build,
    Capture,
    Environment,
    Executable,
    NamespaceInfo,
    Pace,
    Plan,
    Result,
)
from harness.model.warning import DataWarning
from harness.results.writer import Writer
from harness.run.context import RunContext
from harness.run.interim import InterimLooks
from harness.run.interrupt import Interrupt
from harness.run.phases import dose
from harness.run.phases.memray import CountedLater
from harness.run.phases.sampling import SamplingPhase
from harness.run.pprof_fetches import PprofFetches
from harness.run.recorded_copies import RecordedCopies
from harness.run.watching.progress import Listener
from harness.subprocesses import Queue

_FIRST: dict[Pace, int] = {"real": 0, "compressed": COMPRESSED_TRIAL, "dosed": DOSE_TRIAL}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Where and for whom a run happens. ``kept``: what is left of root where that was given up."""

    results: Path
    command: str
    listener: Listener
    interrupt: Interrupt
    queue: Queue = field(default_factory=Queue)  # of what reads captures while subjects are sampled
    profiled: Callable[[Path, Result], None] = lambda *_: None  # told once the captures of a result are counted
    spare: Callable[[], None] = lambda: None  # work for a second in which a phase does nothing but wait
    kept: Kept | None = None


class ResultBuilder:
    """The result of one run while it is made, and the folder that it is made in."""

    def __init__(self, plan: Plan, setting: Setting, writer: Writer, facts: Environment) -> None:
        self._writer = writer
        self._queue = setting.queue
        self._profiled = setting.profiled
        self._told = False
        self._unreadable: ResultFault | None = None
        self._captures: list[CountedLater | tuple[Capture, ...]] = []
        self.captures = writer.captures
        self.result = Result(
            schema=RESULT_SCHEMA,
            run_id=writer.folder.name,
            command=setting.command,
            plan=plan,
            environment=facts,
            environment_after=None,
            captures=(),
            trials=(),
            limitations=(),
        )
        writer.save(self.result)

    def update(self, **facts: object) -> None:
        """Replace facts, and save them."""
        self.result = msgspec.structs.replace(self.result, **facts)
        self._writer.save(self.result)

    def add_captures(self, found: CountedLater | tuple[Capture, ...]) -> None:
        """Keep captures, in the order in which they were made; those that are not counted yet once they are."""
        self._captures.append(found)
        self.look()

    def look(self) -> None:
        """Keep what has been counted meanwhile; takes no time. A capture that is cut off is told of by ``count``."""
        self._queue.look()
        self._keep(lambda one: one.ended)

    def count(self) -> None:
        """Wait until all captures are counted, and keep them; ResultFault for one that is cut off."""
        self._keep(lambda _: True)
        if self._unreadable is not None:
            raise self._unreadable

    def _keep(self, due: Callable[[CountedLater], bool]) -> None:
        found = [one if isinstance(one, tuple) or not due(one) else self._counted(one) for one in self._captures]
        if found != self._captures:
            self._captures = found
            self.update(captures=tuple(capture for one in found if isinstance(one, tuple) for capture in one))

    def _counted(self, later: CountedLater) -> tuple[Capture, ...]:
        """Return the captures of a step, none where one is cut off: what is being measured does not end by it."""
        try:
            return later.captures()
        except ResultFault as fault:
            self._unreadable = self._unreadable or fault
            return ()

    def meanwhile(self) -> None:
        """Keep what has been counted, and once that is all let the captures be read for a report; takes no time."""
        self.look()
        if self._captures and not self._told and all(isinstance(one, tuple) for one in self._captures):
            self._told = True
            self._profiled(self._writer.folder, self.result)

    def identify(self, programs: dict[str, Executable]) -> None:
        """Keep what the user's programs are; a program that was another one in an earlier trial is a limitation."""
        known = self.result.programs
        changed = [
            name
            for name, found in programs.items()
            if name in known and (known[name].sha256, known[name].script_sha256) != (found.sha256, found.script_sha256)
        ]
        text = "the executable changed between trials; the digest is of the first"
        notes = [DataWarning(id="executable_changed", text=f"{one}: {text}", subject=one) for one in changed]
        builds = {one.name: one.build for one in self.result.plan.subjects}
        found = {name: _built(program, builds.get(name)) for name, program in programs.items()}
        self.update(programs={**found, **known}, limitations=(*self.result.limitations, *notes))

    def attempt(self, context: RunContext[ProcessLauncher], namespace: NamespaceInfo, pace: Pace = "real") -> None:
        """Perform one clean trial, and keep what it and its visits found; Interrupted where it was cut short.

        What went wrong once sampling had begun is raised after that: OSError or a NetchurnError.
        """
        index = sum(one.pace == pace for one in self.result.trials) + _FIRST[pace]
        visits = PprofFetches(context)
        kind = dose.PHASES[context.plan.dose.cycles is not None] if context.plan.dose else SamplingPhase
        copies = RecordedCopies(context)
        arm = kind(context, namespace, visits, copies)
        trial = arm.perform(index, self._writer.append, InterimLooks(context.plan, self._writer.folder, index))
        self.update(trials=(*self.result.trials, msgspec.structs.replace(trial, pace=pace)))
        self.identify(arm.programs)
        heaps = visits.heaps(index)
        recordings = copies.recordings(self._writer.keep)
        self.update(
            heaps=(*self.result.heaps, *heaps),
            recordings=(*self.result.recordings, *recordings),
            limitations=(*self.result.limitations, *visits.notes, *copies.notes),
        )
        if arm.fault is not None:
            raise arm.fault
        context.interrupt.check()


def _built(program: Executable, build: Build | None) -> Executable:
    """Add what is known of how a program was built."""
    if build is None:
        return program
    return msgspec.structs.replace(
        program, commit=build.commit, dirty=build.dirty, build=build.command, toolchains=build.toolchains
    )
