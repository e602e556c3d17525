"""A sweep over links: costs a unit at each step, shapes, and crossing points, by values worked out by hand."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

import builders
from harness.analysis.cost import sweep
from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.model import Analysis, ClaimPlan, SweepPlan, Timing, WorkUnit

Build = Callable[..., Facts]
SWEEP = SweepPlan(seconds=1.0, min_polls=4, events=1000)
RUNGS = (4, 10, 402)


def timing(subject: str, unit: WorkUnit, links: int, count: int, **given: float) -> Timing:
    cpu_s = given["cpu_s"]
    return Timing(
        subject=subject,
        unit=unit,
        pairs=links // 2 - 1,
        links=links,
        count=count,
        seconds=given["seconds"],
        cpu_s=None,
        user_s=cpu_s / 4,
        system_s=3 * cpu_s / 4,
    )


@pytest.fixture
def swept(facts: Build) -> Facts:
    """A poll of 1,000 bytes a link, twice as many microseconds; an event of 500 bytes and a millisecond."""
    polls = [
        builders.capture("poll", polls * links * 1000 + 7, polls=polls, links=links, allocations=polls * links)
        for links in RUNGS
        for polls in (2, 5)
    ]
    events = [
        builders.capture("netlink", 500 * events, events=events, links=links) for links in RUNGS for events in (32, 128)
    ]
    found = facts(*polls, *events, duration_s=0.0, sweep=SWEEP)
    timings = (
        *(timing("poll", "poll", links, 100, seconds=links * 200e-6, cpu_s=links * 100e-6) for links in RUNGS),
        *(timing("netlink", "event", links, 1000, seconds=5.0, cpu_s=1.0) for links in RUNGS),
    )
    return Facts(result=replace(found.result, trials=(), timings=timings), complete=True, series={}, compressed={})


@pytest.fixture
def analysis(swept: Facts) -> Analysis:
    return analyse(swept)


def test_a_poll_has_bytes_allocations_time_and_processor_at_each_rung(analysis: Analysis) -> None:
    poll = analysis.subjects[0]
    assert [(one.links, one.bytes, one.allocations) for one in poll.sweep] == [
        (4, 4_000, 4),
        (10, 10_000, 10),
        (402, 402_000, 402),
    ]
    assert poll.sweep[-1].seconds == pytest.approx(402 * 2e-6)
    assert poll.sweep[-1].system_s == pytest.approx(402 * 0.75e-6)


def test_an_event_has_no_time_by_the_clock_for_a_subscription_waits(analysis: Analysis) -> None:
    event = analysis.subjects[1].sweep[0]
    assert (event.unit, event.bytes, event.seconds) == ("event", 500, None)
    assert sweep.cpu_s(event) == pytest.approx(0.001)


def test_the_schedulers_count_goes_before_ticks(analysis: Analysis) -> None:
    assert sweep.cpu_s(replace(analysis.subjects[1].sweep[0], cpu_s=3e-6)) == 3e-6


def test_a_subject_that_only_was_timed_counts_as_completed(analysis: Analysis) -> None:
    assert {one.outcome for one in analysis.subjects} == {"completed"}


def test_a_dump_is_straight_and_an_event_the_same_everywhere(swept: Facts, analysis: Analysis) -> None:
    poll, netlink = analysis.subjects
    assert sweep.r2(poll, swept.result.plan) == pytest.approx(1)
    assert sweep.spread(netlink) == 0
    assert sweep.spread(poll) == pytest.approx(398 / 402)


def test_one_rung_has_no_shape(analysis: Analysis, swept: Facts) -> None:
    lonely = replace(analysis.subjects[0], sweep=analysis.subjects[0].sweep[:1])
    assert sweep.spread(lonely) is None
    assert sweep.r2(lonely, swept.result.plan) is None


def test_what_never_allocates_is_the_same_everywhere(analysis: Analysis) -> None:
    silent = tuple(replace(one, bytes=0.0) for one in analysis.subjects[1].sweep)
    assert sweep.spread(replace(analysis.subjects[1], sweep=silent)) == 0


def test_round_amounts_a_day_are_crossed_between_rungs(analysis: Analysis) -> None:
    crossed = analysis.subjects[0].break_even
    assert [one.answer for one in crossed] == ["at"] * 4
    assert crossed[0].links == pytest.approx(1e9 / 43_200 / 1000)
    assert analysis.subjects[1].break_even == ()


def test_the_event_rate_at_which_a_subscription_costs_as_much_rises_with_links(analysis: Analysis) -> None:
    rates = [(one.before, one.after, one.links, one.by_bytes) for one in analysis.crossovers]
    assert rates == [("poll", "netlink", links, links * 1000 / 2 / 500) for links in RUNGS]
    assert analysis.crossovers[0].by_cpu == pytest.approx(4 * 1e-6 / 2 / 0.001)


def test_an_event_that_costs_nothing_is_never_as_dear_as_a_poll(swept: Facts) -> None:
    free = tuple(replace(one, bytes=0) if one.kind == "events" else one for one in swept.result.captures)
    found = analyse(Facts(result=replace(swept.result, captures=free), complete=True, series={}, compressed={}))
    assert {one.by_bytes for one in found.crossovers} == {None}


def test_outside_a_sweep_there_is_none_of_it(facts: Build) -> None:
    found = analyse(facts(builders.capture("poll", 1000, polls=2), builders.capture("poll", 2000, polls=5)))
    assert found.crossovers == ()
    assert {(one.sweep, one.break_even) for one in found.subjects} == {((), ())}


def test_claims_of_shape_are_judged_by_the_bytes_of_a_unit(swept: Facts) -> None:
    straight = ClaimPlan(
        id="straight",
        text="",
        source="",
        subject="poll",
        quantity="links_r2",
        relation="at_least",
        claimed=0.99,
        unit="R²",
    )
    alike = replace(straight, id="alike", subject="netlink", quantity="links_spread", relation="at_most", claimed=0.05)
    wrong = replace(alike, id="wrong", subject="poll")
    result = replace(swept.result, plan=replace(swept.result.plan, claims=(straight, alike, wrong)))
    found = analyse(Facts(result=result, complete=True, series={}, compressed={}))
    assert [one.verdict for one in found.claims] == ["reproduced", "reproduced", "not_reproduced"]
