"""A trial whose growth is decided ends, whatever is left of its time; and says why it ended."""

import errno
import os
from pathlib import Path
from typing import cast

import msgspec
import pytest

from harness import scenario
from harness.lab.client import Lab
from harness.model import InterimLook, NamespaceInfo, Plan, Sample, Trial
from harness.plan import Options, make_plan
from harness.results.folder import SUMS, load_result
from harness.run.context import RunContext
from harness.run.interim import InterimLooks
from harness.run.interrupt import Interrupt
from harness.run.phases.sampling import SamplingPhase
from harness.run.pprof_fetches import PprofFetches
from harness.run.record import Setting
from harness.run.recorded_copies import RecordedCopies
from harness.run.session import run
from harness.run.watching.progress import Listener

pytestmark = pytest.mark.netns


class Decides(InterimLooks):
    """Stands for the looks of ten minutes: it has seen enough at its third tick."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan, Path(), 0)
        self._ticks = 0

    def decided(self, elapsed_s: float, living: object) -> bool:
        del elapsed_s
        self._ticks += 1
        if self._ticks < 3:
            return False
        self.done.append(InterimLook(at_s=600.0, verdicts=dict.fromkeys(cast("list[str]", living), "flat")))
        return True


def perform(lab: Lab, tmp_path: Path, plan: Plan, looks: InterimLooks) -> tuple[Trial, list[Sample]]:
    lab.add_watched("wt0")
    links, index = lab.links("wt0")
    namespace = NamespaceInfo(links=links, pairs=0, ifname="wt0", ifindex=index, kind="veth", fresh_sysfs=True)
    kept: list[Sample] = []
    with Interrupt() as interrupt:
        context = RunContext(lab=lab, plan=plan, listener=Listener(), interrupt=interrupt, captures=tmp_path)
        arm = SamplingPhase(context, namespace, PprofFetches(context), RecordedCopies(context))
        return arm.perform(0, lambda _, __, sample: kept.append(sample), looks), kept


@pytest.fixture
def plan() -> Plan:
    options = Options(duration_s=86_400.0, subjects=("netlink-filtered",), profile=False, until_decided=True)
    decided = make_plan(scenario.find("docker-host"), options)
    return msgspec.structs.replace(decided, sample_interval_s=0.05)


def test_it_ends_at_the_look_that_decides(lab: Lab, tmp_path: Path, plan: Plan) -> None:
    trial, kept = perform(lab, tmp_path, plan, Decides(plan))
    assert trial.stop_reason == "decided"
    assert set(trial.interim_looks[0].verdicts) == {one.name for one in trial.runs}
    assert {one.outcome for one in trial.runs} == {"completed"}
    assert len(kept) == 3 * len(trial.runs)
    assert trial.clock_jumps == ()


def test_one_that_is_not_decided_ends_with_its_time(lab: Lab, tmp_path: Path, plan: Plan) -> None:
    short = msgspec.structs.replace(plan, duration_s=0.2)
    trial, _ = perform(lab, tmp_path, short, InterimLooks(short, tmp_path, 0))
    assert (trial.stop_reason, trial.interim_looks) == ("time", ())


def test_what_goes_wrong_in_sampling_is_told_once_the_trial_is_kept(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Fails(Decides):
        def decided(self, elapsed_s: float, living: object) -> bool:
            if super().decided(elapsed_s, living):
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return False

    monkeypatch.setattr("harness.run.record.InterimLooks", lambda plan, *_: Fails(plan))
    with Interrupt() as interrupt, pytest.raises(OSError, match="Too many open files"):
        run(plan, Setting(results=tmp_path, command="netchurn", listener=Listener(), interrupt=interrupt))
    [folder] = (tmp_path / plan.scenario).iterdir()
    [trial] = load_result(folder).trials
    assert (trial.stop_reason, {one.outcome for one in trial.runs}) == ("interrupt", {"interrupted"})
    assert all(one.marks[-1].at_ns >= trial.ended_ns for one in trial.runs)
    assert not (folder / SUMS).exists()
