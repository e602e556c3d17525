"""Programs that are recorded: who keeps memory is named, fixed ones are not, and a recorder harms nothing else."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from harness.probes.recordings import recorders

pytestmark = pytest.mark.netns

HANG_S = 120.0
KEEPERS = Path(__file__).parents[1] / "planted" / "keepers"
PYTHON = f"{sys.executable} {KEEPERS / 'keeper.py'}"

Outside = Callable[..., tuple[Popen[str], str]]
Run = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def run(outside: Outside, tmp_path: Path) -> Run:
    """Measure programs for some seconds; give the subjects of the analysis by name, and the result as ``result``."""

    def measure(*options: str, scenario: str = "docker-host") -> dict[str, dict[str, Any]]:
        command = ["run", scenario, "--pairs", "2", "--duration", "5s", "--no-profile", "--quiet", "--json"]
        command += ["--no-report", "--results", str(tmp_path / "results"), *options]
        process, _ = outside(sys.executable, "-P", "-m", "harness", *command)
        said, complained = process.communicate(timeout=HANG_S)
        assert "Traceback" not in said + complained
        (result,) = tmp_path.glob("results/*/*/result.json")
        found = {one["name"]: one for one in json.loads(said)["subjects"]}
        return {**found, "result": json.loads(result.read_text())}

    return measure


@pytest.mark.slow
@pytest.mark.parametrize("how", ["list", "dict", "callback", "lru_cache"])
def test_who_keeps_memory_in_python_is_named(run: Run, how: str) -> None:
    found = run(
        f"--exec=mine={PYTHON} {how}",
        f"--exec=fixed={PYTHON} {how} fixed",
        "--record=mine=memray",
        "--record=fixed=memray",
    )
    (whole,), first = found["mine"]["retention"], found["mine"]["retained"][0]
    assert (whole["keeps"], whole["end"], whole["unit"]) == (True, "asked", "event")
    assert first["function"] == f"keep_{how}"
    assert whole["per_unit"] == pytest.approx(12_033, rel=0.1)
    assert not found["fixed"]["retention"][0]["keeps"]
    assert found["result"]["limitations"] == []


@pytest.mark.slow
@pytest.mark.skipif(recorders.preload() is None or shutil.which("c++") is None, reason="needs heaptrack and C++")
@pytest.mark.parametrize(("compiler", "source"), [("cc", "keeper.c"), ("c++", "keeper.cpp")])
def test_who_keeps_memory_in_a_native_program_is_named(run: Run, tmp_path: Path, compiler: str, source: str) -> None:
    program = tmp_path / "native"
    subprocess.run([compiler, "-g", "-O1", "-pthread", "-o", program, KEEPERS / source], check=True)
    found = run(
        f"--exec=mine={program} list",
        f"--exec=fixed={program} list fixed",
        "--record=mine=heaptrack",
        "--record=fixed=heaptrack",
    )
    assert found["mine"]["retained"][0]["function"] == "keep_list"
    assert found["mine"]["retention"][0]["keeps"]
    assert not found["fixed"]["retention"][0]["keeps"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("go") is None, reason="needs Go")
def test_what_a_go_program_allocates_an_event_is_what_it_counts_itself(run: Run, tmp_path: Path) -> None:
    program = tmp_path / "gokeeper"
    subprocess.run(["go", "build", "-o", program, "."], check=True, cwd=KEEPERS / "gokeeper")
    address = "127.0.0.1:6060"
    found = run(f"--exec=mine={program} links {address}", f"--pprof=mine=http://{address}", scenario="container-churn")
    runs = found["result"]["trials"][0]["runs"]
    marks = next(one for one in runs if one["name"] == "mine")["marks"]
    first, last = marks[0], marks[-3]  # after it come those behind the last visit
    events, churn = last["events"] - first["events"], found["mine"]["churn"]
    assert churn["events"] == events > 0
    assert churn["bytes_per_event"] == pytest.approx(
        (last["allocated_bytes"] - first["allocated_bytes"]) / events, rel=0.01
    )


@pytest.mark.slow
def test_a_recorder_that_finds_nothing_to_record_costs_its_numbers_only(run: Run) -> None:
    found = run("--exec=mine=sleep 600", f"--exec=other={PYTHON} list", "--record=mine=memray", "--record=other=memray")
    assert found["mine"]["outcome"] == "completed"
    assert found["mine"]["retention"] == []
    assert found["other"]["retention"][0]["keeps"]
    (note,) = found["result"]["limitations"]
    assert (note["id"], note["subject"]) == ("recording_failed", "mine")


@pytest.mark.slow
def test_a_copy_that_dies_leaves_the_judged_one_alone(run: Run) -> None:
    text = "import os, time, sys; time.sleep(2); os.abort() if 'memray' in sys.modules else time.sleep(600)"
    found = run(f'--exec=mine={sys.executable} -c "{text}"', "--record=mine=memray")
    assert found["mine"]["outcome"] == "completed"
