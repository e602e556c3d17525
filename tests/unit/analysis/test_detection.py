"""What a subject said, held against what was true: by a table, and by builders."""

import dataclasses
import math
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis import detection
from harness.analysis.facts import Facts
from harness.model import (
    EventRun,
    Injection,
    Loss,
    Observation,
    ReportedOutcome,
    ScriptedEvent,
    ScriptPlan,
    Seen,
    StormResult,
)

Build = Callable[..., Facts]

BEGAN_NS = 1_000_000_000
LATE_S = 0.05
PROMPT_MS, SLOW_MS = 10, 1800


def scripted_event(
    name: str = "delete",
    *,
    valid_reasons: tuple[str, ...] = ("deleted",),
    expected_outcomes: dict[str, Seen] | None = None,
    injection: Injection | None = None,
) -> ScriptedEvent:
    asked: dict[str, Seen] = {"poll": "late", "netlink": "detected"} if expected_outcomes is None else expected_outcomes
    return ScriptedEvent(
        name=name, text=name, steps=(), valid_reasons=valid_reasons, expected_outcomes=asked, injection=injection
    )


def said(reason: str, *, after_ms: float = PROMPT_MS, restart: bool = True) -> ReportedOutcome:
    return ReportedOutcome(at_ns=BEGAN_NS + int(after_ms * 1_000_000), restart=restart, reason=reason, message=None)


STOPPED = said("stopped", restart=False)


def observation(word: ReportedOutcome | None, subject: str = "netlink") -> Observation:
    return Observation(subject=subject, reported_outcome=word, dropped=0, lost=None)


def event_run(*observations: Observation, name: str = "delete", number: int = 0) -> EventRun:
    return EventRun(
        scripted_event=name, round=number, group=0, began_ns=BEGAN_NS, done_ns=BEGAN_NS + 1, observations=observations
    )


def lived(build: Build, event_runs: tuple[EventRun, ...], *scripted_events: ScriptedEvent, **plan: object) -> Facts:
    """Give the facts of a run that played one script, or the scripts of ``plan``."""
    facts = build(**{"scripts": (ScriptPlan(scripted_events=scripted_events, late_s=LATE_S),), **plan})
    return dataclasses.replace(facts, result=msgspec.structs.replace(facts.result, event_runs=event_runs))


# --- one observation --------------------------------------------------------------------------------------------------

GONE, ANEW, NOTHING = ("deleted",), ("recreated", "deleted"), ()


@pytest.mark.parametrize(
    ("valid_reasons", "injection", "word", "expected"),
    [
        pytest.param(GONE, None, said("deleted"), ("detected", "said deleted"), id="the truth, at once"),
        pytest.param(GONE, None, said("deleted", after_ms=50), ("detected", "said deleted"), id="at the limit"),
        pytest.param(GONE, None, said("deleted", after_ms=50.001), ("late", "said deleted"), id="past the limit"),
        pytest.param(GONE, None, said("deleted", after_ms=SLOW_MS), ("late", "said deleted"), id="a poll later"),
        pytest.param(ANEW, None, said("recreated"), ("detected", "said recreated"), id="the first of two truths"),
        pytest.param(ANEW, None, said("deleted"), ("detected", "said deleted"), id="the second of two truths"),
        pytest.param(
            ("moved",),
            None,
            said("deleted"),
            ("false_positive", "said deleted, where moved is true"),
            id="a wrong reason",
        ),
        pytest.param(
            ("moved",),
            None,
            said("deleted", after_ms=SLOW_MS),
            ("false_positive", "said deleted, where moved is true"),
            id="a wrong reason, late",
        ),
        pytest.param(
            ANEW,
            None,
            said("closed"),
            ("false_positive", "said closed, where recreated or deleted is true"),
            id="a reason that is none of two truths",
        ),
        pytest.param(
            GONE,
            None,
            said("deleted", after_ms=-1),
            ("false_positive", "said deleted, before it had happened"),
            id="foreseen",
        ),
        pytest.param(GONE, None, STOPPED, ("missed", "said nothing"), id="watched on until it was stopped"),
        pytest.param(GONE, None, None, ("missed", "said nothing"), id="not a word"),
        pytest.param(GONE, "hold", STOPPED, ("missed", "said nothing"), id="held, and watched on"),
        pytest.param(
            NOTHING,
            None,
            said("closed"),
            ("false_positive", "said closed, and nothing had happened to the interface"),
            id="imagined",
        ),
        pytest.param(
            NOTHING,
            "refuse",
            said("subscribe_failed"),
            ("false_positive", "said subscribe_failed, and nothing had happened to the interface"),
            id="gave up where nothing had happened",
        ),
        pytest.param(
            NOTHING,
            "stop",
            said("deleted"),
            ("false_positive", "said deleted, and nothing had happened to the interface"),
            id="imagined when asked to stop",
        ),
        pytest.param(NOTHING, None, STOPPED, ("true_negative", "rightly said nothing"), id="rightly quiet"),
        pytest.param(
            NOTHING, "limit", STOPPED, ("true_negative", "rightly said nothing"), id="quiet without descriptors"
        ),
        pytest.param(NOTHING, "stop", STOPPED, ("true_negative", "ended when asked to"), id="ended when asked to"),
    ],
)
def test_an_observation_is_judged(
    valid_reasons: tuple[str, ...],
    injection: Injection | None,
    word: ReportedOutcome | None,
    expected: tuple[Seen, str],
) -> None:
    happened = scripted_event(valid_reasons=valid_reasons, injection=injection)
    seen = observation(word)
    assert detection.judge(happened, event_run(seen), seen, LATE_S) == expected


