"""memray captures to bytes and counts: everything allocated while the capture ran, freed or not.

Totals come from ``memray stats --json``, kept beside the capture. It raises on a capture in which nothing was
allocated, so the records are read one by one where it fails. Counted: Python's own allocators too (accounting mode
``python:all-objects``), an untouched mmap whole, a realloc at its new size each time. Not counted: frees.
"""

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from subprocess import TimeoutExpired
from typing import NamedTuple

from memray import AllocatorType, FileReader

from harness.errors import ResultFault
from harness.safe_read import content, opened
from harness.subprocesses import Queue

LONGEST_S = 300
"""How long reading one capture may take: what a program of an earlier trial left may put a pipe in its place."""
_MOST_STATS_BYTES = 64 * 2**20
_CHANGED = "run again, without the program that changes the folder of its run"
_FREES = {AllocatorType.FREE, AllocatorType.MUNMAP, AllocatorType.PYMALLOC_FREE}


class Allocated(NamedTuple):
    """The totals of one capture."""

    bytes: int
    allocations: int


class Counting:
    """The totals of captures, which processes of a queue count; ``done`` is told how many are counted."""

    def __init__(self, captures: Sequence[Path], queue: Queue) -> None:
        """Put a process for each capture at the end of the queue."""
        self._queue = queue
        self._tasks = [(one, queue.add(_stats(one))) for one in captures]

    @property
    def ended(self) -> bool:
        """Return whether all processes have ended."""
        return all(task.status is not None for _, task in self._tasks)

    def totals(self, done: Callable[[int], None] = lambda _: None) -> list[Allocated]:
        """Return the totals in the order of the captures, once all are counted; ResultFault for one that is cut off."""
        found = []
        for capture, task in self._tasks:
            try:
                status = self._queue.wait(task, LONGEST_S)
            except TimeoutExpired:
                raise ResultFault(
                    "file_too_large", f"capture {capture.name} was not read within {LONGEST_S} s", _CHANGED
                ) from None
            found.append(_from_stats(capture) if status == 0 else _from_records(capture))
            done(len(found))
        return found


def totals(captures: Sequence[Path], done: Callable[[int], None] = lambda _: None) -> list[Allocated]:
    """Read the totals of captures at once, as many at a time as there are cores; ResultFault as above."""
    with closing(Queue()) as queue:
        return Counting(captures, queue).totals(done)


def stats_path(capture: Path) -> Path:
    """Name the file beside a capture that holds memray's statistics of it."""
    return capture.with_suffix(".stats.json")


def _stats(capture: Path) -> list[str]:
    return [sys.executable, "-P", "-m", "memray", "stats", "--json", "-f", "-o", str(stats_path(capture)), str(capture)]


def _from_stats(capture: Path) -> Allocated:
    stats = json.loads(content(stats_path(capture), _MOST_STATS_BYTES))
    return Allocated(stats["total_bytes_allocated"], stats["total_num_allocations"])


def _from_records(capture: Path) -> Allocated:
    size = number = 0
    try:
        # verify hands captures over as links in a folder of its own
        with opened(capture, sys.maxsize, follow=True) as file, FileReader(f"/proc/self/fd/{file.fileno()}") as reader:
            for record in reader.get_allocation_records():
                if record.allocator not in _FREES:
                    size += record.size
                    number += 1
    except OSError as cause:
        raise ResultFault(
            "file_damaged", f"capture {capture.name} cannot be read: {cause}", "run again: it was cut off"
        ) from None
    return Allocated(size, number)
