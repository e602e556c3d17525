"""memray captures to bytes and counts: everything allocated while the capture ran, freed or not.

Totals come from ``memray stats --json``, kept beside the capture. It raises on a capture in which nothing was
allocated, so the records are read one by one where it fails. Counted: Python's own allocators too (accounting mode
``python:all-objects``), an untouched mmap whole, a realloc at its new size each time. Not counted: frees.
"""

import json
import os
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from typing import NamedTuple

from memray import AllocatorType, FileReader

from harness import subprocesses
from harness.errors import ResultFault
from harness.safe_read import content, opened

LONGEST_S = 300
"""How long reading one capture may take: what a guest of an earlier trial left may put a pipe in its place."""
_MOST_STATS_BYTES = 64 * 2**20
_CHANGED = "run again, without the program that changes the folder of its run"
_FREES = {AllocatorType.FREE, AllocatorType.MUNMAP, AllocatorType.PYMALLOC_FREE}


class Allocated(NamedTuple):
    """The totals of one capture."""

    bytes: int
    allocations: int


def totals(captures: list[Path], done: Callable[[int], None] = lambda _: None) -> list[Allocated]:
    """Read the totals of captures, as many at a time as there are cores; ResultFault naming one that is cut off."""
    waiting = deque(captures)
    running: deque[tuple[Path, Popen[bytes]]] = deque()
    found = []
    try:
        while waiting or running:
            while waiting and len(running) < (os.cpu_count() or 1):
                capture = waiting.popleft()
                running.append((capture, _start_stats(capture)))
            capture, process = running[0]
            process.communicate(timeout=LONGEST_S)
            running.popleft()
            found.append(_from_stats(capture) if process.returncode == 0 else _from_records(capture))
            done(len(found))
    except TimeoutExpired:
        raise ResultFault(
            "file_too_large", f"capture {capture.name} was not read within {LONGEST_S} s", _CHANGED
        ) from None
    finally:
        for _, process in running:
            process.kill()
            process.communicate()
    return found


def stats_path(capture: Path) -> Path:
    """Name the file beside a capture that holds memray's statistics of it."""
    return capture.with_suffix(".stats.json")


def _start_stats(capture: Path) -> Popen[bytes]:
    return subprocesses.start(
        [sys.executable, "-P", "-m", "memray", "stats", "--json", "-f", "-o", str(stats_path(capture)), str(capture)]
    )


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
