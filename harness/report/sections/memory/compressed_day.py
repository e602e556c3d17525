"""A day of polls back to back: what it shows of resident memory, and what compression cannot show."""

import numpy as np

from harness.analysis.facts import Facts, Readings
from harness.analysis.growth.samples import REAL_INTERVAL_S, busiest
from harness.model import Analysis, Compressed, Finding, SubjectRun
from harness.report.document import Block, Line, Lines, Section, Table, Text
from harness.report.sections import formatting
from harness.report.sections.first_screen.pictures import MOST_POINTS
from harness.units import MIB, count, duration, figures, memory_bytes, polls_a_day
from harness.wording import GROWTH

_WHOLE = 0.005  # of a day of polls: so near is a day


def day(analysis: Analysis, facts: Facts) -> Section | None:
    """Show the compressed day; None where there was none."""
    found = [(one, one.compressed) for one in formatting.main(analysis) if one.compressed]
    if not found:
        return None
    one, interval_s = found[0][1], analysis.plan.interval_s or REAL_INTERVAL_S
    blocks: list[Block] = [
        Text(words=_what(one, interval_s, apart=facts.day is not None)),
        Table(
            columns=("subject", "verdict", "RSS first", "RSS last", "RSS peak", "by the poll", "by the day"),
            rows=tuple(_row(finding, value) for finding, value in found),
        ),
        Text(words=" ".join(f"{finding.name} {value.explanation}." for finding, value in found)),
        Text(
            words="What compression cannot show: what timers do between polls, what an allocator gives back while it "
            "is idle, and what grows with time instead of work. A subject that does not poll is judged by the polls "
            "that were made beside it."
        ),
        *_picture(found, facts, formatting.numbers(analysis)),
    ]
    return Section(title=f"{_name(one, interval_s)} in {_took(one)}", blocks=tuple(blocks))


def _took(one: Compressed) -> str:
    return duration(round(one.seconds, 0 if one.seconds >= 10 else 1))  # noqa: PLR2004 - three figures are enough


def _name(one: Compressed, interval_s: float) -> str:
    a_day = polls_a_day(interval_s) or 1
    if abs(one.polls / a_day - 1) <= _WHOLE:
        return "A day of polls"
    return f"{count(one.polls)} polls"


def _what(one: Compressed, interval_s: float, *, apart: bool) -> str:
    pace = f"at one every {duration(interval_s)} these are {_of_a_day(one, interval_s)}"
    return (
        f"{count(one.polls)} polls, one after another without a pause, in {_took(one)} at {one.links} links: {pace}. "
        f"Rates are of resident memory, with the interval that holds them with {formatting.share(one.confidence)} "
        f"confidence; the growth that matters is {memory_bytes(one.delta_per_poll)} a poll, fixed before the run."
        + (" These are processes of their own, and not those that are judged by the hour." if apart else "")
    )


def _of_a_day(one: Compressed, interval_s: float) -> str:
    a_day = polls_a_day(interval_s) or 1
    return "a day's" if abs(one.polls / a_day - 1) <= _WHOLE else f"{formatting.share(one.polls / a_day)} of a day's"


def _row(finding: Finding, one: Compressed) -> tuple[str, ...]:
    return (
        finding.name,
        GROWTH[one.verdict].word,
        *(memory_bytes(value) for value in (one.rss_first_bytes, one.rss_last_bytes, one.rss_peak_bytes)),
        _rate(one.bytes_per_poll, one.low_per_poll, one.high_per_poll),
        _rate(one.bytes_per_day, one.low_per_day, one.high_per_day),
    )


def _rate(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or low is None or high is None:
        return formatting.NOT_MEASURED
    return f"{memory_bytes(value)} ({memory_bytes(low)} to {memory_bytes(high)})"


def _picture(found: list[tuple[Finding, Compressed]], facts: Facts, numbers: dict[str, int]) -> list[Lines]:
    lines = tuple(
        Line(label=one.name, role=one.role, number=numbers[one.name], points=_points(series, run))
        for one, _ in found
        if (run := _counter(one.name, facts))
        and (series := facts.compressed.get(one.name) or facts.series.get(one.name))
    )
    lines = tuple(line for line in lines if line.points)
    if not lines:
        return []
    ends = "; ".join(f"{line.label}: {figures(line.points[-1][1])} MiB at the end" for line in lines)
    return [
        Lines(
            name="day",
            title="Resident memory over a day of polls",
            x_label="polls made, thousands",
            y_label="RSS, MiB",
            lines=lines,
            alt=ends,
            over_time=True,
        )
    ]


def _counter(name: str, facts: Facts) -> SubjectRun | None:
    """Return the process whose polls are the axis: the busiest of the compressed day, else the subject's own."""
    if facts.day is not None and facts.compressed.get(name):
        return busiest(facts.day)
    run = facts.run_of(name)
    told = run is not None and run.marks and run.marks[-1].polls
    return busiest(facts.trial) if facts.trial is not None and not told else run


def _points(series: Readings, run: SubjectRun) -> tuple[tuple[float, float], ...]:
    """Return polls made, in thousands, and MiB; between a process's words its polls are spread by the clock."""
    if not run.marks:
        return ()
    thinned = series[:: max(1, len(series) // MOST_POINTS)]
    first = run.marks[0].polls
    made = np.interp(
        [one.at_ns for one in thinned],
        [one.at_ns for one in run.marks],
        [(one.polls - first) / 1000 for one in run.marks],
    )
    return tuple((float(at), one.rss_bytes / MIB) for at, one in zip(made, thinned, strict=True))
