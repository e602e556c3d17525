"""The short form of ``tests/chaos``: a dozen seeded deaths, and what programs of others can do, all in one run."""

import json
import shlex
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING

import pytest

sys.path.append(str(Path(__file__).parents[1] / "chaos"))  # the tests are no package
if TYPE_CHECKING:
    from tests.chaos.faults import PROGRAMS
    from tests.chaos.kills import Kill, attempt
    from tests.chaos.runs import OWN, TINY
else:
    from faults import PROGRAMS
    from kills import Kill, attempt
    from runs import OWN, TINY

pytestmark = pytest.mark.netns

Outside = Callable[..., tuple[Popen[str], str]]
SEED, AT_ONCE, HANG_S = "5857", 6, 120.0
DOZEN = (
    *(Kill("command", way) for way in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")),
    *(Kill("command", way) for way in ("closed terminal", "closed stdout", "closed stderr")),
    *(Kill("lab, inside", way) for way in ("SIGKILL", "SIGINT")),
    Kill("lab, outside", "SIGKILL"),
    Kill("subject", "SIGKILL"),
    Kill("program of --exec", "SIGKILL"),
)
RUDE = {"kills everybody it may", "signals its parent"}


@pytest.mark.slow
def test_whoever_dies_and_whenever_nothing_is_left_and_nothing_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "fonts"))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tries = [pool.submit(attempt, kill, tmp_path / str(n), SEED, short=True) for n, kill in enumerate(DOZEN)]
        found = {kill: one.result() for kill, one in zip(DOZEN, tries, strict=True)}
    assert sum(met for met, _ in found.values()) > len(DOZEN) / 2
    wrong = {kill: (one.leftovers, one.losses, one.wrong) for kill, (_, one) in found.items()}
    assert [(kill, words) for kill, words in wrong.items() if any(words)] == []


@pytest.mark.slow
def test_programs_of_others_harm_neither_each_other_nor_ours(outside: Outside, tmp_path: Path) -> None:
    """All at once, but for the two that send signals to everybody around them."""
    argv = [sys.executable, "-P", "-m", "harness", "run", str(TINY), *OWN]
    argv += ["--no-profile", "--no-report", "--json", "--quiet"]
    for number, (how, text) in enumerate(PROGRAMS.items()):
        path = tmp_path / f"{number}.py"
        path.write_text(text)
        path.chmod(0o644)
        if how not in RUDE:
            argv += ["--exec", f"p{number}={shlex.join([sys.executable, str(path)])}"]
    process, _ = outside(*argv, "--results", str(tmp_path / "results"))
    said, complained = process.communicate(timeout=HANG_S)
    assert "Traceback" not in complained
    document = json.loads(said)
    ours = [one for one in document["subjects"] if one["role"] in {"before", "after"}]
    assert [one["outcome"] for one in ours] == ["completed", "completed"]
    assert all(one["memory"]["rss_last_bytes"] for one in ours)
    external = {
        one["name"]: one for one in document["subjects"] if one["name"].startswith("p") and one["role"] == "alternative"
    }
    assert len(external) == len(PROGRAMS) - len(RUDE)
    assert {one["outcome"] for one in external.values()} <= {"completed", "crashed"}
    assert all(one["churn"] is None for one in external.values())
