"""Reads the capture that ``harness/subjects/recorder`` makes, as a process of its own: a capture may come from anybody.

``python -m harness.probes.recordings.memray_reader CAPTURE BEGAN_NS ENDED_NS`` prints a ``Retention`` as JSON. Each
allocation counts once and at the size that was asked for: while one of Python's allocators works, memray does not see
what it takes from malloc or mmap. ``native`` is what was taken from malloc and mmap by anybody else.
"""

import re
import sys
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from memray import AllocatorType, FileReader

from harness.probes.recordings.fold_stacks import python_frame
from harness.probes.recordings.keepers import Place, Places, Retention, Tally, print_reading
from harness.probes.recordings.recorders import MOST_MARKS_BYTES
from harness.safe_read import content

MARK_BYTES = 4099 + 1  # a bytearray has a byte to spare
_MARK = ("mark", "recorder/sitecustomize.py")
_FREES = frozenset((AllocatorType.FREE, AllocatorType.MUNMAP, AllocatorType.PYMALLOC_FREE))
_MANAGED = frozenset((AllocatorType.PYMALLOC_MALLOC, AllocatorType.PYMALLOC_CALLOC, AllocatorType.PYMALLOC_REALLOC))
_INTERPRETER = re.compile(r"(?:\./)?(?:Objects|Python|Modules|Parser|Include)/")
_NO_NAME = "<unknown>"

Stack = tuple[int, int, bool]
"""Number of the Python stack, number of the native stack, and whether the memory is native."""


def marks(path: Path) -> tuple[list[int], str]:
    """Read the moments of marks, and why the recording ended; nothing of what it does not say."""
    lines = content(path, MOST_MARKS_BYTES).decode("ascii", "replace").splitlines()
    return [int(line) for line in lines if line.isdecimal()], next((one for one in lines if not one.isdecimal()), "")


def moments(at: list[int], began_ns: int, ended_ns: int) -> tuple[int, int, int]:
    """Return the marks where what counts begins, has its middle, and ends; ValueError where there are not three."""
    first, last = bisect_left(at, began_ns), min(bisect_left(at, ended_ns), len(at) - 1)
    if last - first < 2:  # noqa: PLR2004 - two halves
        raise ValueError("it ended before the warm-up was over")
    return at[first], at[(first + last) // 2], at[last]


def read(capture: Path, began_ns: int, ended_ns: int) -> Retention:
    """Read a capture; OSError where it is none, ValueError where it ended too soon."""
    at, _ = marks(capture.with_suffix(".marks"))
    tally = Tally(moments(at, began_ns, ended_ns))
    with FileReader(capture) as reader:
        example = _replay(reader, tally, iter(at))
        places = {stack: _places(example[stack], native=stack[2]) for stack in tally.stacks()}  # type: ignore[index]
    return tally.end({stack: found for stack, found in places.items() if not any(_ours(one) for one in found)})


def _replay(reader: FileReader, tally: Tally, at: Iterator[int]) -> dict[Stack, Any]:
    """Replay all records until the end of what counts; give one record of each stack."""
    example: dict[Stack, Any] = {}
    marking: dict[int, bool] = {}
    for record in reader.get_allocation_records():
        allocator = record.allocator
        if allocator in _FREES:
            tally.free(record.address)
            continue
        stack = (record.stack_id, record.native_stack_id, allocator not in _MANAGED)
        if stack not in example:
            example[stack] = record
        if record.size == MARK_BYTES and _marks(record, marking):
            tally.reach(next(at, sys.maxsize))
            if tally.phase == len(tally.moments):
                break
            continue
        tally.add(record.address, record.size, stack, native=stack[2])
    return example


def _marks(record: Any, known: dict[int, bool]) -> bool:
    if record.stack_id not in known:
        inner = record.stack_trace(1)
        known[record.stack_id] = bool(inner) and inner[0][0] == _MARK[0] and inner[0][1].endswith(_MARK[1])
    return known[record.stack_id]


def _ours(one: Place) -> bool:
    return one.file == _MARK[1]


def _places(record: Any, *, native: bool) -> Places:
    """Return a stack without the interpreter: Python's functions, and below them the native ones that allocated."""
    python = record.stack_trace()
    inner: list[Place] = []
    if native:
        for function, file, line in record.hybrid_stack_trace():
            if python and (function, file, line) == tuple(python[0]):
                break
            if function != _NO_NAME and not _INTERPRETER.match(file) and not function.startswith(("Py", "_Py")):
                inner.append(Place(function, "" if file == _NO_NAME else "/".join(file.split("/")[-2:]), line, "other"))
    return (*(_place(*one) for one in reversed(python)), *reversed(inner if python else inner[:1]))


def _place(name: str, file: str, line: int) -> Place:
    frame = python_frame(name, file)
    if file.endswith(_MARK[1]):
        return Place(name, _MARK[1], line, "other")
    return Place(name, frame.place, line, "own" if frame.origin == "other" else frame.origin)


if __name__ == "__main__":
    print_reading(read, *sys.argv[1:])
