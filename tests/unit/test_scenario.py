"""A scenario file to a Scenario, a Scenario and options to a Plan."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import scenario
from harness.errors import UsageFault
from harness.model import MOST_SUBJECTS, ClaimPlan, CompressedPlan, Plan, ScriptPlan, SubjectPlan
from harness.plan import Options, make_plan, sample_interval
from harness.scenario import Scenario
from harness.subjects.external import Program, guests

QUIET = Scenario(name="true_negative", question="Why?", pairs=10, subjects={"poll": "before", "netlink": "after"})
BUNDLED = scenario.names()


def minimal(extra: str = "") -> str:
    return (
        "from harness.scenario import Scenario\n"
        f"{extra}\n"
        "SCENARIO = Scenario(name='mine', question='?', pairs=1, subjects={'poll': 'before'})\n"
    )


def options_for(found: Scenario) -> Options:
    """Give a scenario that brings no subjects somebody to look at."""
    return Options(guests=() if found.subjects else guests([], [f"shell={os.getppid()}"], []))


def watchers(planned: Plan) -> list[SubjectPlan]:
    return [one for one in planned.subjects if one.role != "control"]


def wrote(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


# --- finding one ----------------------------------------------------------------------------------------------------


def test_there_are_bundled_scenarios_and_docker_host_is_one() -> None:
    assert "docker-host" in BUNDLED


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_scenario_loads_under_its_own_name_and_plans(name: str) -> None:
    found = scenario.find(name)
    planned = make_plan(found, options_for(found))

    assert found.name == planned.scenario == name
    assert planned.question.endswith("?")
    assert planned.subjects
    assert len(planned.id) == 8


@pytest.mark.parametrize("name", BUNDLED)
def test_every_claim_of_a_bundled_scenario_is_about_a_subject_it_runs(name: str) -> None:
    found = scenario.find(name)

    assert {claim.subject for claim in found.claims} <= set(found.subjects)
    assert len({claim.id for claim in found.claims}) == len(found.claims)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_scenario_is_found_by_its_path_as_well(name: str) -> None:
    path = scenario.folder() / f"{name.replace('-', '_')}.py"

    assert scenario.find(str(path)) == scenario.find(name)


@pytest.mark.parametrize("text", ["dcoker-host", "docker_host", "", "../scenarios/docker-host", "latest"])
def test_an_unknown_name_is_answered_with_the_names_there_are(text: str) -> None:
    with pytest.raises(UsageFault) as caught:
        scenario.find(text)

    assert caught.value.message == f"no scenario is called {text!r}; there are {', '.join(BUNDLED)}"
    assert caught.value.hint == "netchurn list"


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.py"

    with pytest.raises(UsageFault) as caught:
        scenario.find(str(path))

    assert caught.value.message == f"no scenario file {path}"
    assert "netchurn list" in caught.value.hint


def test_a_folder_is_no_scenario_file(tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()

    with pytest.raises(UsageFault, match="no scenario file"):
        scenario.find(str(tmp_path / "folder.py"))


def test_a_file_of_ones_own_is_loaded(tmp_path: Path) -> None:
    found = scenario.find(str(wrote(tmp_path / "my scenario.py", minimal())))

    assert found.name == "mine"


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("raise RuntimeError('no luck')", r"fails when loaded: RuntimeError\('no luck'\)"),
        ("import there_is_no_such_module", "fails when loaded: ModuleNotFoundError"),
        ("def (", "fails when loaded: SyntaxError"),
        ("raise SystemExit(3)", r"fails when loaded: SystemExit\(3\)"),
        ("Scenario(name='x', color='red')", "fails when loaded: TypeError"),
    ],
)
def test_a_file_that_raises_is_a_usage_fault_that_says_what(tmp_path: Path, extra: str, words: str) -> None:
    path = wrote(tmp_path / "broken.py", minimal(extra))

    with pytest.raises(UsageFault, match=words) as caught:
        scenario.find(str(path))

    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    assert str(path) in caught.value.hint


@pytest.mark.parametrize("text", ["", "SCENARIO = None\n", "SCENARIO = {'name': 'x'}\n", "scenario = 1\n"])
def test_a_file_that_defines_no_scenario_is_a_usage_fault(tmp_path: Path, text: str) -> None:
    path = wrote(tmp_path / "empty.py", text)

    with pytest.raises(UsageFault) as caught:
        scenario.load(path)

    assert caught.value.message == f"{path} defines no SCENARIO"
    assert "scenarios/docker_host.py" in caught.value.hint


def test_a_file_that_is_not_python_by_its_name_is_not_run(tmp_path: Path) -> None:
    path = wrote(tmp_path / "notes.txt", minimal())

    with pytest.raises(UsageFault, match="cannot be loaded as Python"):
        scenario.load(path)


def test_the_hint_of_a_broken_file_shows_where_it_breaks(tmp_path: Path) -> None:
    path = wrote(tmp_path / "broken.py", "raise RuntimeError('line one')\n")
    with pytest.raises(UsageFault) as caught:
        scenario.load(path)
    command = caught.value.hint.removesuffix(" shows where").replace("python", sys.executable, 1)

    shown = subprocess.run(command.split(), check=False, capture_output=True, text=True)

    assert 'broken.py", line 1' in shown.stderr


# --- planning one ---------------------------------------------------------------------------------------------------


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
    ("options", "message", "hint"),
    [
        (Options(pairs=0), "--pairs is 0; at least 1 is needed", "--help"),
        (Options(pairs=-3), "--pairs is -3; at least 1 is needed", "--help"),
        (Options(interval_s=-1), "--interval is -1; at least 0 is needed", "--help"),
        (Options(duration_s=0), "--duration is 0; at least 0.001 is needed", "--help"),
        (Options(duration_s=-5), "--duration is -5; at least 0.001 is needed", "--help"),
        (Options(polls=0), "--polls is 0; at least 1 is needed", "leave it out"),
        (Options(polls=-1), "--polls is -1; at least 1 is needed", "leave it out"),
        (Options(interval_s=0), "--interval 0 polls back to back and needs an end", "--polls 43200"),
        (Options(subjects=("telepathy",)), "no subject is called 'telepathy'; there are poll", "netchurn list"),
    ],
)
def test_an_option_that_makes_no_sense_is_a_usage_fault(options: Options, message: str, hint: str) -> None:
    with pytest.raises(UsageFault) as caught:
        make_plan(QUIET, options)

    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint
    assert "\n" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("sample_interval_s", [0.0, -1.0])
def test_a_sampler_without_a_pace_is_a_usage_fault(sample_interval_s: float) -> None:
    with pytest.raises(UsageFault):
        make_plan(QUIET, Options(sample_interval_s=sample_interval_s))


def test_a_scenario_with_an_unknown_subject_is_a_usage_fault() -> None:
    with pytest.raises(UsageFault, match="no subject is called 'telepathy'"):
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


def test_the_profiled_processes_live_for_two_durations_each() -> None:
    profile = make_plan(QUIET, Options()).profile

    assert profile is not None
    for shorter, longer in (profile.polls, profile.idle_s, profile.events):
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


# --- names ----------------------------------------------------------------------------------------------------------


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
    with pytest.raises(UsageFault, match="the claim 'c' is about 'mine'") as refused:
        make_plan(replace(QUIET, claims=(about("mine"),)), Options())
    assert "poll, netlink" in refused.value.hint


def test_a_compressed_day_of_nobody_is_refused() -> None:
    day = CompressedPlan(links=4, polls=100, subjects=("poll", "nosuch"))
    with pytest.raises(UsageFault, match="its compressed day is about 'nosuch'"):
        make_plan(replace(QUIET, compressed=day), Options())


def test_a_claim_may_be_about_a_program_of_the_users_own_and_about_who_was_not_chosen() -> None:
    mine = guests(["mine=true"], [], [])
    assert make_plan(replace(QUIET, claims=(about("mine"),)), Options(guests=mine)).claims
    assert make_plan(replace(QUIET, claims=(about("netlink"),)), Options(subjects=("poll",))).claims


def asking(name: str, found: Scenario) -> Scenario:
    script = ScriptPlan(scripted_events=scenario.changes({name: "detected"}))
    return replace(found, scripts=(script,))


@pytest.mark.parametrize("name", ["mine", "nosuch", "sleeper"])
def test_a_contract_that_names_who_plays_no_script_is_refused(name: str) -> None:
    with pytest.raises(UsageFault, match=f"a contract names '{name}'"):
        make_plan(asking(name, QUIET), Options(guests=guests(["mine=true"], [], [])))


@pytest.mark.parametrize("chosen", [("go-poll",), ("poll", "ip-monitor")])
def test_a_script_refuses_subjects_that_it_does_not_ask(chosen: tuple[str, ...]) -> None:
    with pytest.raises(UsageFault, match=f"lifecycle does not ask {chosen[-1]}") as refused:
        make_plan(scenario.find("lifecycle"), Options(subjects=chosen))
    assert "netlink-filtered" in refused.value.hint


def test_who_lives_through_more_than_a_script_need_not_be_asked_by_it() -> None:
    planned = make_plan(asking("netlink", QUIET), Options())
    assert [one.name for one in watchers(planned)] == ["poll", "netlink"]


def test_more_subjects_than_can_be_read_again_are_not_planned() -> None:
    observed = [f"p{number}={os.getppid()}" for number in range(MOST_SUBJECTS)]
    with pytest.raises(UsageFault):
        make_plan(scenario.find("docker-host"), Options(guests=guests([], observed, [])))


def test_the_growth_that_matters_is_of_the_scenario_or_of_the_command_line() -> None:
    asked = replace(scenario.find("docker-host"), max_growth="100MiB/30d", max_growth_per_poll=99.0)
    plain = make_plan(scenario.find("docker-host"), Options())
    by_file, by_option = (make_plan(asked, Options(max_growth=text)) for text in (None, "1MiB/h"))

    assert plain.delta_bytes_per_hour == 4 * 2**20
    assert by_file.delta_bytes_per_hour == pytest.approx(100 * 2**20 / 720)
    assert by_option.delta_bytes_per_hour == 2**20
    assert plain.delta_bytes_per_poll == pytest.approx(2330.17)
    assert by_option.delta_bytes_per_poll == 99.0
    with pytest.raises(UsageFault, match="4 apples"):
        make_plan(asked, Options(max_growth="4 apples"))


# --- programs -------------------------------------------------------------------------------------------------------

PROGRAMS = guests([], [], [], before=["old=sleep 1"], after=["new=sleep 2"])


def test_with_programs_the_subjects_of_the_scenario_run_only_if_asked_for() -> None:
    alone = make_plan(QUIET, Options(guests=PROGRAMS))
    beside = make_plan(QUIET, Options(guests=PROGRAMS, subjects=("netlink",)))

    assert [one.name for one in watchers(alone)] == ["old", "new"]
    assert [(one.name, one.role) for one in watchers(beside)] == [
        ("netlink", "after"),
        ("old", "before"),
        ("new", "after"),
    ]


def test_with_programs_claims_about_others_are_left_out() -> None:
    found = scenario.find("docker-host")

    assert make_plan(found, Options(guests=PROGRAMS)).claims == ()
    assert {one.subject for one in make_plan(found, Options(guests=PROGRAMS, subjects=("poll",))).claims} == {"poll"}


def test_programs_that_a_scenario_declares_run_beside_its_subjects() -> None:
    mine = replace(QUIET, programs=(Program(name="mine", command="sleep 1", role="after"),))

    assert [one.name for one in watchers(make_plan(mine, Options()))] == ["poll", "netlink", "mine"]
    assert [one.name for one in watchers(make_plan(mine, Options(subjects=("mine",))))] == ["mine"]
    assert [one.name for one in watchers(make_plan(mine, Options(guests=PROGRAMS)))] == ["old", "new"]


def test_a_program_and_one_of_the_command_line_have_two_names() -> None:
    mine = replace(QUIET, programs=(Program(name="old", command="sleep 1"),))

    with pytest.raises(UsageFault, match="old"):
        make_plan(mine, Options(guests=PROGRAMS))


def test_claims_of_the_command_line_are_held_against_the_names_there_are() -> None:
    planned = make_plan(QUIET, Options(guests=PROGRAMS, claims=("new.growth flat",)))

    assert [(one.subject, one.quantity, one.gates) for one in planned.claims] == [("new", "growth", True)]
    for text in ("poll.growth flat", "nwe.growth flat"):
        with pytest.raises(UsageFault, match="no subject is called"):
            make_plan(QUIET, Options(guests=PROGRAMS, claims=(text,)))


def test_a_claim_of_a_file_about_nobody_is_refused_before_the_run() -> None:
    wrong = ClaimPlan(
        id="c", text="", source="", subject="nobody", quantity="missed", relation="at_most", claimed=0, unit="events"
    )

    with pytest.raises(UsageFault, match="nobody"):
        make_plan(replace(QUIET, claims=(wrong,)), Options())


def test_a_program_can_be_measured_beside_itself() -> None:
    planned = make_plan(QUIET, Options(guests=PROGRAMS, duplicates=("old",)))
    twin = next(one for one in planned.subjects if one.duplicate_of)

    assert (twin.name, twin.duplicate_of, twin.source, twin.role) == ("old-twin", "old", "exec", "alternative")
    assert twin.command == PROGRAMS[0].command


SIGNED = guests(["mine=sleep 1 {ifname}"], [], [], detected=["mine=exit"])


def test_a_script_asks_programs_what_is_true_of_each_event() -> None:
    planned = make_plan(scenario.find("lifecycle"), Options(guests=SIGNED))
    asked = {event.name: event.expected_outcomes for script in planned.scripts for event in script.scripted_events}

    assert asked["delete"]["mine"] == asked["out-and-back"]["mine"] == "detected"
    assert asked["mtu"]["mine"] == asked["others"]["mine"] == "true_negative"
    assert not any("mine" in asked[name] for name in ("delete-before-subscription", "no-descriptors", "stop"))
    assert [one.name for one in watchers(planned)] == ["mine"]


def test_latency_asks_programs_in_the_script_of_few_rounds() -> None:
    planned = make_plan(scenario.find("latency"), Options(guests=SIGNED))

    playing = [one for one in planned.scripts if "mine" in one.scripted_events[0].expected_outcomes]
    assert [one.rounds for one in playing] == [10]


SILENT = guests(["mine=sleep 1 {ifname}"], [], [])
BLIND = guests(["mine=sleep 1"], [], [], detected=["mine=exit"])


@pytest.mark.parametrize("name", ["lifecycle", "latency", "storm"])
@pytest.mark.parametrize(("programs", "words"), [(SILENT, "--detect mine"), (BLIND, "ifname")])
def test_a_program_that_shows_nothing_or_watches_nothing_is_refused(
    name: str, programs: tuple[SubjectPlan, ...], words: str
) -> None:
    with pytest.raises(UsageFault) as caught:
        make_plan(scenario.find(name), Options(guests=programs))

    assert words in caught.value.hint


def test_a_scenario_that_leaves_the_interface_to_its_programs_has_no_other_subjects() -> None:
    mine = (Program(name="mine", command="sleep 1 {ifname}"),)
    own = replace(QUIET, subjects={}, programs=mine, own_interface=True)

    assert make_plan(own, Options()).own_interface
    with pytest.raises(UsageFault, match="poll"):
        make_plan(own, Options(subjects=("poll", "mine")))
