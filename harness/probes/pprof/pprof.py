"""Go's pprof heap profiles to frozen values: stacks, and what each allocated and holds.

Accounting mode ``go:sampled-profile``: Go samples about one allocation in each ``period`` bytes (512 KiB unless the
program says otherwise) and scales up, so every number here is an estimate; ``harness.probes.pprof.diff`` says how good
a one. Sizes are those of Go's size classes. Not included: what the runtime allocates for itself, goroutine stacks, C.
"""

import gzip
import io
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError

from harness.errors import ResultFault
from harness.probes.pprof.schema import Profile as Message
from harness.safe_read import content

ACCOUNTING = "go:sampled-profile"
MAX_FILE_BYTES = 16 * 2**20
MAX_PROFILE_BYTES = 16 * 2**20  # decompressed; the profile of a large daemon has 1 MiB
MAX_ENTRIES = 500_000  # of each table: an empty one takes two bytes of a file, and a kilobyte of zip holds a million
MAX_FRAMES = 10_000_000  # of all stacks: a file of a few bytes can ask for any number
_GZIP = b"\x1f\x8b"
_REMEDY = "fetch it again: curl -o allocs.prof http://127.0.0.1:PORT/debug/pprof/allocs"

_GO_HEAP = {"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"}
NOT_MEMORY = " (not of memory)"
_NAMES: tuple[tuple[set[str], str], ...] = (
    (_GO_HEAP, "a heap profile of Go's form"),
    ({"inuse_space"}, "a heap profile"),
    ({"goroutine"}, "a goroutine profile"),
    ({"cpu"}, "a CPU profile"),
    ({"contentions"}, "a profile of blocking or of locks"),
    ({"threadcreate"}, "a profile of threads that were made"),
    ({"wall"}, "a profile of time by the clock"),
)

Frames = tuple[str, ...]
"""Functions of a stack, the outermost first."""


class Stack(NamedTuple):
    """One bucket of the profile. ``block_bytes``: size of each allocation, 0 if not told; ``values``: one a kind."""

    frames: Frames
    block_bytes: int
    values: tuple[int, ...]


