"""Heap profiles as values: what Go's runtime/pprof would have written."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from harness.probes.pprof.schema import Profile as Message

KINDS = {"alloc_objects": "count", "alloc_space": "bytes", "inuse_objects": "count", "inuse_space": "bytes"}
Rows = Mapping[tuple[str, ...], tuple[int, int, int, int]]
Build = Callable[..., Any]


def build(rows: Rows, *, at_ns: int = 10**18, period: int = 524_288, block: int = 1024) -> Any:
    """Give a profile message; each row is a stack, root first, and its four values."""
    strings = ["", "space", "bytes"]

    def number(text: str) -> int:
        if text not in strings:
            strings.append(text)
        return strings.index(text)

    message = Message(time_nanos=at_ns, period=period)
    message.period_type.type, message.period_type.unit = number("space"), number("bytes")
    for kind, unit in KINDS.items():
        message.sample_type.add(type=number(kind), unit=number(unit))
    for name in dict.fromkeys(name for frames in rows for name in frames):
        place = message.location.add(id=number(name), address=4096 + number(name))
        place.line.add(function_id=number(name))
        message.function.add(id=number(name), name=number(name))
    for frames, values in rows.items():
        sample = message.sample.add(location_id=[number(name) for name in reversed(frames)], value=values)
        sample.label.add(key=number("bytes"), num=block)
    message.string_table.extend(text.encode() for text in strings)
    return message


@pytest.fixture(name="build")
def give_build() -> Build:
    return build