REASONS = ("deleted", "recreated", "renamed", "moved", "closed")


@given(
    valid_reasons=st.lists(st.sampled_from(REASONS), max_size=2, unique=True).map(tuple),
    word=st.none()
    | st.builds(said, st.sampled_from(REASONS), after_ms=st.floats(min_value=0, max_value=5000), restart=st.booleans()),
)
def test_it_counts_as_seen_for_a_true_reason_alone_and_as_false_for_every_other(
    valid_reasons: tuple[str, ...], word: ReportedOutcome | None
) -> None:
    watched = observation(word)
    seen, _ = detection.judge(scripted_event(valid_reasons=valid_reasons), event_run(watched), watched, LATE_S)
    restarted = word is not None and word.restart
    assert (seen in {"detected", "late"}) == (restarted and word is not None and word.reason in valid_reasons)
    assert (seen == "false_positive") == (restarted and word is not None and word.reason not in valid_reasons)
    assert (seen == "missed") == (not restarted and bool(valid_reasons))


def test_latency_runs_from_the_moment_at_which_the_change_was_handed_over() -> None:
    assert detection.latency(event_run(), said("deleted", after_ms=12.5)) == pytest.approx(0.0125)


# --- the matrix -------------------------------------------------------------------------------------------------------

WORDS: dict[Seen, ReportedOutcome] = {
    "detected": said("deleted"),
    "late": said("deleted", after_ms=SLOW_MS),
    "missed": STOPPED,
    "false_positive": said("closed"),
}


@pytest.mark.parametrize(
    ("rounds", "worst"),
    [
        (("detected", "detected"), "detected"),
        (("detected", "late"), "late"),
        (("late", "detected", "detected"), "late"),
        (("missed", "late"), "missed"),
        (("detected", "missed", "detected"), "missed"),
        (("false_positive", "missed", "late", "detected"), "false_positive"),
        (("missed", "false_positive"), "false_positive"),
    ],
)
def test_of_several_rounds_the_worst_counts_with_its_own_words(
    facts: Build, rounds: tuple[Seen, ...], worst: Seen
) -> None:
    event_runs = tuple(event_run(observation(WORDS[one]), number=number) for number, one in enumerate(rounds))
    [cell] = detection.matrix(lived(facts, event_runs, scripted_event()))
    assert (cell.subject, cell.scripted_event, cell.expected, cell.seen) == ("netlink", "delete", "detected", worst)
    assert cell.reported_outcome == WORDS[worst].reason
    assert worst == "missed" or cell.why.startswith(f"said {cell.reported_outcome}")


@pytest.mark.parametrize(
    ("rounds", "worst"), [((STOPPED, said("closed")), "false_positive"), ((STOPPED, STOPPED), "true_negative")]
)
def test_quiet_is_better_than_false(facts: Build, rounds: tuple[ReportedOutcome, ...], worst: Seen) -> None:
    event_runs = tuple(event_run(observation(word)) for word in rounds)
    [cell] = detection.matrix(lived(facts, event_runs, scripted_event(valid_reasons=())))
    assert cell.seen == worst


def test_a_cell_holds_the_latencies_of_all_rounds_but_not_those_of_being_stopped(facts: Build) -> None:
    heard = (said("deleted", after_ms=4), STOPPED, said("deleted", after_ms=3))
    [cell] = detection.matrix(lived(facts, tuple(event_run(observation(word)) for word in heard), scripted_event()))
    assert cell.latencies_s == pytest.approx((0.004, 0.003))


