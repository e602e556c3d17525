"""Doses and cycles of a real program in real namespaces: the cause is named, and nothing stays behind."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import msgspec
import pytest

from harness.lab.actions.pace import Done
from harness.lab.actions.stimuli import TOGETHER
from harness.lab.client import Lab
from harness.lab.messages import AddPairs, Batch, Stimulate, Stimulated

pytestmark = [pytest.mark.netns, pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")]

Outside = Callable[..., tuple[Popen[str], str]]
Measure = Callable[..., dict[str, Any]]
HANG_S = 120.0
SOURCE = Path(__file__).resolve().parents[1] / "planted" / "dosed" / "dosed.c"
EIGHT = "0,1,2,5,10,20,50,100"
KINDS = ("link-events", "containers", "recreate", "addresses", "routes", "neighbours", "overrun")


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    program = tmp_path / "dosed"
    subprocess.run(["cc", "-O1", "-pthread", "-o", str(program), str(SOURCE)], check=True)
    return program


@pytest.fixture
def dose(outside: Outside, planted: Path, tmp_path: Path) -> Measure:
    """Run ``netchurn dose`` on planted programs, each by what it is told; give its analysis."""

    def measure(*words: str, **told: str) -> dict[str, Any]:
        given = [f"--exec={name.replace('_', '-')}={planted} {how}" for name, how in told.items()]
        rest = ("--json", "--quiet", "--no-report", "--results", str(tmp_path / "results"))
        process, _ = outside(sys.executable, "-P", "-m", "harness", "dose", *given, *words, *rest)
        said, complained = process.communicate(timeout=HANG_S)
        assert "Traceback" not in said + complained
        assert said.startswith("{"), complained
        return {**json.loads(said), "exit": process.returncode}

    return measure


def by_name(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["subject"]: one for one in rows}


def verified(outside: Outside, tmp_path: Path) -> bool:
    """Ask verify of the only result: all but its plan, for which there is no scenario, is held against its files."""
    (folder,) = (tmp_path / "results" / "dose").iterdir()
    process, _ = outside(sys.executable, "-P", "-m", "harness", "verify", str(folder))
    said, complained = process.communicate(timeout=HANG_S)
    assert process.returncode == 0, said + complained
    return True


@pytest.mark.slow
def test_what_grows_by_the_dose_is_told_from_what_does_not(dose: Measure, outside: Outside, tmp_path: Path) -> None:
    asked = ("--stimulus", "link-events", "--doses", "0,50,400", "--duration", "20s")
    analysis = dose(*asked, leaks="event 4096", innocent="innocent 4096")
    found = by_name(analysis["doses"])
    assert found["leaks"]["verdict"] == "caused"
    assert found["leaks"]["bytes_per_stimulus"] == pytest.approx(4096, rel=0.1)
    assert found["innocent"]["verdict"] == "not_caused"
    assert analysis["exit"] == 1
    assert verified(outside, tmp_path)


@pytest.mark.slow
def test_cycles_tell_a_leak_from_a_backlog(dose: Measure, outside: Outside, tmp_path: Path) -> None:
    analysis = dose("--stimulus", "link-events", "--cycles", "2000", leaks="event 200", queues="queue 4096")
    found = by_name(analysis["cycles"])
    assert found["leaks"]["verdict"] == "caused"
    assert found["leaks"]["kept_bytes_per_cycle"] == pytest.approx(200, rel=0.1)
    assert found["queues"]["verdict"] == "not_caused"
    assert found["queues"]["released_bytes"] > 100_000
    assert verified(outside, tmp_path)


@pytest.mark.slow
def test_eight_doses_of_three_programs_keep_their_rates_or_say_that_they_do_not(dose: Measure) -> None:
    asked = ("--stimulus", "link-events", "--doses", EIGHT, "--duration", "20s")
    analysis = dose(*asked, leaks="event 4096", innocent="innocent 4096", regardless="clock 4096")
    for subject in analysis["doses"]:
        assert [one["dose"] for one in subject["doses"]] == [float(one) for one in EIGHT.split(",")]
        for one in subject["doses"]:
            planned = pytest.approx(one["dose"], rel=0.02, abs=1.01 / 20)  # or one stimulus more or less
            assert (one["reached"] == planned) == (one["left_out"] is None), one


@pytest.mark.slow
def test_a_stimulus_that_falls_behind_says_so(dose: Measure) -> None:
    asked = ("--stimulus", "command=sleep 0.2", "--doses", "0,2,20", "--duration", "6s")
    arms = by_name(dose(*asked, it="innocent 10")["doses"])["it"]["doses"]
    assert [one["left_out"] is None for one in arms] == [True, True, False]
    assert arms[-1]["reached"] < 5.1


@pytest.mark.slow
def test_a_command_is_a_stimulus_and_its_failures_are_named(dose: Measure) -> None:
    asked = ("--doses", "0,40", "--duration", "15s", "--max-growth", "1kB/stimulus")
    analysis = dose("--stimulus", "command=kill -USR1 {pid}", *asked, leaks="command 65536")
    assert by_name(analysis["doses"])["leaks"]["verdict"] == "caused"
    analysis = dose("--stimulus", "command=false", "--doses", "0,5", "--duration", "3s", leaks="command 65536")
    found = by_name(analysis["doses"])["leaks"]
    assert found["verdict"] == "not_decided"
    assert found["doses"][0]["left_out"] is None
    assert found["doses"][-1]["left_out"]


@pytest.mark.slow
def test_a_copy_that_dies_is_left_out_by_name(dose: Measure) -> None:
    asked = ("--stimulus", "command=kill -KILL {pid}", "--doses", "0,1", "--duration", "4s")
    found = by_name(dose(*asked, dies="innocent 10")["doses"])["dies"]
    assert found["doses"][-1]["left_out"]
    assert found["verdict"] == "not_decided"


SCENARIO = """
from harness.model import ClaimPlan, DosePlan, DoseTrialPlan
from harness.scenario import Scenario

