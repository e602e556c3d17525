"""memray captures to totals: real captures, made in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.probes.recordings import memray_totals
from harness.probes.recordings.memray_totals import Allocated, stats_path, totals
from raising import raises_id


def capture(path: Path, body: str = "pass") -> Path:
    script = (
        "import sys\n"
        "from memray import Tracker\n"
        f"with Tracker(sys.argv[1], trace_python_allocators=True):\n    {body}\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    return path


@pytest.mark.slow
def test_what_was_allocated_is_counted_whether_it_was_freed_or_not(tmp_path: Path) -> None:
    little = capture(tmp_path / "little.bin", "for _ in range(10): bytearray(100_000)")
    much = capture(tmp_path / "much.bin", "for _ in range(30): bytearray(100_000)")

    few, many = totals([little, much])

    assert many.bytes - few.bytes == pytest.approx(20 * 100_000, rel=0.01)
    assert many.allocations - few.allocations >= 20


@pytest.mark.slow
def test_a_capture_in_which_nothing_happened_counts_next_to_nothing(tmp_path: Path) -> None:
    (found,) = totals([capture(tmp_path / "idle.bin")])

    assert found.bytes < 20_000


@pytest.mark.slow
def test_totals_come_in_the_order_of_the_captures_and_are_told_one_by_one(tmp_path: Path) -> None:
    sizes = [3_000_000, 1_000_000, 2_000_000]
    captures = [capture(tmp_path / f"{size}.bin", f"bytearray({size})") for size in sizes]
    told: list[int] = []

    found = totals(captures, told.append)

    assert [round(one.bytes, -6) for one in found] == sizes
    assert told == [1, 2, 3]


def test_no_captures_have_no_totals() -> None:
    assert totals([]) == []


@pytest.mark.slow
def test_the_statistics_lie_beside_the_capture(tmp_path: Path) -> None:
    made = capture(tmp_path / "one.bin", "bytearray(100_000)")
    totals([made])

    assert stats_path(made) == tmp_path / "one.stats.json"
    assert stats_path(made).is_file()


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"memray", b"not a capture at all" * 20])
def test_a_capture_that_was_cut_off_is_a_fault_that_names_it(tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "broken.bin"
    broken.write_bytes(content)

    with raises_id("file_damaged", "broken.bin"):
        totals([broken])


def test_a_capture_that_is_not_there_is_a_fault_that_names_it(tmp_path: Path) -> None:
    with raises_id("file_damaged", "nowhere.bin"):
        totals([tmp_path / "nowhere.bin"])


def test_a_total_is_a_pair() -> None:
    assert Allocated(bytes=10, allocations=2) == (10, 2)


def test_a_pipe_in_the_place_of_a_capture_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As what an external program of an earlier trial left behind may put there."""
    monkeypatch.setattr(memray_totals, "LONGEST_S", 2)
    place = tmp_path / "mine.bin"
    os.mkfifo(place)
    with raises_id("file_damaged"):
        memray_totals.totals([place, place])
    with raises_id("file_damaged"):
        memray_totals._from_records(place)