def test_how_soon_it_ends_is_timed_where_it_was_asked_to_stop_and_nowhere_else_in_quiet(facts: Build) -> None:
    stop, mtu = scripted_event("stop", valid_reasons=(), injection="stop"), scripted_event("mtu", valid_reasons=())
    event_runs = (event_run(observation(STOPPED), name="stop"), event_run(observation(STOPPED), name="mtu"))
    cells = {one.scripted_event: one for one in detection.matrix(lived(facts, event_runs, stop, mtu))}
    assert cells["stop"].latencies_s == pytest.approx((0.01,))
    assert cells["mtu"].latencies_s == ()


def test_only_subjects_that_the_contract_names_are_asked(facts: Build) -> None:
    both = (observation(said("deleted"), "poll"), observation(said("deleted"), "netlink"))
    cells = detection.matrix(
        lived(facts, (event_run(*both),), scripted_event(expected_outcomes={"netlink": "detected"}))
    )
    assert [one.subject for one in cells] == ["netlink"]


def test_a_happening_that_was_never_made_has_no_cells(facts: Build) -> None:
    cells = detection.matrix(
        lived(facts, (event_run(observation(said("deleted"))),), scripted_event(), scripted_event("daemon-killed"))
    )
    assert [one.scripted_event for one in cells] == ["delete"]


def test_cells_come_in_the_order_of_the_script_and_of_the_subjects(facts: Build) -> None:
    seen = (observation(said("deleted"), "netlink"), observation(said("deleted"), "poll"))
    event_runs = (event_run(*seen, name="second"), event_run(*seen, name="first"))
    cells = detection.matrix(lived(facts, event_runs, scripted_event("first"), scripted_event("second")))
    assert [(one.scripted_event, one.subject) for one in cells] == [
        ("first", "poll"),
        ("first", "netlink"),
        ("second", "poll"),
        ("second", "netlink"),
    ]


def test_one_happening_in_two_scripts_is_judged_for_each_by_its_own_subjects_and_limit(facts: Build) -> None:
    woken = ScriptPlan(scripted_events=(scripted_event(expected_outcomes={"netlink": "detected"}),), late_s=LATE_S)
    polling = ScriptPlan(scripted_events=(scripted_event(expected_outcomes={"poll": "late"}),), late_s=3.0)
    event_runs = (
        event_run(observation(said("deleted", after_ms=60), "netlink")),
        event_run(observation(said("deleted", after_ms=SLOW_MS), "poll")),
        event_run(observation(STOPPED, "poll"), number=1),
    )
    lived_both = lived(facts, event_runs, scripts=(woken, polling))
    assert [(one.subject, one.expected, one.seen, len(one.latencies_s)) for one in detection.matrix(lived_both)] == [
        ("netlink", "detected", "late", 1),
        ("poll", "late", "missed", 1),
    ]
    netlink, poll = (detection.summarise(lived_both, name) for name in ("netlink", "poll"))
    assert netlink is not None
    assert poll is not None
    assert (netlink.expected, netlink.detected) == (1, 1)
    assert (poll.expected, poll.detected, poll.missed) == (2, 1, 1)


# --- counts -----------------------------------------------------------------------------------------------------------


def test_a_summary_counts_every_event_and_times_what_was_seen(facts: Build) -> None:
    script = (
        scripted_event(),
        scripted_event("mtu", valid_reasons=()),
        scripted_event("stop", valid_reasons=(), injection="stop"),
    )
    heard = {
        "delete": (said("deleted", after_ms=2), said("deleted", after_ms=80), STOPPED, said("closed", after_ms=1)),
        "mtu": (STOPPED, said("closed", after_ms=7)),
        "stop": (STOPPED,),
    }
    event_runs = tuple(event_run(observation(word), name=name) for name, words in heard.items() for word in words)
    found = detection.summarise(lived(facts, event_runs, *script), "netlink")
    assert found is not None
    assert (found.expected, found.detected, found.missed, found.false_positives) == (4, 2, 1, 2)
    assert (found.latency_p50_s, found.latency_p99_s, found.latency_max_s) == pytest.approx((0.002, 0.08, 0.08))


def test_a_subject_that_saw_nothing_has_counts_and_no_times(facts: Build) -> None:
    found = detection.summarise(lived(facts, (event_run(observation(STOPPED)),), scripted_event()), "netlink")
    assert found is not None
    assert (found.expected, found.missed) == (1, 1)
    assert (found.latency_p50_s, found.latency_p99_s, found.latency_max_s) == (None, None, None)


