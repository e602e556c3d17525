"""Does memory climb: a series of readings and thresholds fixed before the run to a verdict with its interval.

``growing`` and ``flat`` both have to be shown; what shows neither is ``inconclusive`` and says how much more would.
A threshold of 4 MiB an hour is 70 kB in a minute: within a minute only a process whose memory hardly moves is flat.

Sources: Dixon and Pechmann 2005 (showing that a trend is negligible), Hoad and Robinson 2011 (the warm-up rule),
Weatherhead et al. 1998 (the slope that a series can show), Barrett et al. 2017 (processes that never settle). Why each
rule is as it is, and how often it errs, was simulated: see ``tests/calibration``.

Not included: what an allocator keeps in reserve. A leak that has not yet used up its slack moves nothing that can be
read from outside.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from harness.analysis.growth.batches import Floats, Series, batched
from harness.analysis.growth.jumps import (
    Jump,
    gained,
    largest_jump,
    mirrored,
    remove_jump,
    sizable_falls,
    without_falls,
)
from harness.analysis.growth.schedule import SETTLED
from harness.analysis.growth.slope import Slope, slope, theil_sen
from harness.analysis.growth.steadiness import drift_t_cdf, keeps_climbing
from harness.analysis.growth.thresholds import Thresholds, Trend, Verdict, describe_jump, interval, rate, shown
from harness.analysis.growth.warm_up import warm_up

__all__ = ["Thresholds", "Trend", "difference", "judge"]

Numbers = npt.ArrayLike

# The convention of power analysis; Weatherhead et al. 1998 use 0.9 for the same quantity.
_POWER = 0.8  # with which the minimal detectable slope would be found
# Below 1 because removing its largest rise makes every climb look slower, stairs most of all. A single late step has
# nothing left: that it is never called growing is promised, and simulated in tests/calibration.
_WITHOUT_JUMP = 0.75  # of delta: what a climb must still do without its largest jump
# A warm-up of 1 - exp(-t / tau) has spent most of its climb in the earlier half. Not 1: half the series makes the
# slope nearly three times as inexact.
_LATER_HALF = 0.5  # of delta: what it must still do in its later half
# One-sided 1.5 %, and 1.9 % of simulated walks exceed it: within the promise of at most 2.5 %, however rough.
_STEADIER = 0.985  # than that many random walks in a hundred without drift
_PERIODS = 5  # of a saw-tooth, from which on each fifth of a run holds a whole one
# The teeth of one program differ: a quarter of a fall is more than that.
_ABOVE = (
    0.25  # of the largest fall: how far memory must rise above its old peak, or its troughs lie above its beginning
)
# A choice. Jumps that come at regular times, and the first of which was seen so early, have a second within the rest in
# five of six cases.
_RESTS = 5.0  # times as long as it took to come: the rest after a jump that does not come again
# Calibrated: of flat shapes, the walks and warm-ups among them, less than 1 % are called slow.
_CERTAINLY = 0.999  # a slow climb is shown against more walks, since its size shows nothing
_EVENLY = 0.7  # of the climb: what a slow one still does in its later half, and without its largest jump
_FORESEEABLE = 100.0  # times the data: who needs more than that is told nothing


def judge(x: Numbers, y: Numbers, thresholds: Thresholds) -> Trend:
    """Judge one series: ``x`` hours since it began or polls, never decreasing; ``y`` bytes, as many; else ValueError.

    The same series gives the same verdict: nothing is drawn at random.
    """
    xs, ys = _checked(x, y)
    if few := _too_few(xs, thresholds):
        return few
    trend = _of(batched(xs, ys, thresholds.batches), thresholds)
    # What a collector frees in the end is noise, and the lowest readings have the least of it. They only show that
    # nothing grows: a second chance to be growing would be a second chance to err.
    if trend.verdict in SETTLED:
        return trend
    troughs = _of(batched(xs, ys, thresholds.batches, lowest=True), thresholds)
    if troughs.verdict != "flat":
        return trend
    return replace(troughs, explanation=f"{troughs.explanation}, by its troughs")


def _of(series: Series, thresholds: Thresholds) -> Trend:
    """Judge one level of a series: its medians, or its troughs."""
    if (np.diff(series.x) <= 0).any():
        return _undecided(thresholds, series.span, "did its work in so few bursts that no rate per unit of it is known")
    trend = _judged(series, thresholds)
    jump = largest_jump(series)
    if trend.verdict in {"flat", "slow"} and jump.clear:
        return _after(series, jump, trend, thresholds)
    if trend.verdict in {"growing", "slow", "flat"}:
        return trend
    # a jump's x is the middle of its three batches: where that is the first steady one, the rise lies before it
    left_out = trend.steady_from is not None and jump.x <= trend.steady_from
    found = _around(series, jump, trend, thresholds) if jump.clear and not left_out else trend
    return found if found.verdict in {"growing", "flat"} else _fallen(series, found, thresholds)


def difference(x: Numbers, a: Numbers, b: Numbers, thresholds: Thresholds) -> Trend:
    """Judge by how much ``a`` outgrows ``b``, read on the same ticks ``x``; what moves both cancels.

    ``flat`` means that a outgrows b by less than delta, not that b does not outgrow a: ask the other way round too.
    """
    ys, others = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if ys.shape != others.shape:
        raise ValueError(f"a and b: {ys.shape} and {others.shape} are not readings on the same ticks")
    return judge(x, ys - others, thresholds)


def _checked(x: Numbers, y: Numbers) -> tuple[Floats, Floats]:
    xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if xs.ndim != 1 or xs.shape != ys.shape:
        raise ValueError(f"x and y: {xs.shape} and {ys.shape} are not two rows of the same length")
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise ValueError("x and y: a reading is not a finite number")
    if (np.diff(xs) < 0).any():
        raise ValueError("x: goes backwards")
    return xs, ys


def _too_few(x: Floats, thresholds: Thresholds) -> Trend | None:
    distinct = np.unique(x).size
    if distinct >= thresholds.least:
        return None
    span = float(np.ptp(x)) if x.size else 0.0
    more = span / (distinct - 1) * (thresholds.least - distinct) if distinct > 1 else None
    why = f"was read at {distinct} different times, of the {thresholds.least} that a verdict takes"
    return _undecided(thresholds, more, why)


def _undecided(thresholds: Thresholds, more: float | None, why: str, verdict: Verdict = "inconclusive") -> Trend:
    """Return a verdict without a line."""
    return Trend(
        verdict=verdict, confidence=thresholds.confidence, delta=thresholds.delta, additional=more, explanation=why
    )


def _judged(series: Series, thresholds: Thresholds) -> Trend:
    cut = warm_up(series)
    if cut is None:
        why = "has not settled: its slope still changes when half of its beginning is left out"
        return _undecided(thresholds, series.span, why, "no_steady_state")
    steady = series.since(cut)
    line = slope(steady, thresholds.confidence)
    teeth = _teeth(series, thresholds)
    if line.high < thresholds.delta:
        doubt = None
        verdict: Verdict = "flat" if teeth else _below(steady, line)
    else:
        doubt = _doubt(steady, line, thresholds) or teeth
        verdict = "inconclusive" if doubt else "growing"
    return Trend(
        verdict=verdict,
        slope=line.value,
        low=line.low,
        high=line.high,
        confidence=thresholds.confidence,
        delta=thresholds.delta,
        minimal_detectable=_detectable(line, steady, thresholds),
        additional=_more(line, steady, thresholds) if doubt else None,
        steady_from=float(steady.x[0]),
        explanation=doubt or shown(verdict, line, thresholds),
    )


def _below(steady: Series, line: Slope) -> Verdict:
    """Distinguish slow growth from none, of a series whose interval lies below delta.

    The tests are those of a growing series, against the climb that was found: a wobble has a low end above 0 in 2.5 of
    100 series, and only what passes all of them shows that it climbs.
    """
    if line.low <= 0 or not keeps_climbing(steady) or drift_t_cdf(steady) < _CERTAINLY:
        return "flat"
    rests = (remove_jump(steady, largest_jump(steady)), steady.since(steady.x.size // 2))
    return "slow" if all(theil_sen(rest) > _EVENLY * line.value for rest in rests) else "flat"


def _doubt(steady: Series, line: Slope, thresholds: Thresholds) -> str | None:
    """Return the first reason not to call a series growing; None when there is none."""
    delta = thresholds.delta
    if line.value <= delta or line.low <= 0:
        return f"{interval(line, thresholds)}, which leaves open whether it grows by {rate(delta, thresholds)}"
    jump = largest_jump(steady)
    if theil_sen(remove_jump(steady, jump)) <= _WITHOUT_JUMP * delta:
        return f"climbs, but not without its largest jump, of {describe_jump(jump, thresholds)}"
    if theil_sen(steady.since(steady.x.size // 2)) < _LATER_HALF * delta:
        return "climbs, but hardly in its later half: a warm-up would do that too"
    if not keeps_climbing(steady):
        return "climbs, but not all the time"
    if drift_t_cdf(steady) < _STEADIER:
        return "climbs, but no more steadily than memory that wanders without direction"
    return None


def _after(series: Series, jump: Jump, trend: Trend, thresholds: Thresholds) -> Trend:
    """Withdraw a flat verdict where the last jump is too near: a leak that comes in such jumps may make the next.

    It must have been still for as long as a leak of delta takes to come as high.
    """
    still = float(series.x[-1]) - jump.x
    needed = min(jump.height / thresholds.delta, _RESTS * (jump.x - float(series.x[0])))
    if still >= needed:
        return trend
    why = f"made a jump of {describe_jump(jump, thresholds)}, and has not been still for long enough since"
    return replace(trend, verdict="inconclusive", step_at=jump.x, additional=needed - still, explanation=why)


def _around(series: Series, jump: Jump, trend: Trend, thresholds: Thresholds) -> Trend:
    """Judge a series that has a clear jump by what is left without it; flat only if it rested for long enough since."""
    rest = _judged(remove_jump(series, jump), thresholds)
    once = f"a jump of {describe_jump(jump, thresholds)}"
    if rest.verdict == "growing":
        return replace(rest, step_at=jump.x, explanation=f"{rest.explanation}; {once} is left out")
    still, before = float(series.x[-1]) - jump.x, jump.x - float(series.x[0])
    if rest.verdict == "flat" and still >= _RESTS * before:
        return replace(rest, step_at=jump.x, explanation=f"{rest.explanation}; {once} is left out")
    if rest.verdict == "no_steady_state" or not jump.sizable:
        return trend
    return replace(
        rest if trend.slope is None else trend,
        verdict="inconclusive",
        additional=series.span,
        step_at=jump.x,
        explanation=f"makes {once}; apart from that it {rest.explanation}",
    )


def _teeth(series: Series, thresholds: Thresholds) -> str | None:
    """Return why a climb proves nothing: memory fell back to where it came from, and only regained that.

    From five falls on the fifths of the run tell a climb from a saw-tooth; below, only what climbs by more than it
    falls.
    """
    falls = sizable_falls(series)
    if not falls or falls >= _PERIODS or gained(series) > _ABOVE:
        return None
    jump = largest_jump(mirrored(series))
    height = describe_jump(jump, thresholds)
    return f"falls back by {height}, and {falls} of the {_PERIODS} periods that would show growth were seen"


def _fallen(series: Series, trend: Trend, thresholds: Thresholds) -> Trend:
    """Call flat what falls, and climbs in no other part: the question is one-sided.

    Clear falls are taken out, so that what came after them counts as if they had not been: a leak stays a leak. What
    falls gradually has a line that falls, and a later half that does not climb.
    """
    fall = largest_jump(mirrored(series))
    if fall.clear and fall.sizable:
        rest = _judged(without_falls(series), thresholds)
        above = sizable_falls(series) < _PERIODS and gained(series) > _ABOVE
        if rest.verdict == "flat" or (rest.verdict == "growing" and above):
            once = f"a fall of {describe_jump(fall, thresholds)}"
            return replace(rest, explanation=f"{rest.explanation}; {once} is left out")
    line = slope(series, thresholds.confidence)
    later = slope(series.since(series.x.size // 2), thresholds.confidence)
    if line.high < 0 and later.high < thresholds.delta:
        return replace(
            trend,
            verdict="flat",
            slope=line.value,
            low=line.low,
            high=line.high,
            additional=None,
            steady_from=float(series.x[0]),
            explanation=f"falls: {interval(line, thresholds)}",
        )
    teeth = _teeth(series, thresholds)
    said = teeth is None or teeth in trend.explanation
    return trend if said else replace(trend, explanation=f"{trend.explanation}; it {teeth}")


def _detectable(line: Slope, steady: Series, thresholds: Thresholds) -> float:
    return float(max(thresholds.delta, line.half) + line.error * stdtrit(steady.x.size - 2, _POWER))


def _more(line: Slope, steady: Series, thresholds: Thresholds) -> float | None:
    """Estimate how much longer narrows the interval enough, were the slope as it seems.

    An interval shrinks with the length to the power of 1.5 where noise averages out, and of 0.5 where it wanders; the
    part of it that the range of the residuals sets shrinks with the length, if the range stays as it is.
    """
    enough = line.value if line.value > thresholds.delta else thresholds.delta - line.value
    if not enough:
        return None
    by_noise = (line.noise / enough) ** (1 / (1.5 - line.drifting))
    factor = max(by_noise, line.stairs / enough, 2.0 if line.low > 0 else 1.0)
    return steady.span * (factor - 1) if factor < _FORESEEABLE else None
