"""What makes it grow: growth against dose, and what is kept of cycles."""

from collections.abc import Sequence

from harness.model import Analysis, Cycles, Dose, DoseArm, Stimulus
from harness.report.document import Annotation, Block, Line, Lines, Section, Table, Text
from harness.report.sections.formatting import NOTHING
from harness.report.sections.pairs import MOST_LETTERS, cut
from harness.units import MIB, SECONDS_AN_HOUR, count, duration, figures, memory_bytes
from harness.wording import DOSE

ONE: dict[Stimulus, str] = {
    "link-events": "link event",
    "containers": "container",
    "recreate": "recreation of the interface",
    "addresses": "address",
    "routes": "route",
    "neighbours": "neighbour",
    "overrun": "overrun",
    "polls": "poll",
    "command": "command",
}
MANY: dict[Stimulus, str] = {
    **{stimulus: f"{one}s" for stimulus, one in ONE.items()},
    "recreate": "recreations of the interface",
    "addresses": "addresses",
}
_DOSES = (
    "Caused: the slope of growth against dose lies above the threshold with its whole interval, and the largest dose "
    "outgrows the smallest on the same ticks, evenly, and more steadily than memory that wanders. Not caused: the "
    "slope is shown to lie below the threshold. Not decided: neither is shown. All copies of a subject lived at "
    "once, each in a network namespace of its own, and differ in their dose alone."
)
_CYCLES = (
    "Caused: what memory holds in the rests rises by more than the threshold a cycle, with its whole interval, in the "
    "later half of the rounds as well. Not caused: it is shown to rise by less. What an idle copy gains beside it is "
    "taken off. What falls at release was a backlog, which a slower pace would not show, and no leak."
)
Judged = Dose | Cycles


def judged(analysis: Analysis) -> list[Judged]:
    """List what was judged, the worst first."""
    order = list(DOSE)
    return sorted((*analysis.doses, *analysis.cycles), key=lambda one: order.index(one.verdict))


def leading(analysis: Analysis) -> list[Judged]:
    """List the same where it is what the run is about; nothing where doses are one trial of a scenario's run."""
    return judged(analysis) if analysis.plan.dose is not None else []


def headline(analysis: Analysis) -> str | None:
    """Return the worst verdict in words; None where nothing was dosed, or the run is invalid."""
    found = leading(analysis)
    return DOSE[found[0].verdict].word if found and analysis.verdict != "invalid" else None


def sentence(analysis: Analysis) -> str | None:
    """Return what was found of the worst subject, and count the others; None where nothing was dosed."""
    found = leading(analysis)
    if not found:
        return None
    worst, *others = found
    counted = [f"{sum(one.verdict == verdict for one in others)} {shown.word}" for verdict, shown in DOSE.items()]
    tail = f" Others: {', '.join(one for one in counted if not one.startswith('0 '))}." if others else ""
    head = f"{DOSE[worst.verdict].word.capitalize()} by {MANY[worst.stimulus]}: {worst.subject} {worst.explanation}."
    return cut(head, MOST_LETTERS - len(tail)) + tail


def table(analysis: Analysis) -> Table | None:
    """Return one row a subject, the worst first; None where nothing was dosed."""
    found = leading(analysis)
    if not found:
        return None
    one = ONE[found[0].stimulus]
    cycled = bool(analysis.cycles)
    last = "fell at release" if cycled else "an hour at none"
    columns = ("subject", "verdict", f"{'kept ' if cycled else ''}a {one}", "interval", last)
    rows = tuple(
        (it.subject, DOSE[it.verdict].word, _amount(_rate(it)), _interval(it.low, it.high), _last(it)) for it in found
    )
    return Table(columns=columns, rows=rows, severities=tuple(DOSE[it.verdict].severity for it in found))


def _rate(one: Judged) -> float | None:
    return one.bytes_per_stimulus if isinstance(one, Dose) else one.kept_bytes_per_cycle


def _last(one: Judged) -> str:
    if isinstance(one, Cycles):
        return _amount(one.released_bytes)
    return NOTHING if one.without is None else _amount(one.without.bytes_per_hour)


def _amount(value: float | None) -> str:
    return NOTHING if value is None else memory_bytes(value)


