"""What ``result.json`` says was allocated, held against the captures that it was counted from.

Recounted: bytes and allocations of memray's captures, of a thinned result by the stacks that stand for them, and where
Go programs were sampled or served their profiles, the shares by function and all that was counted between two visits.
Not recounted: the bytes and allocations that a Go subject counted itself, of which only result.json has a record.
"""

from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE, TimeoutExpired

import msgspec

from harness import subprocesses, workers
from harness.errors import NetchurnError, ResultFault
from harness.model import Capture, GoFunction, GoHeap, Result
from harness.probes.recordings import memray_totals
from harness.results.folded import folded_name, read_folded
from harness.results.folder import RESULT
from harness.run import pprof_fetches
from harness.run.phases import go_counts
from harness.verify.checksums import Inventory, unreadable
from harness.verify.deviation import Deviation
from harness.verify.recount.worker import Counted
from harness.verify.scratch import scratch

PATIENCE_S = 900.0
_MARK_FILES = ("memstats-1.txt", "memstats-2.txt", "memstats-3.txt", "allocs.pb.gz")

Shares = tuple[int | None, tuple[GoFunction, ...]]


def check(held: Inventory, result: Result) -> list[Deviation]:
    """Recount everything that can be; a capture that is not there, or cannot be read, is a deviation."""
    found = [
        Deviation("file_missing", one, f"{RESULT} names it, and it is not there")
        for one in sorted({one.file for one in result.captures if not thinned(held, one)} - held.files)
    ]
    found += [words for one in result.captures if thinned(held, one) for words in _by_stack(held, one)]
    found += [
        _deviates(f"captures: {one.file} has shares by function, and nothing sampled them")
        for one in result.captures
        if one.file.endswith(".bin") and (one.functions or one.sampled_bytes is not None)
    ]
    there = [one for one in result.captures if one.file in held.files]
    found += _memray(held, [one for one in there if one.file.endswith(".bin")])
    found += _sampled(held, [one for one in there if one.file.endswith(".pb.gz")])
    return found + [words for one in result.heaps for words in _served(held, one)]


def recountable(result: Result) -> int:
    """Count the facts that are held against a capture."""
    return sum(one.file.endswith(".bin") or bool(one.functions) for one in result.captures) + len(result.heaps)


def looked(held: Inventory, result: Result) -> str:
    """Return how much was held against captures, and against what."""
    words = f"{recountable(result)} recounted, to the byte"
    by_stack = sum(thinned(held, one) for one in result.captures)
    return f"{words}; {by_stack} of them by stack, for this result was thinned" if by_stack else words


def thinned(held: Inventory, one: Capture) -> bool:
    return one.file.endswith(".bin") and one.file not in held.files and folded_name(one.file) in held.files


def _by_stack(held: Inventory, one: Capture) -> list[Deviation]:
    name = folded_name(one.file)
    try:
        with held.open(name) as stream:
            stacks = read_folded(stream, Path(name).name).stacks
    except ResultFault as fault:
        return [Deviation("capture_not_counted", name, fault.message)]
    except OSError as cause:
        return [unreadable(name, cause)]
    total = memray_totals.Allocated(sum(stack.bytes for stack in stacks), sum(stack.allocations for stack in stacks))
    return _differs(one, total, name)


def _memray(held: Inventory, captures: Sequence[Capture]) -> list[Deviation]:
    totals = recounted([held.folder / one.file for one in captures])
    return [words for one, total in zip(captures, totals, strict=True) for words in _differs(one, total, one.file)]


def _differs(one: Capture, total: memray_totals.Allocated | str, file: str) -> list[Deviation]:
    if isinstance(total, str):
        return [Deviation("capture_not_counted", file, total)]
    name = Path(file).name
    pairs = (
        ("allocated", one.bytes, total.bytes, "bytes"),
        ("made", one.allocations, total.allocations, "allocations"),
    )
    return [
        _deviates(f"captures: {one.subject} at {one.links} links {verb} {stated:,} {unit}; {name} has {has:,}")
        for verb, stated, has, unit in pairs
        if stated != has
    ]


def _deviates(text: str) -> Deviation:
    return Deviation("capture_differs", RESULT, text)


def recounted(captures: Sequence[Path]) -> list[memray_totals.Allocated | str]:
    """Count captures in a process of its own; where that dies, each in one, so that the one at fault is named."""
    if not captures:
        return []
    found = _in_a_process(captures)
    if isinstance(found, str):
        alone = [_in_a_process([one]) for one in captures] if len(captures) > 1 else [found]
        return [one if isinstance(one, str) else one[0] for one in alone]
    return found


