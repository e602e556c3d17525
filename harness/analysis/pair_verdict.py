"""Is the fix a fix: one verdict on the growth of two programs that lived side by side.

``fix_verified`` takes three proofs: before grows beyond the threshold, after is shown not to, and before outgrows after
on the same ticks. ``regressed`` takes the same three the other way round, or an after that outgrows a growing before by
more than the threshold. ``no_difference`` is a proof of equivalence: the paired difference lies within the threshold on
both sides. Everything else is ``not_decided``, with what would decide it. With several trials each proof must hold in
all of them.

Resident memory is always judged. What leaks besides it in one of the two is judged by the same proofs: threads,
descriptors, children, and memory that belongs to no process. The worst decides: a fix of descriptors is not verified
while memory is undecided.

An A/A duplicate of before that differs from before voids the verdict: then the machine, and not the change, makes a
difference. Source: Schuirmann 1987 (two one-sided tests for equivalence); the thresholds are those of one series.
"""

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

from harness.analysis.facts import Facts
from harness.analysis.growth import samples
from harness.analysis.growth.thresholds import bounded
from harness.analysis.memory import resources
from harness.model import Finding, Growth, PairVerdict
from harness.model.terms import GrowthVerdict
from harness.units import duration, figures, memory_bytes

PairWord = Literal["fix_verified", "regressed", "no_difference", "not_decided"]
_FAILED = {"crashed", "timed_out", "skipped"}


class _Found(NamedTuple):
    """A verdict, what it rests on, and where that applies its bound or how much longer would decide."""

    verdict: PairWord
    explanation: str
    resource: str | None = None
    bound: float | None = None
    more: float | None = None


class _Trend(NamedTuple):
    """How a resource of a subject, or the difference of two, changes in an hour."""

    verdict: GrowthVerdict
    rate: float | None
    low: float | None
    high: float | None
    more: float | None = None  # seconds that would probably decide


class _Proofs(NamedTuple):
    """What is known of one resource of a pair: of each alone, and by how much one outgrows the other, both ways."""

    resource: str
    before: _Trend
    after: _Trend
    removed: _Trend
    added: _Trend

    def swapped(self) -> "_Proofs":
        """Return the same with the roles exchanged."""
        return _Proofs(self.resource, self.after, self.before, self.added, self.removed)


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
    memory = _memory(before, after, facts)
    if failed:
        found = _Found("not_decided", f"{failed[0].name} {failed[0].outcome.replace('_', ' ')}")
    elif memory is None:
        found = _Found("not_decided", f"memory of {before.name} and {after.name} was not sampled side by side")
    elif duplicate is not None and (why := _differs(before, duplicate, facts)):
        found = _Found("not_decided", why)
    else:
        found = _worst(before.name, after.name, [memory, *_leaked(before, after, facts)], facts.result.plan.duration_s)
    return PairVerdict(
        before=before.name,
        after=after.name,
        verdict=found.verdict,
        explanation=found.explanation,
        resource=found.resource,
        bound_bytes_per_hour=found.bound,
        additional_seconds=found.more,
    )


def _worst(before: str, after: str, proofs: list[_Proofs], lasted_s: float) -> _Found:
    """Return the verdict of the worst resource; a fix of another one is none while memory of the after still grows."""
    each = [_decided(before, after, one, lasted_s) for one in proofs]
    order: tuple[PairWord, ...] = ("regressed", "not_decided", "fix_verified", "no_difference")
    if proofs[0].after.verdict == "growing":
        order = ("regressed", "not_decided", "no_difference", "fix_verified")
    return min(each, key=lambda one: order.index(one.verdict))


def _decided(before: str, after: str, proofs: _Proofs, lasted_s: float) -> _Found:
    name = proofs.resource
    if _fixed(proofs):
        return _Found("fix_verified", _explanation(before, after, proofs), name)
    if _fixed(proofs.swapped()) or _outgrows(proofs):
        return _Found("regressed", _explanation(after, before, proofs.swapped()), name)
    bound = _bound(proofs)
    if bound is not None:
        grow = {proofs.before.verdict, proofs.after.verdict} <= {"growing", "slow"}
        grows = ", and both grow" if grow else ""
        explanation = f"{_of(name)}growth of {after} differs from {before} by at most {_rate(name, bound)}{grows}"
        return _Found("no_difference", explanation, name, bound if name == "rss" else None)
    known = [one.more for one in proofs[1:] if one.more is not None]
    more = max(known, default=None)
    return _Found("not_decided", _open(before, after, proofs, more, lasted_s), name, None, more)


