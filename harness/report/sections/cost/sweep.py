"""A sweep over numbers of links: what a poll and an event take at each, and where one costs as much as another."""

from collections.abc import Callable, Iterable

from harness.analysis.cost.sweep import cpu_s
from harness.model import Analysis, Crossover, Finding, Reference, UnitCost
from harness.report.document import Block, KeyFigure, Line, Lines, Section, Table, Text
from harness.report.sections import formatting
from harness.report.sections.formatting import NOT_MEASURED, NOTHING
from harness.units import churn_bytes, count, duration, figures, moment


def sweep(analysis: Analysis) -> Section | None:
    """Show time, processor and crossing points; None outside a sweep."""
    found = [one for one in formatting.main(analysis) if one.sweep]
    if not found:
        return None
    blocks: list[Block] = [
        Text(
            words="Time is by the clock, polls back to back, in processes that nothing profiles; processor time is "
            "the program's and the kernel's for it, by the scheduler's own count; the share in the kernel is read in "
            "ticks of 10 ms, over about a second of polls or some tenths of one of events. What the kernel spends on "
            "making a notification is charged to whoever changed the link, not to those who receive it. Times are of "
            "this machine; bytes are not."
        ),
        *_table("time of a poll, by the clock", found, "poll", lambda one: one.seconds, _time),
        *_table("processor time of a poll, program and kernel", found, "poll", cpu_s, _time),
        *_table("of it in the kernel", found, "poll", lambda one: one.system_s, _time),
        *_table("processor time of a link event that concerns another link", found, "event", cpu_s, _time),
        *_table("of it in the kernel", found, "event", lambda one: one.system_s, _time),
        *_table("bytes allocated for such an event", found, "event", lambda one: one.bytes, churn_bytes),
        *_table("allocations of a poll", found, "poll", lambda one: one.allocations, count),
        *_table("allocations of such an event", found, "event", lambda one: one.allocations, count),
        *_crossings(found),
        *_crossovers(analysis),
        *_figure(found, formatting.numbers(analysis)),
    ]
    return Section(title="Time and crossing points against number of links", blocks=tuple(blocks))


def _table(
    caption: str,
    found: list[Finding],
    unit: str,
    value: Callable[[UnitCost], float | None],
    say: Callable[[float], str],
) -> list[Table]:
    """Draw one quantity of one unit of work over links; no table where nobody was measured so."""
    chosen = [one for one in found if one.sweep[0].unit == unit]
    links = sorted({cost.links for one in chosen for cost in one.sweep})
    if not chosen:
        return []
    rows = []
    for one in chosen:
        known = {cost.links: value(cost) for cost in one.sweep}
        cells = (known.get(at) for at in links)
        rows.append((one.name, *(NOT_MEASURED if cell is None else say(cell) for cell in cells)))
    return [Table(caption=caption, columns=("subject", *(f"{count(at)} links" for at in links)), rows=tuple(rows))]


def _time(seconds: float) -> str:
    return moment(seconds) if seconds else "below a tick"


def _crossings(found: list[Finding]) -> list[Table]:
    chosen = [one for one in found if one.break_even]
    if not chosen:
        return []
    return [
        Table(
            caption="links at which polling costs so much a day, between the two nearest numbers that were measured",
            columns=("subject", *(f"{churn_bytes(one.bytes_per_day)}/day" for one in chosen[0].break_even)),
            rows=tuple(
                (one.name, *(_where(at, one.cost_by_links[-1].links) for at in one.break_even)) for one in chosen
            ),
        )
    ]


def _where(at: Reference, most: int) -> str:
    if at.answer == "more_expensive":
        return "exceeds this at every link count"
    if at.answer == "independent":
        return "at none"
    if at.links is None:
        return NOT_MEASURED
    return f"beyond {count(most)}" if at.links > most else f"{figures(at.links)} links"


def _crossovers(analysis: Analysis) -> list[Block]:
    """Draw the event rates at which a subscription costs what a poll does over links."""
    found = analysis.crossovers
    if not found:
        return []
    links = sorted({one.links for one in found})
    pairs = dict.fromkeys((one.before, one.after) for one in found)
    columns = ("poll, subscription", *(f"{count(at)} links" for at in links))
    reading = (
        "At more unrelated link events a second than stand here the subscription costs more than one poll every "
        f"{duration(analysis.plan.interval_s)}. A dash: an event costs the subscription nothing that was seen."
    )
    return [
        Text(words=reading),
        _rates("events a second, by bytes allocated", columns, pairs, found, lambda one: one.by_bytes),
        _rates("events a second, by processor time", columns, pairs, found, lambda one: one.by_cpu),
    ]


def _rates(
    caption: str,
    columns: tuple[str, ...],
    pairs: Iterable[tuple[str, str]],
    found: tuple[Crossover, ...],
    value: Callable[[Crossover], float | None],
) -> Table:
    known = {(one.before, one.after, f"{count(one.links)} links"): value(one) for one in found}
    rows = []
    for before, after in pairs:
        cells = (known.get((before, after, column)) for column in columns[1:])
        rows.append((f"{before}, {after}", *(NOTHING if cell is None else figures(cell) for cell in cells)))
    return Table(caption=caption, columns=columns, rows=tuple(rows))


def _figure(found: list[Finding], numbers: dict[str, int]) -> list[Lines]:
    lines = tuple(
        Line(
            label=one.name,
            role=one.role,
            number=numbers[one.name],
            points=tuple((cost.links, cost.seconds * 1e3) for cost in one.sweep if cost.seconds),
        )
        for one in found
        if one.sweep[0].unit == "poll"
    )
    lines = tuple(line for line in lines if len(line.points) > 1)
    if not lines:
        return []
    ends = "; ".join(
        f"{one.label}: {figures(one.points[-1][1])} ms at {count(one.points[-1][0])} links" for one in lines
    )
    return [
        Lines(
            name="time-by-links",
            title="Time of a poll against number of links",
            x_label="links in the namespace",
            y_label="ms a poll",
            lines=lines,
            scale="log-log",
            alt=ends,
        )
    ]


def sentence(analysis: Analysis) -> str:
    """Return how the first "before" rises, and what its "after" costs; the question where neither was measured."""
    before = next((one for one in analysis.subjects if one.role == "before" and one.cost_by_links), None)
    after = next(
        (one for one in analysis.subjects if before and one.role == "after" and one.language == before.language), None
    )
    if before is None:
        return analysis.plan.question
    few, many = before.cost_by_links[0], before.cost_by_links[-1]
    rises = (
        f"A poll of {before.name} allocates {churn_bytes(few.bytes_per_poll)} at {few.links} links and "
        f"{churn_bytes(many.bytes_per_poll)} at {count(many.links)}"
    )
    event = after.sweep[-1].bytes if after and after.sweep else None
    if after is None or event is None:
        return f"{rises}."
    return f"{rises}; {after.name} allocates {churn_bytes(event)} an event at any number of them."


def key_figures(analysis: Analysis) -> tuple[KeyFigure, ...]:
    """Show where each dump under trial costs the first of the round amounts a day."""
    return tuple(
        KeyFigure(
            name=one.name,
            value=_where(one.break_even[0], one.cost_by_links[-1].links),
            unit="",
            detail=f"cost {churn_bytes(one.break_even[0].bytes_per_day)}/day",
            role=one.role,
        )
        for one in analysis.subjects
        if one.role == "before" and one.break_even and one.cost_by_links
    )
