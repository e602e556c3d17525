"""What was said beside what was measured, and processes of known truth beside what was measured of them."""

from harness.model import Analysis, Claim, ClaimPlan, Control
from harness.report.document import Block, Section, Table, Text
from harness.report.sections import formatting
from harness.units import churn_bytes, count, figures, memory_bytes, moment, rounded
from harness.wording import CLAIM, CONTROL, RELATIONS


def claims(analysis: Analysis) -> Section | None:
    """Put each claim beside what was measured; None where the scenario states none."""
    if not analysis.claims:
        return None
    plans = {one.id: one for one in analysis.plan.claims}
    table = Table(
        columns=("claim", "claimed", "measured", "verdict", "gates", "source"),
        rows=tuple(_row(one, plans.get(one.id), analysis.plan.confidence) for one in analysis.claims),
        severities=tuple(CLAIM[one.verdict].severity for one in analysis.claims),
    )
    gates = Text(
        words="Gating claims decide the verdict of the run; the others do not. Where an interval is "
        "given, a claim is decided only if the whole of it agrees. Exceeded: ten times what was claimed as a least, or "
        "more; it holds, and is another statement."
    )
    return Section(title="Claims under test", blocks=(table, gates))


def beside(analysis: Analysis) -> str:
    """Return how many non-gating claims were not reproduced; nothing where none was."""
    number = sum(one.verdict == "not_reproduced" and not one.gates for one in analysis.claims)
    if not number:
        return ""
    claims, were = ("claims", "were") if number > 1 else ("claim", "was")
    return f"{number} non-gating {claims} {were} not reproduced"


def _row(one: Claim, plan: ClaimPlan | None, confidence: float) -> tuple[str, ...]:
    relation = RELATIONS.get(plan.relation, "") if plan else ""
    within = _within(plan) if plan else ""
    return (
        one.text,
        plan.relation
        if plan and plan.relation not in RELATIONS
        else f"{relation}{in_unit(one.claimed, one.unit)}{within}",
        _measured(one, confidence),
        mark(one),
        "yes" if one.gates else "no",
        one.source,
    )


def mark(one: Claim) -> str:
    """Name a verdict, and how many times what was claimed was measured where that is another statement."""
    times = "" if one.times is None else f", {count(rounded(one.times))} times"
    return f"{CLAIM[one.verdict].word}{times}"


def exceeded(analysis: Analysis) -> str:
    """Name the claims that were exceeded, for a terminal; nothing where none was."""
    return ", ".join(
        f"{one.id}: exceeded, {count(rounded(one.times))} times what was claimed"
        for one in analysis.claims
        if one.times
    )


def _within(plan: ClaimPlan) -> str:
    if plan.relation == "about":
        return f" ± {formatting.share(plan.tolerance)}" if plan.tolerance else ""
    return f", {in_unit(plan.absolute_tolerance, plan.unit)} allowed" if plan.absolute_tolerance else ""


def _measured(one: Claim, confidence: float) -> str:
    value = in_unit(one.measured, one.unit)
    if one.low is None or one.high is None:
        return value
    ends = " to ".join(in_unit(end, one.unit) for end in (one.low, one.high))
    return f"{value} ({ends}, {formatting.share(confidence)})"


def in_unit(value: float | None, unit: str) -> str:
    """Print a value in the unit of its claim or control; a word where it was not measured."""
    if value is None:
        return formatting.NOT_MEASURED
    if unit == "s":
        return moment(value)
    if unit.startswith("of "):
        return f"{formatting.share(value)} {unit}"
    if unit in {"bytes", "bytes/hour"}:
        return f"{memory_bytes(value)}{unit.removeprefix('bytes')}"
    if unit.startswith("bytes"):
        return f"{churn_bytes(value)}{unit.removeprefix('bytes')}"
    return f"{figures(value)} {unit.removesuffix('s') if value == 1 else unit}".rstrip()


def controls(analysis: Analysis) -> Section | None:
    """Show the processes of known truth; None where none was judged."""
    if not analysis.controls:
        return None
    blocks: list[Block] = [
        Text(
            words="Processes of known behaviour, measured next to the subjects by the same means. If one is measured "
            "wrong, the whole report is invalid, whatever its numbers say."
        ),
        Table(
            columns=("control", "what is measured of it", "must be", "measured", "verdict"),
            rows=tuple(_control_row(one) for one in analysis.controls),
            severities=tuple(CONTROL[one.ok].severity for one in analysis.controls),
        ),
    ]
    return Section(title="Controls", blocks=tuple(blocks))


def _control_row(one: Control) -> tuple[str, ...]:
    values = (in_unit(value, one.unit) for value in (one.expected, one.measured))
    return (one.name, one.what, *values, CONTROL[one.ok].word)