def _memory(before: Finding, after: Finding, facts: Facts) -> _Proofs | None:
    removed, added = _difference(before.name, after.name, facts), _difference(after.name, before.name, facts)
    if before.growth is None or after.growth is None or removed is None or added is None:
        return None
    return _Proofs("rss", *map(_of_growth, (before.growth, after.growth, removed, added)))


def _of_growth(one: Growth) -> _Trend:
    return _Trend(one.verdict, one.bytes_per_hour, one.low, one.high, one.additional_seconds)


def _difference(one: str, other: str, facts: Facts) -> Growth | None:
    """Judge by how much one outgrows the other, in all trials together."""
    each = [
        samples.growth_difference(trial.get(one, ()), trial.get(other, ()), facts.result.plan) for trial in facts.trials
    ]
    return None if None in each else samples.over_trials([growth for growth in each if growth is not None])


def _leaked(before: Finding, after: Finding, facts: Facts) -> Iterator[_Proofs]:
    """Compare what was shown to leak in one of the two besides resident memory."""
    names = dict.fromkeys(one.name for finding in (before, after) for one in resources.leaked(finding.resources))
    for name in names:
        alone = [next((one for one in finding.resources if one.name == name), None) for finding in (before, after)]
        pair = (before.name, after.name)
        apart = [resources.outgrows(*two, name, facts) for two in (pair, pair[::-1])]
        known = [_Trend(one.verdict, one.per_hour, one.low, one.high) for one in (*alone, *apart) if one is not None]
        if len(known) == len(alone) + len(apart):
            yield _Proofs(name, *known)


def _fixed(proofs: _Proofs) -> bool:
    """Return whether before grows, after is flat, and the paired difference is above 0 with its whole interval.

    What is counted comes in steps, which a fit of both alike may miss: its difference must pass the threshold too.
    """
    removed = proofs.removed
    agrees = removed.verdict == "growing" or (proofs.resource == "rss" and removed.low is not None and removed.low > 0)
    return proofs.before.verdict == "growing" and proofs.after.verdict == "flat" and agrees


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
    memory = _memory(before, duplicate, facts)
    if memory is None:
        return f"the A/A duplicate {duplicate.name} was not sampled"
    pairs = [memory, *_leaked(before, duplicate, facts)]
    if all(_alike(one) and "growing" not in {one.removed.verdict, one.added.verdict} for one in pairs):
        return None
    return f"the A/A duplicate {duplicate.name} differs from {before.name}, which is the same program"


def _explanation(growing: str, flat: str, proofs: _Proofs) -> str:
    problem, solved, name = proofs.before, proofs.after, proofs.resource
    also = f"also grows, by {_rate(name, solved.rate)}"
    still = also if solved.verdict == "growing" else bounded(solved.high or 0.0, lambda value: _rate(name, value))
    return f"{_of(name)}{growing} grows by {_rate(name, problem.rate)}; {flat} {still}"


def _of(name: str) -> str:
    return "" if name == "rss" else f"in {resources.NAMES[name]}, "


def _open(before: str, after: str, proofs: _Proofs, more: float | None, lasted_s: float) -> str:
    name, one, other = proofs.resource, proofs.before, proofs.after
    if one.verdict == other.verdict == "growing":
        slower = " more slowly" if proofs.removed.verdict == "growing" else ""
        slower = f"{_of(name)}{before} grows by {_rate(name, one.rate)}; {after} still grows{slower}"
        return f"{slower}, by {_rate(name, other.rate)}"
    words = ["not judged" if trend.verdict == "no_steady_state" else trend.verdict for trend in (one, other)]
    told = f"{before} is {words[0]}; {after} is {words[1]}"
    if words[0] == words[1]:
        told = f"{before} and {after} are {words[0]}"
    if more is None:
        return _of(name) + told
    whole = duration(math.ceil((lasted_s + more) / 60) * 60)
    return f"{_of(name)}{told}; --duration {whole} would probably decide"


def _rate(name: str, value: float | None) -> str:
    unit = next((one.unit for one in resources.KINDS if one.name == name), "bytes")
    return f"{memory_bytes(value or 0.0) if unit == 'bytes' else figures(value or 0.0)} an hour"
