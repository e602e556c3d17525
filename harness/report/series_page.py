"""A judgement to a page, a picture or a comment: the same renderers as for a run's report."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness import wording
from harness.errors import UsageFault
from harness.files.series.judge import Judged, sentence
from harness.files.series.table import Floats
from harness.model import Growth
from harness.model.judgement import JudgedSeries, Judgement
from harness.report import formats
from harness.report.document import (
    Annotation,
    Block,
    Document,
    KeyFigure,
    Line,
    Lines,
    Notes,
    Section,
    Table,
    Text,
    clean,
)
from harness.report.sections.first_screen.pictures import MOST_POINTS, fan, time_unit
from harness.report.sections.formatting import NOTHING, memory, share
from harness.report.sections.memory.growth import more, smallest
from harness.results.writer import write_file
from harness.units import MIB, count, duration, memory_bytes
from harness.wording import GROWTH

_MOST_LINES = 12
_MARKED = 5  # restarts that are named in a figure


class Axis(NamedTuple):
    """Where x begins, how much a step of the axis is, and its name. ``together``: all series share one beginning."""

    began: float | None
    step: float
    name: str

    def of(self, x: Floats) -> Floats:
        return (x - (x[0] if self.began is None else self.began)) / self.step


def write(judgement: Judgement, judged: Sequence[Judged], path: Path) -> Path:
    """Write the page or picture that the ending of ``path`` names; UsageFault for another one."""
    if path.suffix not in formats.JUDGEMENT:
        raise UsageFault(
            "unknown_format",
            f"{path.name} does not end in one of {', '.join(formats.JUDGEMENT)}",
            "netchurn judge FILE -o growth.html",
        )
    return write_file(path, formats.rendered(compose(judgement, judged), path.suffix))


def compose(judgement: Judgement, judged: Sequence[Judged]) -> Document:
    """Build the page: verdict, picture, what was judged, what was found wrong and how it was handled."""
    files = ", ".join(dict.fromkeys(row.file for row in judgement.series))
    return clean(
        Document(
            title=f"netchurn judge · {files}",
            verdict=judgement.verdict,
            severity=wording.RUN[judgement.verdict].severity,
            sentence=judgement.sentence if len(judged) == 1 else _counted(judgement),
            setting=_setting(judgement),
            key_figures=tuple(_key_figure(row) for row in judgement.series[:4]),
            first_screen=(picture(judged),),
            sections=tuple(_sections(judgement)),
            footer=f"netchurn {judgement.netchurn} · {judgement.schema}",
        )
    )


def _counted(judgement: Judgement) -> str:
    words = [(row.growth or row.work_growth) for row in judgement.series]
    found = [GROWTH[one.verdict].word for one in words if one]
    return "; ".join(f"{found.count(word)} of {len(words)} series: {word}" for word in dict.fromkeys(found))


def _setting(judgement: Judgement) -> str:
    bound = judgement.max_growth_bytes_per_hour
    growth = next((row.growth for row in judgement.series if row.growth), None)
    if bound is not None:
        return f"Allowed: {memory_bytes(bound)} an hour, {memory_bytes(24 * bound)} a day."
    return (
        f"The growth that matters: {memory_bytes(growth.delta_bytes_per_hour)} an hour (--max-growth)."
        if growth
        else ""
    )


def _key_figure(row: JudgedSeries) -> KeyFigure:
    growth, work = row.growth, row.work_growth
    per = "an hour" if growth else "a unit of work"
    verdict = growth or work
    rates = (growth.bytes_per_hour, growth.low, growth.high) if growth else (None,) * 3
    if work:
        rates = (work.bytes_per_unit, work.low_per_unit, work.high_per_unit)
    value, low, high = rates
    known = value is not None and low is not None and high is not None and verdict is not None
    return KeyFigure(
        name=row.name,
        value=memory(value) if known else GROWTH[verdict.verdict].word if verdict else NOTHING,
        unit=per if known else "",
        detail=f"{GROWTH[verdict.verdict].word}; {memory(low)} to {memory(high)}, {share(verdict.confidence)}"
        if known and verdict
        else "",
        role="growth",
    )


def picture(judged: Sequence[Judged]) -> Lines:
    """Draw the series; the interval of each slope lies over the part that was judged."""
    drawn = [one for one in judged if one.clean.series.x.size][:_MOST_LINES]
    axis = _axis(drawn)
    lines = tuple(_line(one, axis, number) for number, one in enumerate(drawn))
    bands = any(line.band for line in lines)
    more = f" {count(len(judged) - len(drawn))} more series are not drawn." if len(judged) > len(drawn) else ""
    return Lines(
        name="series",
        title="Memory over the readings",
        x_label=axis.name,
        y_label="MiB",
        lines=lines,
        alt="; ".join(sentence(one.row) for one in drawn),
        annotations=tuple(mark for one in drawn for mark in _marks(one, axis)),
        drawn=("Shaded: the interval of each slope, over the part that was judged." if bands else "") + more,
        over_time=True,
    )


def _axis(drawn: Sequence[Judged]) -> Axis:
    spans = [one.clean.series.x for one in drawn]
    if not spans:
        return Axis(None, 1.0, "seconds")
    if any(one.clean.series.per != "hour" for one in drawn):
        return Axis(0.0, 1.0, "units of work")
    first, last = min(x[0] for x in spans), max(x[-1] for x in spans)
    at_once = max(x[0] for x in spans) < min(x[-1] for x in spans)
    long = last - first if at_once else max(float(np.ptp(x)) for x in spans)
    step, name = time_unit(long)
    return Axis(first if at_once else None, step, name if at_once else f"{name} since each began")


def _line(one: Judged, axis: Axis, number: int) -> Line:
    series = one.clean.series
    step = max(1, series.x.size // MOST_POINTS)
    growth = one.row.growth
    points = zip(axis.of(series.x)[::step].tolist(), (series.y[::step] / MIB).tolist(), strict=True)
    verdict = one.row.growth or one.row.work_growth
    return Line(
        label=one.row.name,
        role="after" if not number else "alternative",
        number=number,
        sign=GROWTH[verdict.verdict].sign if verdict else "",
        points=tuple(points),
        band=_band(one, growth, axis) if growth else (),
    )


def _band(one: Judged, growth: Growth, axis: Axis) -> tuple[tuple[float, float, float], ...]:
    began = one.clean.series.x[0] if axis.began is None else axis.began
    return fan((one.clean.x - began) / axis.step, one.clean.y / MIB, growth, axis.step)


def _marks(one: Judged, axis: Axis) -> list[Annotation]:
    series, places = one.clean.series, axis.of(one.clean.series.x)
    return [
        Annotation(x=float(places[at]), y=float(series.y[at] / MIB), words="restart")
        for at in one.clean.restarts[:_MARKED]
    ]


def _sections(judgement: Judgement) -> list[Section]:
    blocks: list[Block] = [_table(judgement)]
    if judgement.difference and judgement.difference.growth:
        pair, growth = judgement.difference, judgement.difference.growth
        blocks.append(
            Text(
                words=f"{pair.first} less {pair.second}: {GROWTH[growth.verdict].word}: the difference "
                f"{growth.explanation} ({'; '.join(one.text for one in pair.warnings)})."
            )
        )
    notes = tuple(f"{row.name}: {one.text}" for row in judgement.series for one in row.warnings)
    found = [
        Section(title="Verdict", blocks=tuple(blocks)),
        Section(title="What was read", blocks=(_readings(judgement),)),
    ]
    return found + [Section(title="What was found wrong, and how it was handled", blocks=(Notes(items=notes),))] * bool(
        notes
    )


def _table(judgement: Judgement) -> Table:
    rows = []
    for row in judgement.series:
        growth = row.growth or row.work_growth
        rows.append(
            (
                row.name,
                GROWTH[growth.verdict].word if growth else NOTHING,
                growth.explanation if growth else NOTHING,
                smallest(row.growth),
                more(row.growth) if row.growth else NOTHING,
            )
        )
    columns = ("series", "verdict", "what was seen", "smallest leak it would find", "would decide it")
    return Table(columns=columns, rows=tuple(rows))


def _readings(judgement: Judgement) -> Table:
    rows = tuple(
        (
            row.name, row.file, row.kind, row.unit, row.clock,
            f"{count(row.judged_readings)} of {count(row.readings)}",
            NOTHING if row.seconds is None else duration(round(row.seconds)),
            memory(row.first_bytes), memory(row.last_bytes), memory(row.peak_bytes),
        )
        for row in judgement.series
    )  # fmt: skip
    columns = ("series", "file", "form", "unit", "time", "readings judged", "over", "first", "last", "peak")
    return Table(columns=columns, rows=rows)
