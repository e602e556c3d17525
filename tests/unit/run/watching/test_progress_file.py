"""What a run without a terminal leaves, and how whoever looks at it is told."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from harness.cli.running.detach import Detached
from harness.errors import SubjectFault
from harness.model import MOST_SUBJECTS
from harness.results.descriptors import Folder
from harness.results.folder import PROGRESS
from harness.run.watching import progress_file
from harness.run.watching.progress import Listener, SubjectStatus
from harness.run.watching.progress_file import End, Progress, ProgressFile
from raising import raises_id

POLL = SubjectStatus(name="poll", rss_bytes=40_000_000, polls=3, events=0, alive=True)


class Heard(Listener):
    """An listener that remembers."""

    def __init__(self) -> None:
        self.words: list[object] = []

    def step(self, text: str, done: int, total: int) -> None:
        self.words.append((text, done, total))

    def on_sample(self, subjects: tuple[SubjectStatus, ...], elapsed_s: float, total_s: float) -> None:
        self.words.append((subjects, elapsed_s, total_s))


def told(folder: Path) -> list[object]:
    progress, heard = progress_file.read(folder), Heard()
    assert progress is not None
    progress.tell(heard)
    return heard.words


def test_a_phase_is_told_as_it_was_heard(tmp_path: Path) -> None:
    ProgressFile(tmp_path).step("making veth pairs", 250, 1000)
    assert told(tmp_path) == [("making veth pairs", 250, 1000)]


def test_subjects_are_told_as_they_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_file, "EVERY_S", 0.0)
    ProgressFile(tmp_path).on_sample((POLL,), 5.5, 60.0)
    assert told(tmp_path) == [((POLL,), 5.5, 60.0)]


def test_a_week_is_written_once_a_second_and_its_end_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, *(tick / 10 for tick in range(100)), 10.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    written: list[bytes] = []
    monkeypatch.setattr(Folder, "put", lambda _, __, content: written.append(content))
    kept = ProgressFile(tmp_path)
    for tick in range(100):
        kept.on_sample((POLL,), tick / 10, 60.0)
    kept.end(End(status=0, report="."))
    assert len(written) == 1 + 9 + 1
    assert json.loads(written[-1])["end"]["status"] == 0


def test_a_run_that_was_not_detached_left_nothing(tmp_path: Path) -> None:
    assert progress_file.read(tmp_path) is None


GOOD = {"pid": 1, "began_ticks": 1}
ALIVE = ["poll", 1, 1, 1, True]
END = {"status": 0}


@pytest.mark.parametrize(
    "given",
    [
        *(b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b" " * (progress_file.MOST_BYTES + 1)),
        *({**GOOD, "pid": pid} for pid in ("x", 0, -1, 2**22 + 1, 2**31, 2**64, 1.5, True, None)),
        *({**GOOD, "began_ticks": ticks} for ticks in (-1, 2**63, "1")),
        *({**GOOD, "total": total} for total in (-1, 1e13, "1")),
        *({**GOOD, "subjects": [subject]} for subject in (1, ["poll"], ["poll", -1, 1, 1, True], [1, *ALIVE[1:]])),
        *(
            {**GOOD, "end": end}
            for end in (0, {}, *({"status": status} for status in (77, -1, 2**63, True, "0", None)))
        ),
        *(
            {**GOOD, "end": {**END, **odd}}
            for odd in ({"report": 1}, {"fault": ["x"]}, {"fault": ["nosuch", "x", "y"]}, {"said": None}, {"more": 1})
        ),
        {**GOOD, "text": ["x"]},
        {**GOOD, "subjects": [ALIVE] * (MOST_SUBJECTS + 1)},
        {**GOOD, "more": 1},
    ],
)
def test_what_is_no_progress_is_a_fault(tmp_path: Path, given: object) -> None:
    (tmp_path / PROGRESS).write_bytes(given if isinstance(given, bytes) else json.dumps(given).encode())
    with raises_id("file_unreadable"):
        progress_file.read(tmp_path)


@pytest.mark.parametrize("kind", ["fifo", "link", "folder"])
def test_what_is_no_regular_file_is_a_fault(tmp_path: Path, kind: str) -> None:
    path = tmp_path / PROGRESS
    (tmp_path / "other").write_text(json.dumps(GOOD))
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("other")
    else:
        path.mkdir()
    with raises_id("file_unreadable"):
        progress_file.read(tmp_path)


def test_its_words_may_be_sent_to_a_terminal(tmp_path: Path) -> None:
    odd = "\x1b]0;owned\x07\n::error::x ##[error]"
    end = {**END, "said": odd, "report": odd, "fault": ["defect", odd, odd]}
    given = {**GOOD, "text": odd, "subjects": [[odd, *ALIVE[1:]]], "end": end}
    (tmp_path / PROGRESS).write_text(json.dumps(given))
    read = progress_file.read(tmp_path)
    assert read is not None
    assert read.end is not None
    assert read.end.fault is not None
    for words in (read.text, read.subjects[0].name, read.end.said, read.end.report or "", *read.end.fault[1:]):
        assert words.endswith("]")
        assert all(letter.isprintable() or letter == "\n" for letter in words)
        assert "\n::" not in words
        assert "##[" not in words


def test_a_full_disk_does_not_end_a_run(tmp_path: Path) -> None:
    kept = ProgressFile(tmp_path)
    (tmp_path / PROGRESS).unlink()
    tmp_path.rmdir()
    kept.step("profiling", 0, 1)


def test_its_process_is_known_by_its_number_and_its_beginning(tmp_path: Path) -> None:
    ProgressFile(tmp_path)
    mine = progress_file.read(tmp_path)
    assert mine is not None
    assert mine.lives()
    assert not msgspec.structs.replace(mine, began_ticks=(mine.began_ticks or 0) + 1).lives()
    assert not msgspec.structs.replace(mine, began_ticks=None).lives()
    assert not Progress(pid=0x3FFFFF, began_ticks=1).lives()


def test_what_ended_it_is_kept_with_its_status(tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from harness.cli.running.detach import Detached\n"
        "from harness.errors import SubjectFault\n"
        "with Detached(os.open(os.devnull, os.O_WRONLY)) as listener:\n"
        "    listener.on_start(Path(sys.argv[1]))\n"
        "    raise SubjectFault('subject_died', 'poll died', 'look at it')\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, capture_output=True)
    progress = progress_file.read(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")  # it let go of the terminal
    assert progress is not None
    assert progress.end == End(status=SubjectFault.exit_code, fault=("subject_died", "poll died", "look at it"))


def test_before_its_folder_is_there_nothing_is_kept(tmp_path: Path) -> None:
    listener = Detached(-1)
    listener.step("making veth pairs", 0, 1)
    listener.__exit__(SubjectFault, SubjectFault("subject_died", "poll died", "look at it"), None)
    assert list(tmp_path.iterdir()) == []
