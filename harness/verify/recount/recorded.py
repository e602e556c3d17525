"""What ``result.json`` says that programs keep, held against the recordings of their copies and the stacks beside them.

Read again: all bytes and allocations, from the recording itself, and names of functions where those need no file of the
program. Of a thinned result that has none, the sums are held against the stacks. Keepers are held against the stacks in
any case. Not read again: the work that a copy counted, of which only result.json has a record.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from harness.errors import ResultFault
from harness.model import COMPRESSED_TRIAL, Folded, Recording, Result
from harness.probes.recordings import recorders
from harness.probes.recordings.keepers import MOST_KEEPERS, Place, Retention, keeper
from harness.results.folded import read_folded, stacks_name
from harness.results.folder import RESULT
from harness.run import recorded_copies
from harness.units import NS_A_SECOND
from harness.verify.by_plan.expected import Key, Scope
from harness.verify.checksums import Inventory
from harness.verify.deviation import Deviation

_STACKS = (("kept", "kept_bytes"), ("churn", "allocated_bytes"))
THINNED = "THINNED.json"
_LONGEST_NS = 2**63
_NEAR_S = 1.0  # between a count of work and the nearest mark of a recording


class Checked(NamedTuple):
    """What deviates, what could not be compared, each with the reason, and the recordings that were read again."""

    deviations: list[Deviation]
    uncompared: list[tuple[str, str]]
    read: list[str]


def check(held: Inventory, result: Result) -> Checked:
    """Read every recording again; one that is not there, or cannot be read, is a deviation."""
    found = Checked([], [], [])
    for one in result.recordings:
        found.deviations.extend(_facts(held, result, one))
        _read(held, one, found)
    return found


def _facts(held: Inventory, result: Result, one: Recording) -> Iterator[Deviation]:
    """Check what a recording says of itself against the trial that its copy lived in."""
    trial = next((each for each in result.trials if each.index == one.trial), None)
    bound = recorders.BOUNDS[one.recorder]
    there = one.file in held.files
    end = recorders.end(one.recorder, (held.folder / one.file).with_suffix("")) if there else one.end
    lasted_ns = max(-_LONGEST_NS, min(one.ended_ns - one.began_ns, _LONGEST_NS))  # a float holds no number of any size
    seconds = lasted_ns / NS_A_SECOND
    file = recorders.file(one.recorder, held.folder / "captures" / recorders.name(one.recorder, one.subject))
    missing = not there and not thinned(held, one)
    wrong = {
        f"{one.file} is not there": missing,
        f"file is {one.file}; it was {file.name}": held.folder / one.file != file,
        f"bound_bytes is {one.bound_bytes:,}; it was {bound:,}": one.bound_bytes != bound,
        f"end is {one.end}; the recording says {end}": one.end != end,
        f"trial {one.trial} is none of a recording": trial is None or one.trial >= COMPRESSED_TRIAL,
        f"work_s is {one.work_s:g}; {seconds:,.3f} s were recorded": one.end == "asked"
        and abs(one.work_s - seconds) > _NEAR_S,
        f"cycles is {one.cycles:,}, more than the trial has": trial is not None and one.cycles > trial.churned_pairs,
    }
    yield from (_deviation(one, words) for words, holds in wrong.items() if holds)


def thinned(held: Inventory, one: Recording) -> bool:
    return one.file not in held.files and THINNED in held.files


def _read(held: Inventory, one: Recording, found: Checked) -> None:
    stored = {kind: _stored(held, one, kind) for kind, _ in _STACKS}
    for kind, name in _STACKS:
        stacks = stored[kind]
        if stacks is None or sum(stack.bytes for stack in stacks.stacks) != getattr(one, name):
            text = f"{name} is {getattr(one, name):,}, and the stacks of {kind} beside it are others"
            found.deviations.append(_deviation(one, text))
    if stored["kept"] is not None and not _follow(one, stored["kept"]):
        found.deviations.append(_deviation(one, "keepers are not those of the stacks of kept beside it"))
    if one.file not in held.files:
        return
    if one.recorder == "heaptrack" and recorders.interpreter() is None:
        found.uncompared.append((one.file, "what reads it is not installed here: heaptrack"))
        return
    try:
        read = recorded_copies.retention(one.recorder, held.folder / one.file, one.began_ns, one.ended_ns)
    except ValueError as cause:
        found.deviations.append(Deviation("capture_not_counted", one.file, str(cause)))
        return
    found.read.append(one.file)
    found.deviations.extend(_unlike(one, read))
    _compare_names(one, read, stored, found)


def _follow(one: Recording, kept: Folded) -> bool:
    """Return whether the keepers are those of stored stacks, by function and file: stacks have no lines."""
    stacks, told = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
    for stack in kept.stacks:
        frames = (kept.frames[number] for number in stack.frames)
        place = keeper(tuple(Place(frame.name, frame.place, 0, frame.origin) for frame in frames))
        stacks[place.function, place.file, place.origin] += stack.bytes
    for each in one.keepers:
        told[each.function, each.file, each.origin] += each.bytes
    return told <= stacks if len(one.keepers) >= MOST_KEEPERS else told == stacks


def _unlike(one: Recording, read: Retention) -> Iterator[Deviation]:
    for name, value in recorded_copies.totals(read).items():
        if name != "keepers" and getattr(one, name) != value:
            yield _deviation(one, f"{name} is not what {Path(one.file).name} has: {value}")


def _compare_names(one: Recording, read: Retention, stored: dict[str, Folded | None], found: Checked) -> None:
    """Compare what has names of functions in it.

    Native ones are read from the program's own files, which may not be here, or be others by now.
    """
    same = {"keepers": one.keepers == read.keepers}
    same |= {f"the stacks of {kind} beside it": stored[kind] == getattr(read, kind) for kind, _ in _STACKS}
    others = [what for what, alike in same.items() if not alike]
    if not others:
        return
    if _native(one, read):
        why = "its functions have other names here than on the machine that recorded it"
        found.uncompared.append((f"{', '.join(others)} with {one.file}", why))
    else:
        found.deviations.extend(_deviation(one, f"{what}: not what {Path(one.file).name} has") for what in others)


def _native(one: Recording, read: Retention) -> bool:
    return one.recorder == "heaptrack" or any(frame.origin == "other" for frame in read.churn.frames)


def _stored(held: Inventory, one: Recording, kind: str) -> Folded | None:
    name = stacks_name(one.file, kind)
    with suppress(ResultFault, OSError), held.open(name) as stream:
        return read_folded(stream, Path(name).name)
    return None


def _deviation(one: Recording, words: str) -> Deviation:
    return Deviation("recording_differs", RESULT, f"recordings: {one.subject} by {one.recorder}: {words}")


def wanted(scope: Scope) -> Iterator[Key]:
    """List what the plan has recorded; one that failed has a note in its place."""
    there = {(one.subject, one.recorder) for one in scope.result.recordings}
    failed = [one.text for one in scope.result.limitations if one.id == "recording_failed"]
    for one in scope.subjects:
        for how in one.record:
            begins = recorded_copies.noted(one.name, how)
            if (one.name, how) in there or not any(text.startswith(begins) for text in failed):
                yield (one.name, how, 0)


def there(result: Result) -> Iterator[Key]:
    return ((one.subject, one.recorder, one.trial) for one in result.recordings)
