"""Document to one self-contained HTML page: no request leaves it."""

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.report import figures
from harness.report.document import Document, Figure

_LINE_OF_A_CELL = 14  # characters that are not worth breaking
_KINDS = ("Text", "Table", "Notes", "Code", "Links", "Bars", "Lines")


def render(document: Document) -> str:
    """Write the page. Text is escaped by the template engine; figures are drawn by matplotlib, which escapes too."""
    environment = templates()
    environment.globals["picture"] = _picture
    environment.tests["short"] = _short
    for kind in _KINDS:
        environment.tests[kind.lower()] = lambda block, kind=kind: type(block).__name__ == kind
    return environment.get_template("page.html").render(document=document)


def templates() -> Environment:
    """Give the templates of pages; what is put into them is escaped."""
    return Environment(
        loader=PackageLoader("harness.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _picture(figure: Figure) -> Markup:
    return Markup(figures.svg(figure))  # noqa: S704 - matplotlib's own SVG, with all text escaped in it


def _short(cell: str) -> bool:
    return len(cell) <= _LINE_OF_A_CELL
