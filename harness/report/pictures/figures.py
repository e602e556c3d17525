"""Figures to SVG, in the colours of the page's theme, and to PNG."""

import io
import platform
import re
import warnings
from typing import Any, NamedTuple

from harness.report.pictures.matplotlib_defaults import mpl  # isort: skip - before anything else of matplotlib
from matplotlib import ft2font

from harness.report.document import Figure
from harness.report.pictures.drawing import SLIDE, Sheet, draw, place
from harness.report.pictures.theme import ALTERNATIVES, COLOURS, EDGE, FAINT, GRID, INK, PAPER

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.edgecolor": EDGE,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "text.color": INK,
    "text.parse_math": False,  # a name may hold a dollar
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
}
_VARIABLES = {
    **{colour: role for role, colour in COLOURS.items()},
    **{colour: f"other-{number}" for number, colour in enumerate(ALTERNATIVES, start=1)},
    INK: "ink",
    FAINT: "soft",
    EDGE: "edge",
    GRID: "line",
    PAPER: "paper",
}
ALIKE = {"matplotlib": "3.11.2", "freetype": "2.14.3", "machine": "x86_64"}
"""Where drawings are the same to the byte: with these the reports are drawn that are kept beside the code."""
_COLOUR = re.compile(r"\b(fill|stroke): (#[0-9a-f]{6})\b")
_NAME = re.compile(r'( id="| xlink:href="#|url\(#)')


class Drawn(NamedTuple):
    """An SVG element, and where its axes lie on it."""

    svg: str
    place: dict[str, object]


def svg(figure: Figure, sheet: Sheet) -> Drawn:
    """Draw a figure as an SVG element with live text, the same bytes for the same figure.

    Its colours are the page's CSS variables, each with the colour on white for where there are none.
    """
    stream = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": f"netchurn {sheet.width}"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # text stays text: the reader's fonts draw it
        canvas, axes = draw(figure, sheet)
        canvas.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    own = _NAME.sub(rf"\g<1>{figure.name}-{sheet.width:g}-", text[text.index("<svg") :])
    return Drawn(_COLOUR.sub(_variable, own), place(axes))


def otherwise() -> str:
    """Return why drawings may be other bytes on this machine than elsewhere; nothing where they may not."""
    here = {"matplotlib": mpl.__version__, "freetype": ft2font.__freetype_version__, "machine": platform.machine()}
    unlike = [f"{name} is {here[name]}, not {ALIKE[name]}" for name in ALIKE if here[name] != ALIKE[name]]
    return f"this machine draws otherwise: {', '.join(unlike)}" if unlike else ""


def _variable(found: re.Match[str]) -> str:
    what, colour = found.groups()
    name = _VARIABLES.get(colour)
    return f"{what}: var(--{name}, {colour})" if name else found.group()


def png(figure: Figure) -> bytes:
    """Draw a figure as a PNG of 1600 by some 900 pixels on white, good enough for a slide."""
    stream = io.BytesIO()
    style = {**_STYLE, "savefig.facecolor": PAPER}
    with mpl.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        canvas, _ = draw(figure, SLIDE)
        canvas.savefig(stream, format="png", dpi=200, metadata={"Software": None})
    return stream.getvalue()
