"""What a subject allocated, or a profile holds, by stack: as pprof, for speedscope, and folded. Pure."""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness import __version__
from harness.model import Frame
from harness.probes.pprof.pprof import Profile
from harness.probes.pprof.schema import Profile as Message
from harness.report.flamegraph.tree import walk
from harness.report.flamegraph.view import View
from harness.sanitize import printable

_SCHEMA = "https://www.speedscope.app/file-format-schema.json"


class Row(NamedTuple):
    """One stack, the outermost function first, and one value for each kind."""

    frames: tuple[Frame, ...]
    values: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Stacked:
    """One profile to write. ``kinds``: what is counted, and its unit, ``bytes`` or ``count``."""

    name: str
    kinds: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    comments: tuple[str, ...]
    period: int = 1


def of_view(view: View) -> Stacked:
    """Return what a subject allocated over all the work between its two captures; whole bytes, exact in sum."""
    rows, due, given = [], [0.0, 0.0], [0, 0]
    for frames, node in walk(view.root):
        if node is view.root:
            continue
        for at in (0, 1):
            due[at] += max(node.own_values[at], 0.0) * view.units
        values = tuple(round(due[at]) - given[at] for at in (0, 1))
        given = [before + more for before, more in zip(given, values, strict=True)]
        if any(values):
            rows.append(Row(frames[1:], values))
    return Stacked(
        name=view.subject,
        kinds=(("alloc_space", "bytes"), ("alloc_objects", "count")),
        rows=tuple(rows),
        comments=(
            f"netchurn {__version__}: {view.subject} at {view.links} links, over {view.units:g} times {view.unit}",
            f"accounting mode {view.accounting}; divide by {view.units:g} for one {view.unit}",
        ),
    )


def of_profile(profile: Profile) -> Stacked:
    units = profile.units or ("bytes",) * len(profile.kinds)
    return Stacked(
        name=profile.name,
        kinds=tuple(zip(profile.kinds, units, strict=True)),
        rows=tuple(Row(tuple(_plain(name) for name in one.frames), one.values) for one in profile.stacks),
        comments=(f"netchurn {__version__}: {profile.what}, accounting mode {profile.accounting}",),
        period=profile.period,
    )


def _plain(name: str) -> Frame:
    return Frame(name=name, place="", origin="other")


def full_name(frame: Frame, accounting_go: bool = False) -> str:  # noqa: FBT001, FBT002 - of one caller
    """Return the name as the language writes it: a Go function has its package's path before it."""
    folder = frame.place.rpartition("/")[0]
    return f"{folder}/{frame.name}" if accounting_go and folder else frame.name


def is_go(stacked: Stacked) -> bool:
    """Return whether places of frames are Go packages, by how the bytes were counted."""
    return any("accounting mode go:" in comment for comment in stacked.comments)


def pprof(stacked: Stacked) -> bytes:
    """Write a gzipped profile.proto, the same bytes for the same profile."""
    message, strings = Message(period=stacked.period), _Strings()
    for kind, unit in stacked.kinds:
        message.sample_type.add(type=strings.number(kind), unit=strings.number(unit))
    main = next((kind for kind, unit in stacked.kinds if unit == "bytes"), stacked.kinds[0][0])
    message.default_sample_type = strings.number(main)
    message.period_type.type, message.period_type.unit = strings.number("space"), strings.number("bytes")
    go = is_go(stacked)
    numbers: dict[Frame, int] = {}
    for row in stacked.rows:
        places = [_location(message, strings, numbers, frame, go=go) for frame in reversed(row.frames)]
        message.sample.add(location_id=places, value=row.values)
    message.comment.extend(strings.number(one) for one in stacked.comments)
    message.string_table.extend(strings.table())
    return gzip.compress(message.SerializeToString(deterministic=True), mtime=0)


class _Strings:
    """The table of a profile's strings, of which the first is empty."""

    def __init__(self) -> None:
        self._numbers = {"": 0}

    def number(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    def table(self) -> list[bytes]:
        return [text.encode(errors="replace") for text in self._numbers]


def _location(message: Any, strings: _Strings, numbers: dict[Frame, int], frame: Frame, *, go: bool) -> int:
    if frame not in numbers:
        numbers[frame] = here = len(numbers) + 1
        name = strings.number(full_name(frame, go))
        place = strings.number("" if go else frame.place)
        message.function.add(id=here, name=name, system_name=name, filename=place)
        message.location.add(id=here).line.add(function_id=here)
    return numbers[frame]


def speedscope(profiles: Iterable[Stacked]) -> bytes:
    """Write a document for speedscope: a profile for each kind of each."""
    frames: dict[Frame, int] = {}
    found = [_sampled(one, at, frames) for one in profiles for at in range(len(one.kinds))]
    listed = [{"name": full_name(one), **({"file": one.place} if one.place else {})} for one in frames]
    document = {
        "$schema": _SCHEMA,
        "name": "netchurn",
        "exporter": f"netchurn@{__version__}",
        "activeProfileIndex": 0,
        "shared": {"frames": listed},
        "profiles": found,
    }
    return (json.dumps(document, separators=(",", ":")) + "\n").encode()


def _sampled(stacked: Stacked, at: int, frames: dict[Frame, int]) -> dict[str, object]:
    kind, unit = stacked.kinds[at]
    rows = [row for row in stacked.rows if row.values[at] > 0]
    return {
        "type": "sampled",
        "name": f"{stacked.name}: {kind}",
        "unit": "bytes" if unit == "bytes" else "none",
        "startValue": 0,
        "endValue": sum(row.values[at] for row in rows),
        "samples": [[frames.setdefault(frame, len(frames)) for frame in row.frames] for row in rows],
        "weights": [row.values[at] for row in rows],
    }


def folded(stacked: Stacked, kind: str) -> bytes:
    """Write a line for each stack: functions with semicolons between, a space, the value."""
    at = [name for name, _ in stacked.kinds].index(kind)
    go = is_go(stacked)
    lines = [f"{';'.join(_fit(frame, go=go) for frame in row.frames)} {row.values[at]}\n" for row in stacked.rows]
    return "".join(line for line, row in zip(lines, stacked.rows, strict=True) if row.values[at]).encode()


def _fit(frame: Frame, *, go: bool) -> str:
    place = f" ({frame.place})" if frame.place and not go else ""
    return printable(full_name(frame, go) + place).replace(";", ":") or "?"
