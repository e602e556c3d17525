"""Does a subject grow because of a stimulus: growth against dose, from copies that lived at the same time.

Each copy of a subject gets its own dose, so many stimuli a second, and nothing else differs. Growth of each copy is
judged as always (``growth``), and has an interval of its own. A line through them, each weighted by its interval, says
what one stimulus adds. The line alone would call a warm-up a cause; so the paired difference of the largest dose and
the smallest must also pass every test of a growing series. Below 10 minutes no copy would be called growing by itself:
here two that live side by side are compared, and what moves both cancels. How often that errs is simulated in
``tests/calibration/doses.py``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from harness.analysis.facts import Floats
from harness.analysis.growth.batches import Series, batched
from harness.analysis.growth.jumps import largest_jump, remove_jump
from harness.analysis.growth.slope import theil_sen
from harness.analysis.growth.steadiness import drift_t_cdf
from harness.analysis.growth.thresholds import Thresholds, Trend
from harness.analysis.growth.verdict import judge
from harness.analysis.growth.warm_up import warm_up
from harness.model import GO_HEAP_BYTES, Dose, DoseArm, DosePlan, DoseVerdict
from harness.units import SECONDS_AN_HOUR, about, figures, memory_bytes

PAGE_BYTES = 4096.0  # the kernel counts resident memory in pages: no copy is known better than that
# A wobble of one page tilts a line most where it is a step in its middle: by 1.5 pages over the span, as in
# ``slope._BOUND``.
TILT = 1.5
# One dose above another is no series of its own: of three or four copies each may wander, and the largest difference
# decides. Two walks in a hundred climb as steadily as ``growing`` asks, and some in ten thousand as this does.
_CERTAINLY = 0.9999
# A stimulus that leaks adds the same each time, at a rate that is held. A warm-up of 1 - exp(-t / tau) that a run sees
# two and a half times tau of, its earlier half left out, has 0.45 of its slope in what is left of the later half.
EVENLY = 0.7  # of the climb: what it must still do in its later half, and without its largest jump
_REST = 0.1  # of a slope: what may be left of it where it is said to go away
_FEWEST = 2  # doses that make a line
# Go's collector runs again when the heap has grown by GOGC percent, from 4 MiB on (``heapMinimum`` in the runtime's
# mgcpacer.go), and by 1 MiB at least (``sweepMinHeapDistance`` in its mgc.go). Its first run adds stacks, buffers and
# marks of its own, 0.3 to 0.6 MB as measured: what climbs by twice that heap is no garbage.
_GO_LEAST_BYTES, _GO_WIDER = 2**20, 2.0


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy of a subject: its readings, and the dose that it got, in stimuli a second."""

    name: str
    dose: float
    reached: float
    seconds: Floats
    rss: Floats
    left_out: str | None = None
    allocator: str | None = None
    uncollected_bytes: float = 0.0
    skipped: int = 0


class Line(NamedTuple):
    """What one stimulus adds, in bytes, and half the width of its interval."""

    value: float
    half: float


def judged(subject: str, plan: DosePlan, copies: Sequence[Copy], limits: Thresholds) -> Dose:
    """Judge one subject. ``limits`` are those of growth by the hour, which apply to a copy without any stimulus."""
    copies = [_collected(one) for one in copies]
    arms = {one.name: _arm(one, plan, limits) for one in sorted(copies, key=lambda one: (one.dose, one.name))}
    own = [one for one in arms.values() if one.allocator is None]
    used = [one for one in own if one.left_out is None]
    slope = line(used)
    verdict, explanation, allocator = _verdict(plan, slope, copies, used, limits)
    return Dose(
        subject=subject,
        stimulus=plan.stimulus,
        doses=tuple(arms.values()),
        bytes_per_stimulus=slope.value if slope else None,
        low=slope.value - slope.half if slope else None,
        high=slope.value + slope.half if slope else None,
        verdict=verdict,
        explanation=explanation,
        max_growth_bytes=plan.max_growth_bytes,
        without=next((one for one in used if not one.dose), None),
        allocator=allocator,
    )


