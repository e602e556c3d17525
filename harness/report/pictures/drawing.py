"""Bars and lines on matplotlib's axes. What runs out of colours goes on with marks on its lines."""

from collections import Counter
from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import NamedTuple

from harness.report.pictures.matplotlib_defaults import mpl  # isort: skip - before anything else of matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from harness.report.document import Bars, Figure, Line, Lines, Panel, Stacks
from harness.report.pictures.theme import ALTERNATIVES, COLOURS, FAINT, GRID, INK, PAPER, PARTS
from harness.report.sections.formatting import shortened

MARKS = ("", "o", "s", "^", "D", "v")
LABEL_GAP = 0.075  # of the axis's height: labels nearer than that would run into each other
_MOST_ENDS = 13  # names at the ends of lines; more stand below
PANEL = 1.35  # inches that one row of small pictures takes
PANEL_NAME = 20  # letters above a small picture
_ROOM = 0.15  # of what is drawn, above it, and below it where it falls below 0
_INTERVAL = 0.18  # opacity of what lies around a line


class Sheet(NamedTuple):
    """A size to draw at: inches, letters of a name and of a line of text, and the room beside the longest bar."""

    width: float
    name: int
    text: int
    beside: float
    ends: bool  # there is room for names at the ends of lines


WIDE = Sheet(width=7.2, name=30, text=90, beside=1.25, ends=True)
NARROW = Sheet(width=4.2, name=16, text=50, beside=1.75, ends=False)
SLIDE = Sheet(width=8.0, name=34, text=100, beside=1.25, ends=True)


class Style(NamedTuple):
    """How one subject is drawn: its colour, and a mark where its colour was used before."""

    colour: str
    mark: str


