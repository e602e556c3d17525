"""What a run without a terminal leaves, and how whoever looks at it is told."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from harness import store
from harness.cli.detach import Detached
from harness.errors import ResultFault, SubjectFault
from harness.folders import Folder
from harness.run import beacon
from harness.run.audience import Alive, Nobody
from harness.run.beacon import Beacon, End, Progress

POLL = Alive(name="poll", rss_bytes=40_000_000, polls=3, events=0, alive=True)


class Heard(Nobody):
    """An audience that remembers."""

    def __init__(self) -> None:
        self.words: list[object] = []

    def step(self, text: str, done: int, total: int) -> None:
        self.words.append((text, done, total))

    def living(self, subjects: tuple[Alive, ...], elapsed_s: float, total_s: float) -> None:
        self.words.append((subjects, elapsed_s, total_s))


def told(folder: Path) -> list[object]:
    progress, heard = beacon.read(folder), Heard()
    assert progress is not None
    progress.tell(heard)
    return heard.words


def test_a_phase_is_told_as_it_was_heard(tmp_path: Path) -> None:
    Beacon(tmp_path).step("making veth pairs", 250, 1000)
    assert told(tmp_path) == [("making veth pairs", 250, 1000)]


def test_subjects_are_told_as_they_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beacon, "EVERY_S", 0.0)
    Beacon(tmp_path).living((POLL,), 5.5, 60.0)
    assert told(tmp_path) == [((POLL,), 5.5, 60.0)]


def test_a_week_is_written_once_a_second_and_its_end_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, *(tick / 10 for tick in range(100)), 10.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    written: list[bytes] = []
    monkeypatch.setattr(Folder, "put", lambda _, __, content: written.append(content))
    kept = Beacon(tmp_path)
    for tick in range(100):
        kept.living((POLL,), tick / 10, 60.0)
    kept.end(End(status=0, report="."))
    assert len(written) == 1 + 9 + 1
    assert json.loads(written[-1])["end"]["status"] == 0


def test_a_run_that_was_not_detached_left_nothing(tmp_path: Path) -> None:
    assert beacon.read(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"pid": "x"}'])
def test_what_is_no_progress_is_a_fault(tmp_path: Path, content: bytes) -> None:
    (tmp_path / store.PROGRESS).write_bytes(content)
    with pytest.raises(ResultFault, match=r"progress\.json cannot be read"):
        beacon.read(tmp_path)


def test_a_full_disk_does_not_end_a_run(tmp_path: Path) -> None:
    kept = Beacon(tmp_path)
    (tmp_path / store.PROGRESS).unlink()
    tmp_path.rmdir()
    kept.step("profiling", 0, 1)


def test_its_process_is_known_by_its_number_and_its_beginning(tmp_path: Path) -> None:
    Beacon(tmp_path)
    mine = beacon.read(tmp_path)
    assert mine is not None
    holder = mine.holder()
    assert holder is not None
    os.close(holder)
    assert msgspec.structs.replace(mine, began_ticks=(mine.began_ticks or 0) + 1).holder() is None
    assert msgspec.structs.replace(mine, began_ticks=None).holder() is None
    assert Progress(pid=0x7FFFFFFF, began_ticks=1).holder() is None


def test_what_ended_it_is_kept_with_its_status(tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from harness.cli.detach import Detached\n"
        "from harness.errors import SubjectFault\n"
        "with Detached(os.open(os.devnull, os.O_WRONLY)) as audience:\n"
        "    audience.opened(Path(sys.argv[1]))\n"
        "    raise SubjectFault('poll died', 'look at it')\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, capture_output=True)
    progress = beacon.read(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")  # it let go of the terminal
    assert progress is not None
    assert progress.end == End(status=SubjectFault.exit_code, fault=("poll died", "look at it"))


def test_before_its_folder_is_there_nothing_is_kept(tmp_path: Path) -> None:
    audience = Detached(-1)
    audience.step("making veth pairs", 0, 1)
    audience.__exit__(SubjectFault, SubjectFault("poll died", "look at it"), None)
    assert list(tmp_path.iterdir()) == []
