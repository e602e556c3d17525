"""The table and the picture of a calibration."""

import io
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from tests.calibration.rates import PROMISES, Rates, told, verdicts
    from tests.calibration.shapes import DAY, MIB, MINUTES, ladder
else:
    from rates import PROMISES, Rates, told, verdicts
    from shapes import DAY, MIB, MINUTES, ladder

COLOURS = {10: "#D55E00", 30: "#0072B2", 60: "#009E73"}  # Okabe and Ito's
INK, FAINT = "#2b2f36", "#8a919c"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "netchurn",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#c9ced6",
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "figure.facecolor": "white",  # as readable on a dark page as on a light one
}
_COLUMNS = {**{minutes: f"{minutes} min" for minutes in MINUTES}, DAY: "24 h"}


def table(found: Iterable[Rates]) -> str:
    """Give Markdown: a row a shape, and in a cell the verdicts of one length, in percent."""
    lines = [f"| shape | promised | kept | {' | '.join(_COLUMNS.values())} |", "| --- | --- | --- |" + " --- |" * 4]
    for name, group in groupby(found, key=lambda one: one.name):
        rows = list(group)
        kept = "–" if not PROMISES[rows[0].kind] else "yes" if all(one.kept for one in rows) else "**no**"
        by_length = {one.minutes: verdicts(one) for one in rows}
        cells = " | ".join(by_length.get(minutes, "–") for minutes in _COLUMNS)
        lines.append(f"| {name} | {told(rows[0].kind)} | {kept} | {cells} |")
    return "\n".join(lines) + "\n"


def picture(found: Sequence[Rates]) -> str:
    """Draw false growth by shape, and what becomes of leaks by their rate."""
    stream = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(10.5, 5.2), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
        _false_growth(left, [one for one in found if one.kind in {"flat", "rough", "step"}])
        names = {case.name for case in ladder()}
        _by_rate(right, [one for one in found if one.name in names])
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    return "\n".join(line.rstrip() for line in text[text.index("<svg") :].splitlines()) + "\n"


def _false_growth(axes: Axes, found: Sequence[Rates]) -> None:
    names = list(dict.fromkeys(one.name for one in found))[::-1]
    for shift, minutes in zip((0.22, 0.0, -0.22), MINUTES, strict=True):
        rows = [one for one in found if one.minutes == minutes]
        places = [names.index(one.name) + shift for one in rows]
        shares = [100 * one.share("growing") for one in rows]
        ends = [[100 * end for end in one.interval("growing")] for one in rows]
        axes.hlines(places, [low for low, _ in ends], [high for _, high in ends], color=COLOURS[minutes], lw=1.6)
        axes.plot(shares, places, "o", color=COLOURS[minutes], ms=3.5, label=f"{minutes} min")
    axes.axvline(1.0, color=FAINT, lw=1, ls="--")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(-0.1, None)
    axes.set_xlabel("called growing, % of series, with 95 % intervals")
    axes.set_title("Flat shapes: false alarms", loc="left", fontweight="bold")
    axes.legend(frameon=False, loc="upper right")


def _by_rate(axes: Axes, found: Sequence[Rates]) -> None:
    for minutes in MINUTES:
        rows = sorted((one for one in found if one.minutes == minutes), key=lambda one: one.rate)
        rate = [one.rate / MIB for one in rows]
        axes.plot(rate, [100 * one.share("growing") for one in rows], "o-", color=COLOURS[minutes], ms=4)
        axes.plot(rate, [100 * one.share("flat") for one in rows], "s:", color=COLOURS[minutes], ms=4)
    for deltas, name in ((4, "delta"), (10, "2.5 delta")):
        axes.axvline(deltas, color=FAINT, lw=1, ls="--")
        axes.text(deltas * 1.03, 50, name, color=INK, rotation=90, va="center")
    axes.set_xscale("log")
    axes.set_xticks([0.25, 1, 4, 10, 50], ["0.25", "1", "4", "10", "50"])
    axes.minorticks_off()
    axes.set_xlabel("true rate of the leak, MiB an hour")
    axes.set_ylabel("% of series")
    axes.set_title("Leaks: growing (line), flat (dots)", loc="left", fontweight="bold")
