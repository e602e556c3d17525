"""memray's own flame graph pages of the captures, made to open offline."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from harness import subprocesses
from harness.model import Capture, Result
from harness.report.sections.profiles import MEMRAY_PAGE
from harness.results.descriptors import Folder
from harness.results.folder import regular_file
from harness.results.writer import writing

_FREED_WITHIN = "2000"  # allocations; a look-up frees nearly all of its own within that many others


def chosen(result: Result) -> list[Capture]:
    """Choose one capture a subject, no control: at the most links, the longer; with events for those that wait."""
    polls = {one.name: one.polls for one in result.plan.subjects}
    controls = {one.name for one in result.plan.subjects if one.role == "control"}
    best: dict[str, Capture] = {}
    for capture in result.captures:
        if capture.subject in controls or not capture.accounting.startswith("python:"):
            continue
        key = (capture.links, capture.kind == "events" and not polls.get(capture.subject, True), capture.live_s)
        held = best.get(capture.subject)
        if held is None or key > (held.links, held.kind == "events", held.live_s):
            best[capture.subject] = capture
    return list(best.values())


def page(capture: Capture) -> tuple[str, str]:
    """Name the page of a capture: (what it shows, file name)."""
    work = f"{capture.polls} polls" if capture.polls else f"{capture.events} link events"
    return f"{capture.subject}: {work} at {capture.links} links", f"{MEMRAY_PAGE}{capture.subject}.html"


def there(result: Result, output: Path) -> list[tuple[str, str]]:
    """List the pages that a report has already."""
    return [found for capture in chosen(result) if (output / (found := page(capture))[1]).is_file()]


def render(
    result: Result, folder: Path, output: Folder, done: Callable[[int, int], None] = lambda *_: None
) -> list[tuple[str, str]]:
    """Write the pages; give (what it shows, file name) of each that memray could make.

    They show what was allocated and freed again: memray's default page shows the high-water mark, in which churn is
    not. A capture that is gone from the folder, or that memray cannot read, has no page.
    """
    started = []
    for capture in chosen(result):
        path = regular_file(folder, capture.file)
        if path is not None:
            memory = os.memfd_create("flamegraph", os.MFD_CLOEXEC)
            started.append((*page(capture), memory, _start(path.absolute(), memory)))
    pages = []
    for number, (what, file, memory, process) in enumerate(started, start=1):
        process.communicate()
        done(number, len(started))
        with os.fdopen(memory, "rb") as stream, writing(output.path):
            if process.returncode == 0:
                output.put(file, stream.read())
                pages.append((what, file))
    return pages


def _start(capture: Path, target: int) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-P", "-m", "memray", "flamegraph", "--no-web", "-f"]
    paths = ["-o", f"/proc/self/fd/{target}", str(capture)]
    return subprocesses.start([*argv, "--temporary-allocation-threshold", _FREED_WITHIN, *paths], passed=(target,))
