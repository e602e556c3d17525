"""Facts in, findings out: by builders."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders
from harness.analysis import claims
from harness.analysis.cost import churn, pair
from harness.analysis.facts import Facts
from harness.analysis.findings import analyse, cpu, memory
from harness.model import (
    Analysis,
    ClaimPlan,
    ClockJump,
    Finding,
    InterimLook,
    LinkChange,
    LinkCost,
    Relation,
    ReportedOutcome,
    Result,
    SubjectPlan,
    SubjectRun,
)

POLL: SubjectPlan = builders.POLL
NETLINK: SubjectPlan = builders.NETLINK
capture, sample, work, process = builders.capture, builders.sample, builders.work, builders.process

Build = Callable[..., Facts]

POLLED = (
    capture("poll", 2_000, polls=2, allocations=20, links=2),
    capture("poll", 3_500, polls=5, allocations=35, links=2),
    capture("poll", 1_020_000, polls=2, allocations=200),
    capture("poll", 1_050_000, polls=5, allocations=500),
)
LISTENED = (
    capture("netlink", 700, live_s=1.0),
    capture("netlink", 700, live_s=4.0),
    capture("netlink", 32_700, events=32),
    capture("netlink", 128_700, events=128, allocations=96),
)


def claim(relation: Relation, claimed: float, tolerance: float = 0.0) -> ClaimPlan:
    return ClaimPlan(
        id="c",
        text="it is said",
        source="somewhere",
        subject="poll",
        quantity="bytes_per_poll",
        relation=relation,
        claimed=claimed,
        tolerance=tolerance,
        unit="bytes",
    )


def finding(name: str, facts: Facts) -> Finding:
    return next(one for one in analyse(facts).subjects if one.name == name)


def test_bytes_a_poll_are_the_difference_of_two_durations_at_the_most_links(facts: Build) -> None:
    found = churn.churn(facts(*POLLED), POLL)
    assert found is not None
    assert found.bytes_per_poll == 10_000
    assert found.polls == 3
    assert found.idle_bytes_per_day == found.bytes_per_day == 10_000 * 43_200
    assert found.allocations_per_day == 100 * 43_200
    assert found.bytes_per_event is None


def test_a_day_of_polls_follows_the_interval(facts: Build) -> None:
    found = churn.churn(facts(*POLLED, interval_s=10.0), POLL)
    assert found is not None
    assert found.bytes_per_day == 10_000 * 8_640


def test_back_to_back_polls_have_a_rate_and_no_day(facts: Build) -> None:
    found = churn.churn(facts(*POLLED, interval_s=0.0), POLL)
    assert found is not None
    assert found.bytes_per_poll == 10_000
    assert found.bytes_per_day is None
    assert found.idle_bytes_per_day is None


def test_one_duration_alone_measures_nothing(facts: Build) -> None:
    assert churn.churn(facts(POLLED[2]), POLL) is None
    assert churn.churn(facts(LISTENED[0]), NETLINK) is None
    assert churn.churn(facts(), NETLINK) is None


def test_two_captures_of_the_same_work_measure_nothing(facts: Build) -> None:
    assert churn.churn(facts(POLLED[2], POLLED[2]), POLL) is None


def test_a_silent_subscription_costs_exactly_nothing(facts: Build) -> None:
    quiet = facts(*LISTENED, runs=(process("netlink", work(0), work(60)),))
    found = churn.churn(quiet, NETLINK)
    assert found is not None
    assert found.idle_bytes_per_day == 0
    assert found.bytes_per_day == 0
    assert found.allocations_per_day == 0
    assert found.bytes_per_event == 1_000
    assert found.bytes_per_poll is None


def test_idle_churn_is_a_rate_over_the_seconds_between(facts: Build) -> None:
    drifting = facts(capture("netlink", 700, live_s=1.0), capture("netlink", 1_000, live_s=4.0))
    found = churn.churn(drifting, NETLINK)
    assert found is not None
    assert found.idle_bytes_per_day == 100 * 86_400


def test_events_a_day_are_those_of_the_clean_arm(facts: Build) -> None:
    busy = facts(*LISTENED, runs=(process("netlink", work(10, events=5), work(70, events=125)),))
    found = churn.churn(busy, NETLINK)
    assert found is not None
    assert found.bytes_per_day == 1_000 * 2 * 86_400


def test_without_a_clean_arm_the_cost_of_events_a_day_is_unknown_and_not_nothing(facts: Build) -> None:
    found = churn.churn(facts(*LISTENED, complete=False), NETLINK)
    assert found is not None
    assert found.bytes_per_day is None
    assert found.idle_bytes_per_day == 0


def test_the_ladder_gives_the_cost_at_each_number_of_links(facts: Build) -> None:
    assert churn.cost_by_links(facts(*POLLED), POLL) == (
        LinkCost(links=2, bytes_per_poll=500),
        LinkCost(links=402, bytes_per_poll=10_000),
    )


@pytest.mark.parametrize(
    ("costs", "answer", "links"),
    [
        (((2, 8_000.0), (12, 48_000.0)), "at", 7.523148),
        (((2, 900_000.0), (402, 5e7)), "more_expensive", None),
        (((2, 540.0), (402, 540.0)), "independent", None),
        (((402, 540.0),), "not_measured", None),
        ((), "not_measured", None),
    ],
)
def test_the_reference_is_where_the_line_crosses_it(
    costs: tuple[tuple[int, float], ...], answer: str, links: float | None
) -> None:
    ladder = tuple(LinkCost(links=at, bytes_per_poll=cost) for at, cost in costs)
    found = churn.reference(ladder, 1.3e9, 2.0)
    assert found.answer == answer
    assert found.links == (links if links is None else pytest.approx(links))


def test_the_crossing_is_read_between_the_nearest_rungs_and_not_on_a_line_that_the_longest_rung_rules() -> None:
    measured = ((4, 29_400.0), (11, 105_000.0), (51, 530_000.0), (501, 6_500_000.0))
    found = churn.reference(tuple(LinkCost(links=at, bytes_per_poll=cost) for at, cost in measured), 1.3e9, 2.0)
    assert found.links == pytest.approx(4.064, abs=0.001)  # 4 links cost 1.27 GB/day; one line through all says 11


def test_beyond_the_last_rung_the_crossing_goes_on_as_between_the_last_two() -> None:
    ladder = tuple(
        LinkCost(links=at, bytes_per_poll=cost) for at, cost in ((2, 5_000.0), (10, 9_000.0), (20, 19_000.0))
    )
    assert churn.reference(ladder, 43_200 * 29_000.0, 2.0).links == pytest.approx(30)


@given(slope=st.floats(100, 1e6), intercept=st.floats(0, 1e4), top=st.integers(10, 20_000))
def test_the_crossing_lies_on_the_line_it_was_taken_from(slope: float, intercept: float, top: int) -> None:
    ladder = tuple(LinkCost(links=at, bytes_per_poll=intercept + slope * at) for at in (2, top))
    found = churn.reference(ladder, 1.3e9, 2.0)
    if found.links is not None:
        assert (intercept + slope * found.links) * 43_200 == pytest.approx(1.3e9)
        assert found.links >= 2 or found.links == pytest.approx(2)


def test_memory_is_first_last_and_peak() -> None:
    series = (sample(0, 10, pss_bytes=7, uss_bytes=5), sample(1, 30, rss_peak_bytes=40), sample(2, 20))
    found = memory(series)
    assert (found.rss_first_bytes, found.rss_last_bytes, found.rss_peak_bytes) == (10, 20, 40)
    assert (found.pss_last_bytes, found.uss_last_bytes) == (7, 5)


def test_cpu_is_a_difference() -> None:
    found = cpu((sample(0, 1, user_s=1.0, voluntary_switches=5), sample(1, 1, user_s=1.25, voluntary_switches=9)))
    assert (found.user_s, found.system_s, found.voluntary_switches) == (0.25, 0, 4)


def test_what_was_not_sampled_is_unknown_and_not_nothing() -> None:
    assert memory(()).rss_last_bytes is None
    assert cpu((sample(0, 1),)).user_s is None


def test_a_comparison_says_what_disappeared(facts: Build) -> None:
    run = facts(*POLLED, *LISTENED, runs=(process("poll"), process("netlink", work(0), work(60))))
    (found,) = analyse(run).comparisons
    assert (found.before, found.after) == ("poll", "netlink")
    assert found.churn_removed_bytes_per_day == 432_000_000
    assert found.churn_after_over_before == 0


def counted(name: str, polls: int, seconds: float) -> SubjectRun:
    """Tell of a program that allocates 100,000 bytes a poll, and counts them."""
    marks = (work(0), work(seconds, polls=polls))
    told = (msgspec.structs.replace(one, allocated_bytes=100_000 * one.polls, allocations=one.polls) for one in marks)
    found: SubjectRun = process(name, *told)
    return found


@pytest.mark.parametrize("polls", [90, 45])
def test_two_that_did_different_amounts_of_work_are_compared_by_the_unit(facts: Build, polls: int) -> None:
    before = SubjectPlan(
        name="old", role="before", language="go", accounting=None, polls=False, source="exec", command=("x",)
    )
    after = msgspec.structs.replace(before, name="new", role="after")
    run = facts(runs=(counted("old", 90, 180.0), counted("new", polls, 180.3)), subjects=(before, after))
    (found,) = analyse(run).comparisons

    assert (found.unit, found.same) == ("poll", True)
    assert found.churn_removed_bytes_per_day == pytest.approx(0, abs=1)
    assert found.churn_after_over_before == 1


def test_two_accounting_modes_are_never_compared(facts: Build) -> None:
    run = facts(*POLLED, *LISTENED, runs=(process("netlink", work(0), work(60)),))
    before, after = finding("poll", run), finding("netlink", run)
    assert after.churn is not None
    other = msgspec.structs.replace(after, churn=msgspec.structs.replace(after.churn, accounting="go:size-classes"))
    found = pair.compare(before, other, run)
    assert found.churn_removed_bytes_per_day is None
    assert found.churn_after_over_before is None


@pytest.mark.parametrize(
    ("relation", "claimed", "tolerance", "verdict"),
    [
        ("at_least", 10_000, 0, "reproduced"),
        ("at_least", 1001, 0, "reproduced"),
        ("at_least", 1000, 0, "exceeded"),
        ("at_least", 0, 0, "reproduced"),
        ("at_least", 10_001, 0, "not_reproduced"),
        ("at_most", 10_000, 0, "reproduced"),
        ("at_most", 9_999, 0, "not_reproduced"),
        ("about", 12_500, 0.2, "reproduced"),
        ("about", 12_501, 0.2, "not_reproduced"),
        ("about", 8_333, 0.2, "not_reproduced"),
    ],
)
def test_a_claim_is_held_against_what_was_measured(
    facts: Build, relation: Relation, claimed: float, tolerance: float, verdict: str
) -> None:
    run = facts(*POLLED)
    found = claims.judge(claim(relation, claimed, tolerance), analyse(run).subjects, run)
    assert found.verdict == verdict
    assert found.measured == 10_000
    assert found.times == (10_000 / claimed if verdict == "exceeded" else None)


@pytest.mark.parametrize(
    ("relation", "claimed", "verdict"),
    [
        ("at_least", 10_050, "reproduced"),
        ("at_least", 10_051, "not_reproduced"),
        ("at_most", 9_950, "reproduced"),
        ("at_most", 9_949, "not_reproduced"),
    ],
)
def test_what_is_allowed_beyond_a_claim_is_still_it(
    facts: Build, relation: Relation, claimed: float, verdict: str
) -> None:
    run = facts(*POLLED)
    generous = msgspec.structs.replace(claim(relation, claimed), absolute_tolerance=50)
    assert claims.judge(generous, analyse(run).subjects, run).verdict == verdict


def test_a_claim_about_what_was_not_measured_is_neither_true_nor_false(facts: Build) -> None:
    found = claims.judge(claim("at_most", 0), analyse(facts()).subjects, facts())
    assert found.verdict == "not_measured"
    assert found.measured is None


ENDED = (process("poll", work(0), work(60, polls=30)), process("netlink", work(0), work(60)))


def test_reproduced_claims_pass(facts: Build) -> None:
    run = facts(*POLLED, *LISTENED, runs=ENDED, claims=(claim("at_least", 1),))
    assert analyse(run).verdict == "pass"


def test_an_exceeded_claim_holds_and_shows_what_another_needs(facts: Build) -> None:
    much = msgspec.structs.replace(claim("at_least", 1), id="much")
    fix = msgspec.structs.replace(claim("at_least", 9999), id="fix", depends_on="much")
    found = analyse(facts(*POLLED, *LISTENED, runs=ENDED, claims=(much, fix)))

    assert [one.verdict for one in found.claims] == ["exceeded", "reproduced"]
    assert found.verdict == "pass"


def test_a_gating_claim_that_fails_fails_the_run(facts: Build) -> None:
    run = facts(*POLLED, *LISTENED, runs=ENDED, claims=(claim("at_least", 1), claim("at_most", 1)))
    assert analyse(run).verdict == "fail"


def test_a_claim_that_does_not_gate_never_decides(facts: Build) -> None:
    aside = msgspec.structs.replace(claim("at_most", 1), gates=False)
    assert analyse(facts(*POLLED, runs=ENDED, claims=(claim("at_least", 1), aside))).verdict == "pass"


def test_an_unmeasured_claim_leaves_the_run_undecided(facts: Build) -> None:
    assert analyse(facts(runs=ENDED, claims=(claim("at_least", 1),))).verdict == "inconclusive"


def test_a_run_without_claims_proves_nothing(facts: Build) -> None:
    assert analyse(facts(*POLLED, runs=ENDED)).verdict == "inconclusive"


def test_an_interrupted_run_cannot_pass(facts: Build) -> None:
    run = facts(*POLLED, runs=ENDED, claims=(claim("at_least", 1),), complete=False)
    assert (analyse(run).verdict, analyse(run).status) == ("inconclusive", "interrupted")


def texts(found: Analysis, kind: str, subject: str | None = None) -> list[str]:
    return [one.text for one in found.warnings if (one.id, one.subject) == (kind, subject)]


def with_trial(run: Facts, **known: object) -> Facts:
    [trial] = run.result.trials
    return replace(run, result=msgspec.structs.replace(run.result, trials=(msgspec.structs.replace(trial, **known),)))


def test_a_run_that_ended_because_all_was_decided_says_so(facts: Build) -> None:
    looks = (
        InterimLook(at_s=600.0, verdicts={"poll": "inconclusive"}),
        InterimLook(at_s=1200.0, verdicts={"poll": "flat"}),
    )
    run = with_trial(facts(*POLLED, runs=ENDED), stop_reason="decided", interim_looks=looks)
    [told] = texts(analyse(run), "ended_early")
    assert "after 1m of 1m" in told
    assert " 2 " in told
    assert texts(analyse(with_trial(run, stop_reason="time")), "ended_early") == []


def test_sleep_and_steps_of_the_clock_are_told_and_change_no_number(facts: Build) -> None:
    plain = facts(*POLLED, runs=ENDED)
    jumps = (
        ClockJump(kind="slept", at_ns=1, seconds=3000.0),
        ClockJump(kind="stepped", at_ns=2, seconds=-2.5),
        ClockJump(kind="slept", at_ns=3, seconds=600.0),
    )
    found = analyse(with_trial(plain, clock_jumps=jumps))
    [slept], [stepped] = texts(found, "machine_slept"), texts(found, "clock_stepped")
    assert "2 times, for 1h" in slept
    assert "once, -2.500 s" in stepped
    assert msgspec.structs.replace(found, warnings=()) == msgspec.structs.replace(analyse(plain), warnings=())


def test_a_run_that_goes_on_is_not_called_interrupted(facts: Build) -> None:
    run = replace(facts(*POLLED, runs=ENDED, claims=(claim("at_least", 1),), complete=False), running=True)
    found = analyse(run)
    assert (found.verdict, found.status) == ("inconclusive", "running")
    assert found.warnings[0].id == "run_running"
    early = analyse(replace(run, result=msgspec.structs.replace(run.result, trials=())))
    assert {one.outcome for one in early.subjects} == {"running"}
    assert texts(early, "sampling_cut_short") == []


@pytest.mark.parametrize("outcome", ["crashed", "timed_out"])
def test_a_subject_that_died_makes_the_run_invalid_whatever_else_holds(facts: Build, outcome: str) -> None:
    dead = process("netlink", outcome=outcome, exit_status=1, stderr_tail="Traceback\nValueError: no\n")
    found = analyse(facts(*POLLED, runs=(ENDED[0], dead), claims=(claim("at_least", 1),)))
    assert found.verdict == "invalid"
    [told] = texts(found, f"subject_{outcome}", "netlink")
    assert "ValueError: no" in told
    assert [one.death is None for one in found.subjects] == [True, False]


def test_a_false_alarm_is_told(facts: Build) -> None:
    said = (ReportedOutcome(at_ns=1, restart=True, reason="deleted", message="interface wt0 deleted"),)
    run = facts(runs=(ENDED[0], process("netlink", reported_outcome=said)))
    [told] = texts(analyse(run), "false_alarm", "netlink")
    assert "deleted" in told


@pytest.mark.parametrize(("said_s", "false"), [(2.9, True), (3.0, False), (9.0, False)])
def test_who_reports_what_became_of_the_interface_is_not_blamed(facts: Build, said_s: float, *, false: bool) -> None:
    said = (ReportedOutcome(at_ns=int(said_s * builders.SECOND), restart=True, reason="deleted", message=None),)
    run = facts(runs=(ENDED[0], process("netlink", reported_outcome=said)))
    change = LinkChange(kind="deleted", after_ns=3 * builders.SECOND, at_ns=int(3.5 * builders.SECOND))
    trial = msgspec.structs.replace(run.result.trials[0], link_change=change)
    result = msgspec.structs.replace(run.result, trials=(trial,))
    found = analyse(replace(run, result=result))
    [told] = texts(found, "link_changed")
    assert told.startswith("wt0 was deleted, between 3s and 3.5s")
    assert bool(texts(found, "false_alarm", "netlink")) == false


def test_polls_that_fell_behind_are_told(facts: Build) -> None:
    slow = facts(*POLLED, runs=(process("poll", work(0), work(60, polls=20)), ENDED[1]))
    [told] = texts(analyse(slow), "slow_polls", "poll")
    assert {"20", "30"} <= set(told.split())
    assert texts(analyse(facts(*POLLED, runs=ENDED)), "slow_polls") == []


def test_the_same_facts_give_the_same_document(facts: Build) -> None:
    one, other = (msgspec.json.encode(analyse(facts(*POLLED, *LISTENED, runs=ENDED))) for _ in range(2))
    assert one == other


def test_one_that_dies_in_a_later_trial_makes_the_run_invalid(facts: Build) -> None:
    run = facts(*POLLED, *LISTENED, runs=ENDED, claims=(claim("at_least", 1),), trials=2)
    dead = process("netlink", outcome="crashed", exit_status=7, stderr_tail="gone\n")
    later = msgspec.structs.replace(run.result.trials[0], index=1, runs=(ENDED[0], dead))
    result = msgspec.structs.replace(run.result, trials=(*run.result.trials, later))
    found = analyse(of_result(run, result))

    assert found.verdict == "invalid"
    [told] = texts(found, "subject_crashed", "netlink")
    assert "status 7 in trial 2" in told
    assert told.endswith("gone")


def of_result(run: Facts, result: Result) -> Facts:
    return Facts(result=result, complete=run.complete, series=run.series, compressed={})
