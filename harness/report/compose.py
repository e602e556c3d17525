"""Analysis to Document: every number and every word of a report is decided here and in ``sections``."""

from harness.analysis.facts import Facts
from harness.model import Analysis, Comparison, Finding
from harness.report import events, sections
from harness.report.document import Bar, Bars, Block, Document, Line, Lines, Section, Text, Tile, Tone
from harness.report.sections import NOT_MEASURED
from harness.units import churn_bytes, duration, figures

MIB = 1024 * 1024
GB = 1e9
_TONES: dict[str, Tone] = {"pass": "good", "fail": "bad", "invalid": "bad", "inconclusive": "unsure"}
_MOST_POINTS = 600
GROWTH = Tile(
    name="growth of memory", value=NOT_MEASURED, unit="", detail="churn says nothing about growth", role="unknown"
)


def compose(analysis: Analysis, facts: Facts, flamegraphs: tuple[tuple[str, str], ...] = ()) -> Document:
    """Build the report of one run. ``flamegraphs`` are pages beside it: (what it is, file name)."""
    return Document(
        title=f"netchurn · {analysis.scenario}",
        verdict=analysis.verdict + (" (interrupted)" if analysis.status == "interrupted" else ""),
        tone=_TONES[analysis.verdict],
        sentence=sentence(analysis),
        setting=setting(analysis, facts),
        tiles=tiles(analysis),
        first_screen=_first_screen(analysis, facts),
        sections=_sections(analysis, facts, flamegraphs),
        footer=f"netchurn {analysis.environment.netchurn} · run {analysis.run_id}",
    )


def main_pair(analysis: Analysis) -> tuple[Finding, Finding] | None:
    """Give the "before" and the "after" that the report is about; None where the run had not both."""
    before = next((one for one in analysis.subjects if one.role == "before"), None)
    after = next((one for one in analysis.subjects if one.role == "after"), None)
    return (before, after) if before and after else None


def sentence(analysis: Analysis) -> str:
    """Say in one sentence, fit to quote, what the run found."""
    pair = main_pair(analysis)
    if any(one.detection for one in analysis.subjects):
        return events.sentence(analysis)
    if pair is None:
        return analysis.plan.question
    unknown = [one.name for one in pair if _a_day(one) is None]
    if unknown:
        return f"Churn was not measured for {' and '.join(unknown)}."
    links = f" among {analysis.world.links} links" if analysis.world else ""
    before, after = pair
    return f"Watching one interface{links}, {before.name} allocates {_said(before)}; {after.name} {_said_after(after)}."


def _said(finding: Finding) -> str:
    return f"{churn_bytes(_a_day(finding) or 0)} a day"


def _said_after(finding: Finding) -> str:
    silent = finding.churn is not None and finding.churn.idle_bytes_per_day == 0
    if not silent:
        return f"allocates {_said(finding)}"
    return "allocates nothing between events" + (f", {_said(finding)} with them" if _a_day(finding) else "")


def setting(analysis: Analysis, facts: Facts) -> str:
    """Say what was compared, and on what."""
    plan, machine, world = analysis.plan, analysis.environment, analysis.world
    parts = [" vs ".join(one.name for one in analysis.subjects)]
    if world:
        parts.append(f"{world.links} links ({world.pairs} veth pairs), {world.ifname} is {world.kind}")
    polling = f"polls every {duration(plan.interval_s)}" if plan.interval_s else "polls back to back"
    lasted = "" if facts.lasted_s is None else f"side by side for {duration(round(facts.lasted_s))}, "
    parts.append(lasted + polling)
    parts.append(f"Linux {machine.kernel} on {machine.cpus} CPUs, Python {machine.python}")
    return " · ".join(parts)


def _a_day(finding: Finding) -> float | None:
    return finding.churn.bytes_per_day if finding.churn else None


def tiles(analysis: Analysis) -> tuple[Tile, ...]:
    """Choose the numbers of the first screen: before, after, and what disappeared."""
    pair = main_pair(analysis)
    if any(one.detection for one in analysis.subjects):
        return events.tiles(analysis)
    if pair is None:
        return tuple(_tile(one) for one in analysis.subjects[:3])
    found = [one for one in analysis.comparisons if (one.before, one.after) == (pair[0].name, pair[1].name)]
    return (*(_tile(one) for one in pair), *(_removed(one) for one in found), GROWTH)