class Cost(NamedTuple):
    """What a function allocated itself (flat), and with all that it called (cumulative, recursion counted once)."""

    flat: int
    cumulative: int


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A profile as it was written. ``at_ns``: wall clock; ``duration_ns``: None for one since the process began."""

    name: str
    kinds: tuple[str, ...]  # sample types: alloc_objects, alloc_space, inuse_objects, inuse_space
    stacks: tuple[Stack, ...]
    period: int  # bytes between samples; 1: every allocation
    at_ns: int | None
    duration_ns: int | None
    units: tuple[str, ...] = ()  # of the kinds, as many: bytes, count, nanoseconds
    what: str = "a profile"  # what it is a profile of, with its form
    accounting: str = ACCOUNTING
    chosen: str = ""  # the kind that its writer shows first


class _Broken(Exception):
    """The profile contradicts itself."""


def read(path: Path) -> Profile:
    """Read a profile, gzipped or not; ResultFault naming a file that is none, is cut off, or is too large."""
    try:
        data = content(path, MAX_FILE_BYTES, follow=True)
    except OSError as cause:
        raise ResultFault(
            "file_unreadable", f"{path} cannot be read: {cause.strerror}", "name two files that hold heap profiles"
        ) from None
    return parse(data, str(path))


def message(path: Path) -> Any:
    """Return a profile that ``read`` has read as it stands in its file, lines and files of functions included."""
    return Message.FromString(_unzipped(content(path, MAX_FILE_BYTES, follow=True)))


def parse(data: bytes, name: str) -> Profile:
    """Read the bytes of a profile that is called ``name`` in messages; ResultFault where they are none."""
    try:
        return _profile(Message.FromString(_unzipped(data)), name)
    except (OSError, EOFError, zlib.error) as cause:
        raise ResultFault(
            "file_damaged", f"{name} is no pprof profile: its gzip is damaged: {cause}", _REMEDY
        ) from None
    except DecodeError:
        raise ResultFault("not_a_profile", f"{name} is no pprof profile: it cannot be decoded", _REMEDY) from None
    except _Broken as cause:
        raise ResultFault("not_a_profile", f"{name} is no pprof profile that can be used: {cause}", _REMEDY) from None


def totals(profile: Profile) -> dict[str, int]:
    """Add all stacks, for each kind."""
    sums = map(sum, zip(*(stack.values for stack in profile.stacks), strict=True))
    return dict(zip(profile.kinds, sums, strict=True)) if profile.stacks else dict.fromkeys(profile.kinds, 0)


def stacks(profile: Profile, kind: str) -> dict[Frames, int]:
    """Return one kind by stack, as a flame graph wants it; stacks with nothing are left out."""
    column = profile.kinds.index(kind)
    found: defaultdict[Frames, int] = defaultdict(int)
    for stack in profile.stacks:
        if stack.values[column]:
            found[stack.frames] += stack.values[column]
    return dict(found)


def by_function(values: Mapping[Frames, int]) -> dict[str, Cost]:
    """Add stacks by function."""
    flat: defaultdict[str, int] = defaultdict(int)
    cumulative: defaultdict[str, int] = defaultdict(int)
    for frames, value in values.items():
        flat[frames[-1]] += value
        for name in set(frames):
            cumulative[name] += value
    return {name: Cost(flat[name], value) for name, value in cumulative.items()}


def _unzipped(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
        plain = stream.read(MAX_PROFILE_BYTES + 1)
    if len(plain) > MAX_PROFILE_BYTES:
        raise _Broken(f"it unpacks to more than {MAX_PROFILE_BYTES:,} bytes")
    return plain


def _profile(message: Any, name: str) -> Profile:
    _check_sizes(message)
    text = _text_of(message.string_table)
    kinds = tuple(text(one.type) for one in message.sample_type)
    units = tuple(text(one.unit) for one in message.sample_type)
    if not kinds or len(set(kinds)) < len(kinds):
        raise _Broken("it names no sample types" if not kinds else "it names a sample type twice")
    if message.period < 0 or message.time_nanos < 0:
        raise _Broken("its period or its time is below zero")
    return Profile(
        name=name,
        kinds=kinds,
        stacks=tuple(_stacks(message, text, len(kinds))),
        period=message.period,
        at_ns=message.time_nanos or None,
        duration_ns=message.duration_nanos or None,
        units=units,
        what=named(kinds, units),
        accounting=ACCOUNTING if set(kinds) == _GO_HEAP else "pprof",
        chosen=text(message.default_sample_type),
    )


def named(kinds: tuple[str, ...], units: tuple[str, ...]) -> str:
    """Name a profile by what it counts."""
    return next((name for known, name in _NAMES if known <= set(kinds)), f"a profile of {', '.join(kinds)}") + (
        "" if "bytes" in units or "goroutine" in kinds else NOT_MEMORY
    )


def _check_sizes(message: Any) -> None:
    for table in ("sample_type", "sample", "location", "function", "string_table"):
        if len(getattr(message, table)) > MAX_ENTRIES:
            raise _Broken(f"its table {table} has more than {MAX_ENTRIES:,} entries")


def _text_of(table: Iterable[bytes]) -> Callable[[int], str]:
    strings = [one.decode(errors="replace") for one in table]

    def text(index: int) -> str:
        if not 0 <= index < len(strings):
            raise _Broken(f"it has {len(strings)} strings and refers to number {index}")
        return strings[index]

    return text


def _stacks(message: Any, text: Callable[[int], str], width: int) -> Iterable[Stack]:
    functions = {one.id: text(one.name) or "?" for one in message.function}
    files = {one.id: (text(one.filename), one.memory_start, one.file_offset) for one in message.mapping}
    places = {one.id: _frames(one, functions, files) for one in message.location}
    left = MAX_FRAMES
    for sample in message.sample:
        values = tuple(sample.value)
        if len(values) != width or min(values) < 0:
            raise _Broken(f"a sample has the values {values[:8]}; expected {width}, none below zero")
        left -= _depth(sample, places)
        if left < 0:
            raise _Broken(f"its stacks have more than {MAX_FRAMES:,} frames")
        frames = tuple(name for place in reversed(sample.location_id) for name in places[place])
        yield Stack(frames or ("?",), _block_bytes(sample, text), values)


def _frames(location: Any, functions: Mapping[int, str], files: Mapping[int, tuple[str, int, int]]) -> Frames:
    """Name the functions at one address, the outermost first: the file has the inlined ones first."""
    unknown = [line.function_id for line in location.line if line.function_id not in functions]
    if unknown:
        raise _Broken(f"it refers to function {unknown[0]}, which it does not have")
    return tuple(functions[line.function_id] for line in reversed(location.line)) or (
        address(location.address, *files.get(location.mapping_id, ("", 0, 0))),
    )


def address(at: int, file: str, start: int, offset: int) -> str:
    """Name an address that has no function by the file that is mapped there: such a name outlives a restart."""
    base = file.rpartition("/")[2]
    return f"{base}+{at - start + offset:#x}" if base and at >= start else f"{at:#x}"


def _depth(sample: Any, places: Mapping[int, Frames]) -> int:
    unknown = [place for place in sample.location_id if place not in places]
    if unknown:
        raise _Broken(f"it refers to location {unknown[0]}, which it does not have")
    return sum(len(places[place]) for place in sample.location_id)


def _block_bytes(sample: Any, text: Callable[[int], str]) -> int:
    return max((label.num for label in sample.label if text(label.key) == "bytes"), default=0)
