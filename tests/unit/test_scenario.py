"""Scenario files: found by name or path, and refused with the place of what is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness import scenario
from harness.plan import make_plan
from raising import raises_id
from scenarios_built import BUNDLED, minimal, options_for, wrote


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
    with raises_id("unknown_scenario") as caught:
        scenario.find(text)

    assert repr(text) in caught.value.message
    assert ", ".join(BUNDLED) in caught.value.message
    assert caught.value.hint == "netchurn list"


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.py"

    with raises_id("unknown_scenario") as caught:
        scenario.find(str(path))

    assert str(path) in caught.value.message
    assert "netchurn list" in caught.value.hint


def test_a_folder_is_no_scenario_file(tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()

    with raises_id("unknown_scenario"):
        scenario.find(str(tmp_path / "folder.py"))


def test_a_file_of_ones_own_is_loaded(tmp_path: Path) -> None:
    found = scenario.find(str(wrote(tmp_path / "my scenario.py", minimal())))

    assert found.name == "mine"


@pytest.mark.parametrize(
    ("extra", "fact"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError('no luck')"),
        ("import there_is_no_such_module", "ModuleNotFoundError"),
        ("def (", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit(3)"),
        ("Scenario(name='x', color='red')", "TypeError"),
    ],
)
def test_a_file_that_raises_is_a_usage_fault_that_says_what(tmp_path: Path, extra: str, fact: str) -> None:
    path = wrote(tmp_path / "broken.py", minimal(extra))

    with raises_id("bad_scenario", fact, path) as caught:
        scenario.find(str(path))

    assert "\n" not in caught.value.message
    assert str(path) in caught.value.hint


@pytest.mark.parametrize("text", ["", "SCENARIO = None\n", "SCENARIO = {'name': 'x'}\n", "scenario = 1\n"])
def test_a_file_that_defines_no_scenario_is_a_usage_fault(tmp_path: Path, text: str) -> None:
    path = wrote(tmp_path / "empty.py", text)

    with raises_id("bad_scenario") as caught:
        scenario.load(path)

    assert str(path) in caught.value.message
    assert "scenarios/docker_host.py" in caught.value.hint


def test_a_file_that_is_not_python_by_its_name_is_not_run(tmp_path: Path) -> None:
    path = wrote(tmp_path / "notes.txt", minimal())

    with raises_id("bad_scenario"):
        scenario.load(path)


def test_the_hint_of_a_broken_file_shows_where_it_breaks(tmp_path: Path) -> None:
    path = wrote(tmp_path / "broken.py", "raise RuntimeError('line one')\n")
    with raises_id("bad_scenario") as caught:
        scenario.load(path)
    command = caught.value.hint.removesuffix(" shows where").replace("python", sys.executable, 1)

    shown = subprocess.run(command.split(), check=False, capture_output=True, text=True)

    assert 'broken.py", line 1' in shown.stderr
