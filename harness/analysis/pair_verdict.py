"""Is the fix a fix: one verdict on the growth of two programs that lived side by side.

``fix_verified`` takes three proofs: before grows beyond the threshold, after is shown not to, and before outgrows after
on the same ticks. ``regressed`` takes the same three the other way round, or an after that outgrows a growing before by
more than the threshold. ``no_difference`` is a proof of equivalence: the paired difference lies within the threshold on
both sides. Everything else is ``not_decided``, with what would decide it. With several trials each proof must hold in
all of them.

An A/A duplicate of before that differs from before voids the verdict: then the machine, and not the change, makes a
difference. Source: Schuirmann 1987 (two one-sided tests for equivalence); the thresholds are those of one series.
"""

from typing import Literal, NamedTuple

from harness.analysis.facts import Facts
from harness.analysis.growth import samples
from harness.model import Finding, Growth, PairVerdict
from harness.units import duration, memory_bytes

_FAILED = {"crashed", "timed_out", "skipped"}


class _Found(NamedTuple):
    """A verdict, what it rests on, and where that applies its bound or how much longer would decide."""

    verdict: Literal["fix_verified", "regressed", "no_difference", "not_decided"]
    because: str
    bound: float | None = None
    more: float | None = None


class _Proofs(NamedTuple):
    """What is known of a pair: each alone, and by how much one outgrows the other, both ways round."""

    before: Growth
    after: Growth
    removed: Growth
    added: Growth


def pairs(findings: tuple[Finding, ...], facts: Facts) -> tuple[PairVerdict, ...]:
    """Judge every before with every after, where at least one of the two is a program of the user's."""
    copies = {one.duplicate_of: one.name for one in facts.result.plan.subjects if one.duplicate_of}
    named = {one.name: one for one in findings}
    return tuple(
        judge(before, after, named.get(copies.get(before.name, "")), facts)
        for before in findings
        for after in findings
        if (before.role, after.role) == ("before", "after") and (before.program or after.program)
    )


def judge(before: Finding, after: Finding, duplicate: Finding | None, facts: Facts) -> PairVerdict:
    """Judge one pair; ``duplicate`` is the before once more, where there is one."""
    failed = [one for one in (before, after) if one.outcome in _FAILED]
    proofs = _proofs(before, after, facts)
    if failed:
        found = _Found("not_decided", f"{failed[0].name} {failed[0].outcome.replace('_', ' ')}")
    elif proofs is None:
        found = _Found("not_decided", f"memory of {before.name} and {after.name} was not sampled side by side")
    elif duplicate is not None and (why := _differs(before, duplicate, facts)):
        found = _Found("not_decided", why)
    else:
        found = _decided(before.name, after.name, proofs)
    return PairVerdict(
        before=before.name,
        after=after.name,
        verdict=found.verdict,
        because=found.because,
        bound_bytes_per_hour=found.bound,
        additional_seconds=found.more,
    )


def _decided(before: str, after: str, proofs: _Proofs) -> _Found:
    if _fixed(proofs.before, proofs.after, proofs.removed):
        return _Found("fix_verified", _because(before, after, proofs.before, proofs.after))
    if _fixed(proofs.after, proofs.before, proofs.added) or _outgrows(proofs):
        return _Found("regressed", _because(after, before, proofs.after, proofs.before))
    bound = _bound(proofs)
    if bound is not None:
        grows = ", and both grow" if proofs.before.verdict == "growing" else ""
        return _Found(
            "no_difference", f"growth of {after} differs from {before} by at most {_rate(bound)}{grows}", bound
        )
    more = _more(proofs)
    return _Found("not_decided", _open(before, after, proofs, more), None, more)


def _proofs(before: Finding, after: Finding, facts: Facts) -> _Proofs | None:
    removed, added = _difference(before.name, after.name, facts), _difference(after.name, before.name, facts)
    if before.growth is None or after.growth is None or removed is None or added is None:
        return None
    return _Proofs(before.growth, after.growth, removed, added)


def _difference(one: str, other: str, facts: Facts) -> Growth | None:
    """Judge by how much one outgrows the other, in all trials together."""
    each = [
        samples.growth_difference(trial.get(one, ()), trial.get(other, ()), facts.result.plan) for trial in facts.trials
    ]
    return None if None in each else samples.over_trials([growth for growth in each if growth is not None])


def _fixed(problem: Growth, solved: Growth, removed: Growth) -> bool:
    """Return whether one grows, the other is flat, and the paired difference is above 0 with its whole interval."""
    agrees = removed.verdict == "growing" or (removed.low is not None and removed.low > 0)
    return problem.verdict == "growing" and solved.verdict == "flat" and agrees


def _outgrows(proofs: _Proofs) -> bool:
    return proofs.before.verdict == proofs.after.verdict == proofs.added.verdict == "growing"


def _bound(proofs: _Proofs) -> float | None:
    """Return the largest difference that the data leave open, where that is shown to be below the threshold."""
    if proofs.removed.verdict != "flat" or proofs.added.verdict != "flat" or not _alike(proofs):
        return None
    ends = [one.high for one in (proofs.removed, proofs.added)]
    return max(0.0, *(end for end in ends if end is not None))


def _alike(proofs: _Proofs) -> bool:
    """Return whether neither is shown to be what the other is shown not to be."""
    return {proofs.before.verdict, proofs.after.verdict} != {"growing", "flat"}


def _differs(before: Finding, duplicate: Finding, facts: Facts) -> str | None:
    proofs = _proofs(before, duplicate, facts)
    if proofs is None:
        return f"the A/A duplicate {duplicate.name} was not sampled"
    if _alike(proofs) and "growing" not in {proofs.removed.verdict, proofs.added.verdict}:
        return None
    return f"the A/A duplicate {duplicate.name} differs from {before.name}, which is the same program"


def _because(growing: str, flat: str, problem: Growth, solved: Growth) -> str:
    still = "also grows, by" if solved.verdict == "growing" else "grows by at most"
    rate = solved.bytes_per_hour if solved.verdict == "growing" else solved.high
    return f"{growing} grows by {_rate(problem.bytes_per_hour)}; {flat} {still} {_rate(rate)}"


def _open(before: str, after: str, proofs: _Proofs, more: float | None) -> str:
    if proofs.before.verdict == proofs.after.verdict == "growing":
        slower = " more slowly" if proofs.removed.verdict == "growing" else ""
        return f"{before} grows by {_rate(proofs.before.bytes_per_hour)}; {after} still grows{slower}, by " + _rate(
            proofs.after.bytes_per_hour
        )
    told = [
        f"{name} is {'not judged' if growth.verdict == 'no_steady_state' else growth.verdict}"
        for name, growth in ((before, proofs.before), (after, proofs.after))
    ]
    remedy = "" if more is None else f"; about {duration(max(1, round(more / 60)) * 60)} more would probably decide"
    return "; ".join(told) + remedy


def _more(proofs: _Proofs) -> float | None:
    known = [one.additional_seconds for one in proofs if one.additional_seconds is not None]
    return max(known, default=None)


def _rate(value: float | None) -> str:
    return f"{memory_bytes(value or 0.0)} an hour"
