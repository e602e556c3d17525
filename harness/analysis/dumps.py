"""What subjects made of tables that changed while they dumped them."""

from harness.analysis.facts import Facts
from harness.model import Detection, DumpResult, Dumps

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


def detection(facts: Facts, subject: str) -> Detection | None:
    """Count a subject's false ends, and whether it told of the deletion after each rate; None where it had no part."""
    mine = [one for one in facts.result.dumps if one.subject == subject]
    if not mine:
        return None
    return Detection(
        expected=sum(one.state_correct is not None for one in mine),
        detected=sum(one.state_correct is True for one in mine),
        missed=sum(one.state_correct is False for one in mine),
        false_positives=sum(sum(one.ends.values()) for one in mine),
        latency_p50_s=None,
        latency_p99_s=None,
        latency_max_s=None,
        not_asked=sum(one.state_correct is None for one in mine),
    )
