"""Reads a memray capture, as a process of its own: a capture may come from anybody, and its reader is not safe.

``python -m harness.files.profiles.memray_worker TARGET CAPTURE`` writes ``{"stacks": [[frames, values], ...]}`` to
TARGET: for each stack, outermost function first, the bytes and allocations that were not freed when the capture ended,
and all that were made while it ran.
"""

import resource
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from memray import AllocatorType, FileReader

MOST_MEMORY = 4 * 2**30
_FREES = frozenset((AllocatorType.FREE, AllocatorType.MUNMAP, AllocatorType.PYMALLOC_FREE))
_NOWHERE = "(entered before profiling)"

Stacks = dict[tuple[str, ...], list[int]]


def stacks(capture: Path) -> Stacks:
    """Add the records of a capture by stack; OSError where it is cut off or none."""
    found: Stacks = defaultdict(lambda: [0, 0, 0, 0])
    with FileReader(capture) as reader:
        _add(found, reader.get_leaked_allocation_records(merge_threads=True), 0, lambda record: record.n_allocations)
    with FileReader(capture) as reader:
        made = (record for record in reader.get_allocation_records() if record.allocator not in _FREES)
        _add(found, made, 2, lambda _: 1)
    return found


def _add(found: Stacks, records: Iterable[Any], at: int, number: Any) -> None:
    """Count by stack number first: to resolve one stack costs as much as to read some hundred records."""
    sums: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    example: dict[int, Any] = {}
    for record in records:
        example.setdefault(record.stack_id, record)
        sums[record.stack_id][0] += number(record)
        sums[record.stack_id][1] += record.size
    for stack, record in example.items():
        frames = tuple(f"{name} ({file})" for name, file, _ in reversed(record.stack_trace())) or (_NOWHERE,)
        found[frames][at] += sums[stack][0]
        found[frames][at + 1] += sums[stack][1]


def main(target: str, capture: str) -> None:
    """Read, and write; a capture that cannot be read ends the process with its reason."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    try:
        found = stacks(Path(capture))
    except (OSError, MemoryError) as cause:
        raise SystemExit(str(cause) or "it takes more than 4 GiB") from None
    Path(target).write_bytes(msgspec.json.encode({"stacks": list(found.items())}))


if __name__ == "__main__":
    main(*sys.argv[1:])
