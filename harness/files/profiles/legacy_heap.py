"""Heap profiles as text: gperftools, jemalloc, Go's ``debug=1``.

Source of the form and of the scaling: profile/legacy_profile.go of github.com/google/pprof (parseHeap,
scaleHeapSample), and jeprof's AdjustSamples. A sampled block of s bytes is kept with probability 1 - exp(-s / period),
so the sums of each stack are divided by that, at the mean size of its blocks.
"""

import math
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from harness.errors import ResultFault
from harness.probes.pprof.pprof import MAX_FRAMES, Frames, Profile, Stack, address

KINDS = ("inuse_objects", "inuse_space", "alloc_objects", "alloc_space")
UNITS = ("count", "bytes", "count", "bytes")
_HEAD = re.compile(r"heap profile:\s*(\d+):\s*(\d+) \[\s*(\d+):\s*(\d+)\] @ ?(\w*)(?:/(\d+))?")
_JEMALLOC = re.compile(r"heap_v2/(\d+)")
_ROW = re.compile(r"\s*(\d+):\s*(\d+) \[\s*(\d+):\s*(\d+)\] @((?: *0x[0-9a-fA-F]+)*)")
_TOTAL = re.compile(r"\s*t\*:\s*(\d+):\s*(\d+) \[\s*(\d+):\s*(\d+)\]")
_SYMBOL = re.compile(r"#\s+0x[0-9a-fA-F]+\s+(\S.*?)\+0x[0-9a-fA-F]+(?:\s|$)")
_MAP = re.compile(r"\s*([0-9a-fA-F]+)-([0-9a-fA-F]+)(?::\s+(.*)|\s+\S+\s+([0-9a-fA-F]+)\s+\S+\s+\S+\s+(\S.*))")
_PLACE = re.compile(r"0x([0-9a-fA-F]{1,16})\b")
_MANY = 18  # digits: no size has more
_MOST = 2**62  # a profile.proto holds no more than 63 bits
_REMEDY = "fetch the file again, or: go tool pprof -proto BINARY FILE > named.pb.gz"


class _Form(NamedTuple):
    what: str
    period: int
    accounting: str


class _Row(NamedTuple):
    values: tuple[int, int, int, int]
    places: tuple[int, ...]
    names: Frames = ()  # the innermost first, where Go wrote them below


def is_legacy(head: bytes) -> bool:
    """Recognise a heap profile as text by its beginning."""
    return head.startswith((b"heap profile:", b"heap_v2/"))


def parse(data: bytes, name: str) -> Profile:
    """Read a heap profile as text; ResultFault where it is none, or cut off in its head."""
    lines = data.decode("utf-8", errors="replace").splitlines()
    form = _form(lines[0] if lines else "", name)
    rows = list(_jemalloc(lines) if lines[0].startswith("heap_v2/") else _plain(lines))
    names, go = _maps(lines, rows), form.accounting.startswith("go:")
    if sum(len(row.places) for row in rows) > MAX_FRAMES:
        raise ResultFault("file_too_large", f"{name} has stacks of more than {MAX_FRAMES:,} frames", _REMEDY)
    return Profile(
        name=name,
        kinds=KINDS,
        units=UNITS,
        stacks=tuple(_stack(row, form.period, names, go=go) for row in rows if any(row.values)),
        period=form.period,
        at_ns=None,
        duration_ns=None,
        what=form.what,
        accounting=form.accounting,
    )


def _form(head: str, name: str) -> _Form:
    if found := _JEMALLOC.match(head):
        return _Form("a heap profile of jemalloc as text", _period(found[1], name), "jemalloc:sampled-profile")
    found = _HEAD.match(head)
    if not found:
        raise ResultFault(
            "not_a_profile",
            f"{name} begins as a heap profile as text, and its first line is none: {head[:60]!r}",
            _REMEDY,
        )
    kind, period = found[5], found[6]
    if kind == "heap":  # Go writes twice its rate
        return _Form("a heap profile of Go as text", max(_period(period or "2", name) // 2, 1), "go:sampled-profile")
    if kind in {"heapz_v2", "heap_v2"}:
        return _Form("a heap profile of gperftools", _period(period or "1", name), "gperftools:sampled-profile")
    if kind == "growthz":
        return _Form("a profile of gperftools of how the heap grew", 1, "gperftools:growth")
    return _Form("a heap profile of gperftools", 1, "gperftools:all")


def _period(text: str, name: str) -> int:
    if len(text) > _MANY or int(text) < 1:
        raise ResultFault(
            "not_a_profile", f"{name} tells the sampling period {text[:_MANY]}; expected bytes, 1 or more", _REMEDY
        )
    return int(text)


def _plain(lines: Iterable[str]) -> Iterator[_Row]:
    """Read rows, and the names that Go writes below each: they leave out the runtime and have what was inlined."""
    row: _Row | None = None
    for line in lines:
        if row and (named := _SYMBOL.match(line)):
            row = row._replace(names=(*row.names, named[1]))
        elif found := _ROW.match(line):
            if row:
                yield row
            row = _Row(_values(found.groups()[:4]), _places(found[5]))
    if row:
        yield row


def _jemalloc(lines: Iterable[str]) -> Iterator[_Row]:
    """Return the sum of all threads behind each stack."""
    places: tuple[int, ...] = ()
    for line in lines:
        if line.startswith("@ 0x"):
            places = _places(line[1:])
        elif places and (found := _TOTAL.match(line)):
            yield _Row(_values(found.groups()), places)
            places = ()


def _values(texts: Iterable[str | None]) -> tuple[int, int, int, int]:
    first, second, third, fourth = (int((text or "0")[:_MANY]) for text in texts)
    return first, second, third, fourth


def _places(text: str) -> tuple[int, ...]:
    return tuple(int(one, 16) for one in _PLACE.findall(text))


def _stack(row: _Row, period: int, names: dict[int, str], *, go: bool) -> Stack:
    unnamed = (names.get(place) or f"{place:#x}" for place in row.places)
    frames: Frames = tuple(reversed(row.names or tuple(unnamed)))
    objects, space, all_objects, all_space = row.values
    values = (*_scaled(objects, space, period), *_scaled(all_objects, all_space, period))
    # A row of Go is of one size; of others it is the sum of all sizes, whose mean moves from profile to profile.
    block = all_space // all_objects if go and all_objects else 0
    return Stack(frames or ("?",), block, values)


def _scaled(objects: int, space: int, period: int) -> tuple[int, int]:
    if period == 1 or not objects or not space:
        return objects, space
    scale = -1 / math.expm1(-space / objects / period)
    return min(int(objects * scale), _MOST), min(int(space * scale), _MOST)


def _maps(lines: list[str], rows: Iterable[_Row]) -> dict[int, str]:
    """Name addresses by the file that is mapped there, where the profile ends with the process's map."""
    begin = next((at for at, line in enumerate(lines) if line.startswith("MAPPED_LIBRARIES")), len(lines))
    matched = [found for line in lines[begin:] if (found := _MAP.match(line))]
    maps = sorted(
        (int(one[1], 16), int(one[2], 16), (one[3] or one[5]).strip(), int(one[4] or "0", 16)) for one in matched
    )
    places = sorted({place for row in rows for place in row.places})
    named: dict[int, str] = {}
    at = 0
    for place in places:
        while at < len(maps) and maps[at][1] <= place:
            at += 1
        if at < len(maps) and maps[at][0] <= place:
            start, _, file, offset = maps[at]
            named[place] = address(place, file, start, offset)
    return named
