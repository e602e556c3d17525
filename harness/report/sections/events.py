"""The sections on what watchers see: the matrix, latency, and storms."""

from harness.model import Analysis, Cell, Comparison, Detection, Finding, StormResult
from harness.report.document import Block, KeyFigure, Line, Lines, Section, Table, Text
from harness.report.sections import formatting
from harness.units import count, figures, moment
from harness.wording import SEEN

MILLISECOND = 1e-3
_STORM_COLUMNS = ("storm", "subject", "received", "dropped", "reported", "false restart", "agrees", "wake-ups", "CPU")
_MOST_POINTS = 400
_FEWEST_TIMES = 20  # a distribution of fewer is no picture


def sentence(findings: tuple[Finding, ...]) -> str:
    """Return in one sentence, fit to quote, who missed and who imagined what, the worst first."""
    found = [(one, one.detection) for one in findings if one.detection]
    chosen = [pair for pair in found if pair[0].role != "control"] or found  # a yardstick is named when it is alone
    chosen.sort(key=lambda pair: -(pair[1].missed + pair[1].false_positives + pair[1].not_asked))
    said = [f"{formatting.shortened(one.name, formatting.MOST_NAME)} {score(seen)}" for one, seen in chosen]
    return formatting.fitting(*(_some(said, number) for number in range(len(said), 0, -1)))


def _some(said: list[str], number: int) -> str:
    rest = f"; and {count(len(said) - number)} more" if number < len(said) else ""
    return f"{'; '.join(said[:number])}{rest}."


def score(found: Detection) -> str:
    """Return how much a subject saw, and how much it imagined."""
    false = "none" if not found.false_positives else count(found.false_positives)
    return f"saw {count(found.detected)} of {count(found.expected)}, {false} false{not_asked(found)}"


def not_asked(found: Detection) -> str:
    """Return how often a subject could not be asked any more; nothing where it always could."""
    return f", {count(found.not_asked)} not tested" if found.not_asked else ""


def key_figures(analysis: Analysis) -> tuple[KeyFigure, ...]:
    """Choose the numbers of the first screen: what each subject saw, and what it imagined."""
    return tuple(
        KeyFigure(
            name=one.name,
            value=f"{count(one.detection.detected)} of {count(one.detection.expected)}",
            unit="seen",
            detail=f"{count(one.detection.missed)} missed, {count(one.detection.false_positives)} false"
            + (f", p99 {moment(one.detection.latency_p99_s)}" if one.detection.latency_p99_s is not None else "")
            + not_asked(one.detection),
            role=one.role,
        )
        for one in analysis.subjects
        if one.detection
    )


def matrix(analysis: Analysis) -> Section | None:
    """Show what each subject saw of each event; None where nothing was scripted."""
    if not analysis.matrix:
        return None
    scripted_events = {one.name: one for script in analysis.plan.scripts for one in script.scripted_events}
    late_s = analysis.plan.scripts[0].late_s
    cells = {(one.scripted_event, one.subject): one for one in analysis.matrix}
    names = [one.name for one in analysis.subjects if any(cell.subject == one.name for cell in analysis.matrix)]
    rows = tuple(
        (
            one.text,
            " or ".join(one.valid_reasons) or "nothing happened to it",
            *(_mark(cells.get((one.name, name))) for name in names),
        )
        for one in scripted_events.values()
    )
    reading = (
        "Every subject lives through the same events. Detected: reported with a correct reason. Late: the same, more "
        f"than {moment(late_s)} after the change. Missed: not reported. False: asked for a restart without cause, or "
        "gave a wrong reason. Quiet: correctly not reported."
    )
    return Section(
        title="What each watcher sees",
        blocks=(
            Text(words=reading),
            Table(columns=("what happens to the interface", "true is", *names), rows=rows),
            Text(words=_as_designed(analysis)),
            *_why(analysis),
        ),
    )


def _as_designed(analysis: Analysis) -> str:
    surprises = [one for one in analysis.matrix if one.seen != one.expected]
    if not surprises:
        return "Each cell is as the watcher's own design has it."
    cells = (f"{one.subject} at {one.scripted_event}: {one.seen}, expected {one.expected}" for one in surprises)
    return f"{len(surprises)} cells are not as the watcher's own design has it: {'; '.join(cells)}"


def _mark(cell: Cell | None) -> str:
    return "not tested" if cell is None else SEEN[cell.seen]


def _why(analysis: Analysis) -> tuple[Table, ...]:
    rows = tuple(
        (one.scripted_event, one.subject, SEEN[one.seen], one.why)
        for one in analysis.matrix
        if one.seen in {"missed", "false_positive"}
    )
    return (Table(columns=("event", "subject", "seen", "why"), rows=rows),) if rows else ()


