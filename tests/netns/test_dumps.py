"""Dumps under churn on the real kernel: planted watchers are caught, and those that heed the mark are not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import harness

PACKAGE = Path(harness.__file__).resolve().parents[1]
PLANTED = Path(__file__).resolve().parents[1] / "planted" / "dumper.py"
HANG_S = 240.0
RATE = 400.0
SCENARIO = f"""
from harness.model import DumpsPlan
from harness.scenario import Scenario

SCENARIO = Scenario(
    name="small",
    question="?",
    pairs=100,
    duration_s=0.0,
    profiled=False,
    subjects={{"netlink-filtered": "alternative", "poll-retry": "alternative", "poll": "before"}},
    dumps=DumpsPlan(rates=({RATE},), seconds=3.0, interval_s=0.02, restart_every_s=0.2),
)
"""
OURS = ("netlink-filtered", "poll-retry", "poll")
WAYS = ("abort", "half", "retry")

pytestmark = pytest.mark.netns


def run(folder: Path) -> dict[str, Any]:
    """Run the scenario with all planted watchers; its analysis."""
    scenario = folder / "small.py"
    scenario.write_text(SCENARIO)
    argv = [sys.executable, "-P", "-m", "harness", "run", str(scenario), "--json", "--quiet", "--no-report"]
    for name in OURS:
        argv += ["--subject", name]
    for way in WAYS:
        argv += ["--exec", f"{way}={sys.executable} {PLANTED} {way} {{ifname}}", "--detect", f"{way}=protocol"]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    done = subprocess.run(
        [*argv, "--results", str(folder / "results")],
        capture_output=True, text=True, timeout=HANG_S, env=environment, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    analysis: dict[str, Any] = json.loads(done.stdout)
    return analysis


def check(analysis: dict[str, Any]) -> None:
    """Hold a run to what was planted."""
    rows = {one["measured"]["subject"]: one for one in analysis["dumps"]}
    assert set(rows) == {*OURS, *WAYS}
    assert rows["abort"]["aborted"] >= 1
    assert rows["abort"]["wrong"] == 0
    assert rows["half"]["wrong"] >= 1
    assert set(rows["half"]["measured"]["ends"]) == {"deleted"}
    for way in ("abort", "half"):
        measured = rows[way]["measured"]
        assert measured["marked"] >= 1
        assert measured["unwatched_s"] > 0
        assert measured["starts"] > 1
    for name in (*OURS, "retry"):
        measured = rows[name]["measured"]
        assert (measured["ends"], rows[name]["wrong"], rows[name]["aborted"]) == ({}, 0, 0)
        assert measured["state_correct"] is True
        assert measured["unwatched_s"] == 0
    assert rows["poll-retry"]["measured"]["marked"] >= 1
    assert rows["netlink-filtered"]["measured"]["made"] == 0
    assert rows["netlink-filtered"]["measured"]["starts"] > 1
    first = rows["retry"]["measured"]
    assert first["made"] > first["marked"] >= 1
    assert first["link_changes"] > 0.3 * RATE * first["seconds"]
    assert first["links"] == 2 + 2 * 100 + 2


@pytest.mark.slow
def test_who_aborts_on_a_marked_dump_and_who_takes_half_a_dump_for_a_deletion_are_caught(tmp_path: Path) -> None:
    check(run(tmp_path))
