"""What subjects made of tables that changed while they dumped them."""

from harness.analysis.facts import Facts
from harness.model import DumpResult, Dumps

ABOUT_THE_INTERFACE = {"deleted", "recreated", "renamed", "moved", "not_found", "matched"}
"""Reasons that say something of the interface; while the kernel has it unchanged, each is a wrong answer."""


def judged(facts: Facts) -> tuple[Dumps, ...]:
    """Judge each row: an end is a wrong answer, or no answer at all."""
    return tuple(_judged(one) for one in facts.result.dumps)


def _judged(one: DumpResult) -> Dumps:
    wrong = sum(number for reason, number in one.ends.items() if reason in ABOUT_THE_INTERFACE)
    return Dumps(
        measured=one,
        wrong=wrong,
        aborted=sum(one.ends.values()) - wrong,
        lost_s=one.unwatched_s + (one.discarded_s or 0.0),
    )
