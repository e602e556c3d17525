"""Claims under test: what was said, beside what was measured."""

from typing import NamedTuple

import msgspec

from harness.analysis.cost import sweep
from harness.analysis.facts import Facts
from harness.analysis.memory import trend_claims
from harness.model import Churn, Claim, ClaimPlan, ClaimVerdict, Detection, Dose, Finding
from harness.units import polls_a_day


class Measured(NamedTuple):
    """What was measured of a claim, with its interval where it is not exact; None: it was not."""

    value: float | None
    low: float | None = None
    high: float | None = None


NOTHING = Measured(None)
EXCEEDED_TIMES = 10  # what was claimed as a least: an order of magnitude more is another statement
SHOWN = frozenset({"reproduced", "exceeded"})


def ledger(findings: tuple[Finding, ...], facts: Facts, doses: tuple[Dose, ...] = ()) -> tuple[Claim, ...]:
    """Judge all claims of the plan. A fix of what was not shown to be broken is inconclusive, not proven."""
    plans = facts.result.plan.claims
    judged = [
        _dosed(claim, doses) if claim.quantity == "bytes_per_stimulus" else judge(claim, findings, facts)
        for claim in plans
    ]
    shown = {one.id for one in judged if one.verdict in SHOWN}
    return tuple(
        msgspec.structs.replace(one, verdict="inconclusive")
        if plan.depends_on is not None and plan.depends_on not in shown and one.verdict in SHOWN
        else one
        for plan, one in zip(plans, judged, strict=True)
    )


def judge(claim: ClaimPlan, findings: tuple[Finding, ...], facts: Facts) -> Claim:
    """Check one claim against the findings; a quantity that was not measured makes the claim so, never false."""
    measured = _measured(claim, findings, facts)
    verdict = _verdict(claim, measured)
    if claim.quantity in trend_claims.QUANTITIES:
        verdict = _of_trend(claim, {one.name: one for one in findings}, verdict)
    return _judged(claim, measured, verdict)


def _of_trend(claim: ClaimPlan, named: dict[str, Finding], by_interval: ClaimVerdict) -> ClaimVerdict:
    """Return the verdict on a rate, or on a share of one, once the growth procedure has had its say."""
    if claim.share_of is None:
        return trend_claims.verdict(claim, named.get(claim.subject), by_interval)
    short = any(trend_claims.too_short(claim, named.get(one)) for one in (claim.subject, claim.share_of))
    return "inconclusive" if short and by_interval != "not_measured" else by_interval


def _dosed(claim: ClaimPlan, doses: tuple[Dose, ...]) -> Claim:
    """Judge what a stimulus adds by the interval of the slope; open where the dose itself was not decided."""
    dose = next((one for one in doses if one.subject == claim.subject), None)
    measured = Measured(dose.bytes_per_stimulus, dose.low, dose.high) if dose else NOTHING
    undecided = dose is not None and dose.verdict == "not_decided"
    return _judged(claim, measured, "inconclusive" if undecided else _verdict(claim, measured))


def _judged(claim: ClaimPlan, measured: Measured, verdict: ClaimVerdict) -> Claim:
    return Claim(
        id=claim.id,
        text=claim.text,
        source=claim.source,
        gates=claim.gates,
        verdict=verdict,
        claimed=claim.claimed,
        measured=measured.value,
        unit=claim.unit,
        low=measured.low,
        high=measured.high,
        times=measured.value / claim.claimed if verdict == "exceeded" and measured.value is not None else None,
    )


def _measured(claim: ClaimPlan, findings: tuple[Finding, ...], facts: Facts) -> Measured:
    named = {one.name: one for one in findings}
    found = named.get(claim.subject)
    if found is None:
        return NOTHING
    if claim.share_of is None:
        return _value(claim, found, facts)
    whole = named.get(claim.share_of)
    if whole is None or not _counted_alike(claim, found, whole):
        return NOTHING
    return _ratio(_value(claim, found, facts), _value(claim, whole, facts))


def _counted_alike(claim: ClaimPlan, one: Finding, other: Finding) -> bool:
    """Return whether a share means something: bytes of two accounting modes are two units."""
    if claim.quantity not in Churn.__struct_fields__:
        return True
    return one.churn is not None and other.churn is not None and one.churn.accounting == other.churn.accounting