def _collected(copy: Copy) -> Copy:
    """Leave out what a Go program climbs by until none of it can be garbage any more, where half a run is left."""
    above = np.flatnonzero(copy.rss - copy.rss[:1] >= copy.uncollected_bytes)
    if not copy.uncollected_bytes or not above.size or above[0] > copy.rss.size // 2:
        return copy
    first = int(above[0])
    return replace(
        copy, seconds=copy.seconds[first:], rss=copy.rss[first:], uncollected_bytes=0.0, skipped=copy.skipped + first
    )


def _arm(copy: Copy, plan: DosePlan, limits: Thresholds) -> DoseArm:
    trend = None if copy.left_out else _trend(copy, plan, limits)
    value, half = (trend.slope, _half(trend, copy)) if trend else (None, None)
    return DoseArm(
        copy=copy.name,
        dose=copy.dose,
        reached=copy.reached,
        bytes_per_hour=value,
        low=None if value is None or half is None else value - half,
        high=None if value is None or half is None else value + half,
        left_out=copy.left_out,
        allocator=copy.allocator,
    )


def _trend(copy: Copy, plan: DosePlan, limits: Thresholds) -> Trend:
    return judge(copy.seconds / SECONDS_AN_HOUR, copy.rss, thresholds(plan.max_growth_bytes * copy.reached, limits))


def thresholds(bytes_per_s: float, limits: Thresholds) -> Thresholds:
    """Return thresholds of growth for so many bytes a second; those of the plan where that is nothing."""
    delta = bytes_per_s * SECONDS_AN_HOUR
    return Thresholds(delta=delta or limits.delta, confidence=limits.confidence)


def _half(trend: Trend, copy: Copy) -> float | None:
    """Return half the interval of a copy's growth: at least what a page tilts, and all that may be garbage besides."""
    if trend.slope is None or trend.high is None:
        return None
    span = float(np.ptp(copy.seconds)) / SECONDS_AN_HOUR
    garbage = min(max(0.0, trend.slope), copy.uncollected_bytes / span)
    return max(trend.high - trend.slope, TILT * PAGE_BYTES / span) + garbage


def line(arms: Sequence[DoseArm]) -> Line | None:
    """Draw the line of growth against dose through copies that are known; None where they have one dose only.

    Least squares, each copy weighted by the square of its interval. Where the copies lie further from the line than
    their intervals let them, the interval of the slope is widened as much.
    """
    arms = [one for one in arms if one.high is not None]
    x = np.array([one.reached * SECONDS_AN_HOUR for one in arms])
    if np.unique(x).size < _FEWEST:
        return None
    y = np.array([one.bytes_per_hour for one in arms], dtype=float)
    half = np.array([one.high for one in arms], dtype=float) - y
    weights = half**-2
    dx = x - weights @ x / weights.sum()
    squares = float(weights @ dx**2)
    value = float(weights @ (dx * y)) / squares
    level = float(weights @ (y - value * x) / weights.sum())
    misfit = float(weights @ (y - level - value * x) ** 2)
    freedom = len(arms) - _FEWEST
    return Line(value, squares**-0.5 * max(1.0, (misfit / freedom) ** 0.5 if freedom else 1.0))


