"""Samples of a process to verdicts on its growth: an hour at a time, and a poll at a time in a compressed day."""

from typing import NamedTuple

import numpy as np

from harness.analysis.facts import NS_A_SECOND, Facts
from harness.analysis.growth import Thresholds, Trend, difference, judge
from harness.model import Compressed, Growth, Plan, Sample
from harness.units import polls_a_day

Series = tuple[Sample, ...]
SECONDS_AN_HOUR = 3600.0


class _Rates(NamedTuple):
    value: float | None
    low: float | None
    high: float | None

    def times(self, factor: float | None) -> "_Rates":
        if factor is None:
            return _Rates(None, None, None)
        return _Rates(*(None if one is None else one * factor for one in self))


def thresholds(plan: Plan) -> Thresholds:
    """Take what the plan fixed before the run."""
    return Thresholds(delta=plan.delta_bytes_per_hour, confidence=plan.confidence)


def growth(series: Series, plan: Plan) -> Growth | None:
    """Judge one subject at the real pace; None where nothing was sampled."""
    if not series:
        return None
    hours = _hours(series)
    trend = judge(hours, [one.rss_bytes for one in series], thresholds(plan))
    polls = (series[-1].polls or 0) - (series[0].polls or 0)
    span = float(hours[-1])
    a_poll = trend.slope * span / polls if trend.slope is not None and polls > 0 else None
    return _growth(trend, a_poll)


def apart(before: Series, after: Series, plan: Plan) -> Growth | None:
    """Judge by how much one subject outgrows another on the ticks that both lived through; None without any."""
    ticks = min(len(before), len(after))
    if not ticks:
        return None
    mine, theirs = ([one.rss_bytes for one in series[:ticks]] for series in (before, after))
    return _growth(difference(_hours(before[:ticks]), mine, theirs, thresholds(plan)), None)


def _hours(series: Series) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    at = np.array([one.at_ns for one in series], dtype=np.int64)
    hours: np.ndarray[tuple[int], np.dtype[np.float64]] = (at - at[0]) / NS_A_SECOND / SECONDS_AN_HOUR
    return hours


def _seconds(hours: float | None) -> float | None:
    return None if hours is None else hours * SECONDS_AN_HOUR


def _growth(trend: Trend, bytes_per_poll: float | None) -> Growth:
    return Growth(
        verdict=trend.verdict,
        bytes_per_hour=trend.slope,
        low=trend.low,
        high=trend.high,
        confidence=trend.confidence,
        delta_bytes_per_hour=trend.delta,
        minimal_detectable_bytes_per_hour=trend.minimal_detectable,
        more_seconds_needed=_seconds(trend.more),
        bytes_per_poll=bytes_per_poll,
        steady_from_s=_seconds(trend.steady_from),
        step_at_s=_seconds(trend.step_at),
        because=trend.because,
    )


def compressed(facts: Facts, name: str) -> Compressed | None:
    """Judge one subject's compressed day by the polls made; None where it lived through none.

    A subject that does not poll is judged by the polls that were made beside it.
    """
    day, series, plan = facts.day, facts.compressed.get(name, ()), facts.result.plan
    polls = max((run.marks[-1].polls for run in day.runs if run.marks), default=0) if day else 0
    if day is None or not series or not polls:
        return None
    hours = _hours(series)
    made = hours / hours[-1] * polls if hours[-1] > 0 else hours
    a_day = polls_a_day(plan.interval_s)
    delta = plan.delta_bytes_per_hour * plan.interval_s / SECONDS_AN_HOUR if plan.interval_s else 1.0
    rss = [one.rss_bytes for one in series]
    trend = judge(made, rss, Thresholds(delta=delta, confidence=plan.confidence, per="poll"))
    a_poll = _Rates(trend.slope, trend.low, trend.high)
    daily = a_poll.times(a_day)
    return Compressed(
        polls=polls,
        seconds=(day.ended_ns - day.began_ns) / NS_A_SECOND,
        links=day.world.links,
        rss_first_bytes=rss[0],
        rss_last_bytes=rss[-1],
        rss_peak_bytes=max(one.rss_peak_bytes for one in series),
        verdict=trend.verdict,
        bytes_per_poll=a_poll.value,
        low_per_poll=a_poll.low,
        high_per_poll=a_poll.high,
        bytes_per_day=daily.value,
        low_per_day=daily.low,
        high_per_day=daily.high,
        delta_per_poll=delta,
        confidence=trend.confidence,
        because=trend.because,
    )