def latency(analysis: Analysis) -> Section | None:
    """Show how soon subjects reported; None where nothing was timed."""
    timed = [one for one in analysis.subjects if one.detection and one.detection.latency_p50_s is not None]
    if not timed:
        return None
    blocks: list[Block] = [
        Text(
            words="Seconds from the moment at which the change was handed to the kernel to the subject's report. It "
            "includes the kernel's work, and for changes of several steps the steps. From the kernel's completion it "
            "would be negative: watchers receive a deletion before it is acknowledged."
        ),
        Table(
            columns=("subject", "events", "detected", "missed", "false", "p50", "p99", "max"),
            rows=tuple(_latency_row(one) for one in timed),
        ),
    ]
    figure = latency_figure(analysis)
    return Section(title="Detection latency", blocks=(*blocks, *([figure] if figure else [])))


def _latency_row(one: Finding) -> tuple[str, ...]:
    found = one.detection
    if found is None:
        return (one.name,)
    counts = (found.expected, found.detected, found.missed, found.false_positives)
    times = (found.latency_p50_s, found.latency_p99_s, found.latency_max_s)
    return (one.name, *(count(value) for value in counts), *(moment(value) for value in times))


def latency_figure(analysis: Analysis) -> Lines | None:
    """Draw the share of events reported within a time, on a logarithmic axis; None where nothing was timed."""
    lines, numbered = [], formatting.numbers(analysis)
    for one in analysis.subjects:
        times = sorted(
            time
            for cell in analysis.matrix
            if cell.subject == one.name and cell.seen in {"detected", "late"}
            for time in cell.latencies_s
        )
        if len(times) >= _FEWEST_TIMES:
            shares = [((time / MILLISECOND), 100 * (rank + 1) / len(times)) for rank, time in enumerate(times)]
            thinned = shares[:: max(1, len(shares) // _MOST_POINTS)]
            points = (*thinned, shares[-1])
            lines.append(Line(label=one.name, role=one.role, number=numbered[one.name], points=points))
    if not lines:
        return None
    ends = "; ".join(f"{line.label}: all within {figures(line.points[-1][0])} ms" for line in lines)
    return Lines(
        name="latency",
        title="Share of events reported within a time",
        x_label="milliseconds after the change",
        y_label="% of events",
        lines=tuple(lines),
        alt=ends,
        scale="log-x",
    )


def storms(analysis: Analysis) -> Section | None:
    """Show how subjects lived through storms; None where there were none."""
    if not analysis.storms:
        return None
    return Section(
        title="Event storms",
        blocks=(
            Text(
                words="Unrelated link events, while the watched interface is never touched: an outcome is a false "
                "restart. Dropped is what the kernel dropped on the subject's socket, read from outside; reported is "
                "what the subject itself said was lost. Afterwards the interface is deleted: a watcher that "
                "reports it still had the correct state; one that the storm had ended is not tested. The overrun "
                "stops every "
                "subject while more events arrive than a default buffer holds."
            ),
            Table(
                columns=_STORM_COLUMNS,
                rows=tuple(_storm_row(one) for one in analysis.storms),
            ),
            *_break_even(analysis.comparisons),
        ),
    )


def _storm_row(one: StormResult) -> tuple[str, ...]:
    state_correct = {True: "yes", False: "no", None: "watches no more"}[one.state_correct]
    return (
        _storm(one),
        one.subject,
        "–" if one.events_received is None else count(one.events_received),
        "–" if one.dropped is None else count(one.dropped),
        "–" if one.lost is None else count(one.lost),
        f"yes: {one.reported_outcome.reason}" if one.reported_outcome and one.reported_outcome.restart else "no",
        state_correct,
        "–" if one.reported_outcome else count(one.voluntary_switches),
        "–" if one.reported_outcome else f"{one.user_s + one.system_s:.2f} s",
    )


def _storm(one: StormResult) -> str:
    if one.kind == "overrun":
        return f"{count(one.sent)} events while stopped"
    return f"{count(one.sent)} events, " + (
        "as fast as can be" if one.rate is None else f"{figures(one.rate)} a second"
    )


def _break_even(comparisons: tuple[Comparison, ...]) -> tuple[Text, ...]:
    return tuple(
        Text(
            words=f"From {figures(one.break_even_events_per_s)} unrelated link events a second on, {one.after} "
            f"allocates more than the {one.before} that it replaced, at this number of links."
        )
        for one in comparisons
        if one.break_even_events_per_s is not None
    )
