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
Wanted = Callable[[list[int]], int | None]
KillAt = Callable[[float, Popen[str], str, Wanted], set[str]]
Remains = Callable[[str, set[str]], list[str]]

ROUNDS = 10
SEED = 5857
LATEST_S = 1.2
HANG_S = 120.0
BUSY_RUN = Path(__file__).parent / "busy_run.py"


def words(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
    except OSError:
        return [""]


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def is_first_of_its_world(pid: int) -> bool:
    ids = Path(f"/proc/{pid}/status").read_text().partition("NSpid:")[2].splitlines()[0].split()
    return len(ids) > 1 and ids[-1] == "1"


def the_run(pids: list[int]) -> int | None:
    return next((pid for pid in pids if words(pid)[-1] == str(BUSY_RUN)), None)


def unshare(pids: list[int]) -> int | None:
    return next((pid for pid in pids if Path(words(pid)[0]).name == "unshare"), None)


def the_agent(pids: list[int]) -> int | None:
    running = (pid for pid in pids if "harness.lab.agent" in words(pid) and Path(words(pid)[0]).name[:6] == "python")
    with suppress(OSError):
        return next((pid for pid in running if is_first_of_its_world(pid)), None)
    return None


def unshare_of_the_agent(pids: list[int]) -> int | None:
    agent = the_agent(pids)
    with suppress(OSError):
        return parent(agent) if agent is not None else None
    return None


def a_subject(pids: list[int]) -> int | None:
    return next((pid for pid in pids if "harness.subjects.subject_main" in words(pid)), None)


# Between its fork and the fork's own request to die with it, unshare's end is not the agent's: the run may live on.
LIVES_ON = (unshare, a_subject)
LOSES_ITS_LAB = (unshare_of_the_agent, the_agent)
VICTIMS = (the_run, *LIVES_ON, *LOSES_ITS_LAB)


@pytest.fixture
def kill_at(marked: Marked, worlds: Worlds) -> KillAt:
    """Kill a victim when it is time, or as soon after as there is one; give the namespaces that were lived in."""

    def kill(due: float, run: Popen[str], mark: str, wanted: Wanted) -> set[str]:
        while (early := due - time.monotonic()) > 0:
            assert run.poll() is None, run.communicate()
            time.sleep(min(early, 0.05))
        while (victim := wanted(marked(mark))) is None:
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
def test_nothing_outlives(victim: Wanted, outside: Outside, kill_at: KillAt, remains: Remains) -> None:
    chance = random.Random(SEED)  # noqa: S311 - repeatable
    moments = sorted(chance.uniform(0, LATEST_S) for _ in range(ROUNDS))
    began = time.monotonic()
    runs = [outside(sys.executable, "-P", str(BUSY_RUN)) for _ in moments]
    inhabited: set[str] = set()
    for moment, (run, mark) in zip(moments, runs, strict=True):
        inhabited |= kill_at(began + moment, run, mark, victim)
    last_words = [end(run, kill=victim in LIVES_ON) for run, _ in runs]
    for _, mark in runs:
        assert remains(mark, inhabited) == []
    if victim in LOSES_ITS_LAB:
        assert [said.partition(":")[0] for said in last_words] == ["harness.errors.LabFault"] * ROUNDS
