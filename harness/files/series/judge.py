"""Recorded series to a judgement: cleaned, judged one by one, and two of them by their difference. Pure."""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from harness import __version__
from harness.analysis.growth import samples
from harness.analysis.growth.samples import REAL_INTERVAL_S
from harness.analysis.growth.verdict import Thresholds, judge
from harness.files.series.clean import Clean, clean
from harness.files.series.table import Floats, Series
from harness.model import Growth, Verdict
from harness.model.judgement import JUDGEMENT_SCHEMA, JudgedSeries, Judgement, PairedDifference, WorkGrowth
from harness.model.warning import DataWarning
from harness.units import SECONDS_AN_HOUR, count
from harness.wording import GROWTH

# The verdict is made of 30 medians: of more readings than these it would not change, and would take minutes.
MOST_READINGS = 200_000
_TEETH = 2
_OUTCOMES: dict[str, Verdict] = {"flat": "pass", "slow": "pass", "growing": "fail"}


class Limits(NamedTuple):
    """What was asked. ``max_growth``: bytes an hour that are still allowed; None: the default of a run decides."""

    max_growth: float | None = None
    split: bool = True
    confidence: float = 0.95

    def thresholds(self) -> Thresholds:
        """Return them as the analysis takes them."""
        default = Thresholds(confidence=self.confidence)
        return default if self.max_growth is None else Thresholds(delta=self.max_growth, confidence=self.confidence)


class Judged(NamedTuple):
    """A series with what was found of it."""

    clean: Clean
    row: JudgedSeries


