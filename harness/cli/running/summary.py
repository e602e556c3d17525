"""The final tables of a run, for a terminal: 80 columns hold them."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from harness.cli.running.terminal import STYLES, named
from harness.model import Analysis
from harness.report import document
from harness.report.sections import claims, doses, formatting, pairs
from harness.report.sections.first_screen import programs
from harness.report.sections.memory import growth, keepers, resources
from harness.sanitize import printable
from harness.units import churn_bytes, memory_bytes, moment
from harness.wording import RUN


def summary(analysis: Analysis) -> Group:
    """Build the final tables: 80 columns hold them. What the scenario did not ask is left out."""
    blind = not any(one.detection for one in analysis.subjects)
    parts: list[Table | Text] = []
    rows = doses.table(analysis) or programs.table(analysis)
    if (rows is None and blind) or any(one.churn for one in formatting.main(analysis)):
        parts.append(_cost(analysis))
    if not blind:
        parts.append(_seen(analysis))
    last = Text.assemble((analysis.verdict, STYLES[RUN[analysis.verdict].severity]), _controls(analysis))
    first = doses.sentence(analysis) or pairs.sentence(analysis) or programs.sentence(analysis)
    head = [Text(first, style="bold")] if first else []
    grown = _growth(analysis) if rows is None else [_programs(rows)]
    kept = [printable(f"{words}.") for one in formatting.main(analysis) if (words := keepers.sentence(one))]
    asides = (*kept, *_deaths(analysis), claims.exceeded(analysis), claims.beside(analysis))
    return Group(*head, *parts, *grown, *(Text(aside, style="yellow") for aside in asides if aside), last)


def _deaths(analysis: Analysis) -> list[str]:
    """Return who crashed or hung, and whether the numbers of the others can be used all the same."""
    said = [printable(f"{one.name} {one.death}") for one in analysis.subjects if one.death]
    if programs.others_stand(analysis):
        said.append("The numbers of the others stand.")
    return said


def _controls(analysis: Analysis) -> str:
    """Return whether the processes of known truth were measured right; nothing where there were none."""
    if not analysis.controls:
        return ""
    wrong = [one.name for one in analysis.controls if not one.ok]
    return f"  controls failed: {', '.join(dict.fromkeys(wrong))}" if wrong else "  controls OK"


def _cost(analysis: Analysis) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("subject", "churn/day", "per poll", "per event", "RSS first → last"):
        table.add_column(column, justify="left" if column == "subject" else "right", header_style="dim")
    for one in formatting.main(analysis):
        rates = (one.churn.bytes_per_poll, one.churn.bytes_per_event) if one.churn else (None,) * 2
        day = formatting.a_day(one.churn) if one.churn and one.churn.bytes_per_day is not None else "–"
        first, last = one.memory.rss_first_bytes, one.memory.rss_last_bytes
        memory = f"{memory_bytes(first)} → {memory_bytes(last)}" if first is not None and last is not None else "–"
        table.add_row(named(one.name), day, *("–" if rate is None else churn_bytes(rate) for rate in rates), memory)
    return table


def _growth(analysis: Analysis) -> list[Table | Text]:
    """Report of each subject whether its memory grows; nothing where there was no sampling phase."""
    if not analysis.plan.duration_s:
        return []
    if later := growth.unjudged(formatting.main(analysis)):
        return [Text(f"growth of memory: not judged; {later}", style="dim")]
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("subject", "growth of memory"):
        table.add_column(column, header_style="dim", no_wrap=column == "subject")
    for one in formatting.main(analysis):
        found = growth.judged(one)
        said = formatting.NOT_MEASURED if found is None else growth.said(found)
        table.add_row(named(one.name), Text(said))
        if one.cause:
            table.add_row("", Text(resources.CAUSES[one.cause]))
        for leak in resources.leaks(one):
            table.add_row("", Text(f"leaks {leak}", style="yellow"))
    later = growth.needed(formatting.main(analysis))
    return [table, *([Text(later, style="dim")] if later else [])]


def _programs(rows: document.Table) -> Table:
    """Show one row a program, the worst first."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in rows.columns:
        table.add_column(column, header_style="dim", no_wrap=True)
    for name, *cells in rows.rows:
        table.add_row(named(name), *map(Text, cells))
    return table


def _seen(analysis: Analysis) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("subject", "seen", "missed", "false", "not tested", "p50", "p99"):
        table.add_column(column, justify="left" if column == "subject" else "right", header_style="dim")
    for one in analysis.subjects:
        if one.detection:
            found = one.detection
            counts = (
                f"{found.detected} of {found.expected}",
                str(found.missed),
                str(found.false_positives),
                str(found.not_asked),
            )
            table.add_row(named(one.name), *counts, moment(found.latency_p50_s), moment(found.latency_p99_s))
    return table
