"""Every output format, and a document in those that a document has."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.report.document import Document

REPORT = ("html", "md", "png", "json", "junit")
TEXTS = ("html", "md", "json", "junit")
COMPARISON = ("md", "html", "json")
PAGES = (".html", ".md")
JUDGEMENT = (*PAGES, ".svg", ".png")


def rendered(document: "Document", kind: str) -> bytes:
    """Render a document as one of ``JUDGEMENT``; of pictures it is the first."""
    if kind == ".md":
        from harness.report.renderers import markdown  # noqa: PLC0415 - who asks for a format's name needs no renderer

        return markdown.render(document).encode()
    from harness.report.pictures import figures  # noqa: PLC0415 - they load matplotlib, which Markdown does not need
    from harness.report.pictures.drawing import WIDE  # noqa: PLC0415 - as above
    from harness.report.renderers import html  # noqa: PLC0415 - they load matplotlib, which Markdown does not need

    match kind:
        case ".html":
            return html.render(document).encode()
        case ".png":
            return figures.png(document.figures[0])
        case _:
            return f'<?xml version="1.0" encoding="utf-8"?>\n{figures.svg(document.figures[0], WIDE).svg}'.encode()
