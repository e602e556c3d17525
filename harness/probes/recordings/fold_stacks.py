"""Captures to stacks, as a process of its own: everything allocated by each stack, freed or not.

``python -m harness.probes.recordings.fold_stacks CAPTURE`` folds one memray capture, record by record; with ``FIRST
LAST PREFIX...`` the difference of two Go profiles, without the stacks that go through a function whose name begins with
a prefix. One ``Folded`` as JSON goes to standard output. It is a process because a report knows no probes, and because
millions of records take seconds. Lines are not told apart, functions are.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from memray import AllocatorType, FileReader

from harness.errors import NetchurnError, ResultFault
from harness.model import CodeOrigin, Folded, FoldedStack, Frame
from harness.probes.pprof import pprof
from harness.probes.pprof.diff import difference

_FREES = frozenset((AllocatorType.FREE, AllocatorType.MUNMAP, AllocatorType.PYMALLOC_FREE))
_NOWHERE = Frame(name="(entered before profiling)", place="", origin="other")
_INSTALLED = re.compile(r".*/(?:site|dist)-packages/")
_STANDARD = re.compile(r".*/lib(?:32|64)?/python3\.\d+t?/|^<frozen ")
_OURS = re.compile(r".*/(?=harness/)")
_GO_STANDARD = re.compile(
    r"(?:archive|bufio|bytes|cmp|compress|container|context|crypto|database|debug|embed|encoding|errors|expvar|flag|fmt|go"
    r"|hash|html|image|index|internal|io|iter|log|maps|math|mime|net|os|path|plugin|reflect|regexp|runtime|slices|sort"
    r"|strconv|strings|structs|sync|syscall|testing|text|time|type|unicode|unique|unsafe|vendor|weak)(?:/|$)"
)

Counted = Mapping[tuple[Frame, ...], tuple[int, int]]


def memray_stacks(capture: Path) -> Folded:
    """Add all records of a capture by stack; ResultFault where it is cut off."""
    try:
        reader = FileReader(capture)
        with reader:
            counted = _by_stack(reader)
    except OSError as cause:
        raise ResultFault(
            "file_damaged", f"capture {capture.name} cannot be read: {cause}", "run again: it was cut off"
        ) from None
    return fold(counted)


def _by_stack(reader: FileReader) -> Counted:
    """Count by stack number first: to resolve one stack costs as much as to read some hundred records."""
    size: defaultdict[int, int] = defaultdict(int)
    number: defaultdict[int, int] = defaultdict(int)
    example = {}
    for record in reader.get_allocation_records():
        if record.allocator in _FREES:
            continue
        stack = record.stack_id
        if stack not in size:
            example[stack] = record
        size[stack] += record.size
        number[stack] += 1
    found: defaultdict[tuple[Frame, ...], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for stack, record in example.items():
        frames = tuple(python_frame(name, file) for name, file, _ in reversed(record.stack_trace())) or (_NOWHERE,)
        found[frames] = (found[frames][0] + size[stack], found[frames][1] + number[stack])
    return found


def go_stacks(first: Path, last: Path, without: tuple[str, ...]) -> Folded:
    """Return what was sampled between two profiles of one process; UsageFault where they are not of one."""
    before, after = pprof.read(first), pprof.read(last)
    space = difference(before, after, "alloc_space", without=without)
    objects = difference(before, after, "alloc_objects", without=without).stacks
    counted = {tuple(map(go_frame, frames)): (size, objects.get(frames, 0)) for frames, size in space.stacks.items()}
    return msgspec.structs.replace(fold(counted), standard_error_bytes=space.standard_error, period=space.period)


def python_frame(name: str, file: str) -> Frame:
    """Return whose a Python function is, by where its file lies, and shorten the file's name to what tells it apart."""
    installed, standard = _INSTALLED.sub("", file), _STANDARD.sub("", file)
    if installed.startswith("harness/"):
        return Frame(name=name, place=installed, origin="own")
    if installed != file:
        return Frame(name=name, place=installed, origin="library")
    if standard != file:
        return Frame(name=name, place=standard.rstrip(">"), origin="standard")
    if _OURS.match(file):
        return Frame(name=name, place=_OURS.sub("", file), origin="own")
    return Frame(name=name, place="/".join(file.split("/")[-2:]), origin="other")


def go_frame(name: str) -> Frame:
    """Return whose a Go function is, by its package: Go's own, from a host with a name, or the program's."""
    plain = name.split("[", 1)[0]  # a type's arguments have paths of their own
    folder, _, last = plain.rpartition("/")
    package = f"{folder}/{last.partition('.')[0]}" if folder else last.partition(".")[0]
    foreign = "." in package.split("/", 1)[0]
    origin: CodeOrigin = "standard" if _GO_STANDARD.match(package) else "library" if foreign else "own"
    return Frame(name=name[len(folder) + 1 if folder else 0 :], place=package, origin=origin)


def fold(counted: Counted) -> Folded:
    """Return stacks whose frames are numbers, so that each frame is written once."""
    numbers: dict[Frame, int] = {}
    stacks = [
        FoldedStack(frames=_numbered(frames, numbers), bytes=size, allocations=number)
        for frames, (size, number) in counted.items()
    ]
    return Folded(frames=tuple(numbers), stacks=tuple(stacks))


def _numbered(frames: Iterable[Frame], numbers: dict[Frame, int]) -> tuple[int, ...]:
    return tuple(numbers.setdefault(frame, len(numbers)) for frame in frames)


def main(arguments: list[str]) -> None:
    """Fold, and print; a capture that cannot be read ends the process with its reason."""
    first, *rest = arguments
    try:
        folded = go_stacks(Path(first), Path(rest[0]), tuple(rest[1:])) if rest else memray_stacks(Path(first))
    except NetchurnError as fault:
        raise SystemExit(fault.message) from None
    sys.stdout.buffer.write(msgspec.json.encode(folded))


if __name__ == "__main__":
    main(sys.argv[1:])
