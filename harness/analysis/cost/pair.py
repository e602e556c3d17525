"""Two subjects of one run, side by side."""

import math
from collections.abc import Iterator

from harness.analysis.facts import Facts
from harness.analysis.growth import samples
from harness.model import Churn, Comparison, Finding, WorkUnit
from harness.units import SECONDS_A_DAY

TOLERANCE = 0.001  # of churn: repeats agree to 0.00001


def comparisons(findings: tuple[Finding, ...], facts: Facts) -> tuple[Comparison, ...]:
    """Compare each "before" with every "after" of its language, then with every alternative.

    A Go program's bytes and a Python program's are two units, and their processes are of two sizes: they are reported
    side by side and never compared. Somebody else's program is compared in what can be seen from outside.
    """
    originals = {one.name: one.duplicate_of for one in facts.result.plan.subjects if one.duplicate_of}
    named = {one.name: one for one in findings}
    duplicates = tuple(compare(named[original], named[copy], facts) for copy, original in originals.items())
    befores = [one for one in findings if one.role == "before"]
    others = [
        one for role in ("after", "alternative") for one in findings if one.role == role and one.name not in originals
    ]
    return duplicates + tuple(
        compare(before, after, facts)
        for before in befores
        for after in others
        if len({before.language, after.language} - {"unknown"}) <= 1
    )


def compare(before: Finding, after: Finding, facts: Facts) -> Comparison:
    """Return what disappeared. Two accounting modes are two units: neither subtracted nor divided.

    Two that do the same kind of work are compared by a unit of it, at the pace of the first: who did more of it in the
    same time allocates more, and does not cost more.
    """
    unit, mine, theirs = comparable(before, after)
    plan, series = facts.result.plan, [facts.series.get(one.name, ()) for one in (before, after)]
    growth = (
        samples.growth_difference(series[0], series[1], plan) if plan.interval_s else None
    )  # compressed time has no hours
    return Comparison(
        before=before.name,
        after=after.name,
        unit=unit,
        same=unit is not None and mine is not None and theirs is not None and alike(mine, theirs),
        churn_removed_bytes_per_day=mine - theirs if mine is not None and theirs is not None else None,
        churn_after_over_before=_remains(before, mine, theirs),
        churn_resolution_bytes_per_day=_resolution(before, after),
        growth_difference_bytes_per_hour=growth.bytes_per_hour if growth else None,
        growth_difference=growth,
        break_even_events_per_s=break_even(before, after),
    )


def _remains(before: Finding, mine: float | None, theirs: float | None) -> float | None:
    """Return the share that remains; None where what it is a share of is no more than a visit can tell."""
    within = before.churn.resolution_bytes_per_day if before.churn else None
    return theirs / mine if mine and theirs is not None and mine > (within or 0) else None


def _resolution(before: Finding, after: Finding) -> float | None:
    """Return how finely the churn of both could be told apart; None where both are exact."""
    each = [one.churn.resolution_bytes_per_day for one in (before, after) if one.churn]
    known = [one for one in each if one is not None]
    return math.hypot(*known) if known else None


def comparable(before: Finding, after: Finding) -> tuple[WorkUnit | None, float | None, float | None]:
    """Return the unit of work that both are compared by, and the bytes a day of both, where both were counted alike."""
    mine, theirs = before.churn, after.churn
    if mine is None or theirs is None or mine.accounting != theirs.accounting or mine.bytes_per_day is None:
        return None, None, None
    for unit, one, two in _units(mine, theirs):
        if one and two is not None:
            return unit, mine.bytes_per_day, mine.bytes_per_day / one * two
    return (None, None, None) if theirs.bytes_per_day is None else (None, mine.bytes_per_day, theirs.bytes_per_day)


def _units(mine: Churn, theirs: Churn) -> Iterator[tuple[WorkUnit, float | None, float | None]]:
    """List what one unit of work of each costs, where nothing else costs it anything."""
    yield "poll", mine.bytes_per_poll, theirs.bytes_per_poll
    if mine.idle_bytes_per_day is None and theirs.idle_bytes_per_day is None:
        yield "event", mine.bytes_per_event, theirs.bytes_per_event


def alike(one: float, two: float) -> bool:
    """Return whether two rates differ by no more than repeats of one subject may."""
    return abs(two - one) <= TOLERANCE * max(abs(one), abs(two))


def break_even(before: Finding, after: Finding) -> float | None:
    """Return the unrelated link events a second at which a subscription allocates what the poll did; None: never."""
    mine, theirs = before.churn, after.churn
    if mine is None or theirs is None or mine.accounting != theirs.accounting:
        return None
    if not mine.idle_bytes_per_day or not theirs.bytes_per_event:
        return None
    return (mine.idle_bytes_per_day - (theirs.idle_bytes_per_day or 0)) / SECONDS_A_DAY / theirs.bytes_per_event
