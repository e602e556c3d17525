"""Exact heap numbers of a Go process that serves pprof, between two marks: pure, but for reading the files.

Accounting mode ``go:size-classes``: runtime.MemStats counts every allocation at the size of its class, freed or not.
The files of a mark are those that ``harness.subjects.fetch`` leaves. Fetching allocates in the observed process: the
interval from the last text of one mark to the first text of the next holds the rest of one fetch and the beginning of
another, which is what lies between the last two texts of the first mark, and that is subtracted. Shares by function
are of the sampled profiles (``go:sampled-profile``), pprof's own stacks left out: they are no parts of the exact sum.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from harness.errors import ResultFault, UsageFault
from harness.model import GoMemory
from harness.probes.pprof import pprof
from harness.probes.pprof.diff import PROFILING, Difference, difference
from harness.safe_read import content
from harness.units import NS_A_SECOND

ACCOUNTING = "go:size-classes"
MAX_TEXT_BYTES = 2**20
_LINE = re.compile(r"^# (\w+) = (\d{1,20})$", re.MULTILINE)
_STACK = re.compile(r"^# Stack = (\d{1,20}) / (\d{1,20})$", re.MULTILINE)
_NAMES = ("at_ns", "TotalAlloc", "Mallocs", "HeapInuse", "NumGC")
_AGAIN = "run again: the process must live, and serve pprof, from one mark to the next"


@dataclass(frozen=True, kw_only=True)
class MemStats:
    """Exact numbers of the runtime at one moment (CLOCK_MONOTONIC): all since the process began but ``inuse_bytes``.

    ``inuse_bytes`` are of spans in use; ``mallocs`` counts tiny blocks one by one, ``allocated_bytes`` by 16 bytes.
    """

    at_ns: int
    allocated_bytes: int
    mallocs: int
    inuse_bytes: int
    collections: int


@dataclass(frozen=True, kw_only=True)
class Visit:
    """The numbers as a visit began and as it ended, and what one fetch allocates."""

    arrived: MemStats
    left: MemStats
    fetch_bytes: int
    fetch_allocations: int


@dataclass(frozen=True, kw_only=True)
class Snapshot(Visit):
    """A visit with its sampled profile."""

    profile: pprof.Profile


@dataclass(frozen=True, kw_only=True)
class Delta:
    """What the process allocated between two marks, the cost of fetching taken off.

    That cost varies by some kB, so an idle process may come out below zero; ``noise`` shows by how much. ``sampled``
    has the functions; it is None where the profiles cannot be compared, which does the exact numbers no harm, and
    ``unsampled`` says why.
    """

    bytes: int
    allocations: int
    seconds: float
    collections: int
    fetch_cost_bytes: int
    sampled: Difference | None
    unsampled: str | None
    accounting: str = ACCOUNTING


def memstats(text: str, name: str) -> MemStats:
    """Read the lines of runtime.MemStats; ResultFault naming the text if one is missing."""
    found = {one[1]: int(one[2]) for one in _LINE.finditer(text)}
    missing = [one for one in _NAMES if one not in found]
    if missing:
        raise ResultFault(
            "not_a_profile", f"{name} has no line '# {missing[0]} = '; expected Go's runtime.MemStats", _AGAIN
        )
    return MemStats(
        at_ns=found["at_ns"],
        allocated_bytes=found["TotalAlloc"],
        mallocs=found["Mallocs"],
        inuse_bytes=found["HeapInuse"],
        collections=found["NumGC"],
    )


def memory(text: str) -> GoMemory | None:
    """Return what the runtime's memory is made of; None where the text has not all of it."""
    found = {one[1]: int(one[2]) for one in _LINE.finditer(text)}
    stacks = _STACK.search(text)
    if stacks is None or not {"HeapAlloc", "HeapInuse", "HeapIdle", "HeapReleased", "Sys"} <= found.keys():
        return None
    free = found["HeapInuse"] - found["HeapAlloc"] + found["HeapIdle"] - found["HeapReleased"]
    rest = found["Sys"] - found["HeapReleased"] - found["HeapAlloc"] - free - int(stacks[2])
    return GoMemory(
        live_bytes=found["HeapAlloc"],
        free_bytes=max(0, free),
        released_bytes=found["HeapReleased"],
        stacks_bytes=int(stacks[2]),
        overhead_bytes=max(0, rest),
    )


def memories(folder: Path, first: str, last: str) -> tuple[GoMemory, GoMemory] | None:
    """Read the runtime's memory as a first visit left it, and as a last one found it."""
    names = (f"{first}.memstats-3.txt", f"{last}.memstats-1.txt")
    before, after = (memory(content(folder / name, MAX_TEXT_BYTES).decode(errors="replace")) for name in names)
    return None if before is None or after is None else (before, after)


def mark(folder: Path, prefix: str) -> Snapshot:
    """Read the files of one mark; ResultFault naming the one that is missing or no such thing."""
    made = visit(folder, prefix)
    return Snapshot(**vars(made), profile=pprof.read(folder / f"{prefix}.allocs.pb.gz"))


def visit(folder: Path, prefix: str) -> Visit:
    """Read the numbers of one visit; ResultFault naming the file that is missing or no such thing."""
    arrived, settled, left = (_texts(folder / f"{prefix}.memstats-{number}.txt") for number in (1, 2, 3))
    return Visit(
        arrived=arrived,
        left=left,
        fetch_bytes=left.allocated_bytes - settled.allocated_bytes,
        fetch_allocations=left.mallocs - settled.mallocs,
    )


def noise(visits: Sequence[Visit]) -> list[tuple[int, float]]:
    """Return the bytes and the seconds between each two of several visits, the cost of fetching taken off.

    Made one straight after the other, they show what is left of that cost: of a process that does nothing, each
    should be 0.
    """
    return [(_bytes(one, two), (two.arrived.at_ns - one.left.at_ns) / NS_A_SECOND) for one, two in pairwise(visits)]


def _bytes(first: Visit, second: Visit) -> int:
    return second.arrived.allocated_bytes - first.left.allocated_bytes - first.fetch_bytes


def between(first: Snapshot, second: Snapshot) -> Delta:
    """Return the difference; ResultFault if the process was restarted in between."""
    start, end = first.left, second.arrived
    fell = end.allocated_bytes < start.allocated_bytes or end.mallocs < start.mallocs
    if fell or end.collections < start.collections or end.at_ns <= start.at_ns:
        raise ResultFault(
            "process_restarted", "between two marks the process was restarted: its totals, or the time, fell", _AGAIN
        )
    sampled, unsampled = _sampled(first, second)
    return Delta(
        bytes=_bytes(first, second),
        allocations=end.mallocs - start.mallocs - first.fetch_allocations,
        seconds=(end.at_ns - start.at_ns) / NS_A_SECOND,
        collections=end.collections - start.collections,
        fetch_cost_bytes=first.fetch_bytes,
        sampled=sampled,
        unsampled=unsampled,
    )


def _sampled(first: Snapshot, second: Snapshot) -> tuple[Difference | None, str | None]:
    try:
        return difference(first.profile, second.profile, "alloc_space", without=PROFILING), None
    except UsageFault as fault:
        return None, fault.message


def _texts(path: Path) -> MemStats:
    try:
        text = content(path, MAX_TEXT_BYTES).decode(errors="replace")
    except OSError as cause:
        raise ResultFault("file_unreadable", f"{path.name} cannot be read: {cause.strerror}", _AGAIN) from None
    return memstats(text, path.name)
