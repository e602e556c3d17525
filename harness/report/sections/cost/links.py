"""What a poll costs against the number of links: a straight line through what was measured, printed with its fit."""

from harness.model import Analysis, Finding, Fit, Reference
from harness.report.document import Annotation, Block, Line, Lines, Section, Table, Text
from harness.report.sections import formatting
from harness.report.sections.formatting import NOT_MEASURED
from harness.units import churn_bytes, figures, polls_a_day

GB = 1e9
Costly = list[Finding]


def links(analysis: Analysis) -> Section | None:
    """Show what a poll costs at each number of links; None where no poller was profiled at two or more."""
    pollers = [one for one in formatting.main(analysis) if one.cost_by_links]
    if not any(len(one.cost_by_links) > 1 for one in pollers):
        return None
    said = analysis.plan.reference_bytes_per_day
    reading = (
        "Bytes a poll at each number of links, and a straight line through them by least squares: what a poll costs by "
        "itself and for each link, the share of the variance that the line explains, and where it fits worst. "
        f"{_read(said)}What does not follow: the cost at more links than were measured."
    )
    modes = formatting.modes(pollers)
    blocks = [block for mode, by in modes.items() for block in _of_mode(mode, by, analysis, alone=len(modes) == 1)]
    return Section(title="Cost against number of links", blocks=(Text(words=reading), *blocks))


def _read(said: float | None) -> str:
    """Return how the number of links is found at which a poll costs what was said; nothing where nothing was."""
    if said is None:
        return ""
    return (
        f"Where polling costs the {churn_bytes(said)}/day of the pull request is read between the two nearest numbers "
        "of links, and not from that line, which the most links rule. "
    )


def _of_mode(mode: str, pollers: Costly, analysis: Analysis, *, alone: bool) -> list[Block]:
    """Show the pollers that are counted alike, and no others: two modes share neither table nor axis."""
    name = formatting.mode_name(mode, pollers)
    said = analysis.plan.reference_bytes_per_day
    steps = sorted({cost.links for one in pollers for cost in one.cost_by_links})
    costs = Table(
        caption=f"bytes a poll; {name}",
        columns=(
            "subject",
            *(f"{links} links" for links in steps),
            *([] if said is None else [f"{churn_bytes(said)}/day at"]),
        ),
        rows=tuple(
            (one.name, *_costs(one, steps), *([] if said is None else [_where(one.reference)])) for one in pollers
        ),
    )
    lines = [(one.name, one.line) for one in pollers if one.line]
    polls = polls_a_day(analysis.plan.interval_s)
    figure = [_figure(name, pollers, polls, analysis, alone=alone)] if polls and len(steps) > 1 else []
    return [costs, *([_fits(lines)] if lines else []), *figure]


def _costs(one: Finding, steps: list[int]) -> tuple[str, ...]:
    known = {cost.links: cost.bytes_per_poll for cost in one.cost_by_links}
    return tuple(formatting.churn(known.get(links)) for links in steps)


def _fits(lines: list[tuple[str, Fit]]) -> Table:
    return Table(
        caption="the straight line",
        columns=("subject", "a poll allocates", "for each link", "R²", "fits worst"),
        rows=tuple((name, equation(line), _slope(line), _r2(line), _worst(line)) for name, line in lines),
    )


def equation(line: Fit) -> str:
    """Print a line as an equation: ``-22.6 kB + 13 kB × links``."""
    sign = "-" if line.slope < 0 else "+"
    return f"{churn_bytes(line.intercept)} {sign} {churn_bytes(abs(line.slope))} × links"


def _slope(line: Fit) -> str:
    return f"{churn_bytes(line.low)} to {churn_bytes(line.high)}, {formatting.share(line.confidence)}"


def _r2(line: Fit) -> str:
    """Print R² by its nines: rounding it up to 1 would claim a perfect line."""
    if line.r2 is None:
        return "none: the cost is the same"
    return f"{int(line.r2 * 1e5) / 1e5:.5f}"


def _worst(line: Fit) -> str:
    return f"{formatting.share(line.miss)} off at {line.miss_links} links"


def _where(reference: Reference | None) -> str:
    if reference is None or reference.answer == "not_measured":
        return NOT_MEASURED
    if reference.answer == "more_expensive":
        return "exceeds this at every link count"
    if reference.answer == "independent":
        return "none: the cost does not depend on links"
    return f"about {figures(reference.links or 0)} links"


def _figure(name: str, pollers: Costly, polls: float, analysis: Analysis, *, alone: bool) -> Lines:
    said = analysis.plan.reference_bytes_per_day
    numbers = formatting.numbers(analysis)
    lines = tuple(
        Line(
            label=one.name,
            role=one.role,
            number=numbers[one.name],
            points=tuple((cost.links, cost.bytes_per_poll * polls / GB) for cost in one.cost_by_links),
        )
        for one in pollers
    )
    ends = (
        f"{line.label}: {figures(line.points[-1][1])} GB per day at {line.points[-1][0]:.0f} links" for line in lines
    )
    return Lines(
        name="links" if alone else f"links-{pollers[0].language}",
        title="Churn against number of links" + ("" if alone else f": {formatting.LANGUAGES[pollers[0].language]}"),
        x_label="links in the namespace",
        y_label="GB/day",
        lines=lines,
        scale="log-log",
        mark=None if said is None else (said / GB, f"the pull request said {churn_bytes(said)}/day"),
        annotations=_said(analysis, pollers, polls),
        alt=f"{name}. {'; '.join(ends)}",
    )


def _said(analysis: Analysis, pollers: Costly, polls: float) -> tuple[Annotation, ...]:
    """Mark what was claimed of one of these pollers at a number of links, once for each place."""
    names = {one.name for one in pollers}
    found: dict[int, Annotation] = {}
    for claim in analysis.plan.claims:
        if claim.links is None or claim.subject not in names or claim.relation != "about":
            continue
        factor = {"bytes_per_poll": polls, "bytes_per_day": 1.0}.get(claim.quantity)
        if factor is not None:
            a_day = claim.claimed * factor
            where = f"claimed: {churn_bytes(a_day)}/day at {claim.links}"
            found.setdefault(claim.links, Annotation(x=claim.links, y=a_day / GB, words=where))
    return tuple(found.values())
