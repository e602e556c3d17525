"""Copies of programs whose allocations are recorded, each beside the one whose memory is judged.

A copy starts once the judged processes are ready, so that it takes no address or file from them, and lives through the
same events. What is wrong with a recording becomes a note, and costs the numbers of that recording and nothing else.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import PIPE, TimeoutExpired
from typing import Any, NamedTuple

import msgspec

from harness import subprocesses, workers
from harness.errors import NetchurnError
from harness.lab.host import ProcessLauncher
from harness.model import Plan, Recorder, Recording, SubjectPlan, Work
from harness.model.warning import DataWarning
from harness.probes.recordings import recorders
from harness.probes.recordings.keepers import Retention
from harness.results.folded import packed, stacks_name
from harness.run.context import RunContext
from harness.run.process_group import ProcessGroup
from harness.subjects.process import Subject
from harness.units import NS_A_SECOND

WARM_UP_S = 60.0
WARM_UP_SHARE = 0.2  # of the sampling phase, where that is shorter than five minutes; of a recording that ends before
SETTLE_S = 0.2
FLUSH_S = 10.0
FLUSH_LOOK_S = 0.05
READ_S = 900.0
_READERS = {"memray": workers.MEMRAY_READER, "heaptrack": workers.HEAPTRACK_READER}


def warm_up_s(plan: Plan) -> float:
    """Return how long copies live before what they allocate counts."""
    return min(WARM_UP_S, WARM_UP_SHARE * plan.duration_s)


class _Moment(NamedTuple):
    """Where the work of a copy stood."""

    at_ns: int
    work: Work | None
    cycles: int


class _Copy:
    """One copy, its recording, and its work when that began to count and when it ended."""

    def __init__(self, plan: SubjectPlan, recorder: Recorder, prefix: Path, subject: Subject) -> None:
        self.plan, self.recorder, self.prefix, self.subject = plan, recorder, prefix, subject
        self.moments: dict[str, _Moment] = {}
        self.death = ""

    def due(self, *, warm: bool) -> str:
        """Return the moment whose work is to be noted; ``early`` counts where the bound comes before the warm-up."""
        filled = recorders.filled(self.recorder, self.prefix)
        name = "last" if filled >= 1 else "first" if warm else "early" if filled >= WARM_UP_SHARE else ""
        return "" if name in self.moments or "last" in self.moments else name

    def counted(self) -> tuple[_Moment, _Moment] | None:
        """Return where what counts begins and ends; None where the warm-up was not over."""
        first, last = self.moments.get("first") or self.moments.get("early"), self.moments.get("last")
        return None if first is None or last is None else (first, last)

    def note_death(self) -> None:
        """Remember how it ended by itself, where it did."""
        if not self.subject.alive:
            self.death = f"; the copy had ended with status {self.subject.exit_status}: {self.subject.last_words}"

    def note(self, name: str, cycles: int) -> None:
        work = self.subject.counts.last
        self.moments[name] = _Moment(work.at_ns if work else time.monotonic_ns(), work, cycles)


class RecordedCopies:
    """Starts copies, takes their work, ends them, and reads what they recorded."""

    def __init__(self, context: RunContext[ProcessLauncher]) -> None:
        """Nothing is started yet."""
        self._plan = context.plan
        self._folder = context.captures
        self._listener = context.listener
        self._group = ProcessGroup(context.lab, context.interrupt)
        self._copies: list[_Copy] = []
        self.notes: list[DataWarning] = []

    def begin(self, trial: int, beside: ProcessGroup, ifname: str) -> None:
        """Start the copies of a run's first trial, and wait a moment for them to be ready.

        ``ifname`` is what they watch, where programs do not make their own interfaces.
        """
        wanted = [(one, how) for one in self._plan.subjects for how in one.record] if trial == 0 else []
        for number, (one, how) in enumerate(wanted):
            self._start(one, how, f"wt{len(self._plan.subjects) + number}" if self._plan.own_interface else ifname)
        if self._copies:
            beside.attend(self._group)
            self._listener.step("starting the copies that are recorded", 0, 1)
            self._group.await_programs([one.subject for one in self._copies])

    def _start(self, one: SubjectPlan, how: Recorder, ifname: str) -> None:
        prefix = self._folder / recorders.name(how, one.name)
        try:
            subject = self._group.start_program(recorders.copy(how, one, prefix), ifname)
        except (NetchurnError, OSError, ValueError) as cause:
            self._fail(one.name, how, str(cause))
            return
        self._copies.append(_Copy(one, how, prefix, subject))

    def look(self, elapsed: float, cycles: int) -> None:
        """Note the work of copies once the warm-up is over, and where a recording reaches its bound."""
        warm = elapsed >= warm_up_s(self._plan)
        self._note({one: name for one in self._copies if (name := one.due(warm=warm))}, cycles)

    def _note(self, due: Mapping[_Copy, str], cycles: int) -> None:
        if due:
            self._group.mark(*(one.subject for one in due))
        for one, name in due.items():
            one.note(name, cycles)

    def end(self, cycles: int) -> None:
        """Note the work of the copies, end their recordings, and then the copies."""
        if not self._copies:
            return
        self._note({one: "last" for one in self._copies if "last" not in one.moments}, cycles)
        for one in self._copies:
            one.note_death()
            recorders.ask_end(one.recorder, one.prefix)
        self._group.wait(lambda: False, SETTLE_S, heed_interrupt=False)  # as they end, programs free what they kept
        deadline = time.monotonic() + FLUSH_S
        while time.monotonic() < deadline and not all(map(self._ended, self._copies)):
            self._group.poll(FLUSH_LOOK_S)
        self._group.terminate()

    def _ended(self, one: _Copy) -> bool:
        return not one.subject.alive or recorders.ended(one.recorder, one.prefix)

    def close(self) -> None:
        """Kill what is left."""
        self._group.close()

    def recordings(self, keep: Callable[[str, bytes], None]) -> list[Recording]:
        """Read what was recorded; ``keep`` stores the stacks of each beside it, by name."""
        found = []
        for number, one in enumerate(self._copies):
            self._listener.step("reading recordings of allocations", number, len(self._copies))
            try:
                found.append(self._read(one, keep))
            except ValueError as cause:
                self._fail(one.plan.name, one.recorder, f"{cause}{one.death}")
        return found

    def _read(self, one: _Copy, keep: Callable[[str, bytes], None]) -> Recording:
        """Read one recording; ValueError with the reason where nothing can be read of it."""
        why = recorders.failure(one.recorder, one.prefix)
        counted = one.counted()
        if why or counted is None:
            raise ValueError(why or "it ended before the warm-up was over")
        first, last = counted
        file = recorders.file(one.recorder, one.prefix)
        read = retention(one.recorder, file, first.at_ns, last.at_ns)
        keep(stacks_name(file.name, "kept"), packed(read.kept))
        keep(stacks_name(file.name, "churn"), packed(read.churn))
        work = _between(first, last)
        return Recording(
            subject=one.plan.name,
            trial=0,
            recorder=one.recorder,
            file=f"{self._folder.name}/{file.name}",
            bound_bytes=recorders.BOUNDS[one.recorder],
            end=recorders.end(one.recorder, one.prefix),
            work_s=round((last.at_ns - first.at_ns) / NS_A_SECOND, 6),
            polls=work[0],
            events=work[1],
            cycles=last.cycles - first.cycles,
            **totals(read),
        )

    def _fail(self, name: str, how: Recorder, why: str) -> None:
        text = f"{noted(name, how)}{why}"
        self.notes.append(DataWarning(id="recording_failed", text=text, subject=name))
        self._listener.warn(f"{text}; nobody is named, and the rest of the run is as it would be")


def noted(name: str, how: Recorder) -> str:
    """Return how the warning of a recording that failed begins; the reason follows."""
    return f"recording of {name} by {how}: "


def _between(first: _Moment, last: _Moment) -> tuple[int, int]:
    if first.work is None or last.work is None:
        return 0, 0
    return last.work.polls - first.work.polls, last.work.events - first.work.events


def totals(read: Retention) -> dict[str, Any]:
    """Return what a recording says, by the fields of a ``Recording``."""
    return {name: getattr(read, name) for name in read.__struct_fields__ if name not in {"kept", "churn"}}


def retention(how: Recorder, file: Path, began_ns: int, ended_ns: int) -> Retention:
    """Read a recording in a process of its own; ValueError with the reason where it cannot be read."""
    argv = [*_READERS[how].command, str(file.absolute()), str(began_ns), str(ended_ns)]
    process = subprocesses.start(argv, stdout=PIPE)
    try:
        out, words = process.communicate(timeout=READ_S)
    except TimeoutExpired:
        process.kill()
        process.communicate()
        raise ValueError(f"it was not read within {READ_S:.0f} s") from None
    if process.returncode:
        last = words.decode(errors="replace").strip().splitlines()[-1:]
        raise ValueError(last[0] if last else f"its reader ended with status {process.returncode}")
    return msgspec.json.decode(out, type=Retention)
