"""The profiling phase: what memray counts of an idle watcher, of a poll, and of the events that were sent."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from msgspec.structs import replace

from harness import scenario
from harness.lab.client import Lab
from harness.model import Capture, CaptureKind, ProfilePlan
from harness.plan import Options, make_plan
from harness.run.context import RunContext
from harness.run.interrupt import Interrupt
from harness.run.link_steps import LinkStep
from harness.run.phases.memray import MemrayPhase
from harness.run.watching.progress import Listener

pytestmark = pytest.mark.netns

PAIRS = 8
PROFILE = ProfilePlan(polls=(2, 5), idle_s=(0.2, 0.8), events=(32, 128), step_pairs=(PAIRS,))
POLLING = ("poll", "poll-psutil", "poll-name")

Captures = list[Capture]
Climb = Callable[[int], Captures]


@pytest.fixture(scope="module")
def climb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Climb]:
    """Profile every subject among a number of pairs, in one lab; each call is a run of its own."""
    names = ("netlink", *POLLING)
    plan = make_plan(scenario.find("docker-host"), Options(pairs=PAIRS, subjects=names))
    number = count()
    with Lab() as lab, Interrupt() as interrupt:
        lab.add_watched("wt0")
        empty, _ = lab.links("wt0")

        def run(pairs: int) -> Captures:
            links, _ = lab.links("wt0")
            have = (links - empty) // 2
            lab.add_pairs(have, pairs - have)
            folder = tmp_path_factory.mktemp(f"run{next(number)}")
            arm = MemrayPhase(
                RunContext(
                    lab=lab,
                    plan=replace(plan, profile=PROFILE),
                    listener=Listener(),
                    interrupt=interrupt,
                    captures=folder,
                )
            )
            step = LinkStep(pairs=pairs, links=lab.links("wt0")[0], ifname="wt0")
            return list(arm.run_step(PROFILE, step, top=pairs == PAIRS).captures())

        yield run


@pytest.fixture(scope="module")
def twice(climb: Climb) -> tuple[Captures, Captures]:
    return climb(PAIRS), climb(PAIRS)


@pytest.fixture(scope="module")
def among_more(twice: tuple[Captures, Captures], climb: Climb) -> Captures:
    """Profile among twice the pairs, after all that is measured among few."""
    del twice
    return climb(2 * PAIRS)


def durations(captures: Captures, name: str, kind: CaptureKind) -> tuple[Capture, Capture]:
    """Find the captures of the shorter and of the longer life."""
    short, long = (one for one in captures if (one.subject, one.kind) == (name, kind))
    return short, long


def bytes_per_poll(captures: Captures, name: str) -> float:
    few, many = durations(captures, name, "idle")
    return (many.bytes - few.bytes) / (many.polls - few.polls)


def bytes_per_event(captures: Captures) -> float:
    few, many = durations(captures, "netlink", "events")
    return (many.bytes - few.bytes) / (many.events - few.events)


@pytest.mark.slow
def test_an_idle_subscription_allocates_the_same_however_long_it_lives(twice: tuple[Captures, Captures]) -> None:
    for captures in twice:
        short, long = durations(captures, "netlink", "idle")
        assert long.live_s > short.live_s
        assert (long.bytes, long.allocations) == (short.bytes, short.allocations)
        assert [(one.polls, one.events) for one in (short, long)] == [(0, 0), (0, 0)]


def test_the_events_that_were_sent_are_the_events_that_are_counted(twice: tuple[Captures, Captures]) -> None:
    for captures in twice:
        assert [one.events for one in durations(captures, "netlink", "events")] == [32, 128]


def test_bytes_per_event_repeat(twice: tuple[Captures, Captures]) -> None:
    first, second = (bytes_per_event(captures) for captures in twice)
    assert first > 0
    assert first == pytest.approx(second, rel=0.001)


@pytest.mark.parametrize("name", POLLING)
def test_the_polls_that_were_asked_for_are_the_polls_that_are_counted(
    twice: tuple[Captures, Captures], name: str
) -> None:
    for captures in twice:
        assert [one.polls for one in durations(captures, name, "idle")] == [2, 5]


@pytest.mark.parametrize("name", POLLING)
def test_bytes_per_poll_repeat(twice: tuple[Captures, Captures], name: str) -> None:
    first, second = (bytes_per_poll(captures, name) for captures in twice)
    assert first == pytest.approx(second, rel=0.001)


def test_a_dump_through_pyroute2_costs_more_than_psutils_and_a_look_up_by_name_next_to_nothing(
    twice: tuple[Captures, Captures],
) -> None:
    dump, psutil, name = (bytes_per_poll(twice[0], subject) for subject in POLLING)
    assert dump > 10 * psutil > 10 * name


@pytest.mark.slow
def test_a_dump_costs_more_among_more_links_and_a_look_up_by_name_does_not(
    twice: tuple[Captures, Captures], among_more: Captures
) -> None:
    for name in ("poll", "poll-psutil"):
        assert bytes_per_poll(among_more, name) > 1.5 * bytes_per_poll(twice[0], name)
    assert bytes_per_poll(among_more, "poll-name") == bytes_per_poll(twice[0], "poll-name")


def test_subscriptions_are_profiled_at_the_top_of_the_ladder_only(among_more: Captures) -> None:
    assert {one.subject for one in among_more} == set(POLLING)


def test_every_number_names_its_accounting(twice: tuple[Captures, Captures]) -> None:
    assert {one.accounting for one in twice[0]} == {"python:all-objects"}