def judge_all(series: Sequence[tuple[str, Series]], limits: Limits) -> tuple[Judgement, list[Judged]]:
    """Judge all series, each with the name of its file; of exactly two, their difference too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of numbers that are too large: what comes of them is judged
        judged = [_one(file, one, limits) for file, one in series]
        pair = _difference(judged, limits) if len(judged) == 2 else None  # noqa: PLR2004 - a pair
    rows = tuple(one.row for one in judged)
    verdict = _together([_outcome(one, limits) for one in rows])
    return (
        Judgement(
            schema=JUDGEMENT_SCHEMA,
            netchurn=__version__,
            verdict=verdict,
            sentence="; ".join(map(sentence, rows)),
            max_growth_bytes_per_hour=limits.max_growth,
            series=rows,
            difference=pair,
        ),
        judged,
    )


def sentence(row: JudgedSeries) -> str:
    growth = row.growth or row.work_growth
    if growth is None:
        return f"{row.name} was not judged"
    return f"{row.name} {GROWTH[growth.verdict].clause}: {growth.explanation}"


def _together(outcomes: list[Verdict]) -> Verdict:
    worst: tuple[Verdict, ...] = ("fail", "inconclusive", "pass")
    return next(one for one in worst if one in outcomes)


def _outcome(row: JudgedSeries, limits: Limits) -> Verdict:
    """Check a series against the bound: evidence against it takes the whole interval above."""
    growth = row.growth
    if growth is None:
        return _OUTCOMES.get(row.work_growth.verdict, "inconclusive") if row.work_growth else "inconclusive"
    if limits.max_growth is not None and growth.verdict == "growing" and (growth.low or 0.0) <= limits.max_growth:
        return "inconclusive"
    return _OUTCOMES.get(growth.verdict, "inconclusive")


def _one(file: str, series: Series, limits: Limits) -> Judged:
    found = clean(series, split=limits.split)
    x, y = thinned(found.x, found.y)
    told = found.warnings
    if x.size < found.x.size:
        text = f"each {count(found.x.size // x.size)} readings that follow each other are judged as their median"
        told += (DataWarning(id="readings_merged", text=text),)
    timed = series.per == "hour"
    growth = _doubted(samples.recorded(x, y, limits.thresholds()), found) if timed else None
    return Judged(found, _row(file, found, growth, None if timed else _by_work(x, y, limits), told))


def thinned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Reduce a series to at most ``MOST_READINGS`` medians of readings that follow each other."""
    size = -(-x.size // MOST_READINGS)
    if size <= 1:
        return x, y
    kept = x.size // size * size
    halves = (column[-kept:].reshape(-1, size) for column in (x, y))
    at, level = (np.median(half, axis=1) for half in halves)
    return at, level


def _doubted(growth: Growth, found: Clean) -> Growth:
    """Withdraw a verdict that hangs on what falls of memory are: restarts of a leak, or the teeth of a saw.

    Cut at its falls, a collector's saw-tooth climbs in each part; left whole, a leak that is restarted is flat. A
    single fall decides nothing: a saw has more teeth.
    """
    cut = bool(found.restarts)
    if found.falls < _TEETH or growth.verdict != ("growing" if cut else "flat"):
        return growth
    why = f"{growth.explanation}, if its {count(found.falls)} falls are {'' if cut else 'no '}restarts"
    return msgspec.structs.replace(growth, verdict="inconclusive", explanation=why)


def _by_work(x: Floats, y: Floats, limits: Limits) -> WorkGrowth:
    delta = limits.thresholds().delta * REAL_INTERVAL_S / SECONDS_AN_HOUR
    trend = judge(x - x[:1], y, Thresholds(delta=delta, confidence=limits.confidence, per="unit"))
    return WorkGrowth(
        verdict=trend.verdict,
        bytes_per_unit=trend.slope,
        low_per_unit=trend.low,
        high_per_unit=trend.high,
        confidence=trend.confidence,
        delta_per_unit=trend.delta,
        units=float(np.ptp(x)) if x.size else 0.0,
        explanation=trend.explanation,
    )


def _row(
    file: str, found: Clean, growth: Growth | None, work: WorkGrowth | None, told: tuple[DataWarning, ...]
) -> JudgedSeries:
    series, y = found.series, found.y
    return JudgedSeries(
        name=series.name,
        file=file,
        kind=series.kind,
        unit=series.unit,
        clock=series.clock,
        readings=int(series.x.size),
        judged_readings=int(y.size),
        seconds=float(np.ptp(found.x)) if y.size and growth else None,
        restarts=len(found.restarts),
        first_bytes=float(y[0]) if y.size else None,
        last_bytes=float(y[-1]) if y.size else None,
        peak_bytes=float(y.max()) if y.size else None,
        growth=growth,
        work_growth=work,
        warnings=told,
    )


def _difference(judged: list[Judged], limits: Limits) -> PairedDifference | None:
    """Judge by how much the first outgrows the second, over the time that both lived through."""
    first, second = (one.clean for one in judged)
    if not (first.x.size and second.x.size) or {first.series.per, second.series.per} != {"hour"}:
        return None
    x, a, b, how = paired(first, second)
    growth = samples.recorded(*thinned(x, a - b), limits.thresholds()) if x.size else None
    names = [one.row.name for one in judged]
    if names[0] == names[1]:
        names = [f"{one.row.name} of {one.row.file}" for one in judged]
    return PairedDifference(first=names[0], second=names[1], readings=int(x.size), growth=growth, warnings=(how,))


def paired(first: Clean, second: Clean) -> tuple[Floats, Floats, Floats, DataWarning]:
    """Pair readings: at the same times, or, of two that did not live at once, at the same age."""
    ax, bx = first.x, second.x
    if ax.size == bx.size and (ax == bx).all():
        return ax, first.y, second.y, DataWarning(id="same_times", text="read at the same times")
    at_once = ax[0] < bx[-1] and bx[0] < ax[-1]
    if not at_once:
        ax, bx = ax - ax[0], bx - bx[0]
    near, usual = _nearest(ax, bx), float(np.median(np.diff(bx))) if bx.size > 1 else 0.0
    close = np.abs(bx[near] - ax) <= max(usual, 0.0)
    apart = "paired at the same age: the two were not recorded at once, so what moves both does not cancel"
    how = (
        DataWarning(id="nearest_times", text="paired each with the nearest in time")
        if at_once
        else DataWarning(id="same_age", text=apart)
    )
    return ax[close], first.y[close], second.y[near[close]], how


def _nearest(ax: Floats, bx: Floats) -> "np.typing.NDArray[np.int64]":
    right = np.clip(np.searchsorted(bx, ax), 1, max(bx.size - 1, 1))
    left = right - 1
    right = np.minimum(right, bx.size - 1)
    return np.where(np.abs(bx[left] - ax) <= np.abs(bx[right] - ax), left, right)
