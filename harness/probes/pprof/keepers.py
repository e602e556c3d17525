"""What a Go program keeps, from two heap profiles of one life: bytes in use by function and line, by samples.

A visit forces a collection before it fetches, so what is in use was reachable. Pure, but for reading the files.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.errors import NetchurnError
from harness.model import Folded, Keeper
from harness.probes.pprof import pprof
from harness.probes.pprof.diff import PROFILING, difference
from harness.probes.recordings import keepers as retention
from harness.probes.recordings.fold_stacks import go_frame
from harness.probes.recordings.keepers import Place, Places

_OBJECTS, _SPACE = "inuse_objects", "inuse_space"


class Kept(NamedTuple):
    """What a program holds more of at the second visit than at the first, and the standard error of the sum."""

    bytes: int
    error_bytes: float
    keepers: tuple[Keeper, ...]
    stacks: Folded


def kept(first: Path, last: Path) -> Kept | None:
    """Compare two profiles; None where they do not belong together."""
    try:
        whole = difference(pprof.read(first), pprof.read(last), _SPACE, without=PROFILING)
        before, after = _in_use(first), _in_use(last)
    except NetchurnError:
        return None
    rows = [(places, *_less(after.get(places), before.get(places))) for places in {**after, **before}]
    grown = [row for row in rows if row[1] > 0]
    return Kept(whole.total, whole.standard_error, retention.keepers(grown), retention.folded(grown))


def _less(after: list[int] | None, before: list[int] | None) -> tuple[int, int, int]:
    (size, number), (less, fewer) = after or [0, 0], before or [0, 0]
    return size - less, max(0, number - fewer), 0


def _in_use(path: Path) -> dict[Places, list[int]]:
    """Add up bytes and objects in use by stack, lines told apart; pprof's own stacks left out."""
    found: defaultdict[Places, list[int]] = defaultdict(lambda: [0, 0])
    message = pprof.message(path)
    text = [one.decode(errors="replace") for one in message.string_table]
    kinds = [text[one.type] for one in message.sample_type]
    size, number = kinds.index(_SPACE), kinds.index(_OBJECTS)
    functions = {one.id: one for one in message.function}
    at = {one.id: tuple(_places(one, functions, text)) for one in message.location}
    ours = {one.id for one in message.location if _profiles(one, functions, text)}
    for sample in message.sample:
        places = tuple(place for location in reversed(sample.location_id) for place in at[location])
        if sample.value[size] and ours.isdisjoint(sample.location_id):
            found[places][0] += sample.value[size]
            found[places][1] += sample.value[number]
    return found


def _places(location: Any, functions: Mapping[int, Any], text: Sequence[str]) -> Iterator[Place]:
    """List the functions at one address, the outermost first: the file has the inlined ones first."""
    for line in reversed(location.line):
        function = functions[line.function_id]
        frame = go_frame(text[function.name])
        file = text[function.filename] if 0 <= function.filename < len(text) else ""
        yield Place(frame.name, "/".join(file.split("/")[-2:]), line.line, frame.origin)


def _profiles(location: Any, functions: Mapping[int, Any], text: Sequence[str]) -> bool:
    return any(text[functions[line.function_id].name].startswith(PROFILING) for line in location.line)
