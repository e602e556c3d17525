"""Who keeps memory: from real recordings of small programs, and from made-up ones."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from harness.model import SubjectPlan
from harness.probes.recordings import memray_reader, recorders
from harness.probes.recordings.keepers import Place, Retention, Tally, keeper

if TYPE_CHECKING:
    from tests.unit.recordings import recorded
else:
    from recordings import recorded

OWN = Place("poll", "daemon.py", 7, "own")
LIBRARY = Place("fetch", "lib/client.py", 70, "library")
STANDARD = Place("loads", "json/__init__.py", 3, "standard")


def read(prefix: Path) -> Retention:
    at, _ = memray_reader.marks(Path(f"{prefix}.marks"))
    return memray_reader.read(recorders.file("memray", prefix), at[5], at[-1])


@pytest.mark.slow
def test_the_function_that_keeps_comes_first(recording: Path) -> None:
    found = read(recording)
    assert recorders.end("memray", recording) == "asked"
    first = found.keepers[0]
    assert (first.function, first.file.rpartition("/")[2], first.line, first.origin) == ("make", "program.py", 5, "own")
    assert first.bytes == pytest.approx(10_033 * first.allocations, rel=0.001)
    assert found.kept_bytes == pytest.approx(first.bytes, rel=0.02)
    assert found.allocated_bytes == pytest.approx(6 * found.kept_bytes, rel=0.05)
    assert 0.3 < found.kept_first_half_bytes / found.kept_bytes < 0.7
    assert found.managed_last_bytes - found.managed_first_bytes == pytest.approx(found.kept_bytes, rel=0.05)


def test_stacks_add_up_to_what_was_counted(recording: Path) -> None:
    found = read(recording)
    assert sum(one.bytes for one in found.kept.stacks) == found.kept_bytes
    assert sum(one.bytes for one in found.churn.stacks) == found.allocated_bytes
    assert sum(one.allocations for one in found.churn.stacks) == found.allocations


def test_the_recorder_is_not_in_what_it_records(recording: Path) -> None:
    assert not any("sitecustomize" in one.place for one in read(recording).churn.frames)


@pytest.mark.slow
def test_a_recording_ends_at_its_bound(tmp_path: Path) -> None:
    prefix = recorded(tmp_path, "while True: [object() for _ in range(1000)]", seconds=3.0, bound=200_000)
    assert recorders.end("memray", prefix) == "bound"
    assert recorders.file("memray", prefix).stat().st_size < 8_000_000


@pytest.mark.slow
def test_a_program_that_ends_leaves_what_it_recorded(tmp_path: Path) -> None:
    text = "import time\nkept = [bytes(1000)]\ntime.sleep(1.5)"
    assert recorders.end("memray", recorded(tmp_path, text, seconds=3.0)) == "exit"


@pytest.mark.slow
def test_a_program_that_is_killed_leaves_what_it_recorded(tmp_path: Path) -> None:
    keep = "for n in range(150):\n    kept.append(bytes(1000))\n    time.sleep(0.01)"
    text = f"import os, time\nkept = []\n{keep}\nos.abort()"
    prefix = recorded(tmp_path, text, seconds=3.0)
    assert recorders.end("memray", prefix) == "killed"
    at, _ = memray_reader.marks(Path(f"{prefix}.marks"))
    found = memray_reader.read(recorders.file("memray", prefix), at[3], at[-1])
    assert found.keepers[0].line == 4


def test_a_missing_recorder_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memray.py").write_text("raise ImportError('no memray here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    real = recorders.variables(tmp_path / "x", {"PYTHONPATH": str(tmp_path)})
    here = {"NETCHURN_RECORD": str(tmp_path / "recorded-memray-daemon"), "NETCHURN_RECORD_MEMRAY": "/none|0.0"}
    monkeypatch.setattr(recorders, "variables", lambda *_: real | here)
    prefix = recorded(tmp_path, "import time; time.sleep(1)", seconds=0.5)
    assert "no memray here" in recorders.failure("memray", prefix)


def test_what_no_python_heeds_is_said(tmp_path: Path) -> None:
    assert "PYTHONPATH" in recorders.failure("memray", tmp_path / "nothing")


@pytest.mark.parametrize(
    ("places", "chosen"),
    [
        ((OWN, STANDARD), OWN),
        ((OWN, LIBRARY, STANDARD), LIBRARY),
        ((STANDARD,), STANDARD),
        ((), Place("(unknown)", "", 0, "other")),
    ],
)
def test_who_keeps_is_the_innermost_that_is_not_of_the_language(places: tuple[Place, ...], chosen: Place) -> None:
    assert keeper(places) == chosen


def test_only_what_came_after_the_warm_up_and_is_alive_is_kept() -> None:
    tally = Tally((10, 20, 30))
    tally.add(1, 100, "early", native=False)
    tally.reach(10)
    tally.add(2, 50, "kept", native=False)
    tally.add(3, 7, "freed", native=True)
    tally.free(3)
    tally.reach(20)
    tally.add(4, 30, "kept", native=True)
    tally.free(99)  # of what was never recorded
    tally.add(4, 60, "again", native=True)  # a free that was missed
    tally.reach(30)
    found = tally.end({"kept": (OWN,), "freed": (OWN,), "again": (OWN, LIBRARY)})
    kept = (found.kept_bytes, found.kept_first_half_bytes)
    assert (*kept, found.allocated_bytes, found.allocations) == (110, 50, 147, 4)
    assert (found.managed_first_bytes, found.managed_last_bytes) == (100, 150)
    assert (found.native_first_bytes, found.native_last_bytes) == (0, 60)
    assert [(one.function, one.bytes, one.caller) for one in found.keepers] == [
        ("fetch", 60, "poll (daemon.py:7)"),
        ("poll", 50, ""),
    ]


def test_what_replaces_memory_of_before_the_warm_up_is_not_kept() -> None:
    tally = Tally((10, 20, 30))
    tally.add(1, 100, "grows", native=False)
    tally.add(2, 100, "turns over", native=False)
    tally.reach(10)
    tally.add(3, 200, "grows", native=False)
    tally.free(1)
    tally.add(4, 100, "turns over", native=False)
    tally.free(2)
    tally.reach(20)
    tally.reach(30)
    found = tally.end({"grows": (OWN,), "turns over": (LIBRARY,)})
    assert [(one.function, one.bytes, one.first_half_bytes) for one in found.keepers] == [("poll", 100, 100)]
    assert found.allocated_bytes == 300


@pytest.mark.parametrize(("began", "ended"), [(0, 15), (40, 50)])
def test_a_recording_that_ends_before_the_warm_up_has_nothing(began: int, ended: int) -> None:
    with pytest.raises(ValueError, match="warm-up"):
        memray_reader.moments([10, 20, 30], began, ended)


PLAN = SubjectPlan(
    name="mine", role="alternative", language="unknown", accounting=None, polls=False, source="exec", record=("memray",)
)


@pytest.mark.parametrize(
    ("program", "path"),
    [(("python", "x.py"), None), (("env", "A=1", "PYTHONPATH=/own", "python", "x.py"), "/own")],
)
def test_a_recorder_stands_before_the_folders_that_a_command_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: tuple[str, ...], path: str | None
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    plan = msgspec.structs.replace(PLAN, command=("/usr/bin/env", "--chdir=/", *program))
    copy = recorders.copy("memray", plan, tmp_path / "x")
    folders = copy.environment["PYTHONPATH"].split(":")
    assert folders[1:] == ([path] if path else [])
    assert all(f"PYTHONPATH={copy.environment['PYTHONPATH']}" in copy.command for _ in folders[1:])
    assert copy.command[-2:] == program[-2:]


@pytest.mark.skipif(recorders.preload() is None, reason="needs heaptrack")
def test_a_library_is_loaded_by_the_program_and_not_by_what_starts_it(tmp_path: Path) -> None:
    plan = msgspec.structs.replace(PLAN, command=("/usr/bin/env", "--chdir=/", "/usr/bin/env", "A=1", "/bin/x", "y=2"))
    words = recorders.copy("heaptrack", plan, tmp_path / "x").command
    assert [words.index("A=1") + number for number in (1, 2, 3)] == [
        next(at for at, one in enumerate(words) if one.startswith(start))
        for start in ("LD_PRELOAD=", "DUMP_HEAPTRACK_OUTPUT=", "/bin/x")
    ]
