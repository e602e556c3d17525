"""memray's own flame graph pages of the captures, made to open offline."""

from collections.abc import Callable
from pathlib import Path

from harness.model import Capture, Result
from harness.report.readers import Readers, chosen
from harness.report.sections.cost.profiles import MEMRAY_PAGE
from harness.results.descriptors import Folder
from harness.results.writer import writing


def page(capture: Capture) -> tuple[str, str]:
    """Name the page of a capture: (what it shows, file name)."""
    work = f"{capture.polls} polls" if capture.polls else f"{capture.events} link events"
    return f"{capture.subject}: {work} at {capture.links} links", f"{MEMRAY_PAGE}{capture.subject}.html"


def there(result: Result, output: Path) -> list[tuple[str, str]]:
    """List the pages that a report has already."""
    return [found for capture in chosen(result) if (output / (found := page(capture))[1]).is_file()]


def render(
    result: Result, folder: Path, output: Folder, readers: Readers, done: Callable[[int, int], None] = lambda *_: None
) -> list[tuple[str, str]]:
    """Write the pages; give (what it shows, file name) of each that memray could make.

    They show what was allocated and freed again: memray's default page shows the high-water mark, in which churn is
    not. A capture that is gone from the folder, or that memray cannot read, has no page.
    """
    drawn = [(page(one), readers.draw(folder, one.file)) for one in chosen(result)]
    started = [(names, wait) for names, wait in drawn if wait is not None]
    pages = []
    for number, ((what, file), wait) in enumerate(started, start=1):
        content = wait()
        done(number, len(started))
        if content is not None:
            with writing(output.path):
                output.put(file, content)
            pages.append((what, file))
    return pages
