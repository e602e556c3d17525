"""The timed arm: what a poll and an event take, in processes that nothing profiles."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import scenario
from harness.lab.client import Lab
from harness.model import ProfilePlan, SweepPlan, Timing
from harness.plan import Options, make_plan
from harness.run.context import RunContext
from harness.run.interrupt import Interrupt
from harness.run.link_steps import LinkStep
from harness.run.phases.timing import TimingPhase
from harness.run.watching.progress import Listener

pytestmark = pytest.mark.netns

SUBJECTS = ("poll-name", "poll-psutil", "netlink", "netlink-filtered")
SWEEP = SweepPlan(seconds=0.02, min_polls=4, events=64)
PROFILE = ProfilePlan(polls=(2, 5), idle_s=(0.2, 0.4), events=(32, 64), step_pairs=(3,), max_pairs={"poll-psutil": 2})


@pytest.fixture(scope="module")
def timings() -> Iterator[dict[str, Timing]]:
    """Time all at one step, in one lab."""
    plan = make_plan(scenario.find("sweep"), Options(pairs=3, subjects=SUBJECTS))
    with Lab() as lab, Interrupt() as interrupt:
        lab.add_watched("wt0")
        lab.add_pairs(0, 3)
        links, _ = lab.links("wt0")
        arm = TimingPhase(RunContext(lab=lab, plan=plan, listener=Listener(), interrupt=interrupt, captures=Path()))
        found = arm.run_step(SWEEP, PROFILE, LinkStep(pairs=3, links=links, ifname="wt0"))
        yield {one.subject: one for one in found}


def test_a_poller_is_timed_over_the_polls_that_it_made(timings: dict[str, Timing]) -> None:
    poll = timings["poll-name"]
    assert (poll.unit, poll.count >= SWEEP.min_polls) == ("poll", True)
    assert poll.seconds > 0
    assert poll.cpu_s is not None
    assert poll.cpu_s > 0


def test_subscriptions_are_timed_over_the_events_that_were_sent(timings: dict[str, Timing]) -> None:
    assert {timings[name].unit for name in ("netlink", "netlink-filtered")} == {"event"}
    assert {timings[name].count for name in ("netlink", "netlink-filtered")} == {SWEEP.events}


def test_what_is_filtered_in_the_kernel_uses_less_than_what_is_decoded(timings: dict[str, Timing]) -> None:
    filtered, decoded = timings["netlink-filtered"].cpu_s, timings["netlink"].cpu_s
    assert filtered is not None
    assert decoded is not None
    assert filtered < decoded


def test_who_is_too_dear_beyond_some_pairs_is_left_out_there(timings: dict[str, Timing]) -> None:
    assert "poll-psutil" not in timings
