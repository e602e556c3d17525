"""A history as a document: every number and word of ``netchurn history`` is decided here. Pure."""

from collections.abc import Iterator
from itertools import groupby

from harness.evidence.history import FEWEST, Change, Group, History, Quantity
from harness.report.document import Annotation, Block, Document, Line, Lines, Notes, Section, Table, clean
from harness.units import churn_bytes, count, duration, figures, memory_bytes

_COLUMNS = ("subject", "quantity", "results", "first", "newest", "least to most", "changed at")
_SCALES = {"churn": (1000.0, "kB"), "growth": (2.0**20, "MiB"), "memory": (2.0**20, "MiB"), "cpu": (1.0, "s")}
_MOST_LINES = 8


def compose(found: History) -> Document:
    """Build the page: what changed, a table and pictures of each machine, what was left out."""
    changed = [(one, change) for group in found.groups for one in group.series for change in one.changes]
    number = sum(len(group.runs) for group in found.groups)
    scenarios = sorted({group.scenario for group in found.groups})
    left_out = Section(title="Left out", blocks=(Notes(items=found.left_out),), folded=True)
    return clean(
        Document(
            title=f"netchurn · {', '.join(scenarios)}, over {count(number)} results",
            verdict=_verdict(len(changed), found),
            severity="unsure" if changed else "plain",
            sentence=_sentence(changed),
            setting=f"Kinds of results, by machine and setting: {count(len(found.groups))}.",
            key_figures=(),
            first_screen=(),
            sections=(*(_section(group) for group in found.groups), *([left_out] if found.left_out else [])),
            footer=found.schema,
        )
    )


def _verdict(changes: int, found: History) -> str:
    if changes:
        return "1 change" if changes == 1 else f"{count(changes)} changes"
    if all(len(group.runs) < FEWEST for group in found.groups):
        return f"too few results to judge, {FEWEST} are needed"
    return "no change"


def _sentence(changed: list[tuple[Quantity, Change]]) -> str:
    if not changed:
        return "No quantity changed its level, as far as these results can tell."
    one, change = max(changed, key=lambda pair: abs(_relative(pair[1]) or 0.0))
    return f"The largest: {one.subject}, {one.measure}, {one.quantity}: {_became(one, change)}."


def _relative(change: Change) -> float | None:
    return (change.after - change.before) / abs(change.before) if change.before else None


def _became(one: Quantity, change: Change) -> str:
    relative = _relative(change)
    by = "" if relative is None else f" ({100 * relative:+.2f} %)"
    return f"{_amount(one, change.before)} became {_amount(one, change.after)}{by} at {change.commit}"


def _amount(one: Quantity, value: float) -> str:
    if one.measure == "cpu":
        return f"{figures(value)} {one.unit}"
    printed = churn_bytes(value) if one.measure == "churn" else memory_bytes(value)
    return printed + one.unit.removeprefix("bytes")


def _section(group: Group) -> Section:
    table = Table(columns=_COLUMNS, rows=tuple(_row(one) for one in group.series))
    blocks: list[Block] = [table, *_pictures(group)]
    told = [
        f"{one.subject}, {one.quantity}: {_became(one, change)}, from {change.before_commit}; p = {change.p:.1g}"
        + (f"; not the same: {'; '.join(change.notes)}" if change.notes else "")
        for one in group.series
        for change in one.changes
    ]
    if told:
        blocks.insert(1, Notes(items=tuple(told)))
    links = f"{count(group.links)} links, " if group.links is not None else ""
    title = (
        f"{group.scenario}, {links}{duration(group.duration_s)}: on {group.machine}, results: {count(len(group.runs))}"
    )
    return Section(title=title, blocks=tuple(blocks))


def _row(one: Quantity) -> tuple[str, ...]:
    values = [point.value for point in one.points]
    return (
        one.subject,
        f"{one.measure}, {one.quantity}",
        count(len(values)),
        _amount(one, values[0]),
        _amount(one, values[-1]),
        f"{_amount(one, min(values))} to {_amount(one, max(values))}",
        ", ".join(change.commit for change in one.changes) or "–",
    )


def _pictures(group: Group) -> Iterator[Lines]:
    """Draw each quantity of all subjects together, over the number of the result."""

    def of(one: Quantity) -> tuple[str, str]:
        return one.measure, one.quantity

    for number, ((measure, quantity), some) in enumerate(groupby(sorted(group.series, key=of), key=of)):
        yield _picture(f"history-{number}-{measure}", f"{measure}, {quantity}", list(some)[:_MOST_LINES], group)


def _picture(name: str, title: str, shown: list[Quantity], group: Group) -> Lines:
    scale, unit = _SCALES[shown[0].measure]
    places = {run: number for number, run in enumerate(group.runs, 1)}
    marks = tuple(
        Annotation(x=places[change.run_id], y=change.after / scale, words=change.commit)
        for one in shown
        for change in one.changes
    )
    lines = tuple(
        Line(
            label=one.subject,
            role="alternative",
            number=number,
            points=tuple((places[point.run_id], point.value / scale) for point in one.points),
        )
        for number, one in enumerate(shown)
    )
    per = shown[0].unit.removeprefix("bytes").removeprefix("s")
    return Lines(
        name=name,
        title=title,
        x_label="result, by the time when it was measured",
        y_label=f"{unit}{per}",
        lines=lines,
        alt=f"{title} of {', '.join(one.subject for one in shown)} over {len(group.runs)} results",
        annotations=marks,
        drawn="Named: the commit from which on a level is another." if marks else "",
    )
