"""A result folder becomes a report: the one way from facts to documents. Needs nothing but the folder."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from harness.analysis.facts import Facts
from harness.derive import derive, deriving
from harness.errors import UsageFault
from harness.model import Analysis
from harness.report import memray_pages
from harness.report.compose import compose
from harness.report.formats import REPORT, rendered
from harness.report.readers import Readers
from harness.report.renderers import junit
from harness.results.descriptors import Folder, open_folder
from harness.results.writer import writing
from harness.sanitize import json_document

_SUFFIXES = {"junit": "junit.xml"}

Progress = Callable[[str, int, int], None]


def text(folder: Path, kind: str) -> str:
    """Render one text format by itself, with nothing beside it."""
    return text_of(folder, *derive(folder), kind)


def text_of(folder: Path, facts: Facts, analysis: Analysis, kind: str) -> str:
    """Render one text format of what was derived from a result."""
    with deriving(folder):
        return _text(kind, analysis, facts, ())


def render(
    folder: Path,
    output: Path,
    formats: tuple[str, ...] = REPORT,
    progress: Progress = lambda *_: None,
    drawn: Path | Readers | None = None,
) -> tuple[Analysis, dict[str, Path]]:
    """Write a report in the given formats below ``output``; give the analysis and the path of each format.

    ``drawn`` is a report whose pages by memray are linked to as they are, and not drawn again; or what a run has begun
    to read, which is closed.
    """
    facts, analysis = derive(folder)
    with open_folder(output) as target:
        pages: tuple[tuple[str, str], ...] = ()
        if "html" in formats:
            pages = _pages(folder, facts, analysis, target, progress, drawn or Readers())
        written = {}
        with writing(output), deriving(folder):
            for kind in formats:
                if kind == "png":
                    written[kind] = _pictures(analysis, facts, target)
                else:
                    target.put(file_name(kind), _text(kind, analysis, facts, pages).encode())
                    written[kind] = output / file_name(kind)
    return analysis, written


def _pages(  # noqa: PLR0913, PLR0917 - where from, where to, and what stands there already
    folder: Path, facts: Facts, analysis: Analysis, target: Folder, progress: Progress, drawn: Path | Readers
) -> tuple[tuple[str, str], ...]:
    """Write the pages beside the report; what each shows, and its file."""
    from harness.report.flamegraph import pages as flamegraphs  # noqa: PLC0415 - it loads matplotlib

    drawing, folding = "rendering flame graphs", "folding captures into flame graphs of churn"
    progress(drawing, 0, 1)
    readers = Readers() if isinstance(drawn, Path) else drawn
    with closing(readers):
        graphs = (
            memray_pages.there(facts.result, drawn)
            if isinstance(drawn, Path)
            else memray_pages.render(facts.result, folder, target, drawn, partial(progress, drawing))
        )
        churn = flamegraphs.write(analysis, facts, folder, target, tuple(graphs), partial(progress, folding), readers)
    return (*churn, *graphs)


def file_name(kind: str) -> str:
    return f"report.{_SUFFIXES.get(kind, kind)}"


def _text(kind: str, analysis: Analysis, facts: Facts, pages: tuple[tuple[str, str], ...]) -> str:
    if kind == "json":
        return json_document(analysis) + "\n"
    if kind == "junit":
        return junit.render(analysis, facts)
    if kind in {"html", "md"}:
        return rendered(compose(analysis, facts, pages), f".{kind}").decode()
    raise UsageFault("unknown_format", f"no format is called {kind!r}", f"choose from {', '.join(REPORT)}")


def _pictures(analysis: Analysis, facts: Facts, target: Folder) -> Path:
    from harness.report.pictures import figures  # noqa: PLC0415 - as in _pages

    drawn = compose(analysis, facts).figures
    for figure in drawn:
        target.put(f"{figure.name}.png", figures.png(figure))
    return target.path / f"{drawn[0].name}.png" if drawn else target.path
