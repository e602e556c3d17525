"""pprof profiles to values: written with the codec, broken on purpose, and random."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import ResultFault
from harness.probes.pprof import pprof
from harness.probes.pprof.pprof import Cost, Profile, Stack
from raising import raises_id

Build = Callable[..., Any]
ROWS = {
    ("main", "watch", "lookup"): (10, 10_240, 1, 1024),
    ("main", "watch"): (2, 2048, 0, 0),
    ("main", "other", "lookup"): (1, 1024, 1, 1024),
}


def parsed(message: Any) -> Profile:
    return pprof.parse(gzip.compress(message.SerializeToString()), "it")


def fault(data: bytes) -> str:
    with pytest.raises(ResultFault) as caught:
        pprof.parse(data, "it")
    assert "\n" not in caught.value.message
    return caught.value.message


def test_stacks_are_told_from_the_root(build: Build) -> None:
    assert parsed(build(ROWS)) == Profile(
        name="it",
        kinds=("alloc_objects", "alloc_space", "inuse_objects", "inuse_space"),
        stacks=tuple(Stack(frames, 1024, values) for frames, values in ROWS.items()),
        period=524_288,
        at_ns=10**18,
        duration_ns=None,
        units=("count", "bytes", "count", "bytes"),
        what="a heap profile of Go's form",
    )


def test_a_profile_that_is_not_compressed_is_the_same(build: Build) -> None:
    message = build(ROWS)

    assert pprof.parse(message.SerializeToString(), "it") == parsed(message)


def test_totals_are_of_each_kind(build: Build) -> None:
    found = pprof.totals(parsed(build(ROWS)))

    assert found == {"alloc_objects": 13, "alloc_space": 13_312, "inuse_objects": 2, "inuse_space": 2048}


def test_a_profile_without_samples_has_totals_of_nothing(build: Build) -> None:
    assert set(pprof.totals(parsed(build({}))).values()) == {0}


def test_a_function_has_its_own_and_with_what_it_called() -> None:
    values = {("main", "watch", "lookup"): 10, ("main", "watch"): 2}

    assert pprof.by_function(values) == {"main": Cost(0, 12), "watch": Cost(2, 12), "lookup": Cost(10, 10)}


def test_a_recursion_counts_once() -> None:
    assert pprof.by_function({("walk", "walk", "walk"): 5}) == {"walk": Cost(5, 5)}


def test_stacks_for_a_flame_graph_leave_out_what_has_nothing(build: Build) -> None:
    found = pprof.stacks(parsed(build(ROWS)), "inuse_space")

    assert found == {("main", "watch", "lookup"): 1024, ("main", "other", "lookup"): 1024}


def test_an_inlined_function_is_called_by_the_one_it_is_in(build: Build) -> None:
    message = build({("outer",): (1, 8, 1, 8), ("inlined",): (1, 8, 1, 8)})
    del message.sample[1]
    ids = {name: message.function[number].id for number, name in enumerate(("outer", "inlined"))}
    del message.location[0].line[:]
    message.location[0].line.add(function_id=ids["inlined"])
    message.location[0].line.add(function_id=ids["outer"])

    assert parsed(message).stacks[0].frames == ("outer", "inlined")


def test_an_address_without_a_name_is_its_own_name(build: Build) -> None:
    message = build({("lost",): (1, 8, 1, 8)})
    message.location[0].address = 0xABC
    del message.location[0].line[:]

    assert parsed(message).stacks[0].frames == ("0xabc",)


def test_a_name_that_is_no_text_is_read(build: Build) -> None:
    message = build({("odd",): (1, 8, 1, 8)})
    message.string_table[message.function[0].name] = b"\xff\xfe"

    assert parsed(message).stacks[0].frames == ("\ufffd\ufffd",)


def spoil_string(message: Any) -> None:
    message.function[0].name = 10_000


def spoil_string_below_zero(message: Any) -> None:
    message.function[0].name = -1


def spoil_function(message: Any) -> None:
    message.location[0].line[0].function_id = 999


def spoil_location(message: Any) -> None:
    message.sample[0].location_id.append(999)


def spoil_values(message: Any) -> None:
    message.sample[0].value.append(1)


def spoil_sign(message: Any) -> None:
    message.sample[0].value[1] = -1


def spoil_kinds(message: Any) -> None:
    del message.sample_type[:]


def spoil_twice(message: Any) -> None:
    message.sample_type[0].type = message.sample_type[1].type


def spoil_time(message: Any) -> None:
    message.time_nanos = -1


def spoil_depth(message: Any) -> None:
    place = message.location[0]
    for _ in range(10_000):
        place.line.add(function_id=message.function[0].id)
    message.sample[0].location_id.extend([place.id] * 2000)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (spoil_string, "refers to number 10000"),
        (spoil_string_below_zero, "refers to number -1"),
        (spoil_function, "refers to function 999"),
        (spoil_location, "refers to location 999"),
        (spoil_values, "expected 4, none below zero"),
        (spoil_sign, "expected 4, none below zero"),
        (spoil_kinds, "names no sample types"),
        (spoil_twice, "names a sample type twice"),
        (spoil_time, "below zero"),
        (spoil_depth, "more than 10,000,000 frames"),
    ],
)
def test_a_profile_that_contradicts_itself_is_told(build: Build, spoil: Callable[[Any], None], says: str) -> None:
    message = build(ROWS)
    spoil(message)

    assert says in fault(message.SerializeToString())


@pytest.mark.parametrize("data", [b"", b"\x1f\x8b", b"\x1f\x8b" + bytes(100), b"not a profile", b"<html>"])
def test_what_is_no_profile_is_told(data: bytes) -> None:
    assert "it is no pprof profile" in fault(data)


def test_a_profile_that_was_cut_off_is_told(build: Build) -> None:
    whole = gzip.compress(build(ROWS).SerializeToString())

    assert all("it is no pprof profile" in fault(whole[:length]) for length in range(len(whole)))


EMPTY = {"sample_type": 1, "sample": 2, "location": 4, "function": 5, "string_table": 6}


@pytest.mark.parametrize("table", EMPTY)
def test_a_table_of_nothing_is_not_read_entry_by_entry(
    build: Build, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A zip of some kilobytes holds millions of empty entries; each costs microseconds."""
    monkeypatch.setattr(pprof, "_stacks", lambda *_: pytest.fail("it was read"))
    monkeypatch.setattr(pprof, "_text_of", lambda *_: pytest.fail("it was read"))
    entry = bytes([EMPTY[table] << 3 | 2, 0])
    data = build(ROWS).SerializeToString() + entry * pprof.MAX_ENTRIES
    assert table in fault(gzip.compress(data))


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(4 * pprof.MAX_PROFILE_BYTES))

    assert len(bomb) < 200_000
    assert "unpacks to more than" in fault(bomb)


def test_a_file_without_end_is_not_read_to_it() -> None:
    with raises_id("file_unreadable"):
        pprof.read(Path("/dev/zero"))


@pytest.mark.parametrize("name", ["nowhere", ""])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with raises_id("file_unreadable"):
        pprof.read(tmp_path / name)


@given(st.binary(max_size=300))
def test_no_bytes_are_too_odd(data: bytes) -> None:
    for one in (data, gzip.compress(data)):
        try:
            assert pprof.parse(one, "it").kinds
        except ResultFault as caught:
            assert "\n" not in caught.message  # noqa: PT017 - either way is right, as long as it is one line


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_byte_that_is_changed_ends_otherwise(build: Build, data: st.DataObject) -> None:
    whole = bytearray(build(ROWS).SerializeToString())
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        pprof.totals(pprof.parse(bytes(whole), "it"))
    except ResultFault as caught:
        assert "\n" not in caught.message  # noqa: PT017 - either way is right, as long as it is one line
