"""A plan with programs and claims of the user, and the names that it checks."""

import os
from dataclasses import replace

import pytest

from harness import scenario
from harness.model import MOST_SUBJECTS, ClaimPlan, CompressedPlan, ScriptPlan, SubjectPlan
from harness.plan import Options, make_plan
from harness.scenario import Scenario
from harness.subjects.external import Program, external_subjects
from raising import raises_id
from scenarios_built import QUIET, watchers


def about(subject: str) -> ClaimPlan:
    return ClaimPlan(
        id="c",
        text="it is said",
        source="somewhere",
        subject=subject,
        quantity="bytes_per_day",
        relation="at_most",
        claimed=1.0,
        unit="bytes/day",
    )


def test_a_claim_about_nobody_is_refused_and_names_those_there_are() -> None:
    with raises_id("unknown_subject") as refused:
        make_plan(replace(QUIET, claims=(about("mine"),)), Options())
    assert "poll, netlink" in refused.value.hint


def test_a_compressed_day_of_nobody_is_refused() -> None:
    day = CompressedPlan(links=4, polls=100, subjects=("poll", "nosuch"))
    with raises_id("unknown_subject"):
        make_plan(replace(QUIET, compressed=day), Options())


def test_a_claim_may_be_about_a_program_of_the_users_own_and_about_who_was_not_chosen() -> None:
    mine = external_subjects(["mine=true"], [], [])
    assert make_plan(replace(QUIET, claims=(about("mine"),)), Options(external=mine)).claims
    assert make_plan(replace(QUIET, claims=(about("netlink"),)), Options(subjects=("poll",))).claims


def asking(name: str, found: Scenario) -> Scenario:
    script = ScriptPlan(scripted_events=scenario.changes({name: "detected"}))
    return replace(found, scripts=(script,))


@pytest.mark.parametrize("name", ["mine", "nosuch", "sleeper"])
def test_a_contract_that_names_who_plays_no_script_is_refused(name: str) -> None:
    with raises_id("unknown_subject", name):
        make_plan(asking(name, QUIET), Options(external=external_subjects(["mine=true"], [], [])))


@pytest.mark.parametrize("chosen", [("go-poll",), ("poll", "ip-monitor")])
def test_a_script_refuses_subjects_that_it_does_not_ask(chosen: tuple[str, ...]) -> None:
    with raises_id("option_conflict", chosen[-1]) as refused:
        make_plan(scenario.find("lifecycle"), Options(subjects=chosen))
    assert "netlink-filtered" in refused.value.hint


def test_who_lives_through_more_than_a_script_need_not_be_asked_by_it() -> None:
    planned = make_plan(asking("netlink", QUIET), Options())
    assert [one.name for one in watchers(planned)] == ["poll", "netlink"]


def test_more_subjects_than_can_be_read_again_are_not_planned() -> None:
    observed = [f"p{number}={os.getppid()}" for number in range(MOST_SUBJECTS)]
    with raises_id("out_of_range"):
        make_plan(scenario.find("docker-host"), Options(external=external_subjects([], observed, [])))


def test_the_growth_that_matters_is_of_the_scenario_or_of_the_command_line() -> None:
    asked = replace(scenario.find("docker-host"), max_growth="100MiB/30d", max_growth_per_poll=99.0)
    plain = make_plan(scenario.find("docker-host"), Options())
    by_file, by_option = (make_plan(asked, Options(max_growth=text)) for text in (None, "1MiB/h"))

    assert plain.delta_bytes_per_hour == 4 * 2**20
    assert by_file.delta_bytes_per_hour == pytest.approx(100 * 2**20 / 720)
    assert by_option.delta_bytes_per_hour == 2**20
    assert plain.delta_bytes_per_poll == pytest.approx(2330.17)
    assert by_option.delta_bytes_per_poll == 99.0
    with raises_id("bad_option_value"):
        make_plan(asked, Options(max_growth="4 apples"))


# --- programs -------------------------------------------------------------------------------------------------------

PROGRAMS = external_subjects([], [], [], before=["old=sleep 1"], after=["new=sleep 2"])


def test_with_programs_the_subjects_of_the_scenario_run_only_if_asked_for() -> None:
    alone = make_plan(QUIET, Options(external=PROGRAMS))
    beside = make_plan(QUIET, Options(external=PROGRAMS, subjects=("netlink",)))

    assert [one.name for one in watchers(alone)] == ["old", "new"]
    assert [(one.name, one.role) for one in watchers(beside)] == [
        ("netlink", "after"),
        ("old", "before"),
        ("new", "after"),
    ]


