"""The trial of doses within a scenario's run, seen as a run of doses."""

from typing import Any

import msgspec
import pytest

import builders
from harness.analysis.doses import dose_trial
from harness.errors import UsageFault
from harness.model import DosePlan, DoseTrialPlan, NamespaceInfo, Pace, Plan, Result, Trial
from harness.plan import Options, make_plan
from harness.scenario import Scenario
from harness.units import NS_A_SECOND as S

WORLD = NamespaceInfo(links=502, pairs=250, ifname="wt0", ifindex=7, kind="wireguard", fresh_sysfs=True)
PACES: tuple[tuple[int, Pace], ...] = ((100, "compressed"), (0, "real"), (200, "dosed"))
POLLS = DosePlan(stimulus="polls", doses=(0.0, 0.5, 5.0))


def plan(*subjects: str, asked: tuple[str, ...] = ("poll", "go-poll"), **more: Any) -> Plan:
    scenario = Scenario(
        name="a-scenario",
        question="?",
        pairs=250,
        subjects={"poll": "before", "go-poll": "before", "netlink": "after"},
        duration_s=600.0,
        dose_trial=DoseTrialPlan(subjects=asked, pairs=36, duration_s=300.0, dose=POLLS),
    )
    return make_plan(scenario, Options(subjects=subjects, **more))


def result(made: Plan, **more: Any) -> Result:
    trials = tuple(
        Trial(index=index, pace=pace, began_ns=0, ended_ns=S, namespace=WORLD, churned_pairs=0, runs=())
        for index, pace in PACES
    )
    return Result(
        schema="", run_id="", command="", plan=made, environment=builders.ENVIRONMENT, environment_after=None,
        captures=(), trials=trials, limitations=(), namespace=WORLD, **more,
    )  # fmt: skip


def test_each_subject_that_is_measured_has_a_copy_for_each_dose() -> None:
    trial = plan("go-poll", "netlink").dose_trial
    assert trial is not None
    assert [(one.name, one.arm.of, one.arm.dose, one.arm.role) for one in trial.copies if one.arm] == [
        (f"go-poll-at-{dose:g}", "go-poll", dose, "before") for dose in POLLS.doses
    ]
    assert plan("netlink").dose_trial is None


def test_it_takes_no_longer_than_the_sampling_phase() -> None:
    times = [made.dose_trial.duration_s for made in (plan(), plan(duration_s=60.0)) if made.dose_trial]
    assert times == [300.0, 60.0]


def test_who_does_not_poll_cannot_have_doses_of_polls() -> None:
    with pytest.raises(UsageFault):
        plan(asked=("netlink",))


def test_the_trial_is_a_result_of_doses_and_the_rest_is_one_without() -> None:
    rest, doses = dose_trial.split(result(plan()))
    assert [one.index for one in rest.trials] == [100, 0]
    assert doses is not None
    assert [(one.index, one.pace) for one in doses.trials] == [(0, "real")]
    assert (doses.plan.dose, doses.plan.pairs, doses.plan.duration_s) == (POLLS, 36, 300.0)
    assert doses.namespace == msgspec.structs.replace(WORLD, pairs=36, links=74)
    assert {one.arm.of for one in doses.plan.subjects if one.arm} == {"poll", "go-poll"}


def test_copies_of_what_was_skipped_are_left_out() -> None:
    _, doses = dose_trial.split(result(plan(), skipped={"go-poll": "no Go"}))
    assert doses is not None
    assert {one.arm.of for one in doses.plan.subjects if one.arm} == {"poll"}
    _, doses = dose_trial.split(result(plan("go-poll", "netlink"), skipped={"go-poll": "no Go"}))
    assert doses is None


def test_a_trial_of_doses_that_nobody_planned_stays_in_the_rest() -> None:
    made = msgspec.structs.replace(plan(), dose_trial=None)
    rest, doses = dose_trial.split(result(made))
    assert (len(rest.trials), doses) == (3, None)