def _interval(low: float | None, high: float | None) -> str:
    return NOTHING if low is None or high is None else f"{memory_bytes(low)} to {memory_bytes(high)}"


def section(analysis: Analysis) -> Section | None:
    """Show what each subject was found to do, and every dose; None where nothing was dosed."""
    if not judged(analysis):
        return None
    why = Table(
        columns=("subject", "verdict", "why", "threshold"),
        rows=tuple(
            (one.subject, DOSE[one.verdict].word, one.explanation, memory_bytes(one.max_growth_bytes))
            for one in judged(analysis)
        ),
        severities=tuple(DOSE[one.verdict].severity for one in judged(analysis)),
    )
    if analysis.cycles:
        took = [f"{one.subject}: {count(one.cycles)} cycles, {_took(one)}" for one in analysis.cycles]
        return Section(title="What makes it grow", blocks=(why, Text(words="; ".join(took) + "."), Text(words=_CYCLES)))
    arms = tuple(_row(one, arm) for one in analysis.doses for arm in one.doses)
    columns = ("subject", "dose, a second", "reached", "growth, an hour", "interval", "allocator", "left out")
    blocks = (why, *_within(analysis), Table(columns=columns, rows=arms), Text(words=_DOSES))
    return Section(title="What makes it grow", blocks=blocks)


def _within(analysis: Analysis) -> list[Block]:
    """Show the setting and the picture of doses that are one trial of a scenario's run."""
    trial, drawn = analysis.plan.dose_trial, picture(analysis)
    if trial is None:
        return []
    words = f"A trial of {duration(trial.duration_s)}; each copy lives among {count(trial.pairs)} veth pairs."
    return [Text(words=words), *([drawn] if drawn else [])]


def _took(one: Cycles) -> str:
    return "not to their end" if one.seconds is None else f"{duration(round(one.seconds))} with their rests"


def _row(one: Dose, arm: DoseArm) -> tuple[str, ...]:
    return (
        one.subject,
        figures(arm.dose),
        figures(arm.reached),
        _amount(arm.bytes_per_hour),
        _interval(arm.low, arm.high),
        arm.allocator or "its own",
        arm.left_out or NOTHING,
    )


def picture(analysis: Analysis) -> Lines | None:
    """Draw growth against dose: points are copies, the fan is the interval of the slope; None without doses."""
    drawn = [one for one in analysis.doses if len(_points(one)) > 1]
    if not drawn:
        return None
    name = MANY[drawn[0].stimulus]
    return Lines(
        name="doses",
        title=f"Growth against {name} a second",
        x_label=f"{name} a second",
        y_label="growth, MiB an hour",
        lines=tuple(_line(one, number) for number, one in enumerate(drawn)),
        alt="; ".join(f"{one.subject} {one.explanation}" for one in drawn),
        annotations=_left_out(drawn),
        drawn="Points are copies of a subject. Shaded: the interval of the slope.",
    )


def _points(one: Dose) -> list[DoseArm]:
    known = [arm for arm in one.doses if arm.left_out is None and arm.allocator is None]
    return [arm for arm in known if arm.bytes_per_hour is not None]


def _line(one: Dose, number: int) -> Line:
    points = [(arm.reached, (arm.bytes_per_hour or 0.0) / MIB) for arm in _points(one)]
    return Line(
        label=one.subject,
        role="alternative",
        number=number,
        points=tuple(points),
        band=_band(points, one.low, one.high),
    )


def _band(
    points: Sequence[tuple[float, float]], low: float | None, high: float | None
) -> tuple[tuple[float, float, float], ...]:
    """Fan the interval of the slope out from the smallest dose."""
    if low is None or high is None:
        return ()
    (first, level), scale = points[0], SECONDS_AN_HOUR / MIB
    return tuple((x, level + low * (x - first) * scale, level + high * (x - first) * scale) for x, _ in points)


def _left_out(drawn: Sequence[Dose]) -> tuple[Annotation, ...]:
    return tuple(
        Annotation(x=arm.reached, y=arm.bytes_per_hour / MIB, words="left out")
        for one in drawn
        for arm in one.doses
        if arm.left_out is not None and arm.bytes_per_hour is not None
    )