def draw(figure: Figure, sheet: Sheet) -> tuple[Canvas, Axes]:
    title = fill(figure.title, sheet.text * 3 // 4)
    canvas = Canvas(figsize=(sheet.width, _height(figure, sheet, title.count("\n"))), layout="constrained")
    canvas.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")
    if isinstance(figure, Stacks):
        return canvas, _stacks(canvas, figure, sheet)
    if isinstance(figure, Lines) and figure.panels:
        return canvas, _panels(canvas, figure, sheet)
    axes = canvas.subplots()
    if isinstance(figure, Bars):
        _bars(axes, figure, sheet)
    else:
        _lines(axes, figure, sheet)
    return canvas, axes


def _height(figure: Figure, sheet: Sheet, more: int) -> float:
    if isinstance(figure, Bars):
        return 1.5 + 0.42 * len(figure.bars) + 0.25 * more
    if isinstance(figure, Stacks):
        return 1.4 + 1.15 * len(figure.panels) + 0.25 * more
    if figure.panels:
        return 1.0 + PANEL * -(-len(figure.lines) // _across(sheet)) + 0.25 * more
    below = 0 if _at_ends(figure, sheet) else 0.25 * -(-len(figure.lines) // _columns(sheet))
    return 4.0 + below + 0.25 * more


def _columns(sheet: Sheet) -> int:
    return int(sheet.text // (sheet.name + 8))


def _at_ends(figure: Lines, sheet: Sheet) -> bool:
    return sheet.ends and figure.scale != "log-x" and len(figure.lines) <= _MOST_ENDS


def styles(drawn: Iterable[tuple[str, int, bool]]) -> list[Style]:
    """Assign each role its colour, and alternatives one by their number; what is drawn alike differs by marks."""
    used: Counter[tuple[str, bool]] = Counter()
    found = []
    for role, number, dashed in drawn:
        colour = COLOURS.get(role) or ALTERNATIVES[number % len(ALTERNATIVES)]
        found.append(Style(colour, MARKS[used[colour, dashed] % len(MARKS)]))
        used[colour, dashed] += 1
    return found


def _stacks(canvas: Canvas, figure: Stacks, sheet: Sheet) -> Axes:
    """Draw the panels below each other; return the last, which has the x axis."""
    labels = list(dict.fromkeys(layer.label for panel in figure.panels for layer in panel.layers))
    colours = {label: PARTS[number % len(PARTS)] for number, label in enumerate(labels)}
    rows = canvas.subplots(len(figure.panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, panel in zip(rows, figure.panels, strict=True):
        _panel(axes, panel, colours, sheet)
    rows[-1].set_xlabel(figure.x_label)
    canvas.supylabel(figure.y_label, fontsize=11)
    handles = [Line2D([], [], color=colours[label], linewidth=8, solid_capstyle="butt") for label in labels]
    names = [f" {label}" for label in labels]
    canvas.legend(handles, names, loc="outside lower left", ncols=len(names) if sheet.ends else 2, frameon=False)
    last: Axes = rows[-1]
    return last


def _panel(axes: Axes, panel: Panel, colours: dict[str, str], sheet: Sheet) -> None:
    layers = [layer.values for layer in panel.layers]
    shades = [colours[layer.label] for layer in panel.layers]
    axes.stackplot(panel.x, *layers, colors=shades, edgecolor=PAPER, linewidth=0.8)
    axes.set_title(shortened(panel.title, sheet.name), loc="left", fontsize=10, fontweight="bold", color=INK, pad=3)
    axes.set_ylim(0, max(map(sum, zip(*layers, strict=True)), default=1.0) * 1.08 or 1.0)
    axes.set_xlim(panel.x[0], max(panel.x[-1], panel.x[0] + 1e-9))
    axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(3))
    axes.grid(axis="y", color=GRID)


def _bars(axes: Axes, figure: Bars, sheet: Sheet) -> None:
    places = list(range(len(figure.bars)))
    top = max((bar.value for bar in figure.bars), default=0) or 1.0
    colours = [style.colour for style in styles((bar.role, bar.number, False) for bar in figure.bars)]
    axes.barh(places, [bar.value for bar in figure.bars], color=colours, height=0.62, zorder=2)
    for place, bar in zip(places, figure.bars, strict=True):
        axes.annotate(
            bar.words, (bar.value, place), xytext=(6, 0), textcoords="offset points", va="center", fontweight="bold"
        )
    axes.set_yticks(places, [shortened(bar.label, sheet.name) for bar in figure.bars], color=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, top * sheet.beside)
    axes.set_xlabel(figure.unit)
    axes.grid(axis="x", color=GRID, zorder=0)
    axes.tick_params(axis="y", length=0)
    if figure.mark is not None:
        value, words = figure.mark
        right = value > top * sheet.beside / 2
        axes.axvline(value, color=INK, linewidth=1, linestyle=(0, (3, 3)), zorder=3)
        axes.annotate(
            words,
            (value, len(places) - 0.45),
            xytext=(-5 if right else 5, 0),
            textcoords="offset points",
            fontsize=9,
            color=FAINT,
            va="center",
            ha="right" if right else "left",
        )
        axes.set_ylim(len(places) - 0.2, -0.6)


def _lines(axes: Axes, figure: Lines, sheet: Sheet) -> None:
    drawn = styles((line.role, line.number, line.dashed) for line in figure.lines)
    for line, style in zip(figure.lines, drawn, strict=True):
        _line(axes, line, style, dots=figure.scale != "log-x" and not figure.over_time)
    axes.set_xlabel(figure.x_label)
    axes.set_ylabel(figure.y_label)
    if figure.key or figure.drawn:
        axes.set_title(fill(f"{figure.key} {figure.drawn}".strip(), sheet.text), loc="left", fontsize=9, color=FAINT)
    axes.grid(color=GRID)
    _scaled(axes, figure)
    _noted(axes, figure)
    if _at_ends(figure, sheet):
        _name_ends(axes, figure.lines, [style.colour for style in drawn], sheet)
    else:
        _name_below(axes, figure.lines, drawn, sheet)


def _across(sheet: Sheet) -> int:
    return int(sheet.width // 2)


def _panels(canvas: Canvas, figure: Lines, sheet: Sheet) -> Axes:
    """Draw each series in a small picture of its own, from 0 to its own top; give the first."""
    rows = -(-len(figure.lines) // _across(sheet))
    grid = canvas.subplots(rows, _across(sheet), sharex=True, squeeze=False)
    for axes in grid.flat[len(figure.lines) :]:
        axes.set_visible(False)
    for axes, line in zip(grid.flat, figure.lines, strict=False):
        _line(axes, line, styles([(line.role, 0, line.dashed)])[0], dots=False)
        name = f"{shortened(line.label, PANEL_NAME)} {line.sign}".rstrip()
        axes.set_title(name, loc="left", fontsize=9, color=INK)
        _raised(axes, ends([line]))
        axes.tick_params(labelsize=8)
        axes.locator_params(nbins=4)
        axes.grid(color=GRID)
    canvas.supxlabel(f"{figure.x_label}; {figure.y_label}, each from 0 to its own top", fontsize=9, color=FAINT)
    first: Axes = grid.flat[0]
    return first


def _line(axes: Axes, line: Line, style: Style, *, dots: bool) -> None:
    x, y = zip(*line.points, strict=True) if line.points else ((), ())
    axes.plot(
        x,
        y,
        color=style.colour,
        linewidth=2,
        linestyle="--" if line.dashed else "-",
        marker=style.mark or ("o" if dots else ""),
        markersize=5,
        markevery=None if dots else max(1, len(x) // 9),
    )
    if line.band:
        at, low, high = zip(*line.band, strict=True)
        axes.fill_between(at, low, high, color=style.colour, alpha=_INTERVAL, linewidth=0, zorder=1)


def _scaled(axes: Axes, figure: Lines) -> None:
    if figure.scale != "linear":
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(_plain))
    if figure.scale == "log-log":
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(_plain))
    else:
        _raised(axes, ends(figure.lines, [one.y for one in figure.annotations]))
    if figure.over_time:
        edges = [line.points[index][0] for line in figure.lines if line.points for index in (0, -1)]
        axes.set_xlim(min(edges, default=0), max(edges, default=0) or 1)


def _raised(axes: Axes, between: tuple[float, float]) -> None:
    axes.set_ylim(*between)
    if between[0] < 0:
        axes.axhline(0, color=FAINT, linewidth=1)


def ends(lines: Sequence[Line], others: Sequence[float] = ()) -> tuple[float, float]:
    """Return the ends of an axis on which 0 and all points have room; ``others``: heights of what is drawn besides.

    What is shaded around the lines has its place too, unless it would leave the points less than a third of the axis.
    """
    heights = [*others, *(y for line in lines for _, y in line.points)] or [1.0]
    low, high = min(0.0, *heights), max(0.0, *heights)
    shaded = [y for line in lines for _, *between in line.band for y in between] or [0.0]
    below, above = (max(low - (high - low), min(shaded)), min(high + (high - low), max(shaded)))
    bottom = min(low - _ROOM * (high - low), below) if min(low, below) < 0 else 0.0
    return bottom, max((1 + _ROOM) * high - _ROOM * low, above) or 1.0


def _noted(axes: Axes, figure: Lines) -> None:
    if figure.mark is not None:
        value, words = figure.mark
        axes.axhline(value, color=INK, linewidth=1, linestyle=(0, (3, 3)))
        axes.annotate(
            words,
            (0.99, value),
            xycoords=("axes fraction", "data"),
            xytext=(0, 5),
            textcoords="offset points",
            ha="right",
            fontsize=9,
            color=FAINT,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
        )
    for annotation in figure.annotations:
        axes.plot(
            annotation.x, annotation.y, color=INK, marker="x", markersize=9, markeredgewidth=2, linestyle="", zorder=4
        )
        axes.annotate(
            annotation.words,
            (annotation.x, annotation.y),
            xytext=(8, -10),
            textcoords="offset points",
            fontsize=9,
            color=INK,
        )


def _plain(value: float, _: object) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _named(line: Line, sheet: Sheet) -> str:
    return f"{shortened(line.label, sheet.name)} {line.sign}".rstrip()


def _name_below(axes: Axes, lines: tuple[Line, ...], drawn: list[Style], sheet: Sheet) -> None:
    handles = [
        Line2D([], [], color=style.colour, linewidth=2, linestyle="--" if line.dashed else "-", marker=style.mark)
        for line, style in zip(lines, drawn, strict=True)
    ]
    names = [f" {_named(line, sheet)}" for line in lines]  # one that begins with _ would be left out
    axes.figure.legend(handles, names, loc="outside lower left", ncols=_columns(sheet), frameon=False, fontsize=10)


def _name_ends(axes: Axes, lines: tuple[Line, ...], colours: list[str], sheet: Sheet) -> None:
    """Write each line's name at its end, pushed apart where ends lie close: a legend that needs no key."""
    axes.figure.canvas.draw()
    ends = []
    for line, colour in zip(lines, colours, strict=True):
        if line.points:
            place = axes.transAxes.inverted().transform(axes.transData.transform(line.points[-1]))
            ends.append((float(place[1]), _named(line, sheet), colour))
    heights = apart(sorted(height for height, _, _ in ends))
    for height, (_, label, colour) in zip(heights, sorted(ends), strict=True):
        axes.annotate(
            label,
            (1.0, height),
            xycoords="axes fraction",
            xytext=(6, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontweight="bold",
            annotation_clip=False,
        )


def apart(heights: list[float]) -> list[float]:
    """Push rising heights up until none is nearer than a gap to the next, then down again below the top."""
    gap = min(LABEL_GAP, 1 / max(1, len(heights)))
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + gap) if placed else height)
    ceiling = 1.0
    for index in reversed(range(len(placed))):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - gap
    return placed


def place(axes: Axes) -> dict[str, object]:
    """Return where the axes lie on the sheet, in shares of it from the upper left, and what they span."""
    box = axes.get_position()
    return {
        "left": round(box.x0, 4),
        "right": round(box.x1, 4),
        "top": round(1 - box.y1, 4),
        "bottom": round(1 - box.y0, 4),
        "x": [float(f"{end:.6g}") for end in axes.get_xlim()],
        "log": axes.get_xscale() == "log",
        "rows": [float(f"{np.clip(one, 0, 1):.4g}") for one in _rows(axes)],
    }


def _rows(axes: Axes) -> list[float]:
    """Return the middle of each bar, as a share of the axes from above."""
    low, high = axes.get_ylim()
    return [(high - tick) / (high - low) for tick in axes.get_yticks()] if low > high else []
