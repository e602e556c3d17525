"""The pictures of the first screen: churn a day of each subject, and resident memory over time."""

from harness.analysis.facts import Facts
from harness.model import Analysis, Finding
from harness.report.document import Bar, Bars, Line, Lines
from harness.report.sections import words
from harness.units import churn_bytes, figures

MIB = 1024 * 1024
_MOST_POINTS = 600
_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"))


def churn_figures(analysis: Analysis) -> tuple[Bars, ...]:
    """Draw the churn of each subject a day from 0, a picture for each accounting mode: two modes share no axis.

    The mark of what the pull request said stands where Go is counted, which it spoke of, or in the only picture; not
    where no subject stands for what it replaces.
    """
    measured = [one for one in words.main(analysis) if a_day(one) is not None]
    modes = words.modes(measured)
    marked = next((mode for mode, by in modes.items() if by[0].language == "go"), next(iter(modes), None))
    said = analysis.plan.reference_bytes_per_day
    spoken_of = any(one.role == "before" for one in measured)
    return tuple(
        _bars(
            "churn" if number == 1 else f"churn-{number}",
            "" if len(modes) == 1 else f": {words.mode_name(mode, by)}",
            [(one, a_day(one) or 0.0) for one in by],
            said if mode == marked and spoken_of else None,
        )
        for number, (mode, by) in enumerate(modes.items(), start=1)
    )


def _bars(name: str, of: str, by: list[tuple[Finding, float]], reference: float | None) -> Bars:
    top = max(cost for _, cost in by)
    scale, unit = next(((size, unit) for size, unit in _UNITS if top >= size), (1.0, "B"))
    bars = tuple(
        Bar(label=one.name, value=cost / scale, words=f"{churn_bytes(cost)}/day", role=one.role) for one, cost in by
    )
    return Bars(
        name=name,
        title=f"Allocated per day{of}",
        unit=f"{unit}/day",
        bars=bars,
        mark=None if reference is None else (reference / scale, f"the pull request said {churn_bytes(reference)}/day"),
        alt="; ".join(f"{one.name}: {churn_bytes(cost)} per day" for one, cost in by),
    )


def a_day(finding: Finding) -> float | None:
    """Give the bytes that a subject allocates a day; None where that was not measured."""
    return finding.churn.bytes_per_day if finding.churn else None


def rss_figure(analysis: Analysis, facts: Facts) -> Lines | None:
    """Draw the resident memory of all subjects over the clean arm; None where nothing was sampled."""
    drawn = [one for one in words.main(analysis) if facts.series.get(one.name)]
    if not drawn:
        return None
    scale, x_label = _time_axis(analysis.plan.duration_s)
    began = min(facts.series[one.name][0].at_ns for one in drawn)
    mixed = len({one.language for one in drawn} - {"unknown"}) > 1
    lines = []
    for one in drawn:
        series = facts.series[one.name]
        thinned = series[:: max(1, len(series) // _MOST_POINTS)]
        points = tuple(((sample.at_ns - began) / 1e9 / scale, sample.rss_bytes / MIB) for sample in thinned)
        lines.append(Line(label=one.name, role=one.role, points=points, dashed=mixed and one.language == "python"))
    ends = "; ".join(f"{line.label}: {figures(line.points[-1][1])} MiB at the end" for line in lines)
    return Lines(
        name="rss",
        title="Resident memory while watching" + (" (Python dashed)" if mixed else ""),
        x_label=x_label,
        y_label="RSS, MiB",
        lines=tuple(lines),
        alt=ends,
    )


def _time_axis(seconds: float) -> tuple[float, str]:
    """Choose the unit that gives an axis numbers below some hundred."""
    axes = ((86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes"))
    return next(((size, name) for size, name in axes if seconds >= 3 * size), (1.0, "seconds"))
