"""What attach does with a folder that anybody may have written: whom it signals, as whom it looks, how viewers end."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from harness.probes.process.procfs import began_ticks
from harness.results.folder import PROGRESS, RESULT

ATTACH = (sys.executable, "-P", "-m", "harness", "attach")
HANG_S = 60
STRANGER = 54_321
RUN = """
import fcntl, os, sys
from pathlib import Path
from harness.run.watching.progress_file import ProgressFile, End
from harness.run.interrupt import Interrupt

folder = Path(sys.argv[1])
lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
fcntl.flock(lock, fcntl.LOCK_EX)
asked = 0
with Interrupt() as interrupt:
    told = ProgressFile(folder)
    told.step("measuring", 0, 1)
    print("ready", flush=True)
    try:
        sys.stdin.readline()
        told.end(End(status=130 if interrupt.asked else 0, report="report.html"))
    except KeyboardInterrupt:
        told.end(End(status=2))
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a program; it is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(*argv: str, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            argv,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, **variables},
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        with suppress(BrokenPipeError), process:
            pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / RESULT).write_text("{}")
    return tmp_path


def plant(folder: Path, pid: int) -> None:
    """Write the progress of a run that is said to be a process."""
    ticks = began_ticks(Path(f"/proc/{pid}/stat").read_text())
    (folder / PROGRESS).write_text(json.dumps({"pid": pid, "began_ticks": ticks, "text": "measuring"}))


def line_of(process: "subprocess.Popen[str]", words: str) -> str:
    assert process.stderr is not None
    return next(line for line in process.stderr if words in line)


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    assert process.stderr is not None
    assert process.stdout is not None
    assert "Traceback" not in process.stderr.read()
    return process.wait(HANG_S), process.stdout.read()


def let_end(run: "subprocess.Popen[str]") -> None:
    assert run.stdin is not None
    with suppress(BrokenPipeError):
        run.stdin.write("\n")
        run.stdin.flush()


@pytest.fixture
def victim(start: Start) -> "subprocess.Popen[str]":
    return start("sleep", "600")


@pytest.fixture
def run(start: Start, folder: Path) -> "subprocess.Popen[str]":
    """Start what holds a lock and heeds signals as a run does, until it reads a line."""
    process = start(sys.executable, "-P", "-c", RUN, str(folder))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_process_that_holds_no_lock_is_not_signalled(
    start: Start, folder: Path, victim: subprocess.Popen[str]
) -> None:
    plant(folder, victim.pid)
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    look = start(*ATTACH, str(folder))
    line_of(look, "measuring")
    look.send_signal(signal.SIGINT)
    assert ended(look)[0] == 2
    os.close(lock)
    assert victim.poll() is None


def test_where_nobody_holds_a_lock_nobody_is_signalled(
    start: Start, folder: Path, victim: subprocess.Popen[str]
) -> None:
    plant(folder, victim.pid)
    look = start(*ATTACH, str(folder))
    line_of(look, "measuring")
    look.send_signal(signal.SIGINT)
    line_of(look, "the report follows")
    look.send_signal(signal.SIGINT)
    assert ended(look)[0] == 130
    assert victim.poll() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder away")
def test_a_process_of_another_user_than_the_folders_owner_is_not_signalled(
    start: Start, folder: Path, run: subprocess.Popen[str]
) -> None:
    os.chown(folder, STRANGER, STRANGER)
    look = start(*ATTACH, str(folder))
    line_of(look, "measuring")
    look.send_signal(signal.SIGINT)
    assert ended(look)[0] == 2
    let_end(run)
    run.wait()
    told = json.loads((folder / PROGRESS).read_text())
    assert told["end"]["status"] == 0  # it was never asked


def test_two_viewers_that_ask_once_each_do_not_lose_the_report(
    start: Start, folder: Path, run: subprocess.Popen[str]
) -> None:
    looks = [start(*ATTACH, str(folder)) for _ in range(2)]
    for look in looks:
        line_of(look, "measuring")
        look.send_signal(signal.SIGINT)
        line_of(look, "asked to end")
    let_end(run)
    found = [ended(look) for look in looks]
    assert found == [(130, f"{folder}/report.html\n")] * 2


@pytest.mark.skipif(os.geteuid() != 0, reason="is root under sudo")
def test_under_sudo_it_looks_as_the_caller(start: Start, folder: Path, victim: subprocess.Popen[str]) -> None:
    plant(folder, victim.pid)
    look = start(*ATTACH, str(folder), SUDO_UID=str(STRANGER), SUDO_GID=str(STRANGER))
    deadline = time.monotonic() + HANG_S
    while look.poll() is None and time.monotonic() < deadline:
        if f"Uid:\t{STRANGER}\t{STRANGER}\t{STRANGER}" in Path(f"/proc/{look.pid}/status").read_text():
            break
    else:  # a caller who cannot run this Python is told so, and nothing is read as root
        assert ended(look)[0] == 2


def test_a_pipe_in_its_place_is_not_waited_for(start: Start, folder: Path) -> None:
    os.mkfifo(folder / PROGRESS)
    assert ended(start(*ATTACH, str(folder))) == (2, "")


@pytest.mark.parametrize("report", ["../::error::x", "report\n::error::x", "/a\r::error::x", "##[error]x"])
def test_where_the_report_is_said_to_be_is_no_command_to_a_runner(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch, report: str
) -> None:
    end = {"status": 0, "report": report}
    (folder / PROGRESS).write_text(json.dumps({"pid": 1, "began_ticks": 1, "end": end}))
    monkeypatch.chdir(folder.parent)
    status, said = ended(start(*ATTACH, folder.name))
    assert status == 0
    assert len(said.splitlines()) == 1
    assert not said.startswith("::")
    assert "##[" not in said
