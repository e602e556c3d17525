"""Visits to Go programs that serve pprof: when the sampling phase begins and when it ends, both outside its samples.

Before the first visit come a few more, straight after one another: how far they differ is how finely a visit can tell.
"""

import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any, NamedTuple

from harness import subprocesses, workers
from harness.errors import NetchurnError
from harness.files.profiles import goroutine_text, goroutines
from harness.lab.door import environment
from harness.lab.host import ProcessLauncher
from harness.model import GoFunction, GoGap, GoHeap, GoroutineChange, SubjectPlan, Work
from harness.model.warning import DataWarning
from harness.probes.pprof import goheap, pprof
from harness.probes.pprof import keepers as go_keepers
from harness.run.context import RunContext
from harness.run.process_group import ProcessGroup
from harness.safe_read import content, process_file
from harness.subjects import work_history
from harness.subjects.fetch import MAX_PROFILE_BYTES, NOTHING_LISTENS, TIMEOUT_S
from harness.subjects.process import Subject
from harness.sudo_user import gave_up_root
from harness.units import NS_A_SECOND

MOST_FUNCTIONS = 50
REHEARSALS = 5
WAIT_S = 10.0  # for a program that we started to open its address; one that was running has had its time
RETRY_S = 0.1
MOST_GROUPS = 10  # of goroutines


Waiting = tuple[str, str, str]
"""Who created goroutines, where they stand, and their state."""


class _Fault(NamedTuple):
    """Why nothing was fetched, and whether that may change."""

    words: str
    later: bool = False