def test_nothing_was_scripted_for_a_subject_that_no_contract_names(facts: Build) -> None:
    known = lived(
        facts, (event_run(observation(said("deleted"))),), scripted_event(expected_outcomes={"netlink": "detected"})
    )
    assert detection.summarise(known, "poll") is None


# --- quantiles --------------------------------------------------------------------------------------------------------


def test_nothing_has_no_quantile() -> None:
    assert detection.quantile([], 0.5) is None


@pytest.mark.parametrize(("share", "expected"), [(0.01, 1.0), (0.5, 50.0), (0.99, 99.0), (0.991, 100.0), (1.0, 100.0)])
def test_of_a_hundred_times_each_percentile_is_one_that_was_observed(share: float, expected: float) -> None:
    assert detection.quantile([float(time) for time in range(100, 0, -1)], share) == expected


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1), st.sampled_from([0.5, 0.9, 0.99]))
def test_a_quantile_is_the_smallest_observed_time_that_enough_do_not_exceed(times: list[float], share: float) -> None:
    found = detection.quantile(times, share)
    enough = math.ceil(share * len(times) - 1e-9)
    assert found == sorted(times)[enough - 1]


# --- storms -----------------------------------------------------------------------------------------------------------

CALM = StormResult(
    subject="netlink",
    kind="live",
    rate=None,
    sent=10_000,
    seconds=1.0,
    events_received=10_000,
    dropped=0,
    lost=None,
    reported_outcome=None,
    state_correct=True,
    voluntary_switches=0,
    user_s=0.0,
    system_s=0.0,
)


def stormy(build: Build, *rows: StormResult) -> Facts:
    facts = build()
    return dataclasses.replace(facts, result=msgspec.structs.replace(facts.result, storms=rows))


def storm_result(**given: object) -> StormResult:
    return msgspec.structs.replace(CALM, **given)


def test_a_subject_that_was_in_no_storm_is_not_judged_by_one(facts: Build) -> None:
    assert detection.weathered(stormy(facts, CALM), "poll") is None
    assert detection.loss(stormy(facts, CALM), "poll") is None


def test_coming_through_a_storm_is_to_agree_with_the_kernel_and_to_restart_nothing(facts: Build) -> None:
    rows = (
        storm_result(),
        storm_result(state_correct=False),
        storm_result(state_correct=None, reported_outcome=said("closed")),
        storm_result(state_correct=None, reported_outcome=STOPPED),
        storm_result(subject="poll", state_correct=False),
    )
    found = detection.weathered(stormy(facts, *rows), "netlink")
    assert found is not None
    assert (found.expected, found.detected, found.missed, found.false_positives) == (2, 1, 1, 1)
    assert found.not_asked == 2  # who was ended by the storm neither saw nor missed what came after it
    assert (found.latency_p50_s, found.latency_p99_s, found.latency_max_s) == (None, None, None)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param((storm_result(),), Loss(dropped=0, reported=True), id="nothing was lost, and nothing said"),
        pytest.param((storm_result(dropped=7, lost=7),), Loss(dropped=7, reported=True), id="all was told"),
        pytest.param((storm_result(dropped=7),), Loss(dropped=7, reported=False), id="not a word of it"),
        pytest.param((storm_result(dropped=7, lost=6),), Loss(dropped=7, reported=False), id="one too few"),
        pytest.param((storm_result(lost=1),), Loss(dropped=0, reported=False), id="lost by its own account alone"),
        pytest.param(
            (storm_result(dropped=7, lost=3), storm_result(dropped=3, lost=7)),
            Loss(dropped=10, reported=False),
            id="wrong twice is not right",
        ),
        pytest.param(
            (storm_result(dropped=7, lost=7), storm_result(dropped=None, lost=2)),
            Loss(dropped=7, reported=True),
            id="what nobody could read counts for neither side",
        ),
        pytest.param((storm_result(dropped=None),), None, id="nobody could read it"),
        pytest.param(
            (
                storm_result(dropped=7, lost=7),
                storm_result(dropped=3, lost=3),
                storm_result(subject="poll", dropped=100),
            ),
            Loss(dropped=10, reported=True),
            id="over all storms of this subject",
        ),
    ],
)
def test_losses_are_held_against_what_was_reported(
    facts: Build, rows: tuple[StormResult, ...], expected: Loss | None
) -> None:
    assert detection.loss(stormy(facts, *rows), "netlink") == expected