def test_with_programs_claims_about_others_are_left_out() -> None:
    found = scenario.find("docker-host")

    assert make_plan(found, Options(external=PROGRAMS)).claims == ()
    assert {one.subject for one in make_plan(found, Options(external=PROGRAMS, subjects=("poll",))).claims} == {"poll"}


def test_programs_that_a_scenario_declares_run_beside_its_subjects() -> None:
    mine = replace(QUIET, programs=(Program(name="mine", command="sleep 1", role="after"),))

    assert [one.name for one in watchers(make_plan(mine, Options()))] == ["poll", "netlink", "mine"]
    assert [one.name for one in watchers(make_plan(mine, Options(subjects=("mine",))))] == ["mine"]
    assert [one.name for one in watchers(make_plan(mine, Options(external=PROGRAMS)))] == ["old", "new"]


def test_a_program_and_one_of_the_command_line_have_two_names() -> None:
    mine = replace(QUIET, programs=(Program(name="old", command="sleep 1"),))

    with raises_id("bad_name", "old"):
        make_plan(mine, Options(external=PROGRAMS))


def test_claims_of_the_command_line_are_held_against_the_names_there_are() -> None:
    planned = make_plan(QUIET, Options(external=PROGRAMS, claims=("new.growth flat",)))

    assert [(one.subject, one.quantity, one.gates) for one in planned.claims] == [("new", "growth", True)]
    for text in ("poll.growth flat", "nwe.growth flat"):
        with raises_id("bad_claim"):
            make_plan(QUIET, Options(external=PROGRAMS, claims=(text,)))


def test_a_claim_of_a_file_about_nobody_is_refused_before_the_run() -> None:
    wrong = ClaimPlan(
        id="c", text="", source="", subject="nobody", quantity="missed", relation="at_most", claimed=0, unit="events"
    )

    with raises_id("unknown_subject", "nobody"):
        make_plan(replace(QUIET, claims=(wrong,)), Options())


def test_a_program_can_be_measured_beside_itself() -> None:
    planned = make_plan(QUIET, Options(external=PROGRAMS, duplicates=("old",)))
    duplicate = next(one for one in planned.subjects if one.duplicate_of)

    assert (duplicate.name, duplicate.duplicate_of, duplicate.source, duplicate.role) == (
        "old-duplicate",
        "old",
        "exec",
        "alternative",
    )
    assert duplicate.command == PROGRAMS[0].command


SIGNED = external_subjects(["mine=sleep 1 {ifname}"], [], [], detected=["mine=exit"])


def test_a_script_asks_programs_what_is_true_of_each_event() -> None:
    planned = make_plan(scenario.find("lifecycle"), Options(external=SIGNED))
    asked = {event.name: event.expected_outcomes for script in planned.scripts for event in script.scripted_events}

    assert asked["delete"]["mine"] == asked["out-and-back"]["mine"] == "detected"
    assert asked["mtu"]["mine"] == asked["others"]["mine"] == "true_negative"
    assert not any("mine" in asked[name] for name in ("delete-before-subscription", "no-descriptors", "stop"))
    assert [one.name for one in watchers(planned)] == ["mine"]


def test_latency_asks_programs_in_the_script_of_few_rounds() -> None:
    planned = make_plan(scenario.find("latency"), Options(external=SIGNED))

    playing = [one for one in planned.scripts if "mine" in one.scripted_events[0].expected_outcomes]
    assert [one.rounds for one in playing] == [10]


SILENT = external_subjects(["mine=sleep 1 {ifname}"], [], [])
BLIND = external_subjects(["mine=sleep 1"], [], [], detected=["mine=exit"])


@pytest.mark.parametrize("name", ["lifecycle", "latency", "storm"])
@pytest.mark.parametrize(("programs", "words"), [(SILENT, "--detect mine"), (BLIND, "ifname")])
def test_a_program_that_shows_nothing_or_watches_nothing_is_refused(
    name: str, programs: tuple[SubjectPlan, ...], words: str
) -> None:
    with raises_id("option_missing") as caught:
        make_plan(scenario.find(name), Options(external=programs))

    assert words in caught.value.hint


def test_a_scenario_that_leaves_the_interface_to_its_programs_has_no_other_subjects() -> None:
    mine = (Program(name="mine", command="sleep 1 {ifname}"),)
    own = replace(QUIET, subjects={}, programs=mine, own_interface=True)

    assert make_plan(own, Options()).own_interface
    with raises_id("option_conflict", "poll"):
        make_plan(own, Options(subjects=("poll", "mine")))