class PprofFetches:
    """Fetches what the plan's subjects serve, and reads what it fetched. A failure is a note, and harms nobody else."""

    def __init__(self, context: RunContext[ProcessLauncher]) -> None:
        """Nobody is visited yet; the subjects are started next."""
        self._context = context
        self._hosts = [one for one in context.plan.subjects if one.pprof is not None]
        self._work: dict[str, list[Work | None]] = {}
        self._began_ns = time.monotonic_ns()
        self.notes: list[DataWarning] = []

    def begin(self, trial: int, processes: ProcessGroup) -> None:
        """Visit everybody as the sampling phase begins; wait for an address that is not open yet."""
        self._work.clear()
        for host in list(self._hosts):
            self._count(host, processes)
            self._note(host, self._first(host, (*_rehearsals(trial, host), _prefix(trial, host, 0)), processes))
            self._count(host, processes)

    def end(self, trial: int, processes: ProcessGroup) -> None:
        """Visit everybody as it ends."""
        for host in list(self._hosts):
            self._count(host, processes)
            self._note(host, self._fetch(host, (_prefix(trial, host, 1),)))
            self._count(host, processes)

    def _count(self, host: SubjectPlan, processes: ProcessGroup) -> None:
        """Note the work that a program reports, before and after each visit."""
        subject = _subject(host, processes)
        processes.mark(subject)
        self._work.setdefault(host.name, []).append(subject.work if subject.speaks else None)

    def _note(self, host: SubjectPlan, fault: _Fault | None) -> None:
        if fault is not None:
            text = f"pprof of {host.name}: {fault.words}"
            self.notes.append(DataWarning(id="pprof_failed", text=text, subject=host.name))
            self._context.listener.warn(f"{text}; its allocations are not counted")
            self._hosts.remove(host)

    def _first(self, host: SubjectPlan, prefixes: Sequence[str], processes: ProcessGroup) -> _Fault | None:
        subject = _subject(host, processes)
        deadline = time.monotonic() + (WAIT_S if host.pid is None else 0.0)
        while (fault := self._fetch(host, prefixes)) and fault.later:
            if time.monotonic() > deadline or not subject.alive:
                return fault
            self._context.listener.step(f"waiting until {host.name} serves pprof, for at most {WAIT_S:.0f} s", 0, 1)
            processes.wait(lambda: not subject.alive, RETRY_S)
        return fault

    def _fetch(self, host: SubjectPlan, prefixes: Sequence[str]) -> _Fault | None:
        """Fetch into files; what went wrong, or None."""
        try:
            return self._visit(host, prefixes)
        except NetchurnError as cause:
            return _Fault(cause.message)
        except OSError as cause:
            return _Fault(f"it was not visited: {cause.strerror}")

    def _visit(self, host: SubjectPlan, prefixes: Sequence[str]) -> _Fault | None:
        self._context.captures.mkdir(exist_ok=True)
        argv = [*workers.PPROF_FETCH.command, host.pprof or "", str(self._context.captures), *prefixes]
        if host.pid is not None:
            return self._fetch_outside(host.pid, argv)
        with ProcessGroup(self._context.lab, self._context.interrupt) as processes:
            visitor = processes.start(prefixes[-1], argv, external=True)
            processes.wait(lambda: not visitor.alive, 3 * TIMEOUT_S, heed_interrupt=False)
            processes.terminate()
            return _fault(visitor.exit_status, visitor.stderr_tail)

    def _fetch_outside(self, pid: int, argv: list[str]) -> _Fault | None:
        """Fetch where a bystander lives: here, or in its own network namespace, which takes a privilege."""
        try:
            here = process_file(os.getpid(), "ns/net") == self._context.lab.read(pid, "ns/net")
        except OSError as cause:
            return _Fault(f"its network namespace cannot be read: {cause.strerror}")
        if not here and gave_up_root():
            return _Fault(
                "it lives in another network namespace, where only root may go: sudo env -u SUDO_UID netchurn may"
            )
        there = [] if here else ["nsenter", f"--net=/proc/{pid}/ns/net", "--"]
        visitor = subprocesses.start([*there, *argv], environment())
        try:
            _, words = visitor.communicate(timeout=3 * TIMEOUT_S)
        except TimeoutExpired:
            visitor.kill()
            _, words = visitor.communicate()
        return _fault(visitor.returncode, words.decode(errors="replace"))

    def heaps(self, trial: int) -> list[GoHeap]:
        """Read what the visits of a trial brought."""
        found = []
        for host in self._hosts:
            try:
                heap, unsampled = self._heap(trial, host)
            except NetchurnError as fault:
                text = f"pprof of {host.name}: {fault.message}"
                self.notes.append(DataWarning(id="pprof_failed", text=text, subject=host.name))
                continue
            found.append(heap)
            if unsampled is not None:
                text = f"pprof of {host.name}, shares by function: {unsampled}"
                self.notes.append(DataWarning(id="pprof_shares_failed", text=text, subject=host.name))
        return found

    def _heap(self, trial: int, host: SubjectPlan) -> tuple[GoHeap, str | None]:
        files = (_prefix(trial, host, 0), _prefix(trial, host, 1))
        made = tuple(
            one for one in _rehearsals(trial, host) if (self._context.captures / f"{one}.memstats-3.txt").exists()
        )
        between, counts = counted(self._context.captures, files, made)
        first_ns, last_ns = moments(self._context.captures, files)
        since_start_s = None if host.pid is not None else round((first_ns - self._began_ns) / NS_A_SECOND, 3)
        heap = GoHeap(
            subject=host.name,
            trial=trial,
            files=files,
            rehearsals=made,
            since_start_s=since_start_s,
            work=_work(self._work.get(host.name, ()), first_ns, last_ns),
            **counts,
            **kept(self._context.captures, files),
        )
        return heap, between.unsampled


def moments(folder: Path, files: tuple[str, str]) -> tuple[int, int]:
    """Return when the first visit was over, and when the second began."""
    return goheap.visit(folder, files[0]).left.at_ns, goheap.visit(folder, files[1]).arrived.at_ns


def _work(counts: Sequence[Work | None], first_ns: int, last_ns: int) -> tuple[Work, Work] | None:
    """Return the work at two moments, from the counts before and after each."""
    told = [one for one in counts if one is not None]
    if len(told) < 4:  # noqa: PLR2004 - as named
        return None
    return work_history.at(told[0], told[1], first_ns), work_history.at(told[2], told[3], last_ns)


def _subject(host: SubjectPlan, processes: ProcessGroup) -> Subject:
    return next(one for one in processes.subjects if one.name == host.name)


