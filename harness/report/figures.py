"""Figures to SVG and PNG by matplotlib. Colours are Okabe and Ito's, which the colour-blind tell apart."""

import io
from itertools import cycle
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from harness.report.document import Bars, Figure, Line, Lines, reworded

COLOURS = {"before": "#D55E00", "after": "#0072B2", "control": "#999999"}
ALTERNATIVES = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A7A7A")
INK = "#2b2f36"
FAINT = "#8a919c"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "netchurn",
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.edgecolor": "#c9ced6",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "text.color": INK,
    "figure.facecolor": "white",
}
_LABEL_GAP = 0.075  # of the axis's height: labels nearer than that would run into each other


def svg(figure: Figure) -> str:
    """Draw a figure as an SVG element with live text, the same bytes for the same figure."""
    stream = io.StringIO()
    with mpl.rc_context(_STYLE):
        _draw(_literal(figure), 7.2).savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]


def png(figure: Figure) -> bytes:
    """Draw a figure as a PNG of 1600 by some 900 pixels, good enough for a slide."""
    stream = io.BytesIO()
    with mpl.rc_context(_STYLE):
        _draw(_literal(figure), 8.0).savefig(stream, format="png", dpi=200, metadata={"Software": None})
    return stream.getvalue()


def _literal(figure: Figure) -> Figure:
    """Let a dollar be a dollar: between two of them matplotlib reads a formula, and may find that it is none."""
    return reworded(figure, lambda words: words.replace("$", r"\$"))


def _draw(figure: Figure, width: float) -> Canvas:
    height = 1.5 + 0.42 * len(figure.bars) if isinstance(figure, Bars) else 4.0
    canvas = Canvas(figsize=(width, height), layout="constrained")
    axes = canvas.subplots()
    canvas.suptitle(figure.title, x=0.01, ha="left", fontsize=13, fontweight="bold")
    if isinstance(figure, Bars):
        _bars(axes, figure)
    else:
        _lines(axes, figure)
    return canvas


def _colours(roles: list[str]) -> list[str]:
    spare = cycle(ALTERNATIVES)
    return [COLOURS.get(role) or next(spare) for role in roles]


def _bars(axes: Axes, figure: Bars) -> None:
    places = list(range(len(figure.bars)))
    top = max((bar.value for bar in figure.bars), default=0) or 1.0
    colours = _colours([bar.role for bar in figure.bars])
    axes.barh(places, [bar.value for bar in figure.bars], color=colours, height=0.62, zorder=2)
    for place, bar in zip(places, figure.bars, strict=True):
        axes.annotate(
            bar.words, (bar.value, place), xytext=(6, 0), textcoords="offset points", va="center", fontweight="bold"
        )
    axes.set_yticks(places, [bar.label for bar in figure.bars], color=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, top * 1.22)
    axes.set_xlabel(figure.unit)
    axes.grid(axis="x", color="#eceff3", zorder=0)
    axes.tick_params(axis="y", length=0)
    if figure.mark is not None:
        value, words = figure.mark
        axes.axvline(value, color=INK, linewidth=1, linestyle=(0, (3, 3)), zorder=3)
        axes.annotate(
            words,
            (value, len(places) - 0.45),
            xytext=(5, 0),
            textcoords="offset points",
            fontsize=9,
            color=FAINT,
            va="center",
        )
        axes.set_ylim(len(places) - 0.2, -0.6)


def _lines(axes: Axes, figure: Lines) -> None:
    colours = _colours([line.role for line in figure.lines])
    for line, colour in zip(figure.lines, colours, strict=True):
        x, y = zip(*line.points, strict=True) if line.points else ((), ())
        marker = "o" if figure.scale == "log-log" else ""
        style = "--" if line.dashed else "-"
        axes.plot(x, y, color=colour, linewidth=2, linestyle=style, marker=marker, markersize=5)
    axes.set_xlabel(figure.x_label)
    axes.set_ylabel(figure.y_label)
    axes.grid(color="#eceff3")
    if figure.scale != "linear":
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(_plain))
    if figure.scale == "log-log":
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(_plain))
    else:
        axes.set_ylim(0, max((y for line in figure.lines for _, y in line.points), default=1) * 1.15)
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
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
    for spot in figure.spots:
        axes.plot(spot.x, spot.y, color=INK, marker="x", markersize=9, markeredgewidth=2, linestyle="", zorder=4)
        axes.annotate(spot.words, (spot.x, spot.y), xytext=(8, -10), textcoords="offset points", fontsize=9, color=INK)
    if figure.scale == "log-x":
        axes.legend([line.label for line in figure.lines], loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    else:
        _name_ends(axes, figure.lines, colours)


def _plain(value: float, _: object) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _name_ends(axes: Axes, lines: tuple[Line, ...], colours: list[str]) -> None:
    """Write each line's name at its end, pushed apart where ends lie close: a legend that needs no key."""
    axes.figure.canvas.draw()
    ends = []
    for line, colour in zip(lines, colours, strict=True):
        if line.points:
            place = axes.transAxes.inverted().transform(axes.transData.transform(line.points[-1]))
            ends.append((float(place[1]), line.label, colour))
    heights = _apart(sorted(height for height, _, _ in ends))
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


def _apart(heights: list[float]) -> list[float]:
    """Push rising heights up until none is nearer than a gap to the next, then down again below the top."""
    gap = min(_LABEL_GAP, 1 / max(1, len(heights)))
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + gap) if placed else height)
    ceiling = 1.0
    for index in reversed(range(len(placed))):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - gap
    return placed
