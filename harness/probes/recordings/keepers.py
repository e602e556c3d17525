"""What a program allocated after its warm-up and what of that it keeps, by stack, from a recording in its order. Pure.

A recording is read once, from its beginning. What a stack has alive when it ends, beyond what it had alive when the
warm-up was over, is kept.
"""

import resource
import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from harness.model import CodeOrigin, Folded, Frame, Keeper
from harness.probes.recordings.fold_stacks import fold

MOST_MEMORY = 4 * 2**30

MOST_KEEPERS = 50
_UNKNOWN = "(unknown)"


class Place(NamedTuple):
    """One function of a stack, and where in it."""

    function: str
    file: str
    line: int
    origin: CodeOrigin

    def __str__(self) -> str:
        """Return it as a reader looks for it."""
        file = self.file.rpartition("/")[2]
        return f"{self.function} ({file}:{self.line})" if file and self.line else self.function


Places = tuple[Place, ...]
"""A stack, outermost function first."""


Kept = tuple[Places, int, int, int]
"""A stack with the bytes and the allocations that it keeps, and the bytes of them that are of the first half."""


class Retention(Struct, frozen=True, kw_only=True):
    """What a recording holds: totals between two moments, live bytes at both, and stacks with lines left out."""

    began_ns: int
    ended_ns: int
    allocated_bytes: int
    allocations: int
    kept_bytes: int
    kept_first_half_bytes: int
    managed_first_bytes: int
    managed_last_bytes: int
    native_first_bytes: int
    native_last_bytes: int
    keepers: tuple[Keeper, ...]
    kept: Folded
    churn: Folded


class _Values:
    """Sums of one stack: what is alive, when it counted first and in the middle, and all that was allocated since."""

    __slots__ = ("allocated", "allocations", "begin", "half", "live", "number")

    def __init__(self) -> None:
        self.live = self.number = self.half = self.allocated = self.allocations = 0
        self.begin = (0, 0)

    def kept(self, places: Places) -> Kept:
        """Return by how much what is alive has grown, and by how much until the middle."""
        grown = max(0, self.live - self.begin[0])
        return places, grown, max(0, self.number - self.begin[1]), min(grown, max(0, self.half - self.begin[0]))


class Tally:
    """Allocations and frees in their order; ``moments`` are the beginning, the middle and the end of what counts.

    What a stack allocates in place of what it had before the warm-up is not kept: a buffer that is made anew at twice
    its size has grown by half of it, and a cache whose entries were all replaced has not grown.
    """

    def __init__(self, moments: tuple[int, int, int]) -> None:
        """Start before the warm-up is over."""
        self.moments = moments
        self.phase = 0
        self._live: dict[int, tuple[int, _Values, bool]] = {}
        self._totals = [0, 0]
        self._first = [0, 0]
        self._sums: dict[Hashable, _Values] = defaultdict(_Values)

    def reach(self, at_ns: int) -> None:
        """Go on to the phase of a moment: 0 is the warm-up, 1 and 2 are halves of what counts, 3 is after it."""
        phase = sum(at_ns >= moment for moment in self.moments)
        if phase and not self.phase:
            self._first = list(self._totals)
            for one in self._sums.values():
                one.begin = (one.live, one.number)
        if phase > 1 and self.phase < 2:  # noqa: PLR2004 - the second half
            for one in self._sums.values():
                one.half = one.live
        self.phase = phase

    def add(self, address: int, size: int, stack: Hashable, *, native: bool) -> None:
        """Count an allocation."""
        if address in self._live:  # its free was missed
            self.free(address)
        values = self._sums[stack]
        self._live[address] = (size, values, native)
        self._totals[native] += size
        values.live += size
        values.number += 1
        if self.phase:
            values.allocated += size
            values.allocations += 1

    def free(self, address: int) -> None:
        """Count a free; of what was never recorded, nothing."""
        found = self._live.pop(address, None)
        if found is not None:
            size, values, native = found
            self._totals[native] -= size
            values.live -= size
            values.number -= 1

    def stacks(self) -> list[Hashable]:
        """List the stacks that allocated after the warm-up."""
        return [stack for stack, values in self._sums.items() if values.allocations]

    def end(self, places: Mapping[Hashable, Places]) -> Retention:
        """Add up, once; a stack that ``places`` does not have is left out."""
        rows = [(places[stack], values) for stack, values in self._sums.items() if stack in places]
        kept = [values.kept(stack) for stack, values in rows]
        return Retention(
            began_ns=self.moments[0],
            ended_ns=self.moments[2],
            allocated_bytes=sum(values.allocated for _, values in rows),
            allocations=sum(values.allocations for _, values in rows),
            kept_bytes=sum(size for _, size, _, _ in kept),
            kept_first_half_bytes=sum(first_half for _, _, _, first_half in kept),
            managed_first_bytes=self._first[0],
            managed_last_bytes=self._totals[0],
            native_first_bytes=self._first[1],
            native_last_bytes=self._totals[1],
            keepers=keepers(kept),
            kept=folded(kept),
            churn=folded([(stack, values.allocated, values.allocations, 0) for stack, values in rows]),
        )


def keeper(places: Places) -> Place:
    """Choose who keeps: the innermost function that is not of the language itself."""
    inner = Place(_UNKNOWN, "", 0, "other")
    return next((one for one in reversed(places) if one.origin != "standard"), places[-1] if places else inner)


def _caller(places: Places, chosen: Place) -> str:
    if chosen.origin == "own":
        return ""
    return next((str(one) for one in reversed(places) if one.origin == "own"), "")


def keepers(rows: Iterable[Kept]) -> tuple[Keeper, ...]:
    """Add up by function and line, and by who called it where it is not the program's own."""
    found: dict[tuple[Place, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for places, size, number, first_half in rows:
        if size:
            chosen = keeper(places)
            sums = found[chosen, _caller(places, chosen)]
            for at, value in enumerate((size, number, first_half)):
                sums[at] += value
    largest = sorted(found.items(), key=lambda row: (-row[1][0], row[0]))[:MOST_KEEPERS]
    return tuple(
        Keeper(
            function=place.function,
            file=place.file,
            line=place.line or None,
            origin=place.origin,
            caller=caller,
            bytes=size,
            allocations=number,
            first_half_bytes=first_half,
        )
        for (place, caller), (size, number, first_half) in largest
    )


def folded(rows: Iterable[Kept]) -> Folded:
    """Return bytes and allocations by stack, lines left out."""
    found: dict[tuple[Frame, ...], tuple[int, int]] = {}
    for places, size, number, _ in rows:
        if size:
            frames = tuple(Frame(name=one.function, place=one.file, origin=one.origin) for one in places)
            before = found.get(frames, (0, 0))
            found[frames] = (before[0] + size, before[1] + number)
    return fold(found)


def print_reading(
    read: Callable[[Path, int, int], Retention],
    recording: str,
    began_ns: str,
    ended_ns: str,
    *,
    damaged: tuple[type[Exception], ...] = (OSError, ValueError),
) -> None:
    """Read a recording, and print; one that cannot be read ends the process with its reason."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    try:
        found = read(Path(recording), int(began_ns), int(ended_ns))
    except damaged as cause:
        raise SystemExit(str(cause)) from None
    except MemoryError:
        raise SystemExit("it takes more than 4 GiB to read") from None
    sys.stdout.buffer.write(msgspec.json.encode(found))