def _tile(finding: Finding) -> Tile:
    cost = _a_day(finding)
    value, unit = churn_bytes(cost).split(" ") if cost is not None else (NOT_MEASURED, "")
    accounting = finding.churn.accounting if finding.churn else "no accounting"
    return Tile(
        name=finding.name,
        value=value,
        unit=f"{unit}/day" if unit else "",
        detail=f"allocated, {accounting}",
        role=finding.role,
    )


def _removed(comparison: Comparison) -> Tile:
    removed = comparison.churn_removed_bytes_per_day
    ratio = comparison.churn_after_over_before
    value, unit = churn_bytes(removed).split(" ") if removed is not None else (NOT_MEASURED, "")
    share = "" if ratio is None else f"{figures(100 * ratio)} % of it remains"
    return Tile(name="disappeared", value=value, unit=f"{unit}/day" if unit else "", detail=share, role="removed")


def _first_screen(analysis: Analysis, facts: Facts) -> tuple[Block, ...]:
    blocks = (churn_figure(analysis), rss_figure(analysis, facts))
    return tuple(block for block in blocks if block is not None)


def churn_figure(analysis: Analysis) -> Bars | None:
    """Draw the churn of each subject a day on one axis from 0; None where none was measured."""
    measured = [(one, cost) for one in analysis.subjects if (cost := _a_day(one)) is not None]
    if not measured:
        return None
    top = max(cost for _, cost in measured)
    scale, unit = next(
        ((size, name) for size, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")) if top >= size), (1.0, "B")
    )
    reference = analysis.plan.reference_bytes_per_day
    return Bars(
        name="churn",
        title="Allocated per day",
        unit=f"{unit}/day",
        bars=tuple(
            Bar(label=one.name, value=cost / scale, words=f"{churn_bytes(cost)}/day", role=one.role)
            for one, cost in measured
        ),
        mark=(reference / scale, f"the pull request said {churn_bytes(reference)}/day"),
        alt="; ".join(f"{one.name}: {churn_bytes(cost)} per day" for one, cost in measured),
    )


def rss_figure(analysis: Analysis, facts: Facts) -> Lines | None:
    """Draw the resident memory of all subjects over the clean arm; None where nothing was sampled."""
    drawn = [one for one in analysis.subjects if facts.series.get(one.name)]
    if not drawn:
        return None
    scale, x_label = _time_axis(analysis.plan.duration_s)
    began = min(facts.series[one.name][0].at_ns for one in drawn)
    lines = []
    for one in drawn:
        series = facts.series[one.name]
        thinned = series[:: max(1, len(series) // _MOST_POINTS)]
        points = tuple(((sample.at_ns - began) / 1e9 / scale, sample.rss_bytes / MIB) for sample in thinned)
        lines.append(Line(label=one.name, role=one.role, points=points))
    ends = "; ".join(f"{line.label}: {figures(line.points[-1][1])} MiB at the end" for line in lines)
    return Lines(
        name="rss",
        title="Resident memory while watching",
        x_label=x_label,
        y_label="RSS, MiB",
        lines=tuple(lines),
        alt=ends,
    )


def _time_axis(seconds: float) -> tuple[float, str]:
    """Choose the unit that gives an axis numbers below some hundred."""
    axes = ((86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes"))
    return next(((size, name) for size, name in axes if seconds >= 3 * size), (1.0, "seconds"))


def _sections(analysis: Analysis, facts: Facts, flamegraphs: tuple[tuple[str, str], ...]) -> tuple[Section, ...]:
    found = (
        sections.warnings(analysis),
        sections.claims(analysis),
        events.matrix(analysis),
        events.latency(analysis),
        events.storms(analysis),
        sections.churn(analysis),
        sections.comparisons(analysis),
        sections.links(analysis),
        sections.memory(analysis),
        sections.cpu(analysis, facts),
        sections.flamegraphs(flamegraphs),
        sections.environment(analysis),
        sections.repeat(facts),
        Section(title="Words", blocks=(Text(words=sections.GLOSSARY),), folded=True),
    )
    return tuple(one for one in found if one is not None)