def _ratio(part: Measured, whole: Measured) -> Measured:
    """Divide; an interval by the ends that make it widest, and nothing by a whole that may be 0."""
    least = whole.value if whole.low is None else whole.low
    if part.value is None or whole.value is None or least is None or least <= 0:
        return NOTHING
    if part.low is None or part.high is None or whole.high is None:
        return Measured(part.value / whole.value)
    return Measured(
        part.value / whole.value,
        min(part.low / least, part.low / whole.high),
        max(part.high / least, part.high / whole.high),
    )


def _value(claim: ClaimPlan, found: Finding, facts: Facts) -> Measured:
    if claim.quantity == "function_share":
        return Measured(_share(claim, facts))
    if claim.quantity in trend_claims.QUANTITIES:
        return Measured(*trend_claims.rate(claim, found))
    if claim.quantity in {"links_r2", "links_spread"}:
        straight = claim.quantity == "links_r2"
        return Measured(sweep.r2(found, facts.result.plan) if straight else sweep.spread(found))
    if claim.links is not None:
        return Measured(_at_links(claim, found, facts))
    if claim.quantity in Detection.__struct_fields__:
        seen = found.detection
        unasked = seen is None or (claim.quantity == "missed" and not seen.expected)
        return Measured(None if unasked else getattr(seen, claim.quantity))
    parts = (found.memory, found.cpu, found.loss)
    part = next((one for one in parts if one is not None and claim.quantity in one.__struct_fields__), None)
    return _churned(found.churn, claim.quantity) if part is None else Measured(getattr(part, claim.quantity))


def _churned(churn: Churn | None, quantity: str) -> Measured:
    """Return a rate, between its ends where it was taken with a resolution."""
    if churn is None or quantity not in Churn.__struct_fields__:
        return NOTHING
    value, within = getattr(churn, quantity), churn.resolution_bytes_per_day
    if quantity != "bytes_per_day" or value is None or within is None:
        return Measured(value)
    return Measured(value, max(0.0, value - within), value + within)


def _at_links(claim: ClaimPlan, found: Finding, facts: Facts) -> float | None:
    """Return the cost of a poll at the claim's number of links, or at the nearest that this machine could make."""
    polls = polls_a_day(facts.result.plan.interval_s)
    cost = min(found.cost_by_links, key=lambda one: abs(one.links - (claim.links or 0)), default=None)
    if cost is None or abs(cost.links - (claim.links or 0)) > 1:
        return None
    if claim.quantity == "bytes_per_poll":
        return cost.bytes_per_poll
    return cost.bytes_per_poll * polls if polls else None


def _share(claim: ClaimPlan, facts: Facts) -> float | None:
    """Return the share of a function, and of all that it called, in the bytes that were sampled."""
    for capture in facts.result.captures:
        if capture.subject == claim.subject and capture.links == claim.links and capture.sampled_bytes:
            found = [one.cumulative for one in capture.functions if one.name == claim.function]
            return found[0] / capture.sampled_bytes if found else 0.0
    return None


def _verdict(claim: ClaimPlan, measured: Measured) -> ClaimVerdict:
    """Decide; where there is an interval, only what the whole of it says."""
    if measured.value is None:
        return "not_measured"
    ends = [measured.value] if measured.low is None or measured.high is None else [measured.low, measured.high]
    found = {_holds(claim, end) for end in ends}
    if len(found) > 1 or (found == {False} and _straddles(claim, ends)):
        return "inconclusive"
    if found == {False}:
        return "not_reproduced"
    most = claim.relation == "at_least" and claim.claimed > 0 and min(ends) >= EXCEEDED_TIMES * claim.claimed
    return "exceeded" if most else "reproduced"


def _straddles(claim: ClaimPlan, ends: list[float]) -> bool:
    """Return whether an interval reaches beyond the tolerance of ``about`` on both sides: it contains the claim."""
    return claim.relation == "about" and min(ends) < claim.claimed < max(ends)


def _holds(claim: ClaimPlan, value: float) -> bool:
    return {
        "at_most": value <= claim.claimed + claim.absolute_tolerance,
        "at_least": value >= claim.claimed - claim.absolute_tolerance,
        "about": abs(value - claim.claimed) <= claim.tolerance * abs(claim.claimed),
        "flat": False,  # of a trend: see ``harness.analysis.memory.trend_claims``
        "growing": False,
    }[claim.relation]
