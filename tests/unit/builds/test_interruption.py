"""A command that is interrupted ends with all that it started, and cleaning up is not interrupted."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.builds import interruption
from harness.builds.interruption import heed, run, uninterrupted


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    heed()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("stubborn", ["", "trap '' TERM;"])
def test_all_of_a_command_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stubborn: str) -> None:
    monkeypatch.setattr(interruption, "_GRACE_S", 0.1)
    line = f"{stubborn} sleep 600 & echo $! $$ > {tmp_path}/pids; kill -TERM {os.getpid()}; wait"

    with pytest.raises(KeyboardInterrupt):
        run(["sh", "-c", line], env=os.environ, stderr=subprocess.PIPE)

    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    latest = time.monotonic() + 10
    while any(lives(pid) for pid in pids):
        assert time.monotonic() < latest
        time.sleep(0.01)
    assert len(pids) == 2


def test_a_command_ends_that_was_only_just_started(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    class Interrupted(subprocess.Popen[bytes]):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            started.append(self)
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(["sleep", "600"], env=os.environ, stderr=subprocess.PIPE)

    assert [one.returncode for one in started] == [-signal.SIGTERM]


def test_a_signal_is_put_off_and_a_second_one_is_not_heard() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - what is expected is raised at the end
        with uninterrupted():
            signal.raise_signal(signal.SIGTERM)
            done.append("put off")
        done.append("not reached")
    signal.raise_signal(signal.SIGTERM)

    assert done == ["put off"]
