"""``netchurn judge``: the verdict on a series of memory that somebody recorded."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from harness import units
from harness.cli import say_path
from harness.cli.running.run import STATUS
from harness.cli.running.terminal import STYLES
from harness.errors import UsageFault
from harness.files import source
from harness.files.series import forms as series
from harness.files.series import quantities
from harness.files.series.judge import Judged, Limits, judge_all, sentence
from harness.files.series.table import Series, Wanted
from harness.model.judgement import JudgedSeries, Judgement
from harness.report.pictures import textchart
from harness.sanitize import json_document, printable
from harness.units import count, duration, memory_bytes
from harness.wording import GROWTH, RUN

MOST_SERIES = 100
_WIDE = 80
_MOST_DRAWN = 3  # series with a picture in the terminal; more would scroll the verdicts away


class Quantity(click.ParamType[float]):
    """An amount that ``read`` knows, such as 100MiB/30d; ``name`` says what it is called."""

    def __init__(self, name: str, read: Callable[[str], float]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it; click's own error where that is impossible."""
        try:
            return value if isinstance(value, float) else self._read(str(value))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not {self.name}", param, ctx)


def _unit(text: str) -> float:
    return float(quantities.PAGE) if text == "pages" else units.size(f"1{text}")


_HELP = """Judge whether memory grows, from readings that anything recorded. FILE may be - for standard input.

\b
Read are:
  tables      CSV, TSV or spaces, with a header or without; times as ISO 8601,
              seconds or milliseconds, a time of day, or a counter of work
  JSON lines  one object a line; docker stats --format json
  Prometheus  the answer of /api/v1/query_range
  commands    pidstat -r, ps -o rss= in a loop, docker stats, psrecord

Units are read from the header, or guessed, and always stated. Readings that are missing, zeros, gaps and restarts
are found, stated and left out. Of two series the difference is judged too.

Exit status: 0 memory does not grow, or by less than --max-growth; 1 it grows; 2 no series; 3 undecided.

\b
Examples:
  netchurn judge rss.csv -o rss.html
  netchurn judge metrics.csv --column rss_bytes --max-growth 100MiB/30d
  pidstat -h -r -p 1234 10 360 | netchurn judge -
  while sleep 10; do ps -o rss= -p 1234; done | netchurn judge --every 10s -
"""


@click.command(name="judge", short_help="Judge a recorded series of memory.", help=_HELP)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--column", "columns", multiple=True, metavar="NAME", help="name or number of a column; may be given again"
)
@click.option("--time", metavar="NAME", help="name or number of the column of time, or of a counter of work")
@click.option(
    "--unit",
    type=Quantity("a unit such as KiB", _unit),
    metavar="UNIT",
    help="of the numbers: B, kB, KiB, MB, MiB, pages",
)
@click.option(
    "--every",
    type=Quantity("a duration such as 10s", units.seconds),
    metavar="TIME",
    help="between readings that have no time",
)
@click.option(
    "--max-growth",
    type=Quantity("a rate such as 100MiB/30d", units.growth_rate),
    metavar="SIZE/TIME",
    help=f"the growth that is still allowed, such as 100MiB/30d  [{units.MAX_GROWTH}]",
)
@click.option("--one-life", is_flag=True, help="do not take falls of memory for restarts")
@click.option("--json", "as_json", is_flag=True, help="the verdict as a JSON document")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="write a page or picture: .html, .md, .svg, .png",
)
def command(files: tuple[str, ...], **chosen: Any) -> int:
    wanted = Wanted(columns=chosen["columns"], time=chosen["time"], unit_bytes=chosen["unit"], every_s=chosen["every"])
    judgement, judged = judge_all(_read(files, wanted), Limits(chosen["max_growth"], not chosen["one_life"]))
    if chosen["as_json"]:
        click.echo(json_document(judgement))
    else:
        _print(judgement, judged)
    if chosen["output"]:
        from harness.report import series_page  # noqa: PLC0415 - it loads matplotlib

        path = series_page.write(judgement, judged, chosen["output"])
        if not chosen["as_json"]:
            say_path(path)
    return STATUS[judgement.verdict]


def _read(files: tuple[str, ...], wanted: Wanted) -> list[tuple[str, Series]]:
    found = [(Path(file).name if file != source.STDIN else file, one) for file in files for one in _of(file, wanted)]
    if len(found) > MOST_SERIES:
        raise UsageFault(
            "out_of_range",
            f"{len(found):,} series are too many; at most {MOST_SERIES} are judged",
            "choose with --column NAME",
        )
    return found


def _of(file: str, wanted: Wanted) -> list[Series]:
    opened = source.source(file, sys.stdin.buffer)
    with opened.stream:
        return series.read(opened, wanted)


def _print(judgement: Judgement, judged: list[Judged]) -> None:
    console = Console(width=max(_WIDE, shutil.get_terminal_size().columns), highlight=False)
    for one in judged:
        _print_series(console, one, drawn=len(judged) <= _MOST_DRAWN)
    pair = judgement.difference
    if pair and pair.growth:
        names = f"{printable(pair.first)} less {printable(pair.second)}"
        console.print(Text(f"{names}: {GROWTH[pair.growth.verdict].word}: the difference {pair.growth.explanation}"))
        for warning in pair.warnings:
            console.print(Text(f"  {warning.text}", style="dim"))
    console.print(Text(judgement.verdict, style=STYLES[RUN[judgement.verdict].severity]))


def _print_series(console: Console, one: Judged, *, drawn: bool) -> None:
    row = one.row
    console.print(Text(printable(sentence(row)), style="bold"))
    for line in _drawn(one, console.width) if drawn else []:
        console.print(Text(line))
    for line in _facts(row):
        console.print(Text(f"  {printable(line)}", style="dim"))
    for warning in row.warnings:
        console.print(Text(f"  warning: {printable(warning.text)} [{warning.id}]", style="yellow"))


def _drawn(one: Judged, width: int) -> list[str]:
    x, y = one.clean.series.x, one.clean.series.y
    if x.size < 2:  # noqa: PLR2004 - one reading is no picture
        return []
    step = max(1, x.size // 10_000)
    points = tuple(zip((x - x[0])[::step].tolist(), (y[::step] / 2**20).tolist(), strict=True))
    drawn = textchart.plot(points, "MiB", min(width - 16, 100))
    span = (
        duration(round(float(x[-1] - x[0])))
        if one.clean.series.per == "hour"
        else f"{count(float(x[-1] - x[0]))} units of work"
    )
    margin = " " * drawn[0].index("│")
    return [*drawn, f"{margin}└ {span}"]


def _facts(row: JudgedSeries) -> list[str]:
    lasted = f" over {duration(round(row.seconds))}" if row.seconds is not None else ""
    read = f"{row.kind}: {count(row.readings)} readings{lasted}"
    if row.first_bytes is None or row.last_bytes is None or row.peak_bytes is None:
        return [read]
    ends = f"{memory_bytes(row.first_bytes)} to {memory_bytes(row.last_bytes)}, peak {memory_bytes(row.peak_bytes)}"
    return [f"{read}, {ends}", f"unit: {row.unit} · time: {row.clock}"]