def _in_a_process(captures: Sequence[Path]) -> list[memray_totals.Allocated | str] | str:
    """Count in a scratch folder, as memray writes beside a capture; what went wrong if nothing was counted."""
    with scratch("netchurn-verify-") as room:
        links = [room / f"{number:06}.bin" for number in range(len(captures))]
        for link, capture in zip(links, captures, strict=True):
            link.symlink_to(capture.absolute())
        process = subprocesses.start([*workers.RECOUNT.command, str(room)], stdout=PIPE)
        try:
            said, _ = process.communicate(timeout=PATIENCE_S)
        except TimeoutExpired:
            process.kill()
            process.communicate()
            return f"could not be counted within {PATIENCE_S:.0f} s"
        try:
            totals = msgspec.json.decode(said, type=Counted)
        except msgspec.DecodeError:
            return f"cannot be counted: memray ended with status {process.returncode}"
        return [_plain(totals[link.name], link.name) for link in links]


def _plain(total: memray_totals.Allocated | str, link: str) -> memray_totals.Allocated | str:
    """Remove the name that a capture had in the scratch folder from what is reported of it."""
    return total.replace(f"capture {link} ", "") if isinstance(total, str) else total


def _sampled(held: Inventory, captures: Sequence[Capture]) -> list[Deviation]:
    """Check the shares by function of Go's subjects against their profiles."""
    firsts: dict[str, str] = {}
    found: list[Deviation] = []
    for one in captures:
        first = firsts.setdefault(str(Path(one.file).parent), one.file)
        shares = _shares(held, first, one.file)
        if isinstance(shares, Deviation):
            found += [shares] if one.functions or one.sampled_bytes is not None else []
        elif shares != (one.sampled_bytes, one.functions):
            found.append(_unlike(one, shares))
    return found


def _shares(held: Inventory, first: str, file: str) -> Shares | Deviation:
    try:
        return go_counts.shares(held.folder / first, held.folder / file)
    except NetchurnError as fault:  # a run leaves the shares out where it could not compare
        return Deviation("capture_not_counted", file, fault.message.replace(f"{held.folder}/", ""))


def _unlike(one: Capture, shares: Shares) -> Deviation:
    total, functions = shares
    where = f"captures: {one.subject} at {one.links} links"
    if total != one.sampled_bytes:
        return _deviates(f"{where}, sampled_bytes is {_count(one.sampled_bytes)}; {one.file} has {_count(total)}")
    return _deviates(f"{where}, functions: {_first_unlike(one.functions, functions)} in {one.file}")


def _first_unlike(said: tuple[GoFunction, ...], has: tuple[GoFunction, ...]) -> str:
    for mine, theirs in zip(said, has, strict=False):
        if mine != theirs:
            return f"{_function(mine)}; {_function(theirs)}"
    return f"{len(said)} of them; {len(has)}"


def _function(one: GoFunction) -> str:
    return f"{one.name} {one.flat:,} and {one.cumulative:,}"


def _count(value: int | None) -> str:
    return "not measured" if value is None else f"{value:,}"


def _served(held: Inventory, one: GoHeap) -> list[Deviation]:
    """Check what was counted between two visits against what the visits fetched."""
    wanted = [f"captures/{prefix}.{name}" for prefix in one.files for name in _MARK_FILES]
    wanted += [f"captures/{prefix}.{name}" for prefix in one.rehearsals for name in _MARK_FILES[:3]]
    missing = [name for name in wanted if name not in held.files]
    if missing:
        return [Deviation("file_missing", name, f"{RESULT} counts from it, and it is not there") for name in missing]
    folder = held.folder / "captures"
    try:
        _, counts = pprof_fetches.counted(folder, one.files, one.rehearsals)
        if not _of_older(one):
            counts |= pprof_fetches.kept(folder, one.files)
    except NetchurnError as fault:
        text = fault.message.replace(f"{held.folder}/", "")
        return [Deviation("capture_not_counted", f"captures/{one.files[0]}.*", text)]
    unlike = [name for name in one.__struct_fields__ if name in counts and counts[name] != getattr(one, name)]
    return [_heap_differs(one, name, counts[name]) for name in unlike]


def _of_older(one: GoHeap) -> bool:
    """Return whether a version wrote it that did not tell what a program keeps."""
    return one.memory is None and one.kept_bytes is None and not one.keepers and not one.goroutines


def _heap_differs(one: GoHeap, name: str, value: object) -> Deviation:
    where = f"heaps: {one.subject} in trial {one.trial}, {name}"
    if name == "functions" and isinstance(value, tuple):
        return _deviates(f"{where}: {_first_unlike(one.functions, value)} in {one.files[1]}.*")
    return _deviates(f"{where} is {getattr(one, name)}; {one.files[0]}.* and {one.files[1]}.* give {value}")
