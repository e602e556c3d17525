"""What heaptrack's library writes, read without the tool: addresses, moments, and names of functions."""

import gzip
from pathlib import Path

import pytest

from harness.probes.pprof import keepers
from harness.probes.pprof.schema import Profile
from harness.probes.recordings import heaptrack_reader
from harness.probes.recordings.heaptrack_reader import _qualified, _replay, _stacks
from harness.probes.recordings.keepers import Tally, keeper

START = 1_000_000_000
RECORDED = """v 10400 3
c 0
+ 64 1 1000
c a
+ c8 1 2000
+ 10 2 3000
- 3000
c 14
+ 12c 1 4000
- 1000
c 1e
- 2000
+ 5"""
NAMED = """v 10400 3
s 8 /app/srv
s 13 /usr/lib/x86_64-linux-gnu/libstdc++.so.6
s 4 keep
s a /app/srv.c
s 38 void std::vector<int>::push_back(int)
s d bits/vector.h
s 4 main
i 10 1 3 4 9 7 4 20
i 20 1 5 6 aa
i 30 2
t 1 0
t 2 1
t 3 2
"""


def test_what_is_alive_at_the_end_is_kept_as_the_moments_say() -> None:
    tally = Tally((START + 10_000_000, START + 20_000_000, START + 30_000_000))
    _replay(RECORDED.splitlines(), tally, START)
    assert tally.phase == 3
    found = tally.end({1: (), 2: ()})
    assert (found.allocated_bytes, found.allocations) == (0xC8 + 0x10 + 0x12C, 3)
    assert (found.native_first_bytes, found.native_last_bytes) == (0x64, 0xC8 + 0x12C)
    assert found.kept_bytes == 0xC8 + 0x12C - 0x64
    assert found.kept_first_half_bytes == 0xC8


def test_stacks_are_named_with_what_was_inlined() -> None:
    stacks = _stacks(NAMED.splitlines())
    inner, outer = stacks[1][1], stacks[1][0]
    assert [(one.function, one.line, one.origin) for one in (outer, inner)] == [("main", 32, "own"), ("keep", 9, "own")]
    assert [one.origin for one in stacks[3]] == ["own", "own", "standard", "standard"]
    assert keeper(stacks[3]).function == "keep"
    assert stacks[3][-1].function == "libstdc++.so.6+0x30"


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("void std::__x<std::a<b> >::construct<c>(d*)", "std::__x::construct"),
        ("ns::Foo<int>::bar(std::string)", "ns::Foo::bar"),
        ("keep_list", "keep_list"),
        ("operator new[](unsigned long)", "new[]"),
    ],
)
def test_a_function_is_known_by_its_own_name(function: str, name: str) -> None:
    assert _qualified(function) == name


def test_a_recording_that_ends_too_soon_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.heaptrack").write_text(RECORDED)
    (tmp_path / "x.marks").write_text(f"{START}\n")
    with pytest.raises(ValueError, match="warm-up"):
        heaptrack_reader.read(tmp_path / "x.heaptrack", START * 2, START * 3)


@pytest.mark.parametrize(
    ("last_s", "counts"),
    [
        (100, (60, 80, 100)),  # asked to end
        (90, (60, 75, 90)),  # at its bound
    ],
)
def test_what_counts_ends_with_the_recording(last_s: int, counts: tuple[int, int, int]) -> None:
    found = heaptrack_reader.moments(last_s * START, 60 * START, 100 * START)
    assert found == tuple(at_s * START for at_s in counts)


def profile(path: Path, sizes: dict[str, int], at_s: int) -> Path:
    """Write a heap profile in which every allocation was counted."""
    text = ["", "bytes", "alloc_objects", "alloc_space", "inuse_objects", "inuse_space", "/src/app/main.go"]
    message = Profile(time_nanos=at_s * START, period=1)
    for kind in range(2, 6):
        message.sample_type.add(type=kind, unit=1)
    for number, (name, size) in enumerate(sizes.items(), start=1):
        text.append(name)
        message.function.add(id=number, name=len(text) - 1, filename=6)
        message.location.add(id=number).line.add(function_id=number, line=10 * number)
        message.sample.add(location_id=[number], value=[size // 8, size, size // 8, size])
    message.string_table.extend(one.encode() for one in text)
    path.write_bytes(gzip.compress(message.SerializeToString(), mtime=0))
    return path


def test_a_go_program_keeps_what_is_more_in_use(tmp_path: Path) -> None:
    first = profile(tmp_path / "1", {"main.keep": 800, "main.same": 80, "net/http/pprof.handler": 80}, 1)
    last = profile(tmp_path / "2", {"main.keep": 4000, "main.same": 80, "net/http/pprof.handler": 9000}, 2)
    found = keepers.kept(first, last)
    assert found is not None
    assert (found.bytes, found.error_bytes) == (3200, 0.0)
    (row,) = found.keepers
    assert (row.function, row.file, row.line, row.bytes, row.allocations) == ("main.keep", "app/main.go", 10, 3200, 400)


def test_profiles_of_two_lives_tell_nothing(tmp_path: Path) -> None:
    first, last = profile(tmp_path / "1", {"main.keep": 800}, 1), profile(tmp_path / "2", {"main.keep": 80}, 2)
    assert keepers.kept(first, last) is None


@pytest.mark.parametrize(
    ("function", "file", "origin"),
    [
        ("alloc::raw_vec::finish_grow<alloc::alloc::Global>", "", "standard"),
        ("<alloc::vec::Vec<T,A> as core::clone::Clone>::clone", "", "standard"),
        ("_ZN5alloc7raw_vec19RawVec$LT$T$C$A$GT$8grow_one17h0123456789abcdefE", "", "standard"),
        (
            "grow_amortized<u8>",
            "/rustc/07dca489ac2d933c/library/alloc/src/raw_vec.rs",
            "standard",
        ),
        ("mydaemon::cache::Cache::put", "/src/mydaemon/src/cache.rs", "own"),
        ("<mydaemon::Cache as core::default::Default>::default", "/src/mydaemon/src/cache.rs", "own"),
        ("allocate_buffers", "/src/mydaemon/buffers.c", "own"),
    ],
)
def test_the_library_of_rust_is_not_the_program_it_is_linked_into(function: str, file: str, origin: str) -> None:
    assert heaptrack_reader._place(function, file, 7, "/src/target/mydaemon", "/src/target/mydaemon").origin == origin
