"""Samples of a process to verdicts on its growth: an hour at a time, and a poll at a time in a compressed day."""

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import msgspec
import numpy as np

from harness.analysis.facts import Facts, Floats, column, measured
from harness.analysis.facts import Readings as Series
from harness.analysis.growth.schedule import LEAST_S, SETTLED
from harness.analysis.growth.verdict import Thresholds, Trend, difference, judge
from harness.model import Compressed, Growth, Plan, SubjectRun, Trial
from harness.units import NS_A_SECOND, SECONDS_AN_HOUR, about, duration, polls_a_day

REAL_INTERVAL_S = 2.0  # of the poll under study: the ticker of netbird pull request 5857
# Of LEAST_S: 12 s.
SLACK = 0.02  # the last tick falls a little short of the duration


class _Rates(NamedTuple):
    value: float | None
    low: float | None
    high: float | None

    def times(self, factor: float | None) -> "_Rates":
        if factor is None:
            return _Rates(None, None, None)
        return _Rates(*(None if one is None else one * factor for one in self))


def thresholds(plan: Plan) -> Thresholds:
    """Return the thresholds that the plan fixed before the run."""
    return Thresholds(delta=plan.delta_bytes_per_hour, confidence=plan.confidence)


def growth(series: Series, plan: Plan) -> Growth | None:
    """Judge one subject at the real pace; None where nothing was sampled.

    What lived less than ``LEAST_S`` is inconclusive whatever its slope: the procedure was calibrated from there on.
    """
    if not series:
        return None
    hours = _hours(series)
    trend = _kept(series, judge(hours, column(series, "rss_bytes"), thresholds(plan)), plan)
    polls = (series[-1].polls or 0) - (series[0].polls or 0)
    span = float(hours[-1])
    a_poll = trend.slope * span / polls if trend.slope is not None and polls > 0 else None
    return _growth(trend, a_poll, span)


def _kept(series: Series, trend: Trend, plan: Plan) -> Trend:
    """Call flat what grows by lazily freed pages alone: the program has given them back, and the kernel takes them.

    RSS contains them until memory is short: see MADV_FREE in madvise(2). They are read sparsely; what is left without
    them is judged at those readings.
    """
    at, freed = measured(series, "lazily_freed_bytes")
    if trend.verdict == "flat" or not freed.any():
        return trend
    read = np.isin(column(series, "at_ns"), at)
    left = judge(_hours(series)[read], column(series, "rss_bytes")[read] - freed, thresholds(plan))
    return (
        trend
        if left.verdict != "flat"
        else replace(left, explanation=f"{left.explanation}, without lazily freed pages")
    )


