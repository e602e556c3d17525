"""Stimuli that contradict the plan, or each other, are named."""

from typing import Any

import msgspec
import pytest

from harness.model import CycleRound, NamespaceInfo, Plan, Result, StimulusRun, Trial
from harness.plan import Options, dose_plan
from harness.plan.dose_plan import Order
from harness.subjects import external
from harness.units import NS_A_SECOND as S
from harness.verify.by_plan import stimuli
from harness.verify.by_plan.expected import Scope

WORLD = NamespaceInfo(links=5, pairs=1, ifname="wt0", ifindex=7, kind="veth", fresh_sysfs=True)


def plan(**more: Any) -> Plan:
    mine = external.external_subjects(["mine=sleep 60"], (), ())
    return dose_plan.plan(Order(stimulus="link-events", **more), Options(external=mine))


def said(made: Plan, runs: tuple[StimulusRun, ...], leave: Any) -> list[str]:
    trial = Trial(index=0, began_ns=0, ended_ns=150 * S, namespace=WORLD, churned_pairs=0, runs=(), stimuli=runs)
    result = Result(
        schema="", run_id="", command="", plan=made, environment=leave.machine, environment_after=None, captures=(),
        trials=(trial,), limitations=(),
    )  # fmt: skip
    kinds = {one.name: one for one in made.subjects}
    return list(stimuli.check(Scope(result, made, made.subjects, WORLD, kinds)))


def dosed(name: str, rate: int, **more: Any) -> StimulusRun:
    run = StimulusRun(subject=name, began_ns=0, ended_ns=150 * S, performed=150 * rate, busy_s=0.1)
    return msgspec.structs.replace(run, **more)


def cycled(**more: Any) -> StimulusRun:
    turns = tuple(
        CycleRound(
            cycles=250 * (at + 1), began_ns=3 * at * S, ended_ns=(3 * at + 1) * S,
            settled_ns=(3 * at + 1) * S, rested_ns=(3 * at + 2) * S,
        )
        for at in range(9)
    )  # fmt: skip
    run = StimulusRun(subject="mine-cycled", began_ns=0, ended_ns=30 * S, performed=2250, rounds=turns)
    return msgspec.structs.replace(run, **more)


def test_what_the_plan_asks_for_is_accepted(leave: Any) -> None:
    assert said(plan(), (dosed("mine-at-2", 2), dosed("mine-at-20", 20)), leave) == []
    assert said(plan(cycles=2000), (cycled(),), leave) == []
    assert said(plan(cycles=2000), (), leave) != []


@pytest.mark.parametrize(
    "more",
    [
        {"subject": "mine-at-0"},
        {"began_ns": -2 * S},
        {"ended_ns": -1},
        {"performed": 150 * 20 + 100},
        {"performed": -1},
        {"failed": 1},
        {"failed": 10**6, "last_status": 1},
        {"last_status": 1},
        {"behind_s": -1.0},
        {"busy_s": -1.0},
        {"rounds": cycled().rounds},
    ],
)
def test_what_cannot_have_been_is_named(leave: Any, more: dict[str, Any]) -> None:
    assert said(plan(), (dosed("mine-at-2", 2), dosed("mine-at-20", 20, **more)), leave)


@pytest.mark.parametrize(
    "more",
    [
        {"performed": 2000},
        {"rounds": cycled().rounds[::-1]},
        {"rounds": (msgspec.structs.replace(cycled().rounds[0], cycles=0), *cycled().rounds[1:])},
        {"rounds": (msgspec.structs.replace(cycled().rounds[0], settled_ns=99 * S), *cycled().rounds[1:])},
    ],
)
def test_rounds_that_cannot_have_been_are_named(leave: Any, more: dict[str, Any]) -> None:
    assert said(plan(cycles=2000), (cycled(**more),), leave)