SCENARIO = Scenario(
    name="dosed", question="Because of it?", pairs=2, subjects={"poll": "before", "netlink": "after"}, profiled=False,
    dose_trial=DoseTrialPlan(
        subjects=("poll",), pairs=6, duration_s=600.0,
        dose=DosePlan(stimulus="polls", doses=(0.0, 1.0, 4.0), max_growth_bytes=1e6),
    ),
    claims=(
        ClaimPlan(
            id="because-of-it", text="It climbs.", source="a test", subject="poll", quantity="bytes_per_stimulus",
            relation="at_least", claimed=1e6, unit="bytes/poll",
        ),
    ),
)
"""


def test_a_scenario_has_doses_within_its_own_run(outside: Outside, tmp_path: Path) -> None:
    """A megabyte a poll is refuted, or where the machine could not hold the doses left open, as exit and claim say."""
    (tmp_path / "dosed.py").write_text(SCENARIO)
    words = ("run", str(tmp_path / "dosed.py"), "--duration", "15s", "--json", "--quiet", "--no-report")
    home = ("--results", str(tmp_path / "results"))
    process, _ = outside(sys.executable, "-P", "-m", "harness", *words, *home)
    said, complained = process.communicate(timeout=HANG_S)
    assert said.startswith("{"), complained
    analysis = json.loads(said)
    (dosed,), (claim,) = analysis["doses"], analysis["claims"]
    assert [one["dose"] for one in dosed["doses"]] == [0, 1, 4]
    assert claim["measured"] == dosed["bytes_per_stimulus"]
    assert (dosed["verdict"], claim["verdict"], process.returncode) in {
        ("not_caused", "not_reproduced", 1),
        ("not_decided", "inconclusive", 3),
    }
    assert {one["name"] for one in analysis["subjects"] if one["role"] != "control"} == {"poll", "netlink"}
    (folder,) = (tmp_path / "results" / "dosed").iterdir()
    trial = json.loads((folder / "result.json").read_text())["trials"][-1]
    assert (trial["index"], trial["pace"], trial["namespace"]["links"]) == (200, "dosed", 15)
    process, _ = outside(sys.executable, "-P", "-m", "harness", "verify", str(folder))
    said, complained = process.communicate(timeout=HANG_S)
    assert process.returncode == 0, said + complained


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_nothing(
    outside: Outside, planted: Path, tmp_path: Path, marked: Callable[[str], list[int]]
) -> None:
    given = [f"--exec={how}={planted} {how} 200" for how in ("event", "innocent", "clock")]
    words = ("--stimulus", "link-events", "--doses", EIGHT, "--duration", "60s", "--no-report")
    rest = ("--results", str(tmp_path / "results"))
    process, mark = outside(sys.executable, "-P", "-m", "harness", "dose", *given, *words, *rest)
    deadline = time.monotonic() + HANG_S
    while not list((tmp_path / "results").glob("dose/*/samples/*at-20*")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    assert len(marked(mark)) > 3 * 8  # an agent a copy, and the copies
    process.send_signal(signal.SIGKILL)
    process.wait()
    while marked(mark):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_each_stimulus_is_performed_as_often_as_asked(lab: Lab, kind: str) -> None:
    lab.request(AddPairs(first=0, count=1))
    lab.request(Batch(lines=("link add wt0 type veth peer name wt0peer", "link set wt0 up")))
    victim = lab.spawn([shutil.which("sleep") or "sleep", "60"])
    lab.request(Stimulate(kind=kind, rate=None, count=TOGETHER + 1, ifname="wt0", pid=victim.inner_pid))
    deadline = time.monotonic() + HANG_S
    while (done := msgspec.json.decode(lab.request(Stimulated(stop=False)).text, type=Done)).running:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert (done.performed, done.fault) == (TOGETHER + 1, "")
    assert lab.request(Batch(lines=())).at_ns > 0  # the agent serves on


def test_containers_go_together(lab: Lab, inside: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    lab.request(AddPairs(first=0, count=1))
    lab.request(Stimulate(kind="containers", rate=None, count=TOGETHER + 1, ifname="wt0", pid=0))
    while (done := msgspec.json.decode(lab.request(Stimulated(stop=False)).text, type=Done)).running:
        time.sleep(0.01)
    assert not done.fault
    links = json.loads(inside("ip", "-json", "link").stdout)
    assert {one["ifname"] for one in links if one["ifname"].startswith("box")} == {
        f"box{TOGETHER}", f"box{TOGETHER}peer",
    }  # fmt: skip