def _verdict(
    plan: DosePlan, slope: Line | None, copies: Sequence[Copy], used: Sequence[DoseArm], limits: Thresholds
) -> tuple[DoseVerdict, str, str | None]:
    by_name = {one.name: one for one in copies}
    if unsettled := [one for one in used if one.bytes_per_hour is None and _tells(one, used, by_name[one.copy])]:
        return "not_decided", f"the copy at {figures(unsettled[-1].dose)} a second has not settled", None
    if slope is None:
        return "not_decided", "fewer than two doses were taken as planned", None
    least, most = by_name[used[0].copy], by_name[used[-1].copy]
    trend, steadily = difference(least, most, plan, limits)
    most_bytes = plan.max_growth_bytes
    said = f"{_rate(slope.value)} ({_rate(slope.value - slope.half)} to {_rate(slope.value + slope.half)})"
    if most.uncollected_bytes and slope.value > most_bytes:
        climbed = slope.value * most.reached * float(np.ptp(most.seconds))
        return "not_decided", f"grows by {said} a stimulus; {uncollected(climbed, most.uncollected_bytes)}", None
    if slope.value - slope.half > most_bytes and trend.verdict == "growing" and steadily:
        allocator = _relieved(plan, slope, copies, least, limits)
        kept = f", and goes away with {allocator}: the allocator kept it" if allocator else ""
        return "caused", f"grows by {said} a stimulus, more than {_rate(most_bytes)}{kept}", allocator
    if slope.value + slope.half < most_bytes and trend.verdict in {"flat", "slow"}:
        high = _rate(max(0.0, slope.value + slope.half))
        return "not_caused", f"grows by at most {high} a stimulus, less than {_rate(most_bytes)}", None
    wanders = ", but no more steadily than memory that wanders" if trend.verdict == "growing" and not steadily else ""
    more = f"; {about(trend.additional * SECONDS_AN_HOUR)} more would probably decide" if trend.additional else ""
    return (
        "not_decided",
        f"grows by {said} a stimulus; the largest dose less the smallest {trend.explanation}{wanders}{more}",
        None,
    )


def _tells(arm: DoseArm, used: Sequence[DoseArm], copy: Copy) -> bool:
    """Return whether a copy counts that has not settled: not one between others whose climb may be all garbage."""
    return arm in {used[0], used[-1]} or float(np.ptp(copy.rss)) >= copy.uncollected_bytes


def difference(least: Copy, most: Copy, plan: DosePlan, limits: Thresholds) -> tuple[Trend, bool]:
    """Judge by how much one copy outgrows another on the ticks that both lived through, and whether steadily."""
    first = max(least.skipped, most.skipped)
    a, b = (one.rss[first - one.skipped :] for one in (least, most))
    ticks = min(a.size, b.size)
    hours, apart = most.seconds[first - most.skipped :][:ticks] / SECONDS_AN_HOUR, b[:ticks] - a[:ticks]
    fixed = thresholds(plan.max_growth_bytes * (most.reached - least.reached), limits)
    trend = judge(hours, apart, fixed)
    if trend.verdict != "growing":
        return trend, False
    series = batched(hours, apart, fixed.batches)
    return trend, _steady(series.since(warm_up(series) or 0))


def _steady(series: Series) -> bool:
    """Return whether a climb is as even as one that each stimulus adds the same to: no walk, no warm-up, no jump."""
    rests = (remove_jump(series, largest_jump(series)), series.since(series.x.size // 2))
    even = all(theil_sen(rest) > EVENLY * theil_sen(series) for rest in rests)
    return even and drift_t_cdf(series) > _CERTAINLY


def _relieved(plan: DosePlan, slope: Line, copies: Sequence[Copy], least: Copy, limits: Thresholds) -> str | None:
    """Name the setting of the allocator with which the growth goes away: below the threshold, or next to nothing."""
    for one in copies:
        if one.allocator is None or one.left_out is not None:
            continue
        trend, _ = difference(least, one, plan, limits)
        per_hour = one.reached * SECONDS_AN_HOUR
        if (
            trend.high is not None
            and per_hour
            and trend.high / per_hour < max(plan.max_growth_bytes, _REST * slope.value)
        ):
            return one.allocator
    return None


def most_uncollected(first: float, rss_bytes: float) -> float:
    """Return by how much a Go program may climb by garbage alone, its collector first running at a heap of ``first``.

    ``rss_bytes``: its memory as it began, of which the heap is at most all. 0 where ``first`` is 0: not Go.
    """
    return _GO_WIDER * max(_GO_LEAST_BYTES, first * max(1.0, rss_bytes / GO_HEAP_BYTES)) if first else 0.0


def uncollected(climbed: float, most: float) -> str:
    """Return why a climb may be garbage, and what would tell."""
    return (
        f"a Go program may grow by {memory_bytes(most)} until its collector keeps up, and it climbed by "
        f"{memory_bytes(climbed)}: {max(2, math.ceil(most / climbed))} times as many stimuli would tell"
    )


def _rate(value: float) -> str:
    return memory_bytes(value)
