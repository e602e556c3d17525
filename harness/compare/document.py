"""Results side by side, as a document: every number and word of ``netchurn compare`` is decided here."""

from pathlib import Path

from harness.compare.comparability import Refusal, Side
from harness.compare.rows import Compared, Row, RunComparison
from harness.derive import derive
from harness.report.document import Document, Notes, Section, Table, clean
from harness.report.formats import rendered
from harness.sanitize import json_document
from harness.units import churn_bytes, figures, memory_bytes
from harness.wording import COMPARED

NOTHING = "–"
_COLUMNS = ("subject", "quantity", "base", "other", "change", "verdict", "how judged")


def read(folder: Path) -> Side:
    """Read a result folder, all its trials included; ResultFault if it is none."""
    facts, analysis = derive(folder)
    return Side(analysis=analysis, trials=facts.trials)


def text(compared: Compared, sides: tuple[Side, ...], kind: str) -> str:
    """Write a comparison in one of the formats."""
    if kind == "json":
        return json_document(compared) + "\n"
    return rendered(compose(compared, sides), f".{kind}").decode()


def compose(compared: Compared, sides: tuple[Side, ...]) -> Document:
    """Build the document; ``sides`` are the base and the others, in their order."""
    document = Document(
        title=f"netchurn · {compared.scenario}, compared",
        verdict=compared.verdict,
        severity="good" if compared.verdict == COMPARED["same"] and not _open(compared) else "unsure",
        sentence=_sentence(compared),
        setting=f"base: {compared.base}" + _allowed(compared),
        key_figures=(),
        first_screen=(),
        sections=tuple(section for one in compared.others for section in _sections(one)),
        footer=f"netchurn {sides[0].analysis.environment.netchurn} · {len(sides)} results",
    )
    return clean(document)


def _open(compared: Compared) -> bool:
    return any(row.verdict == "undecided" for one in compared.others for row in one.rows)


def _allowed(compared: Compared) -> str:
    return f" · allowed to differ: {', '.join(compared.allowed)}" if compared.allowed else ""


def _sentence(compared: Compared) -> str:
    changed = [row for one in compared.others for row in one.rows if row.verdict == "different"]
    if not changed:
        judged = [row for one in compared.others for row in one.rows if row.verdict != "shown"]
        same = sum(row.verdict == "same" for row in judged)
        return f"Of {len(judged)} numbers {same} are the same within their noise, and {len(judged) - same} undecided."
    first = changed[0]
    more = f", and {len(changed) - 1} more" if len(changed) > 1 else ""
    return f"{first.subject}, {first.quantity}: {amount(first.base, first)} became {amount(first.other, first)}{more}."


def _sections(one: RunComparison) -> tuple[Section, ...]:
    rows = tuple(_cells(row) for row in one.rows)
    table = Section(title=f"Against {one.run_id}", blocks=(Table(columns=_COLUMNS, rows=rows),))
    if not one.notes:
        return (table,)
    return table, Section(title="What else is not the same", blocks=(Notes(items=one.notes),))


def _cells(row: Row) -> tuple[str, ...]:
    change = NOTHING if row.change is None else f"{100 * row.change:+.2f} %"
    ends = row.base_interval, row.other_interval
    values = (
        f"{amount(value, row)}{_interval(end, row)}" for value, end in zip((row.base, row.other), ends, strict=True)
    )
    return (row.subject, f"{row.measure}, {row.quantity}", *values, change, COMPARED[row.verdict], row.why)


def amount(value: float | None, row: Row) -> str:
    """Print a value in the unit of its row."""
    if value is None:
        return NOTHING
    if row.measure == "cpu":
        return f"{figures(value)} {row.unit}"
    printed = churn_bytes(value) if row.measure == "churn" else memory_bytes(value)
    return printed + row.unit.removeprefix("bytes")  # what is left is the day, the hour or the poll


def _interval(ends: tuple[float, float] | None, row: Row) -> str:
    return "" if ends is None else f" ({amount(ends[0], row)} to {amount(ends[1], row)})"


def refused(found: tuple[Refusal, ...]) -> str:
    """Return in one line why two results may not be compared: each field, and both its values."""
    return "; ".join(
        f"{one.field}{f' of {one.where}' if one.where else ''} is {_said(one.base)} and {_said(one.other)}"
        for one in found
    )


def _said(value: object) -> str:
    if value is None:
        return "not known"
    return f"{value:g}" if isinstance(value, float) else str(value)