def over_trials(growths: list[Growth]) -> Growth | None:
    """Combine several trials: a verdict that all agree on, of the one in the middle; else inconclusive."""
    # Unanimity: a wrong growing needs every trial to err. Intervals are not pooled: that would take a model of what the
    # trials share. Of an even number the upper of the two in the middle is shown.
    if len(growths) < 2:  # noqa: PLR2004 - one is itself
        return growths[0] if growths else None
    verdicts = Counter(one.verdict for one in growths)
    known = sorted((one for one in growths if one.bytes_per_hour is not None), key=lambda one: one.bytes_per_hour or 0)
    middle = known[len(known) // 2] if known else growths[0]
    if len(verdicts) == 1:
        return msgspec.structs.replace(middle, explanation=f"{middle.explanation}; {len(growths)} trials agree")
    told = ", ".join(f"{verdict.replace('_', ' ')} in {times}" for verdict, times in verdicts.most_common())
    return msgspec.structs.replace(middle, verdict="inconclusive", explanation=f"came out differently: {told} trials")


def slope(series: Series, plan: Plan) -> Trend | None:
    """Judge a control, whose truth is known, however short it lived; None where it was not sampled."""
    return judge(_hours(series), column(series, "rss_bytes"), thresholds(plan)) if series else None


def growth_difference(before: Series, after: Series, plan: Plan) -> Growth | None:
    """Judge by how much one subject outgrows another on the ticks that both lived through; None without any."""
    # The sampler reads all subjects on one tick, so that the n-th reading of one belongs to the n-th of the other.
    ticks = min(len(before), len(after))
    if not ticks:
        return None
    mine, theirs = (column(series, "rss_bytes")[:ticks] for series in (before, after))
    hours = _hours(before[:ticks])
    return _growth(difference(hours, mine, theirs, thresholds(plan)), None, float(hours[-1]))


def recorded(seconds: Floats, rss: Floats, limits: Thresholds) -> Growth:
    """Judge a series that somebody recorded: seconds from any moment on, and bytes."""
    hours = (seconds - seconds[:1]) / SECONDS_AN_HOUR
    return _growth(judge(hours, rss, limits), None, float(hours[-1]) if hours.size else 0.0)


def _hours(series: Series) -> Floats:
    at = column(series, "at_ns")
    hours: Floats = (at - at[0]) / NS_A_SECOND / SECONDS_AN_HOUR
    return hours


def _seconds(hours: float | None) -> float | None:
    return None if hours is None else hours * SECONDS_AN_HOUR


def _growth(trend: Trend, bytes_per_poll: float | None, hours: float) -> Growth:
    short = LEAST_S - hours * SECONDS_AN_HOUR
    too_short, more = short > LEAST_S * SLACK, _seconds(trend.additional)
    if too_short:
        more = max(more or short, short)
        lived = f"is not judged in {duration(round(hours * SECONDS_AN_HOUR))}"
        explanation = f"{lived}: {about(more)} more would probably decide"
        trend = replace(trend, verdict="inconclusive", explanation=explanation)
    return Growth(
        verdict=trend.verdict,
        bytes_per_hour=trend.slope,
        low=trend.low,
        high=trend.high,
        confidence=trend.confidence,
        delta_bytes_per_hour=trend.delta,
        minimal_detectable_bytes_per_hour=trend.minimal_detectable,
        additional_seconds=more,
        bytes_per_poll=bytes_per_poll,
        steady_from_s=_seconds(trend.steady_from),
        step_at_s=_seconds(trend.step_at),
        explanation=trend.explanation,
        too_short=too_short,
    )


def at_least(trend: Trend, hours: float) -> Trend:
    """Return a trend as inconclusive where it was settled by a series of less than ten minutes."""
    if LEAST_S - hours * SECONDS_AN_HOUR <= LEAST_S * SLACK or trend.verdict not in SETTLED:
        return trend
    lived = f"in {duration(round(hours * SECONDS_AN_HOUR))}, where a verdict takes {duration(LEAST_S)}"
    return replace(trend, verdict="inconclusive", explanation=f"{trend.explanation}, but {lived}")


def compressed(facts: Facts, name: str) -> Compressed | None:
    """Judge one subject a poll at a time, where it lived through compressed time: a compressed day, or back to back.

    A subject that does not poll is judged by the polls that were made beside it. Who polls faster than the plan's
    interval lives at a pace of its own, which is no compressed time: it is judged by the hour.
    """
    if facts.day is not None and facts.compressed.get(name):
        return _by_polls(facts, facts.day, busiest(facts.day), facts.compressed[name])
    run = facts.run_of(name)
    if facts.trial is None or run is None or not facts.series.get(name):
        return None
    if facts.result.plan.interval_s or not facts.lasted_s:
        return None
    return _by_polls(facts, facts.trial, run if _made(run) else busiest(facts.trial), facts.series[name])


def busiest(trial: Trial) -> SubjectRun:
    """Return the process that made the most polls."""
    return max(trial.runs, key=_made)


def _made(run: SubjectRun) -> int:
    return run.marks[-1].polls - run.marks[0].polls if run.marks else 0


def _by_polls(facts: Facts, trial: Trial, run: SubjectRun, series: Series) -> Compressed | None:
    """Put memory over the polls that a process said it made, between its words by the clock."""
    plan, polls = facts.result.plan, _made(run)
    if not polls:
        return None
    counted = [one.polls - run.marks[0].polls for one in run.marks]
    made = np.interp(column(series, "at_ns"), [one.at_ns for one in run.marks], counted)
    rss, delta = column(series, "rss_bytes"), plan.delta_bytes_per_poll
    trend = judge(made, rss, Thresholds(delta=delta, confidence=plan.confidence, per="poll"))
    a_poll = _Rates(trend.slope, trend.low, trend.high)
    daily = a_poll.times(polls_a_day(plan.interval_s or REAL_INTERVAL_S))
    return Compressed(
        polls=polls,
        seconds=(trial.ended_ns - trial.began_ns) / NS_A_SECOND,
        links=trial.namespace.links,
        rss_first_bytes=int(rss[0]),
        rss_last_bytes=int(rss[-1]),
        rss_peak_bytes=int(column(series, "rss_peak_bytes").max()),
        verdict=trend.verdict,
        bytes_per_poll=a_poll.value,
        low_per_poll=a_poll.low,
        high_per_poll=a_poll.high,
        bytes_per_day=daily.value,
        low_per_day=daily.low,
        high_per_day=daily.high,
        delta_per_poll=delta,
        confidence=trend.confidence,
        explanation=trend.explanation,
    )
