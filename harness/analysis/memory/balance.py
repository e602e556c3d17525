"""What resident memory is made of, at the beginning and the end: why RSS is not the heap. Pure.

The kernel tells anonymous memory, mapped files and shared memory apart. What anonymous memory is made of only the
program knows: Go's runtime by its memstats, other programs by what was recorded of a copy of them. What is left is the
rest: free memory that an allocator holds, stacks of threads, tables of an interpreter.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harness.analysis.facts import Facts, Readings, column, measured
from harness.model import Balance, GoHeap, GoMemory, MemoryPart, Recording, Sample

_ALL: tuple[MemoryPart, ...] = (
    "live_heap", "free_heap", "stacks", "runtime", "native", "mapped_files", "shared_memory", "rest",
)  # fmt: skip
_LEAST_CERTAIN: tuple[MemoryPart, ...] = ("runtime", "free_heap", "live_heap", "stacks")
"""Of what Go's runtime has, in the order in which a page is likely not to be resident."""
Parts = dict[MemoryPart, int]


class _Ends(NamedTuple):
    """The readings at the beginning and at the end."""

    first: Sample
    last: Sample


def balance(facts: Facts, name: str) -> tuple[Balance, ...]:
    """Return the parts of a subject's resident memory; none where its parts were not read."""
    readings = _readings(facts.series.get(name, ()))
    if not readings or (run := facts.run_of(name)) is None or run.name != name:
        return ()
    heap = next((one for one in facts.result.heaps if one.subject == name and one.memory is not None), None)
    recording = next((one for one in facts.result.recordings if one.subject == name), None)
    if heap is not None and heap.memory is not None:
        return _rows(_Ends(readings[0], readings[-1]), _of_go(heap, _Ends(readings[0], readings[-1])))
    if recording is not None:
        ends = _Ends(_near(readings, recording.began_ns), _near(readings, recording.ended_ns))
        return _rows(ends, _of_recording(recording))
    return _rows(_Ends(readings[0], readings[-1]), ({}, {}))


def _readings(series: Readings) -> Readings:
    """Return the readings that tell anonymous memory from mapped files."""
    both = [measured(series, name)[0].size for name in ("rss_anon_bytes", "rss_file_bytes")]
    if both == [len(series)] * 2:
        return series
    return [one for one in series if None not in {one.rss_anon_bytes, one.rss_file_bytes}]


def _near(readings: Readings, at_ns: int) -> Sample:
    return readings[int(np.abs(column(readings, "at_ns") - at_ns).argmin())]


def _of_recording(one: Recording) -> tuple[Parts, Parts]:
    """Read live memory from the copy; a native program has no other heap."""
    if one.recorder == "heaptrack":
        return {"live_heap": one.native_first_bytes}, {"live_heap": one.native_last_bytes}
    first: Parts = {"live_heap": one.managed_first_bytes, "native": one.native_first_bytes}
    return first, {"live_heap": one.managed_last_bytes, "native": one.native_last_bytes}


def _of_go(heap: GoHeap, ends: _Ends) -> tuple[Parts, Parts]:
    """Tell what the runtime has from what is outside of it.

    What the runtime has taken from the kernel need not be touched, and then is not resident: the part that was not
    resident at the beginning is taken for untouched to the end. The visit comes after the last reading, and a program
    that grows has more by then.
    """
    memory = heap.memory or ()
    beyond = [_anonymous(reading) - _taken(one) for reading, one in zip(ends, memory, strict=True)]
    untouched = max(0, -beyond[0])
    first, last = (_parts(one, native, untouched) for one, native in zip(memory, beyond, strict=True))
    return first, last


def _parts(one: GoMemory, beyond: int, untouched: int) -> Parts:
    native = max(0, beyond + untouched)
    missing = max(0, native - beyond)  # of what the runtime has: never touched, or taken after the last reading
    sizes = {
        "runtime": one.overhead_bytes,
        "free_heap": one.free_bytes,
        "live_heap": one.live_bytes,
        "stacks": one.stacks_bytes,
    }
    parts: Parts = {"native": native}
    for name in _LEAST_CERTAIN:
        parts[name] = max(0, sizes[name] - missing)
        missing = max(0, missing - sizes[name])
    return parts


def _taken(one: GoMemory) -> int:
    """Return what the runtime holds of the kernel's memory: Sys less HeapReleased."""
    return one.live_bytes + one.free_bytes + one.stacks_bytes + one.overhead_bytes


def _anonymous(one: Sample) -> int:
    return one.rss_anon_bytes or 0


def _rows(ends: _Ends, known: Sequence[Parts]) -> tuple[Balance, ...]:
    """Add what the kernel tells, and what is left of anonymous memory."""
    whole = [_whole(reading, parts) for reading, parts in zip(ends, known, strict=True)]
    return tuple(Balance(part=one, first_bytes=whole[0].get(one), last_bytes=whole[1].get(one)) for one in _ALL)


def _whole(reading: Sample, parts: Parts) -> Parts:
    return {
        **parts,
        "mapped_files": reading.rss_file_bytes or 0,
        "shared_memory": reading.rss_shmem_bytes or 0,
        "rest": max(0, _anonymous(reading) - sum(parts.values())),
    }
