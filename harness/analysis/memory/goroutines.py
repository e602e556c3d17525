"""Which goroutines of a Go program accumulate, by what created them. Pure."""

from harness.analysis.facts import Facts
from harness.model import GoroutineChange
from harness.units import SECONDS_AN_HOUR

FEWEST = 10
"""At least so many have to come for anybody to be named: a pool of workers that fills has fewer."""


def accumulating(facts: Facts, name: str) -> tuple[GoroutineChange, ...]:
    """Return the goroutines of a Go program that accumulate faster than the threshold of what is counted."""
    least = facts.result.plan.delta_counts_per_hour
    return tuple(
        each
        for heap in [one for one in facts.result.heaps if one.subject == name and one.seconds > 0][:1]
        for each in heap.goroutines
        if each.last - each.first >= max(FEWEST, least * heap.seconds / SECONDS_AN_HOUR)
    )
