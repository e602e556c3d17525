"""Two subjects of one run, side by side."""

from harness.model import Comparison, Finding


def comparisons(findings: tuple[Finding, ...]) -> tuple[Comparison, ...]:
    """Compare each "before" with every "after", then with every alternative."""
    befores = [one for one in findings if one.role == "before"]
    others = [one for role in ("after", "alternative") for one in findings if one.role == role]
    return tuple(compare(before, after) for before in befores for after in others)


def compare(before: Finding, after: Finding) -> Comparison:
    """Say what disappeared. Two accounting modes are two units: neither subtracted nor divided."""
    removed = ratio = None
    mine, theirs = before.churn, after.churn
    if mine and theirs and mine.accounting == theirs.accounting:
        if mine.bytes_per_day is not None and theirs.bytes_per_day is not None:
            removed = mine.bytes_per_day - theirs.bytes_per_day
            ratio = theirs.bytes_per_day / mine.bytes_per_day if mine.bytes_per_day else None
    return Comparison(
        before=before.name,
        after=after.name,
        churn_removed_bytes_per_day=removed,
        churn_after_over_before=ratio,
        growth_difference_bytes_per_hour=None,
    )
