"""Figures as text: bars for mermaid, which GitHub draws, and small curves of block characters, which need nobody."""

import re

from harness.report.document import Bars, Line, Lines
from harness.report.pictures.theme import COLOURS, INK, PAPER
from harness.report.renderers.github import cell, fenced, table
from harness.report.sections.formatting import shortened
from harness.units import figures

_PLAIN = re.compile(r"[^A-Za-z0-9 .,()_+/:-]")  # in a chart; the table below has the name as it is
_MOST_NAME = 28
_MOST_BARS = 16
_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 24
_LEAST = 0.001  # of an axis: mermaid draws none from 0 to 0


def bars(figure: Bars) -> list[str]:
    """Draw bars for mermaid, with a key, and the same numbers as a table.

    All are of one colour: a second series would paint over the beginning of the first, even where it is 0.
    """
    drawn = figure.bars[:_MOST_BARS]
    mark = figure.mark
    top = max([*(bar.value for bar in drawn), mark[0] if mark else 0]) or 1.0
    names = ", ".join(f'"{_named(bar.label)}"' for bar in drawn)
    lines = [
        *_settings(len(drawn)),
        "xychart-beta horizontal",
        f'  title "{_plain(figure.title)}"',
        f"  x-axis [{names}]",
        f'  y-axis "{_plain(figure.unit)}" 0 --> {max(top * 1.05, _LEAST):.4f}',
        f"  bar [{', '.join(_value(bar.value) for bar in drawn)}]",
        *([f"  line [{', '.join([_value(mark[0])] * len(drawn))}]"] if mark else []),
    ]
    key = f"🟧 {cell(figure.unit)}; what is 0 is drawn as a stub" + (f" · ⬛ {cell(mark[1])}" if mark else "")
    rows = tuple((bar.label, bar.role, bar.words, bar.exact) for bar in figure.bars)
    ruler = ("---", "---", "---:", "---:")
    return [fenced("\n".join(lines), "mermaid"), key, table(("subject", "role", "a day", "in full"), rows, ruler)]


def _settings(number: int) -> list[str]:
    """Fix the colours: the reader's theme may be dark, and the chart brings its own paper."""
    inks = ("titleColor", "xAxisLabelColor", "xAxisTitleColor", "xAxisTickColor", "xAxisLineColor")
    return [
        "---",
        "config:",
        "  xyChart:",
        "    width: 760",
        f"    height: {130 + 36 * number}",
        "  themeVariables:",
        "    xyChart:",
        f'      backgroundColor: "{PAPER}"',
        *(f'      {ink.replace("xAxis", axis)}: "{INK}"' for ink in inks for axis in _axes(ink)),
        f'      plotColorPalette: "{COLOURS["before"]}, {INK}"',
        "---",
    ]


def _axes(ink: str) -> tuple[str, ...]:
    return ("xAxis", "yAxis") if ink.startswith("xAxis") else ("",)


def _named(label: str) -> str:
    return _plain(shortened(label, _MOST_NAME).replace("…", "..")) or "?"


def _plain(text: str) -> str:
    return _PLAIN.sub("_", text)


def _value(value: float) -> str:
    """Print a number as mermaid reads one: without an exponent, and what is too small to be seen as 0."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def curves(figure: Lines) -> list[str]:
    """Draw each line as a row of blocks, from 0 to its own top, beside the numbers where it begins and ends."""
    unit = figure.y_label.rpartition(", ")[2]
    columns = ("subject", f"over {figure.x_label}", *(f"{what}, {unit}" for what in ("first", "last", "least", "most")))
    rows = tuple(_row(line) for line in figure.lines if line.points)
    if not rows:
        return []
    reading = f"*{cell(figure.title)}; each curve from 0 to its own top.* {cell(figure.key)}".strip()
    return [reading, table(columns, rows, ("---", "---", *["---:"] * 4))]


def _row(line: Line) -> tuple[str, ...]:
    values = [y for _, y in line.points]
    ends = (values[0], values[-1], min(values), max(values))
    return (f"{line.label} {line.sign}".rstrip(), spark(line.points), *map(figures, ends))


def spark(points: tuple[tuple[float, float], ...]) -> str:
    """Draw points as blocks of equal stretches of x, each as high as the mean of what lies in it."""
    first, last = points[0][0], points[-1][0]
    boxes: list[list[float]] = [[] for _ in range(min(_WIDTH, len(points)))]
    for x, y in points:
        share = (x - first) / (last - first) if last > first else 0.0
        boxes[min(int(share * len(boxes)), len(boxes) - 1)].append(y)
    means = [sum(box) / len(box) if box else None for box in boxes]
    top = max((mean for mean in means if mean is not None), default=0.0)
    return "".join(" " if mean is None else _block(mean / top if top > 0 else 0.0) for mean in means)


def plot(points: tuple[tuple[float, float], ...], unit: str, width: int = 72, height: int = 8) -> list[str]:
    """Draw points for a terminal, from 0 up: the highest value of each stretch of x, with the top's value before it."""
    top = max(y for _, y in points)
    first, last = points[0][0], points[-1][0]
    columns: list[float | None] = [None] * min(width, len(points))
    for x, y in points:
        at = min(int((x - first) / (last - first) * len(columns)), len(columns) - 1) if last > first else 0
        columns[at] = y if columns[at] is None else max(y, columns[at] or 0.0)
    label = f"{figures(top)} {unit}"
    rows = ["".join(_piece(y, top, level, height) for y in columns) for level in reversed(range(height))]
    margins = [label, *[" " * len(label)] * (height - 2), "0".rjust(len(label))]
    return [f"{margin} │{row}".rstrip() for margin, row in zip(margins, rows, strict=True)]


def _piece(y: float | None, top: float, level: int, height: int) -> str:
    """Draw what of a column stands in one row of the picture."""
    if y is None or top <= 0:
        return " "
    filled = round(y / top * height * len(_BLOCKS)) - level * len(_BLOCKS)
    return " " if filled <= 0 else _BLOCKS[min(filled, len(_BLOCKS)) - 1]


def _block(share: float) -> str:
    return _BLOCKS[min(len(_BLOCKS) - 1, max(0, round(share * (len(_BLOCKS) - 1))))]
