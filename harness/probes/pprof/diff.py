"""What one Go process allocated between two of its heap profiles, and how sure that is: pure.

Go keeps an allocation of s bytes with probability p = 1 - exp(-s / period) and counts it 1/p times. The variance of an
estimate of B bytes in blocks of s is therefore B s (1 - p) / p (Horvitz and Thompson): about B x period for small
blocks, which makes the relative error one through the root of the number of samples, and next to nothing for blocks
much larger than the period. Source of the scaling: scaleHeapSample in Go's runtime/pprof.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from harness.errors import UsageFault
from harness.probes.pprof.pprof import ACCOUNTING, Frames, Profile, by_function
from harness.units import NS_A_SECOND

KINDS = ("alloc_space", "alloc_objects", "inuse_space", "inuse_objects")
_GROWING = ("alloc_space", "alloc_objects")  # since the process began: they never fall
PROFILING = (
    "net/http/pprof.",
    "runtime/pprof.(*Profile).WriteTo",
    "runtime/pprof.WriteHeapProfile",
    "runtime/pprof.profileWriter",
)
"""What writes profiles, from where a program calls it: one that does nothing else allocates by it alone.

Not the whole of runtime/pprof: ``runtime/pprof.Do`` calls a program's own work.
"""
_ONE_PROCESS = "compare two profiles of one process, from between its restarts"
_OWN_LIFE = frozenset(("python:as-captured", "heaptrack:all-malloc"))  # recorded from a beginning of their own
_FETCH = "fetch both from /debug/pprof/allocs, without ?seconds="


class OtherLife(UsageFault):
    """Two profiles are not of one life of one process: they can be put side by side, and not subtracted."""


_Key = tuple[Frames, int]


class Function(NamedTuple):
    """The share of a function in the difference: its own (flat), and with all that it called (cumulative)."""

    name: str
    flat: int
    cumulative: int


@dataclass(frozen=True, kw_only=True)
class Difference:
    """AFTER less BEFORE. Bytes where ``kind`` ends in space, allocations where it ends in objects.

    ``standard_error`` is in the same unit; for what is in use it is an upper bound. ``seconds``: None if not told.
    """

    kind: str
    total: int
    left_out: int  # of stacks with a function that was not to be counted
    standard_error: float
    seconds: float | None
    period: int
    stacks: dict[Frames, int]  # zeros left out
    functions: tuple[Function, ...]  # the largest flat first, then the largest cumulative
    accounting: str = ACCOUNTING


def difference(before: Profile, after: Profile, kind: str, *, without: tuple[str, ...] = ()) -> Difference:
    """Compare; UsageFault where the two do not belong together.

    Stacks with a function whose name begins with one of ``without`` are left out.
    """
    _check(before, after)
    every = _rows(before, after, kind)
    rows = {key: ends for key, ends in every.items() if not _begins(key[0], without)}
    moved = [(key, new - old) for key, (old, new) in rows.items()]
    seen = moved if kind in _GROWING else [(key, old + new) for key, (old, new) in rows.items()]
    stacks: defaultdict[Frames, int] = defaultdict(int)
    for (frames, _), value in moved:
        stacks[frames] += value
    stacks_moved = {frames: value for frames, value in stacks.items() if value}
    return Difference(
        kind=kind,
        total=sum(stacks_moved.values()),
        left_out=sum(new - old for key, (old, new) in every.items() if key not in rows),
        standard_error=_standard_error(seen, kind, after.period),
        seconds=_seconds(before, after),
        period=after.period,
        stacks=stacks_moved,
        functions=_functions(stacks_moved),
        accounting=after.accounting,
    )


def least_seen_bytes(period: int) -> int:
    """Return what is found with 95 % probability: three periods, since samples come by a Poisson process."""
    return 3 * period


def _rows(before: Profile, after: Profile, kind: str) -> dict[_Key, tuple[int, int]]:
    old, new = _column(before, kind), _column(after, kind)
    return {key: (old.get(key, 0), new.get(key, 0)) for key in {**old, **new}}


def _begins(frames: Frames, prefixes: tuple[str, ...]) -> bool:
    return any(name.startswith(prefixes) for name in frames) if prefixes else False


def _column(profile: Profile, kind: str) -> dict[_Key, int]:
    column = profile.kinds.index(kind)
    found: defaultdict[_Key, int] = defaultdict(int)
    for stack in profile.stacks:
        found[stack.frames, stack.block_bytes] += stack.values[column]
    return found


def _functions(stacks: dict[Frames, int]) -> tuple[Function, ...]:
    found = [Function(name, *cost) for name, cost in by_function(stacks).items()]
    return tuple(sorted(found, key=lambda one: (-abs(one.flat), -abs(one.cumulative), one.name)))


def _standard_error(values: Iterable[tuple[_Key, int]], kind: str, period: int) -> float:
    """Add the variances of all stacks; a stack that does not tell the size of its blocks counts as of small ones."""
    if period == 1:  # every allocation was counted
        return 0.0
    in_bytes = kind.endswith("_space")
    return math.sqrt(sum(value * _variance(block, period, in_bytes=in_bytes) for (_, block), value in values))


def _variance(block: int, period: int, *, in_bytes: bool) -> float:
    """Return the variance that each byte, or each allocation, of the estimate adds."""
    share = max(block, 1) / period
    odds = math.exp(-share) / -math.expm1(-share)
    return odds * max(block, 1) if in_bytes else odds


def _seconds(before: Profile, after: Profile) -> float | None:
    if before.at_ns is None or after.at_ns is None or before.at_ns == after.at_ns:
        return None
    return (after.at_ns - before.at_ns) / NS_A_SECOND


def _check(before: Profile, after: Profile) -> None:
    for one in (before, after):
        _check_heap(one)
    if before.period != after.period:
        raise OtherLife(
            "profiles_differ",
            f"{before.name} has a sample every {before.period:,} bytes and {after.name} every {after.period:,}",
            "compare profiles of one rate: leave runtime.MemProfileRate alone while the program runs",
        )
    if before.accounting != after.accounting:
        raise OtherLife(
            "profiles_differ",
            f"{before.name} counts {before.accounting}, {after.name} {after.accounting}",
            _ONE_PROCESS,
        )
    if before.at_ns and after.at_ns and before.at_ns > after.at_ns:
        _check_growing(after, before)
        earlier = (before.at_ns - after.at_ns) / NS_A_SECOND
        raise UsageFault(
            "profiles_reversed",
            f"{after.name} was taken {earlier:.3f} s before {before.name}",
            "name the earlier one first",
        )
    _check_growing(before, after)


def _check_heap(profile: Profile) -> None:
    if profile.accounting in _OWN_LIFE:
        raise OtherLife(
            "profiles_differ", f"each {profile.what.partition(' ')[2]} is of a life of its own", _ONE_PROCESS
        )
    if set(profile.kinds) != set(KINDS):
        has = ", ".join(profile.kinds)
        raise OtherLife(
            "profiles_differ", f"{profile.name} has {has}; to tell one life, expected {', '.join(KINDS)}", _FETCH
        )
    if profile.period < 1:
        raise OtherLife(
            "profiles_differ",
            f"{profile.name} tells no sampling rate: heap profiling is off",
            "run it without runtime.MemProfileRate = 0",
        )
    if profile.duration_ns is not None:
        raise OtherLife(
            "profiles_differ", f"{profile.name} is of a period only, not of all since the process began", _FETCH
        )


def _check_growing(before: Profile, after: Profile) -> None:
    """Find a restart: of one process no stack ever has less than it had."""
    for kind in _GROWING:
        old, new = _column(before, kind), _column(after, kind)
        smaller = sum(new.values()) < sum(old.values())
        if smaller or any(new.get(key, 0) < value for key, value in old.items()):
            what = f"{kind} is {sum(new.values()):,} after {sum(old.values()):,}" if smaller else "a stack has shrunk"
            raise OtherLife(
                "process_restarted",
                f"{after.name} is not of the process that {before.name} is of, or it was restarted: {what}",
                _ONE_PROCESS,
            )
