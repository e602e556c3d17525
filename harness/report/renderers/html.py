"""Document to one self-contained HTML page: no request leaves it."""

import base64
import hashlib
from importlib import resources
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.report.document import Bars, Document, Figure, Stacks
from harness.report.pictures import figures
from harness.report.pictures.drawing import NARROW, WIDE

_LINE_OF_A_CELL = 14  # characters that are not worth breaking
_KINDS = ("Text", "Table", "Notes", "Code", "Links", "Bars", "Lines", "Stacks")


class Script(NamedTuple):
    """A script of ours, and the digest by which a page allows it and no other."""

    text: Markup
    digest: str


class Picture(NamedTuple):
    """A figure at two widths, and the values that it tells where it is pointed at."""

    wide: Markup
    narrow: Markup
    values: dict[str, object]


def render(document: Document) -> str:
    """Write the page. Text is escaped by the template engine; figures are drawn by matplotlib, which escapes too."""
    environment = templates()
    environment.globals["picture"] = _picture
    environment.tests["short"] = _short
    for kind in _KINDS:
        environment.tests[kind.lower()] = lambda block, kind=kind: type(block).__name__ == kind
    return environment.get_template("page.html").render(document=document, script=script("page.js"))


def templates() -> Environment:
    """Return the templates of pages; what is put into them is escaped."""
    return Environment(
        loader=PackageLoader("harness.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def script(name: str) -> Script:
    """Read a script that stands beside the templates."""
    text = resources.files("harness.report").joinpath("templates", name).read_text()
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Script(Markup(text), digest)  # noqa: S704 - ours, and the only one whose digest the page allows


def _picture(figure: Figure) -> Picture:
    wide, narrow = (figures.svg(figure, sheet) for sheet in (WIDE, NARROW))
    return Picture(
        _classed(wide.svg, "wide"), _classed(narrow.svg, "narrow"), _values(figure, [wide.place, narrow.place])
    )


def _classed(svg: str, name: str) -> Markup:
    text = svg.replace("<svg ", f'<svg class="{name}" aria-hidden="true" ', 1)
    return Markup(text)  # noqa: S704 - matplotlib's own SVG, with all text escaped in it


def _values(figure: Figure, places: list[dict[str, object]]) -> dict[str, object]:
    if isinstance(figure, Stacks):
        return {}
    if isinstance(figure, Bars):
        return {
            "kind": "bars",
            "places": places,
            "bars": [{"name": bar.label, "exact": bar.exact} for bar in figure.bars],
        }
    lines = [
        {"name": line.label, "points": [[_rounded(x), _rounded(y)] for x, y in line.points]} for line in figure.lines
    ]
    places = [] if figure.panels else places  # which of the small pictures is pointed at is not told
    return {"kind": "lines", "places": places, "x": figure.x_label, "y": figure.y_label, "lines": lines}


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


def _short(cell: str) -> bool:
    return len(cell) <= _LINE_OF_A_CELL
