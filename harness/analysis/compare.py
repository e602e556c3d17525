"""Two subjects of one run, side by side."""

from harness.model import Comparison, Finding
from harness.units import SECONDS_A_DAY


def comparisons(findings: tuple[Finding, ...]) -> tuple[Comparison, ...]:
    """Compare each "before" with every "after", then with every alternative."""
    befores = [one for one in findings if one.role == "before"]
    others = [one for role in ("after", "alternative") for one in findings if one.role == role]
    return tuple(compare(before, after) for before in befores for after in others)


def compare(before: Finding, after: Finding) -> Comparison:
    """Say what disappeared. Two accounting modes are two units: neither subtracted nor divided."""
    mine, theirs = comparable(before, after)
    return Comparison(
        before=before.name,
        after=after.name,
        churn_removed_bytes_per_day=mine - theirs if mine is not None and theirs is not None else None,
        churn_after_over_before=theirs / mine if mine and theirs is not None else None,
        growth_difference_bytes_per_hour=None,
        break_even_events_per_s=break_even(before, after),
    )


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
