"""Two subjects of one run, side by side."""

import math

from harness.analysis import climb
from harness.analysis.facts import Facts
from harness.model import Comparison, Finding
from harness.units import SECONDS_A_DAY


def comparisons(findings: tuple[Finding, ...], facts: Facts) -> tuple[Comparison, ...]:
    """Compare each "before" with every "after" of its language, then with every alternative.

    A Go program's bytes and a Python program's are two units, and their processes are of two sizes: they are reported
    side by side and never compared. Somebody else's program is compared in what can be seen from outside.
    """
    originals = {one.name: one.twin_of for one in facts.result.plan.subjects if one.twin_of}
    named = {one.name: one for one in findings}
    twins = tuple(compare(named[original], named[twin], facts) for twin, original in originals.items())
    befores = [one for one in findings if one.role == "before"]
    others = [
        one for role in ("after", "alternative") for one in findings if one.role == role and one.name not in originals
    ]
    return twins + tuple(
        compare(before, after, facts)
        for before in befores
        for after in others
        if len({before.language, after.language} - {"unknown"}) == 1
    )


def compare(before: Finding, after: Finding, facts: Facts) -> Comparison:
    """Say what disappeared. Two accounting modes are two units: neither subtracted nor divided."""
    mine, theirs = comparable(before, after)
    growth = climb.apart(facts.series.get(before.name, ()), facts.series.get(after.name, ()), facts.result.plan)
    return Comparison(
        before=before.name,
        after=after.name,
        churn_removed_bytes_per_day=mine - theirs if mine is not None and theirs is not None else None,
        churn_after_over_before=_remains(before, mine, theirs),
        churn_resolution_bytes_per_day=_resolution(before, after),
        growth_difference_bytes_per_hour=growth.bytes_per_hour if growth else None,
        growth_difference=growth,
        break_even_events_per_s=break_even(before, after),
    )


def _remains(before: Finding, mine: float | None, theirs: float | None) -> float | None:
    """Give the share that remains; None where what it is a share of is no more than a visit can tell."""
    within = before.churn.resolution_bytes_per_day if before.churn else None
    return theirs / mine if mine and theirs is not None and mine > (within or 0) else None


def _resolution(before: Finding, after: Finding) -> float | None:
    """Give how finely the churn of both could be told apart; None where both are exact."""
    each = [one.churn.resolution_bytes_per_day for one in (before, after) if one.churn]
    known = [one for one in each if one is not None]
    return math.hypot(*known) if known else None


def comparable(before: Finding, after: Finding) -> tuple[float, float] | tuple[None, None]:
    """Give the bytes a day of both, where both were measured and counted alike; otherwise neither."""
    mine, theirs = before.churn, after.churn
    if mine is None or theirs is None or mine.accounting != theirs.accounting:
        return None, None
    if mine.bytes_per_day is None or theirs.bytes_per_day is None:
        return None, None
    return mine.bytes_per_day, theirs.bytes_per_day


def break_even(before: Finding, after: Finding) -> float | None:
    """Give the unrelated link events a second at which a subscription allocates what the poll did; None: never."""
    mine, theirs = before.churn, after.churn
    if mine is None or theirs is None or mine.accounting != theirs.accounting:
        return None
    if not mine.idle_bytes_per_day or not theirs.bytes_per_event:
        return None
    return (mine.idle_bytes_per_day - (theirs.idle_bytes_per_day or 0)) / SECONDS_A_DAY / theirs.bytes_per_event
