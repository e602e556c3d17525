"""Fields of a result that are changed together contradict its plan."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from harness.cli.running.run import typed
from harness.cli.verify import command
from harness.results.folder import RESULT
from harness.verify import admitted, check
from harness.verify.admitted import ADMITTED
from whole_result import NAME, edited, quick


def gone_early(document: dict[str, Any], folder: Path) -> None:
    run = document["trials"][1]["runs"][0]
    run["exited_after_s"] = 0.0
    (folder / "samples" / f"0-{run['name']}.csv").unlink()


def without_the_leaker(document: dict[str, Any], folder: Path) -> None:
    for trial in document["trials"]:
        trial["runs"] = [one for one in trial["runs"] if one["name"] != "leaker"]
    document["plan"]["subjects"] = [one for one in document["plan"]["subjects"] if one["name"] != "leaker"]
    for path in folder.glob("samples/*-leaker.csv"):
        path.unlink()


def without_go(document: dict[str, Any], _: Path) -> None:
    names = ("go-poll", "go-netlink", "go-churner")
    document["skipped"] = {name: {"id": "no_go", "text": "no Go here"} for name in names}
    document["environment"]["go"] = None


def without_trials(document: dict[str, Any], folder: Path) -> None:
    document["trials"] = []
    for path in folder.glob("samples/*.csv"):
        path.unlink()


def a_trial_copied(document: dict[str, Any], _: Path) -> None:
    document["plan"]["trials"] = 3
    document["trials"].append({**document["trials"][-1], "index": 2})
    document["command"] = document["command"].replace("--trials 2", "--trials 3")


def a_lower_bar(document: dict[str, Any], _: Path) -> None:
    document["plan"]["claims"][0]["tolerance"] = 0.9


def another_command(document: dict[str, Any], _: Path) -> None:
    document["plan"]["interval_s"] = 3.0


def more_polls(document: dict[str, Any], _: Path) -> None:
    one = next(one for one in document["captures"] if one["polls"] == 5)
    one["polls"] = 5000


def a_column(_: dict[str, Any], folder: Path) -> None:
    path = folder / "samples" / "0-poll.csv"
    path.write_text(path.read_text().replace("at_ns,", "", 1))


@pytest.mark.parametrize(
    "change",
    [
        gone_early,
        without_the_leaker,
        without_go,
        without_trials,
        a_trial_copied,
        a_lower_bar,
        another_command,
        more_polls,
        a_column,
    ],
)
def test_what_belongs_together_changed_together_contradicts_the_plan(
    all_of_it: Path,
    captured: tuple[Path, int, int],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[dict[str, Any], Path], None],
) -> None:
    quick(monkeypatch, captured)

    assert edited(all_of_it, change)


@pytest.mark.parametrize("version", ["0.0.9", ""])
def test_a_plan_that_cannot_be_held_against_its_scenario_is_said_not_to_be(
    all_of_it: Path, captured: tuple[Path, int, int], monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    quick(monkeypatch, captured)
    document = json.loads((all_of_it / RESULT).read_text())
    if version:
        for name in ("environment", "environment_after"):
            document[name]["netchurn"] = version
    else:
        document["command"] = document["command"].replace(NAME, "./mine.py")
    (all_of_it / RESULT).write_text(json.dumps(document))
    found = check.verify(all_of_it, typed=typed)

    assert found.deviations == ()
    assert "scenario" not in dict(found.checked)
    assert len(found.uncompared) == 1


def test_the_help_and_the_documents_have_the_whole_list() -> None:
    text = " ".join(command.get_help(click.Context(command)).split())
    lines = [admitted.FIRST, *(one.line() for one in ADMITTED)]
    assert [line for line in lines if line not in text] == []

    documents = Path(__file__).parents[3] / "docs" / "documents.md"
    if documents.is_file():
        plain = " ".join(documents.read_text().split())
        assert [line for line in lines if line not in plain] == []
