"""Captures to stacks: real memray captures, and Go profiles written with the codec."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.model import Folded
from harness.probes.recordings import fold_stacks, memray_totals
from raising import raises_id

Build = Callable[..., Any]
SCRIPT = """
import sys
from memray import Tracker

def outer(times):
    for _ in range(times):
        inner()

def inner():
    bytearray(100_000)

with Tracker(sys.argv[1], trace_python_allocators=True):
    outer(int(sys.argv[2]))
"""
LATER = 10**18 + 10**9


def capture(path: Path, times: int) -> Path:
    subprocess.run([sys.executable, "-c", SCRIPT, str(path), str(times)], check=True)
    return path


def by_name(found: Folded) -> dict[tuple[str, ...], tuple[int, int]]:
    return {
        tuple(found.frames[number].name for number in one.frames): (one.bytes, one.allocations) for one in found.stacks
    }


@pytest.mark.slow
def test_the_stacks_of_a_capture_add_up_to_its_totals(tmp_path: Path) -> None:
    made = capture(tmp_path / "it.bin", 7)

    found = fold_stacks.memray_stacks(made)
    (total,) = memray_totals.totals([made])

    assert sum(one.bytes for one in found.stacks) == total.bytes
    assert sum(one.allocations for one in found.stacks) == total.allocations
    assert by_name(found)["<module>", "outer", "inner"][0] == pytest.approx(700_000, rel=0.01)


def test_a_capture_that_is_cut_off_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.bin"
    broken.write_bytes(b"memray")

    with raises_id("file_damaged", "broken.bin"):
        fold_stacks.memray_stacks(broken)


def test_it_folds_as_a_process_of_its_own(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    fold_stacks.main([str(capture(tmp_path / "it.bin", 3))])
    sys.stdout.flush()

    assert by_name(msgspec.json.decode(capfdbinary.readouterr().out, type=Folded))["<module>", "outer", "inner"][1] >= 3
    with pytest.raises(SystemExit, match="cannot be read"):
        fold_stacks.main([str(tmp_path / "absent.bin")])


def test_go_profiles_give_their_difference_without_what_is_not_asked_for(tmp_path: Path, build: Build) -> None:
    old = {("main", "watch.poll"): (10, 10_240, 0, 0)}
    new = {("main", "watch.poll"): (30, 30_720, 0, 0), ("main", "meter.Mark"): (5, 5120, 0, 0)}
    first, last = tmp_path / "first", tmp_path / "last"
    first.write_bytes(build(old).SerializeToString())
    last.write_bytes(build(new, at_ns=LATER).SerializeToString())

    found = fold_stacks.go_stacks(first, last, ("meter.",))

    assert by_name(found) == {("main", "watch.poll"): (20_480, 20)}
    assert found.period == 524_288
    assert found.standard_error_bytes
    with raises_id("profiles_reversed", "before"):
        fold_stacks.go_stacks(last, first, ())


@pytest.mark.parametrize(
    ("file", "place", "origin"),
    [
        ("/v/lib/python3.11/site-packages/pyroute2/netlink/core.py", "pyroute2/netlink/core.py", "library"),
        ("/usr/lib/python3/dist-packages/psutil/_common.py", "psutil/_common.py", "library"),
        ("/v/lib/python3.13/site-packages/harness/watchers/polling.py", "harness/watchers/polling.py", "own"),
        ("/home/me/netchurn/harness/watchers/polling.py", "harness/watchers/polling.py", "own"),
        ("/usr/lib/python3.12/asyncio/events.py", "asyncio/events.py", "standard"),
        ("/usr/lib64/python3.12/json/decoder.py", "json/decoder.py", "standard"),
        ("/opt/python/lib/python3.13t/json/decoder.py", "json/decoder.py", "standard"),
        ("<frozen importlib._bootstrap>", "importlib._bootstrap", "standard"),
        ("/home/me/x/y/z.py", "y/z.py", "other"),
        ("<string>", "<string>", "other"),
    ],
)
def test_a_python_function_is_placed_by_its_file(file: str, place: str, origin: str) -> None:
    found = fold_stacks.python_frame("f", file)
    assert (found.name, found.place, found.origin) == ("f", place, origin)


@pytest.mark.parametrize(
    ("name", "short", "place", "origin"),
    [
        ("syscall.NetlinkRIB", "syscall.NetlinkRIB", "syscall", "standard"),
        ("runtime/pprof.writeHeap", "pprof.writeHeap", "runtime/pprof", "standard"),
        ("gowatch/internal/watch.(*resilient).listen", "watch.(*resilient).listen", "gowatch/internal/watch", "own"),
        ("github.com/a/b.Do[go.shape.x/y]", "b.Do[go.shape.x/y]", "github.com/a/b", "library"),
        ("database/sql.(*DB).queryDC", "sql.(*DB).queryDC", "database/sql", "standard"),
        ("main.main", "main.main", "main", "own"),
        ("0x4f00", "0x4f00", "0x4f00", "own"),
    ],
)
def test_a_go_function_is_placed_by_its_package(name: str, short: str, place: str, origin: str) -> None:
    found = fold_stacks.go_frame(name)
    assert (found.name, found.place, found.origin) == (short, place, origin)
