"""Every output format, and a document in those that a document has."""

from harness.report import figures, html, markdown
from harness.report.document import Document
from harness.report.drawing import WIDE

REPORT = ("html", "md", "png", "json", "junit")
TEXTS = ("html", "md", "json", "junit")
COMPARISON = ("md", "html", "json")
PAGES = (".html", ".md")
JUDGEMENT = (*PAGES, ".svg", ".png")


def rendered(document: Document, kind: str) -> bytes:
    """Render a document as one of ``JUDGEMENT``; of pictures it is the first."""
    match kind:
        case ".html":
            return html.render(document).encode()
        case ".md":
            return markdown.render(document).encode()
        case ".png":
            return figures.png(document.figures[0])
        case _:
            return f'<?xml version="1.0" encoding="utf-8"?>\n{figures.svg(document.figures[0], WIDE).svg}'.encode()
