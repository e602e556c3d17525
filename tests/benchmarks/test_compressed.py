"""A day of polls back to back, in a run and in a bare loop, at 100 links: `tox -e bench`. Otherwise fifty polls."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from statistics import median

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness import scenario
from harness.lab.client import Lab
from harness.model import NamespaceInfo
from harness.plan import Options, make_plan
from harness.results.writer import Writer
from harness.run.context import RunContext
from harness.run.interim import InterimLooks
from harness.run.interrupt import Interrupt
from harness.run.phases.sampling import SamplingPhase
from harness.run.pprof_fetches import PprofFetches
from harness.run.recorded_copies import RecordedCopies
from harness.run.watching.progress import Listener
from harness.subjects import toolchain

pytestmark = [pytest.mark.netns, pytest.mark.benchmark(min_rounds=1, max_time=0.1)]

PAIRS = 49  # with lo and the watched one, 100 links
A_DAY, FEW = 43_200, 50
TURNS = 5  # of a share of the day each, so that what else the machine does meets both


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Lab, int], float]:
    """Give what runs the bare loop in a lab; skipped where nothing can build it."""
    if (go := toolchain.find()) is None:
        pytest.skip(toolchain.why_not())
    target = tmp_path_factory.mktemp("go") / "bareloop"
    subprocess.run([go.path, "build", "-o", target, "."], cwd=Path(__file__).parent / "bareloop", check=True)

    def loop(lab: Lab, polls: int) -> float:
        process = lab.spawn([str(target), "wt0", str(polls)])
        with os.fdopen(process.stdout) as said:
            seconds = int(said.read()) / 1e9
        for descriptor in (process.stdin, process.stderr, process.pidfd):
            os.close(descriptor)
        return seconds

    return loop


def lived(lab: Lab, folder: Path, polls: int) -> float:
    """Give the seconds of a sampling phase in which go-poll makes so many polls, sampled as a day of them is."""
    options = Options(pairs=PAIRS, polls=polls, interval_s=0, subjects=("go-poll",), profile=False)
    plan = make_plan(scenario.find("docker-host"), options)
    mine = tuple(one for one in plan.subjects if one.name == "go-poll")
    plan = msgspec.structs.replace(plan, subjects=mine, churn_pairs_per_s=0.0, sample_interval_s=0.25)
    links, index = lab.links("wt0")
    namespace = NamespaceInfo(links=links, pairs=PAIRS, ifname="wt0", ifindex=index, kind="veth", fresh_sysfs=True)
    writer = Writer(folder)
    with Interrupt() as interrupt:
        context = RunContext(lab=lab, plan=plan, listener=Listener(), interrupt=interrupt, captures=folder)
        arm = SamplingPhase(context, namespace, PprofFetches(context), RecordedCopies(context))
        trial = arm.perform(0, writer.append, InterimLooks(plan, writer.folder, 0))
    writer.close()
    [run] = trial.runs
    assert run.marks[-1].polls >= polls
    began = run.ready_ns or 0
    return (run.marks[-1].at_ns - began) / 1e9 * polls / run.marks[-1].polls


def test_a_day_of_polls_beside_a_bare_loop(
    benchmark: BenchmarkFixture,
    bare: Callable[[Lab, int], float],
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    polls, turns_due = (A_DAY // TURNS, TURNS) if pytestconfig.getoption("benchmark_enable") else (FEW, 1)
    with Lab() as lab:
        lab.add_watched("wt0")
        lab.add_pairs(0, PAIRS)
        turns = [(lived(lab, tmp_path / str(turn), polls), bare(lab, polls)) for turn in range(turns_due)]
        benchmark(bare, lab, polls)
    a_poll = sum(mine for mine, _ in turns) / polls / turns_due
    benchmark.extra_info["a day of polls, seconds"] = round(a_poll * A_DAY, 1)
    benchmark.extra_info["over the bare loop"] = round(median(mine / theirs for mine, theirs in turns), 2)
