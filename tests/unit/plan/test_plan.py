"""A plan: options and a scenario become one, with an identity of its own."""

import hashlib
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import scenario
from harness.model import ClaimPlan, CompressedPlan, Plan
from harness.plan import Options, make_plan, sample_interval
from harness.scenario import Scenario
from raising import raises_id
from scenarios_built import BUNDLED, QUIET, options_for, watchers


def test_a_plan_without_options_is_what_the_scenario_says() -> None:
    planned = make_plan(QUIET, Options())

    assert (planned.pairs, planned.duration_s, planned.interval_s, planned.polls) == (10, 60, 2, None)
    assert [(one.name, one.role) for one in watchers(planned)] == [("poll", "before"), ("netlink", "after")]
    assert [one.polls for one in watchers(planned)] == [True, False]


def test_an_option_takes_the_place_of_the_scenario() -> None:
    planned = make_plan(QUIET, Options(pairs=5, duration_s=7, interval_s=0.5, polls=3, seed=9, profile=False))

    assert (planned.pairs, planned.duration_s, planned.interval_s, planned.polls) == (5, 7, 0.5, 3)
    assert (planned.seed, planned.profile) == (9, None)


def test_chosen_subjects_keep_the_role_that_the_scenario_gives_them() -> None:
    planned = make_plan(QUIET, Options(subjects=("netlink", "poll-name")))

    assert [(one.name, one.role) for one in watchers(planned)] == [("netlink", "after"), ("poll-name", "alternative")]


def test_every_run_with_a_clean_arm_brings_its_controls() -> None:
    python = make_plan(QUIET, Options())
    go = make_plan(replace(QUIET, subjects={"go-poll": "before"}), Options())
    script = make_plan(scenario.find("lifecycle"), Options())

    assert [one.name for one in python.subjects if one.role == "control"] == ["sleeper", "leaker", "churner"]
    assert [one.name for one in go.subjects][-1] == "go-churner"
    assert (script.controls, {one.role for one in script.subjects} & {"control"}) == (None, set())


@pytest.mark.parametrize(("duration_s", "mib_per_hour"), [(60, 960), (600, 96), (3600, 16), (86_400, 10)])
def test_the_leak_suits_the_duration(duration_s: float, mib_per_hour: float) -> None:
    planned = make_plan(QUIET, Options(duration_s=duration_s))

    assert planned.controls is not None
    assert planned.controls.leak_bytes_per_hour == mib_per_hour * 2**20


def test_strictly_every_claim_gates() -> None:
    aside = ClaimPlan(
        id="c",
        text="t",
        source="s",
        subject="poll",
        quantity="bytes_per_poll",
        relation="about",
        claimed=1,
        unit="B",
        gates=False,
    )
    found = replace(QUIET, claims=(aside,))

    assert [one.gates for one in make_plan(found, Options()).claims] == [False]
    assert [one.gates for one in make_plan(found, Options(strict=True)).claims] == [True]


def test_a_compressed_day_is_for_subjects_that_are_measured() -> None:
    day = CompressedPlan(links=4, polls=100, subjects=("go-poll", "go-netlink"))
    found = replace(QUIET, subjects={"go-poll": "before", "go-netlink": "after"}, compressed=day, step_links=(4,))

    assert make_plan(found, Options()).compressed == day
    only = make_plan(found, Options(subjects=("go-netlink",))).compressed
    assert only is not None
    assert only.subjects == ("go-netlink",)
    assert make_plan(found, Options(subjects=("poll",))).compressed is None
    assert make_plan(found, Options(profile=False)).compressed is None


def test_links_beyond_the_pairs_are_no_rungs() -> None:
    planned = make_plan(replace(QUIET, step_links=(4, 12, 22, 23)), Options(pairs=10))

    assert planned.profile is not None
    assert planned.profile.step_links == (4, 12, 22)


def test_polls_without_a_duration_last_as_long_as_they_take() -> None:
    assert make_plan(QUIET, Options(polls=30)).duration_s == 60
    assert make_plan(QUIET, Options(polls=30, interval_s=0)).duration_s == 86_400
    assert make_plan(QUIET, Options(polls=30, duration_s=5)).duration_s == 5


def test_the_claims_are_part_of_the_plan() -> None:
    claim = ClaimPlan(
        id="c", text="t", source="s", subject="poll", quantity="bytes_per_poll", relation="about", claimed=1, unit="B"
    )

    assert make_plan(replace(QUIET, claims=(claim,)), Options()).claims == (claim,)


@pytest.mark.parametrize(
    ("options", "name", "facts", "hint"),
    [
        (Options(pairs=0), "out_of_range", ("--pairs", "0", "1"), "--help"),
        (Options(pairs=-3), "out_of_range", ("--pairs", "-3", "1"), "--help"),
        (Options(interval_s=-1), "out_of_range", ("--interval", "-1", "0"), "--help"),
        (Options(duration_s=0), "out_of_range", ("--duration", "0", "0.001"), "--help"),
        (Options(duration_s=-5), "out_of_range", ("--duration", "-5", "0.001"), "--help"),
        (Options(polls=0), "out_of_range", ("--polls", "0", "1"), "leave it out"),
        (Options(polls=-1), "out_of_range", ("--polls", "-1", "1"), "leave it out"),
        (Options(interval_s=0), "option_missing", ("--interval 0",), "--polls 43200"),
        (Options(subjects=("telepathy",)), "unknown_subject", ("telepathy", "poll"), "netchurn list"),
    ],
)
def test_an_option_that_makes_no_sense_is_a_usage_fault(
    options: Options, name: str, facts: tuple[str, ...], hint: str
) -> None:
    with raises_id(name, *facts) as caught:
        make_plan(QUIET, options)

    assert hint in caught.value.hint
    assert "\n" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("sample_interval_s", [0.0, -1.0])
