"""What is left of `netchurn ab` that is ended while it builds: nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

AB = (sys.executable, "-P", "-m", "harness", "ab", "--base", "HEAD", "--head", "HEAD", "--run", "{out}")
HANG_S = 60.0
INTERRUPTED = 130

Start = Callable[[str], "subprocess.Popen[str]"]


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=n", "-c", "user.email=e")
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "it"
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "a commit")
    return folder


@pytest.fixture
def start(repository: Path, tmp_path: Path) -> Iterator[Start]:
    """Start `netchurn ab` with a command that builds; it is ended with the test."""
    started = []

    def begin(command: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            ["env", "--default-signal=HUP", *AB, "--build", command],  # whoever runs the tests may ignore it
            text=True,
            cwd=repository,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        with process:
            process.kill()


def wait_for(condition: Callable[[], object]) -> None:
    latest = time.monotonic() + HANG_S
    while not condition():
        assert time.monotonic() < latest
        time.sleep(0.02)


def lives(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def left(repository: Path, tmp_path: Path) -> list[str]:
    """Name what is in the cache, and worktrees beside the repository's own."""
    worktrees = git(repository, "worktree", "list").splitlines()[1:]
    return [path.name for path in (tmp_path / "cache" / "netchurn" / "builds").iterdir()] + worktrees


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_build_that_is_interrupted_leaves_nothing(
    start: Start, repository: Path, tmp_path: Path, how: signal.Signals
) -> None:
    told = tmp_path / "pids"
    process = start(f"sleep 600 & echo $! $$ > {told}.new; mv {told}.new {told}; wait; touch {{out}}")
    wait_for(told.exists)
    pids = told.read_text().split()
    assert all(lives(pid) for pid in pids)

    os.killpg(process.pid, how)
    said, complained = process.communicate(timeout=HANG_S)

    if how == signal.SIGKILL:
        wait_for(lambda: not left(repository, tmp_path))
    else:
        assert (process.returncode, said) == (INTERRUPTED, "")
        assert [line.partition(" ")[0] for line in complained.splitlines()] == ["netchurn:", "netchurn:"]
    assert [pid for pid in pids if lives(pid)] == []
    assert left(repository, tmp_path) == []
