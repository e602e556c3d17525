"""Claims under test: what was said, beside what was measured."""

from harness.model import Claim, ClaimPlan, ClaimVerdict, Finding


def judge(claim: ClaimPlan, findings: tuple[Finding, ...]) -> Claim:
    """Hold one claim against the findings; a quantity that was not measured makes the claim so, never false."""
    measured = _measured(claim, findings)
    return Claim(
        id=claim.id,
        text=claim.text,
        source=claim.source,
        gates=claim.gates,
        verdict=_verdict(claim, measured),
        claimed=claim.claimed,
        measured=measured,
        unit=claim.unit,
    )


def _measured(claim: ClaimPlan, findings: tuple[Finding, ...]) -> float | None:
    churns = [one.churn for one in findings if one.name == claim.subject]
    if not churns or churns[0] is None:
        return None
    value: float | None = getattr(churns[0], claim.quantity)
    return value


def _verdict(claim: ClaimPlan, measured: float | None) -> ClaimVerdict:
    if measured is None:
        return "not_measured"
    holds = {
        "at_most": measured <= claim.claimed,
        "at_least": measured >= claim.claimed,
        "about": abs(measured - claim.claimed) <= claim.tolerance * abs(claim.claimed),
    }[claim.relation]
    return "reproduced" if holds else "not_reproduced"