def counted(folder: Path, files: tuple[str, str], rehearsals: Sequence[str]) -> tuple[goheap.Delta, dict[str, Any]]:
    """Read what lies between two visits, and the fields of a GoHeap that are counted from it."""
    between = goheap.between(goheap.mark(folder, files[0]), goheap.mark(folder, files[1]))
    functions = between.sampled.functions[:MOST_FUNCTIONS] if between.sampled else ()
    gaps = goheap.noise([goheap.visit(folder, one) for one in (*rehearsals, files[0])])
    return between, {
        "bytes": between.bytes,
        "allocations": between.allocations,
        "seconds": between.seconds,
        "collections": between.collections,
        "fetch_cost_bytes": between.fetch_cost_bytes,
        "accounting": between.accounting,
        "functions": tuple(GoFunction(name=name, flat=flat, cumulative=all_) for name, flat, all_ in functions),
        "sampled_bytes": between.sampled.total if between.sampled else None,
        "noise": tuple(GoGap(bytes=size, seconds=seconds) for size, seconds in gaps),
    }


def kept(folder: Path, prefixes: tuple[str, str]) -> dict[str, Any]:
    """Read what a program holds more of at a second visit than at a first, by the fields of a ``GoHeap``."""
    first, last = prefixes
    found = go_keepers.kept(*(folder / f"{one}.allocs.pb.gz" for one in prefixes))
    return {
        "kept_bytes": found.bytes if found else None,
        "kept_error_bytes": found.error_bytes if found else None,
        "keepers": found.keepers if found else (),
        "memory": goheap.memories(folder, first, last),
        "goroutines": _accumulated(folder, prefixes),
    }


def _accumulated(folder: Path, prefixes: Sequence[str]) -> tuple[GoroutineChange, ...]:
    """Compare goroutines in the form that both visits have; one by one they have creators."""
    for form in ("goroutines-each", "goroutines"):
        before, after = (_goroutines(folder / f"{one}.{form}.txt") for one in prefixes)
        if before and after:
            return accumulated(before, after)
    return ()


def _goroutines(path: Path) -> Counter[Waiting]:
    """Count goroutines by creator, by where they stand, and by state; nothing where they were not served."""
    try:
        data = content(path, MAX_PROFILE_BYTES)
    except OSError:
        return Counter()
    found = goroutines.groups(pprof.stacks(goroutine_text.parse(data, path.name), "goroutine"))
    counted: Counter[Waiting] = Counter()
    for one in found:
        counted[one.creator, one.stands_in, one.state] += one.number
    return counted


def accumulated(before: Counter[Waiting], after: Counter[Waiting]) -> tuple[GoroutineChange, ...]:
    """List the goroutines of which there are more, those that grew most first.

    A pool whose workers wait elsewhere by now has not grown: of who created no more in all, nothing is listed.
    """
    more = _by_creator(after) - _by_creator(before) if before else Counter()
    grown = [row for row in (after - before).items() if row[0][0] in more]
    return tuple(
        GoroutineChange(creator=key[0], stands_in=key[1], state=key[2], first=before[key], last=after[key])
        for key, _ in sorted(grown, key=lambda row: (-min(row[1], more[row[0][0]]), row[0]))[:MOST_GROUPS]
    )


def _by_creator(goroutines: Counter[Waiting]) -> Counter[str]:
    found: Counter[str] = Counter()
    for (creator, _, _), number in goroutines.items():
        found[creator] += number
    return found


def _prefix(trial: int, host: SubjectPlan, number: int) -> str:
    return f"{trial}-{host.name}-{number}"


def _rehearsals(trial: int, host: SubjectPlan) -> tuple[str, ...]:
    """Name the visits before the first by what no name of a subject has, so that they are nobody else's."""
    return tuple(f"{trial}-{host.name}+{number}" for number in range(1, REHEARSALS + 1))


def _fault(status: int | None, words: str) -> _Fault | None:
    if status == 0:
        return None
    return _Fault((words.strip().splitlines() or ["it said nothing"])[-1], later=status == NOTHING_LISTENS)
