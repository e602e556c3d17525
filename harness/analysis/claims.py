"""Claims under test: what was said, beside what was measured."""

from harness.model import Claim, ClaimPlan, ClaimVerdict, Detection, Finding


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
    found = next((one for one in findings if one.name == claim.subject), None)
    if found is None:
        return None
    part = found.detection if claim.quantity in Detection.__struct_fields__ else found.churn
    value: float | None = None if part is None else getattr(part, claim.quantity)
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
