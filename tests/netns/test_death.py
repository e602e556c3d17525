"""SIGKILL of any process of ours, at any moment: nothing of ours is left.

The moments are drawn from a fixed seed. Ten busy runs live at the same time, so that they meet each moment in ten
states; each carries a mark in its environment that everything it starts inherits.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import Popen

import pytest

pytestmark = pytest.mark.netns

Outside = Callable[..., tuple[Popen[str], str]]
Marked = Callable[[str], list[int]]
Worlds = Callable[[str], set[str]]
Wanted = Callable[[list[str]], bool]
KillAt = Callable[[float, Popen[str], str, Wanted], set[str]]
Remains = Callable[[str, set[str]], list[str]]

ROUNDS = 10
SEED = 5857
LATEST_S = 1.2
HANG_S = 120.0
BUSY_RUN = Path(__file__).parent / "busy_run.py"


def is_run(words: list[str]) -> bool:
    return words[-1] == str(BUSY_RUN)


def is_unshare(words: list[str]) -> bool:
    return Path(words[0]).name == "unshare"


def is_agent(words: list[str]) -> bool:
    return "harness.lab.agent" in words and Path(words[0]).name.startswith("python")


def is_subject(words: list[str]) -> bool:
    return "harness.subjects.program" in words


VICTIMS = {"the run": is_run, "unshare": is_unshare, "the agent": is_agent, "a subject": is_subject}


def command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
    except OSError:
        return [""]


def find(pids: list[int], wanted: Wanted) -> int | None:
    return next((pid for pid in pids if wanted(command_line(pid))), None)


@pytest.fixture
def kill_at(marked: Marked, worlds: Worlds) -> KillAt:
    """Kill a victim when it is time, or as soon after as there is one; give the namespaces that were lived in."""

    def kill(due: float, run: Popen[str], mark: str, wanted: Wanted) -> set[str]:
        while (early := due - time.monotonic()) > 0:
            assert run.poll() is None, run.communicate()
            time.sleep(min(early, 0.05))
        while (victim := find(marked(mark), wanted)) is None:
            assert run.poll() is None, run.communicate()
        inhabited = worlds(mark)
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        return inhabited

    return kill


def end(run: Popen[str], *, kill: bool) -> str:
    """See a run end, by itself unless killed; give the last line of its complaint."""
    if kill:
        run.kill()
    _, complaint = run.communicate(timeout=HANG_S)
    return (complaint.splitlines() or [""])[-1]


@pytest.mark.parametrize("victim", VICTIMS)
def test_nothing_outlives(victim: str, outside: Outside, kill_at: KillAt, remains: Remains) -> None:
    chance = random.Random(SEED)  # noqa: S311 - repeatable
    moments = sorted(chance.uniform(0, LATEST_S) for _ in range(ROUNDS))
    began = time.monotonic()
    runs = [outside(sys.executable, "-P", str(BUSY_RUN)) for _ in moments]
    inhabited: set[str] = set()
    for moment, (run, mark) in zip(moments, runs, strict=True):
        inhabited |= kill_at(began + moment, run, mark, VICTIMS[victim])
    last_words = [end(run, kill=victim == "a subject") for run, _ in runs]
    for _, mark in runs:
        assert remains(mark, inhabited) == []
    if victim in {"unshare", "the agent"}:
        assert [words.partition(":")[0] for words in last_words] == ["harness.errors.LabFault"] * ROUNDS
