"""What a report takes out of captures, by processes that are begun while a run goes on, or when the report wants them.

This loads neither the statistics nor the drawing, so that a run can begin them while it samples.
"""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from harness import workers
from harness.model import Capture, Result
from harness.results.folder import regular_file
from harness.subprocesses import Queue, Task

_METER = ("main.(*session).tellExactly", "gowatch/internal/meter.")  # what marks cost is in no count of ours
_FREED_WITHIN = "2000"  # allocations; a look-up frees nearly all of its own within that many others
_FLAME_GRAPH = ("-P", "-m", "memray", "flamegraph", "--no-web", "-f", "--temporary-allocation-threshold", _FREED_WITHIN)
_PYTHON = "python:"  # so begins the accounting of what memray captured


class _Reading(NamedTuple):
    """A process, and the memory that it writes to: a file would need room, and stay when we are killed."""

    task: Task
    memory: int


class Readers:
    """Processes that read captures, each begun once."""

    def __init__(self, queue: Queue | None = None) -> None:
        """Begin none. Those of a queue that is given run in the background until the report wants them."""
        self._queue = queue or Queue()
        self._begun: dict[tuple[str, ...], _Reading] = {}

    def begin(self, folder: Path, result: Result) -> None:
        """Put into the queue what a report of this result will want of memray's captures."""
        for capture in chosen(result):
            self.draw(folder, capture.file)
        for capture in _compared(result):
            self.fold(folder, (capture.file,))

    def fold(self, folder: Path, files: Sequence[str]) -> Callable[[], bytes | None]:
        """Fold a capture, or two profiles; what is given waits for the stacks, None where they cannot be read."""
        without = _METER if len(files) > 1 else ()
        paths = [str((folder / file).absolute()) for file in files]
        return self._reading(
            ("fold", *paths),
            lambda memory: self._queue.add([*workers.FOLD_STACKS.command, *paths, *without], stdout=memory),
        )

    def draw(self, folder: Path, file: str) -> Callable[[], bytes | None] | None:
        """Draw memray's own page; what is given waits for it. None where the capture is gone."""
        path = regular_file(folder, file)
        if path is None:
            return None
        capture = str(path.absolute())
        return self._reading(
            ("draw", capture),
            lambda memory: self._queue.add(
                [sys.executable, *_FLAME_GRAPH, "-o", f"/proc/self/fd/{memory}", capture], passed=(memory,)
            ),
        )

    def _reading(self, key: tuple[str, ...], add: Callable[[int], Task]) -> Callable[[], bytes | None]:
        if key not in self._begun:
            memory = os.memfd_create("reading", os.MFD_CLOEXEC)
            self._begun[key] = _Reading(add(memory), memory)
        return lambda: self._result(key)

    def _result(self, key: tuple[str, ...]) -> bytes | None:
        task, memory = self._begun.pop(key)
        status = self._queue.wait(task)
        with os.fdopen(memory, "rb") as stream:
            stream.seek(0)
            return stream.read() if status == 0 else None

    def close(self) -> None:
        """Kill what runs, and forget what nobody took."""
        self._queue.close()
        for _, memory in self._begun.values():
            with suppress(OSError):
                os.close(memory)
        self._begun.clear()


def chosen(result: Result) -> list[Capture]:
    """Choose one capture a subject, no control: at the most links, the longer; with events for those that wait."""
    polls = {one.name: one.polls for one in result.plan.subjects}
    best: dict[str, Capture] = {}
    for capture in _memray(result):
        key = (capture.links, capture.kind == "events" and not polls.get(capture.subject, True), capture.live_s)
        held = best.get(capture.subject)
        if held is None or key > (held.links, held.kind == "events", held.live_s):
            best[capture.subject] = capture
    return list(best.values())


def _memray(result: Result) -> list[Capture]:
    controls = {one.name for one in result.plan.subjects if one.role == "control"}
    return [one for one in result.captures if one.subject not in controls and one.accounting.startswith(_PYTHON)]


def _compared(result: Result) -> list[Capture]:
    """List the captures of the first trial at the most links: between the least and the most work start-up cancels."""
    first = [one for one in _memray(result) if one.trial == 0]
    most: dict[tuple[str, str], int] = {}
    for one in first:
        most[one.subject, one.kind] = max(one.links, most.get((one.subject, one.kind), 0))
    return [one for one in first if one.links == most[one.subject, one.kind]]
