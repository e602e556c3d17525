"""The files of two marks to exact numbers, by values."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.probes.pprof import goheap
from harness.probes.pprof.goheap import MemStats
from raising import raises_id

Build = Callable[..., Any]
SECOND = 10**9
TEXT = """\
# at_ns = {at_ns}
# runtime.MemStats
# Alloc = 234048
# TotalAlloc = {allocated_bytes}
# Sys = 10575888
# Mallocs = {mallocs}
# Frees = 12
# HeapInuse = {inuse_bytes}
# NextGC = 4194304
# PauseNs = [1 2 3]
# NumGC = {collections}
# DebugGC = false
# MaxRSS = 9437184
"""


def stats(at_s: int, allocated_bytes: int, mallocs: int, collections: int = 3) -> MemStats:
    return MemStats(
        at_ns=at_s * SECOND,
        allocated_bytes=allocated_bytes,
        mallocs=mallocs,
        inuse_bytes=819_200,
        collections=collections,
    )


def text(one: MemStats) -> str:
    fields = ("at_ns", "allocated_bytes", "mallocs", "inuse_bytes", "collections")
    return TEXT.format(**{name: getattr(one, name) for name in fields})


def leave(folder: Path, prefix: str, numbers: tuple[MemStats, ...], profile: Any) -> goheap.Snapshot:
    for place, one in enumerate(numbers, start=1):
        (folder / f"{prefix}.memstats-{place}.txt").write_text(text(one))
    (folder / f"{prefix}.allocs.pb.gz").write_bytes(profile.SerializeToString())
    return goheap.mark(folder, prefix)


FIRST = (stats(1, 1000, 10), stats(2, 5000, 50), stats(3, 5400, 54))
SECONDLY = (stats(63, 1_005_800, 1058, 5), stats(64, 1_009_800, 1098, 6), stats(65, 1_010_200, 1102, 6))


def test_the_lines_of_memstats_are_read() -> None:
    assert goheap.memstats(text(FIRST[0]), "it") == FIRST[0]


@pytest.mark.parametrize("line", ["at_ns", "TotalAlloc", "Mallocs", "HeapInuse", "NumGC"])
def test_a_line_that_is_missing_is_named(line: str) -> None:
    with raises_id("not_a_profile", line):
        goheap.memstats(text(FIRST[0]).replace(f"# {line} =", "# Else ="), "it")


@pytest.mark.slow
@given(st.text())
def test_no_text_is_too_odd(odd: str) -> None:
    with raises_id("not_a_profile"):
        goheap.memstats(odd, "it")


def test_what_fetching_allocates_is_taken_off(tmp_path: Path, build: Build) -> None:
    first = leave(tmp_path, "a", FIRST, build({("main",): (1, 1024, 0, 0)}))
    second = leave(tmp_path, "b", SECONDLY, build({("main",): (3, 3072, 0, 0)}, at_ns=2 * 10**18))

    found = goheap.between(first, second)

    assert (found.bytes, found.allocations) == (1_005_800 - 5400 - 400, 1058 - 54 - 4)
    assert (found.seconds, found.collections, found.fetch_cost_bytes) == (60.0, 2, 400)
    assert (found.accounting, found.unsampled) == ("go:size-classes", None)


def test_functions_are_sampled_and_pprofs_own_are_left_out(tmp_path: Path, build: Build) -> None:
    rows = {("main", "watch"): (3, 3072, 0, 0), ("main", "net/http/pprof.Index", "gzip"): (9, 9216, 0, 0)}
    found = goheap.between(leave(tmp_path, "a", FIRST, build({})), leave(tmp_path, "b", SECONDLY, build(rows)))

    assert found.sampled is not None
    assert found.sampled.stacks == {("main", "watch"): 3072}
    assert found.sampled.accounting == "go:sampled-profile"


def test_profiles_that_cannot_be_compared_do_the_exact_numbers_no_harm(tmp_path: Path, build: Build) -> None:
    first = leave(tmp_path, "a", FIRST, build({}, period=0))
    found = goheap.between(first, leave(tmp_path, "b", SECONDLY, build({}, period=0)))

    assert found.bytes == 1_000_000
    assert found.sampled is None
    assert found.unsampled is not None
    assert "heap profiling is off" in found.unsampled


@pytest.mark.parametrize(
    "later",
    [
        pytest.param(stats(63, 5399, 1058), id="fewer bytes"),
        pytest.param(stats(63, 1_005_800, 53), id="fewer allocations"),
        pytest.param(stats(63, 1_005_800, 1058, 2), id="fewer collections"),
        pytest.param(stats(3, 1_005_800, 1058), id="no time"),
    ],
)
def test_a_restart_between_two_marks_is_told(tmp_path: Path, build: Build, later: MemStats) -> None:
    first = leave(tmp_path, "a", FIRST, build({}))
    second = leave(tmp_path, "b", (later, *SECONDLY[1:]), build({}))

    with raises_id("process_restarted"):
        goheap.between(first, second)


def test_a_mark_without_a_file_is_told(tmp_path: Path, build: Build) -> None:
    leave(tmp_path, "a", FIRST, build({}))
    (tmp_path / "a.memstats-2.txt").unlink()

    with raises_id("file_unreadable"):
        goheap.mark(tmp_path, "a")