def test_a_sampler_without_a_pace_is_a_usage_fault(sample_interval_s: float) -> None:
    with raises_id("out_of_range"):
        make_plan(QUIET, Options(sample_interval_s=sample_interval_s))


def test_a_scenario_with_an_unknown_subject_is_a_usage_fault() -> None:
    with raises_id("unknown_subject"):
        make_plan(replace(QUIET, subjects={"telepathy": "before"}), Options())


# --- its identity ---------------------------------------------------------------------------------------------------

OPTIONS = st.builds(
    Options,
    pairs=st.none() | st.integers(1, 500),
    duration_s=st.none() | st.floats(0.5, 3600),
    interval_s=st.none() | st.floats(0.01, 60),
    polls=st.none() | st.integers(1, 10_000),
    seed=st.integers(0, 3),
    subjects=st.sampled_from([(), ("poll",), ("netlink", "poll")]),
    profile=st.booleans(),
)


@pytest.mark.slow
@given(OPTIONS)
def test_equal_options_give_the_same_plan_and_id(options: Options) -> None:
    assert make_plan(QUIET, options) == make_plan(QUIET, replace(options))


@given(OPTIONS, OPTIONS)
def test_plans_that_differ_have_different_ids(one: Options, other: Options) -> None:
    first, second = make_plan(QUIET, one), make_plan(QUIET, other)

    assert (first.id == second.id) == (msgspec.structs.replace(first, id="") == msgspec.structs.replace(second, id=""))


@pytest.mark.parametrize(
    "options",
    [
        Options(pairs=11),
        Options(duration_s=61),
        Options(interval_s=3),
        Options(polls=30),
        Options(seed=1),
        Options(subjects=("poll",)),
        Options(subjects=("netlink", "poll")),
        Options(profile=False),
        Options(sample_interval_s=0.25),
    ],
)
def test_every_option_is_part_of_the_id(options: Options) -> None:
    assert make_plan(QUIET, options).id != make_plan(QUIET, Options()).id


def test_an_option_that_repeats_the_scenario_changes_nothing() -> None:
    assert make_plan(QUIET, Options(pairs=10, duration_s=60, interval_s=2)) == make_plan(QUIET, Options())


def test_the_id_is_a_hash_over_the_rest() -> None:
    planned = make_plan(QUIET, Options())

    assert planned.id == identity(planned)


def identity(planned: Plan) -> str:
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(planned, id=""))).hexdigest()[:8]


@pytest.mark.parametrize("name", BUNDLED)
def test_the_id_of_a_plan_can_be_checked_after_it_was_stored(name: str) -> None:
    found = scenario.find(name)
    planned = make_plan(found, options_for(found))
    stored = msgspec.json.decode(msgspec.json.encode(planned), type=Plan)

    assert stored == planned
    assert identity(stored) == planned.id


# --- its ladder -----------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 600), max_size=6), st.integers(1, 600))
def test_the_ladder_climbs_and_always_ends_at_the_pairs(rungs: list[int], pairs: int) -> None:
    planned = make_plan(replace(QUIET, step_pairs=tuple(rungs)), Options(pairs=pairs))

    assert planned.profile is not None
    ladder = planned.profile.step_pairs
    assert ladder[-1] == pairs
    assert list(ladder) == sorted(set(ladder))
    assert set(ladder) - {pairs} == {step for step in rungs if step < pairs}


@pytest.mark.parametrize(
    ("scenario", "pairs", "polls"),
    [
        (QUIET, 1, (2, 5)),
        (QUIET, 5_000, (2, 5)),
        (QUIET, 5_001, (1, 2)),
        (replace(QUIET, max_pairs={"poll": 1_000}), 5_001, (2, 5)),
        (replace(QUIET, subjects={"poll-name": "before"}), 5_001, (2, 5)),
    ],
)
def test_the_profiled_processes_live_for_two_durations_each(
    scenario: Scenario, pairs: int, polls: tuple[int, int]
) -> None:
    profile = make_plan(scenario, Options(pairs=pairs)).profile

    assert profile is not None
    assert profile.polls == polls
    for shorter, longer in (profile.idle_s, profile.events):
        assert 0 < shorter < longer


@given(st.floats(0.001, 1e6))
def test_a_run_is_sampled_ten_times_at_least_and_twice_a_second_at_most(duration_s: float) -> None:
    pace = sample_interval(duration_s)

    assert 0 < pace <= 0.5
    assert duration_s / pace >= 9.999


def test_what_the_pull_request_said_is_in_the_scenarios_of_that_pull_request_only() -> None:
    told = {
        name
        for name in BUNDLED
        if make_plan(scenario.find(name), options_for(scenario.find(name))).reference_bytes_per_day is not None
    }
    assert told == {"netbird-5857", "quiet-host"}
