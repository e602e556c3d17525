"""When a run that goes on is looked at, to see whether its verdicts on growth are settled.

Whoever looks often enough sees something in the end. So there are few looks, each at twice the time of the one before.
Nothing here loads the statistics: a sampler knows the moments, and another process looks.
"""

from collections.abc import Iterator

LEAST_S = 600.0  # the shortest series on which the verdict's errors were counted
# Doubling keeps the looks few, 10 in a week, and notices a decision at the latest at twice its time.
APART = 2.0  # times the one before
SETTLED = frozenset({"growing", "slow", "flat"})


def looks(duration_s: float) -> Iterator[float]:
    """Return the moments of a trial at which to look, in seconds from its first sample; none at its end or after."""
    due = LEAST_S
    while due < duration_s:
        yield due
        due *= APART
