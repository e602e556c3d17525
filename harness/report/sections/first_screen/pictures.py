"""The pictures of the first screen: churn a day of each subject, and resident memory over time."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from harness.analysis.facts import Facts, Floats, column
from harness.model import Analysis, Finding, Growth, Sample
from harness.report.document import Bar, Bars, Line, Lines
from harness.report.sections import formatting
from harness.report.sections.first_screen import programs
from harness.report.sections.memory import growth
from harness.units import MIB, NS_A_SECOND, SECONDS_A_DAY, SECONDS_AN_HOUR, churn_bytes, count, figures
from harness.wording import GROWTH

MOST_POINTS = 600  # of one line
MOST_LINES = 6  # in one picture; more are drawn in a small one each
_CONTROL = "(control)"
_SIGNS_READ = {
    **{GROWTH[name].sign: GROWTH[name].word for name in ("growing", "slow", "flat")},
    GROWTH["inconclusive"].sign: "not decided",
    _CONTROL: "leaks, as it must",
}
Costs = list[tuple[Finding, float]]
_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"))


def churn_figures(analysis: Analysis) -> tuple[Bars, ...]:
    """Draw the churn of each subject a day from 0, a picture for each accounting mode: two modes share no axis.

    The mark of what the pull request said stands where Go is counted, which it spoke of, or in the only picture; not
    where no subject stands for what it replaces.
    """
    measured = [one for one in formatting.main(analysis) if a_day(one) is not None]
    modes = formatting.modes(measured)
    marked = next((mode for mode, by in modes.items() if by[0].language == "go"), next(iter(modes), None))
    said = analysis.plan.reference_bytes_per_day
    spoken_of = any(one.role == "before" for one in measured)
    return tuple(
        _bars(
            "churn" if number == 1 else f"churn-{number}",
            "" if len(modes) == 1 else f": {formatting.mode_name(mode, by)}",
            [(one, a_day(one) or 0.0) for one in by],
            formatting.numbers(analysis),
            said if mode == marked and spoken_of else None,
        )
        for number, (mode, by) in enumerate(modes.items(), start=1)
    )


def _bars(name: str, of: str, by: Costs, numbers: dict[str, int], reference: float | None) -> Bars:
    top = max(cost for _, cost in by)
    scale, unit = next(((size, unit) for size, unit in _UNITS if top >= size), (1.0, "B"))
    bars = tuple(
        Bar(
            label=one.name,
            value=cost / scale,
            words=f"{_words(one)}/day",
            exact=f"{count(cost)}{_within(one)} bytes a day",
            role=one.role,
            number=numbers[one.name],
        )
        for one, cost in by
    )
    return Bars(
        name=name,
        title=f"Allocated per day{of}",
        unit=f"{unit}/day",
        bars=bars,
        mark=None if reference is None else (reference / scale, f"the pull request said {churn_bytes(reference)}/day"),
        alt="; ".join(f"{one.name}: {_words(one)} per day" for one, _ in by),
    )


def _words(finding: Finding) -> str:
    return formatting.a_day(finding.churn) if finding.churn else formatting.NOT_MEASURED


def _within(finding: Finding) -> str:
    resolution = finding.churn.resolution_bytes_per_day if finding.churn else None
    return "" if resolution is None else f" ± {count(resolution)}"


def a_day(finding: Finding) -> float | None:
    """Return the bytes that a subject allocates a day; None where that was not measured."""
    return finding.churn.bytes_per_day if finding.churn else None


def rss_figure(analysis: Analysis, facts: Facts) -> Lines | None:
    """Draw the resident memory of all subjects over the sampling phase; None where nothing was sampled.

    A control that is known to climb stands beside them: what that looks like on this machine, in this run.
    """
    drawn = _sampled(analysis, facts)
    if not drawn:
        return None
    axis = _axis(analysis.plan.duration_s, min(facts.series[one.name][0].at_ns for one in drawn))
    mixed = len({one.language for one in drawn} - {"unknown"}) > 1
    dashed = {one.name for one in drawn if mixed and one.language == "python"}
    numbers = formatting.numbers(analysis)
    looks = [(one, numbers[one.name], one.name in dashed) for one in drawn]
    lines = tuple(replace(_rss_line(one, facts, axis), number=number, dashed=dash) for one, number, dash in looks)
    ends = "; ".join(
        f"{one.name}: {figures(line.points[-1][1])} MiB at the end, {_verdict(one)}"
        for one, line in zip(drawn, lines, strict=True)
    )
    return Lines(
        name="rss",
        title="Resident memory while watching",
        x_label=axis.name,
        y_label="RSS, MiB",
        lines=lines,
        alt=ends,
        key=_key(lines),
        drawn=_drawn(lines, analysis.plan.confidence, mixed=mixed),
        over_time=True,
        panels=len(lines) > MOST_LINES and len(programs.worst_first(analysis)) > 1,
    )


def _sampled(analysis: Analysis, facts: Facts) -> list[Finding]:
    """Return the subjects to draw, the worst first, and the controls that climb behind them."""
    sampled = [one for one in analysis.subjects if facts.series.get(one.name)]
    drawn = [one for one in sampled if one.role != "control"]
    climbing = {one.name for one in analysis.controls if one.unit == "bytes/hour" and one.expected > 0}
    worst = {one.name: number for number, one in enumerate(programs.worst_first(analysis))}
    drawn.sort(key=lambda one: worst.get(one.name, -1))
    return drawn + [one for one in sampled if one.name in climbing] if drawn else []


def _rss_line(one: Finding, facts: Facts, axis: "_Axis") -> Line:
    at, rss = axis.of(facts.series[one.name])
    step = max(1, len(at) // MOST_POINTS)
    drawn = one.trials[0] if one.trials else one.growth  # the first trial
    return Line(
        label=one.name,
        sign=_sign(one),
        role=one.role,
        points=tuple(zip(at[::step].tolist(), rss[::step].tolist(), strict=True)),
        band=fan(at, rss, drawn, axis.seconds) if drawn and not drawn.too_short else (),
    )


def _sign(one: Finding) -> str:
    if one.role == "control":
        return _CONTROL
    found = growth.judged(one)
    return GROWTH[found.verdict].sign if found else ""


def fan(at: Floats, mib: Floats, growth: Growth, seconds: float) -> tuple[tuple[float, float, float], ...]:
    """Draw the interval of the slope over the part that it was judged by: a fan around the middle of that part.

    ``seconds`` are those of one step of ``at``.
    """
    if growth.low is None or growth.high is None or growth.steady_from_s is None:
        return ()
    steady = at >= at[0] + max(growth.steady_from_s, growth.step_at_s or 0.0) / seconds
    if not steady.any():
        return ()
    x, y = float(np.median(at[steady])), float(np.median(mib[steady]))
    slopes = [rate / SECONDS_AN_HOUR * seconds / MIB for rate in (growth.low, growth.high)]
    ends = (float(at[steady][0]), x, float(at[-1]))
    return tuple((end, *sorted(y + slope * (end - x) for slope in slopes)) for end in ends)  # type: ignore[misc]  # two


def _verdict(one: Finding) -> str:
    found = growth.judged(one)
    return growth.word(found) if found else "not judged"


def _key(lines: tuple[Line, ...]) -> str:
    used = [f"{sign} {name}" for sign, name in _SIGNS_READ.items() if any(one.sign == sign for one in lines)]
    return f"{', '.join(used)}." if used else ""


def _drawn(lines: tuple[Line, ...], confidence: float, *, mixed: bool) -> str:
    shaded = any(line.band for line in lines)
    parts = [
        f"Shaded: the {formatting.share(confidence)} interval of each rate, over the part that was judged."
    ] * shaded
    return " ".join([*parts, *["Python is dashed."] * mixed])


class _Axis(NamedTuple):
    """Time from a moment on, in a unit that gives numbers below some hundred."""

    began_ns: int
    seconds: float
    name: str

    def of(self, series: Sequence[Sample]) -> tuple[Floats, Floats]:
        """Return times on this axis, and MiB."""
        at = (column(series, "at_ns") - self.began_ns) / NS_A_SECOND / self.seconds
        return at, column(series, "rss_bytes") / MIB


def _axis(seconds: float, began_ns: int) -> _Axis:
    return _Axis(began_ns, *time_unit(seconds))


def time_unit(seconds: float) -> tuple[float, str]:
    """Choose the unit of a time axis that long, so that its numbers stay below some hundred: its seconds and name."""
    units = ((SECONDS_A_DAY, "days"), (SECONDS_AN_HOUR, "hours"), (60.0, "minutes"))
    return next(((size, name) for size, name in units if seconds >= 3 * size), (1.0, "seconds"))
