"""Controls: processes of known truth, held against what was measured of them."""

import msgspec

from harness.analysis.cost.churn import repeats
from harness.analysis.facts import Facts, Readings
from harness.analysis.growth import samples
from harness.model import Control, ControlsPlan, Finding, Plan
from harness.units import NS_A_SECOND, SECONDS_AN_HOUR

STILL_BYTES = 65_536  # a sleeper that moved by no more did not move: a few pages at its first sampled moment
LEAST_LEAKED_BYTES = 512 * 1024  # pages are too coarse a measure of less
DUPLICATE_TOLERANCE = 0.001  # repeats agree to 0.001 %
LEAST_S = 3.0  # the leaker's steps are too coarse below
_TIMES_DELTA = 2.5  # from so many thresholds on a leak is promised to be found


def controls(facts: Facts, findings: tuple[Finding, ...]) -> tuple[Control, ...]:
    """Judge every control that was measured; one that a run was too short to measure, or that died, is left out."""
    plan = facts.result.plan.controls
    if plan is None:
        return ()
    mine = [one for one in findings if one.role == "control"]
    return _duplicates(facts, findings) + tuple(
        found
        for one in mine
        for found in (
            _sleeper(one, facts) if one.name == "sleeper" else None,
            _idle(one) if one.name == "sleeper" else None,
            _leaker(one, plan, facts) if one.name == "leaker" else None,
            _churner(one, plan, facts),
        )
        if found is not None
    )


def _duplicates(facts: Facts, findings: tuple[Finding, ...]) -> tuple[Control, ...]:
    """Check each subject that was measured twice against itself: churn is exact, so the two must agree."""
    rates = {one.name: _rate(one) for one in findings}
    pairs = [
        (one.name, rates[one.duplicate_of], rates[one.name]) for one in facts.result.plan.subjects if one.duplicate_of
    ]
    return tuple(
        Control(
            name=name,
            what="churn of a subject measured twice",
            expected=first[0],
            measured=second[0],
            unit=first[1],
            ok=abs(second[0] - first[0]) <= DUPLICATE_TOLERANCE * first[0],
        )
        for name, first, second in pairs
        if first is not None and second is not None
    )


def _rate(one: Finding) -> tuple[float, str] | None:
    """Return what a subject allocates per unit of its work; None where that was not counted."""
    if one.churn is None:
        return None
    if one.churn.bytes_per_poll is not None:
        return one.churn.bytes_per_poll, "bytes/poll"
    return (one.churn.bytes_per_event, "bytes/event") if one.churn.bytes_per_event is not None else None


def climbed(series: Readings) -> tuple[float, float] | None:
    """Return the bytes that RSS moved from the first sample to the last, and the hours; None below three seconds."""
    if not series:
        return None
    seconds = (series[-1].at_ns - series[0].at_ns) / NS_A_SECOND
    if seconds < LEAST_S:
        return None
    return series[-1].rss_bytes - series[0].rss_bytes, seconds / SECONDS_AN_HOUR


def _sleeper(one: Finding, facts: Facts) -> Control | None:
    return _worst([_slept(series.get(one.name, ()), facts.result.plan) for series in facts.trials])


def _slept(series: Readings, plan: Plan) -> Control | None:
    moved = climbed(series)
    if moved is None:
        return None
    trend = samples.slope(series, plan)
    flat = trend is not None and trend.verdict == "flat"
    return Control(
        name="sleeper",
        what="growth of a process that does nothing",
        expected=0.0,
        measured=moved[0] / moved[1],
        unit="bytes/hour",
        ok=flat or abs(moved[0]) <= STILL_BYTES,
    )


def _worst(each: list[Control | None]) -> Control | None:
    """Return the trial that went worst: one that is not as it must be, or the one farthest off."""
    known = [one for one in each if one is not None]
    return max(known, key=lambda one: (not one.ok, abs(one.measured - one.expected)), default=None)


def _idle(one: Finding) -> Control | None:
    if one.churn is None or one.churn.idle_bytes_per_day is None:
        return None
    return Control(
        name=one.name,
        what="churn of a process that does nothing",
        expected=0.0,
        measured=one.churn.idle_bytes_per_day,
        unit="bytes/day",
        ok=one.churn.idle_bytes_per_day == 0,
    )


def _leaker(one: Finding, plan: ControlsPlan, facts: Facts) -> Control | None:
    return _worst([_leaked(series.get(one.name, ()), plan, facts.result.plan) for series in facts.trials])


def _leaked(series: Readings, controls: ControlsPlan, plan: Plan) -> Control | None:
    """Return the judged slope; where the run was too short to judge, the plain difference of its ends."""
    moved = climbed(series)
    if moved is None or controls.leak_bytes_per_hour * moved[1] < LEAST_LEAKED_BYTES:
        return None
    # By a threshold of its own: a user's may lie above what the leaker does, which is found all the same.
    delta = min(plan.delta_bytes_per_hour, controls.leak_bytes_per_hour / _TIMES_DELTA)
    trend = samples.slope(series, msgspec.structs.replace(plan, delta_bytes_per_hour=delta))
    slope = trend.slope if trend else None
    measured = moved[0] / moved[1] if slope is None else slope
    near = abs(measured - controls.leak_bytes_per_hour) <= controls.leak_tolerance * controls.leak_bytes_per_hour
    return Control(
        name="leaker",
        what="growth of a process that leaks at a known rate",
        expected=controls.leak_bytes_per_hour,
        measured=measured,
        unit="bytes/hour",
        ok=near and (slope is None or (trend is not None and trend.verdict == "growing")),
    )


def _churner(one: Finding, plan: ControlsPlan, facts: Facts) -> Control | None:
    expected = plan.churn_bytes_per_poll.get(one.name)
    if expected is None or one.churn is None or one.churn.bytes_per_poll is None:
        return None
    subject = next(subject for subject in facts.result.plan.subjects if subject.name == one.name)
    measured = max(repeats(facts, subject), key=lambda rate: abs(rate - expected), default=one.churn.bytes_per_poll)
    return Control(
        name=one.name,
        what="churn of a process that allocates a known amount",
        expected=expected,
        measured=measured,
        unit="bytes/poll",
        ok=abs(measured - expected) <= plan.churn_tolerance * expected,
    )
