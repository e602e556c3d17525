"""What the user brings, as typed, to subjects of the plan."""

import os
from pathlib import Path

import pytest

from harness.errors import UsageFault
from harness.subjects.external import Program, command, declared, external_subjects
from raising import raises_id


def test_a_command_is_split_as_a_shell_would_and_started_here() -> None:
    (mine,) = external_subjects(["mine=sh -c 'echo a b'"], [], [])

    assert (mine.name, mine.role, mine.source, mine.accounting) == ("mine", "alternative", "exec", None)
    assert mine.command[1] == f"--chdir={Path.cwd()}"
    assert [Path(mine.command[2]).name, *mine.command[3:]] == ["sh", "-c", "echo a b"]


def test_a_process_is_named_by_its_id() -> None:
    (other,) = external_subjects([], [f"other={os.getppid()}"], [])

    assert (other.source, other.pid, other.command) == ("pid", os.getppid(), ())


def test_pprof_belongs_to_one_that_is_given() -> None:
    (mine,) = external_subjects(["mine=sleep 1"], [], ["mine=http://127.0.0.1:6060"])

    assert (mine.pprof, mine.language) == ("http://127.0.0.1:6060", "go")


@pytest.mark.parametrize(
    ("executed", "observed", "profiled", "name"),
    [
        (["mine"], [], [], "bad_option_value"),
        (["mine="], [], [], "bad_option_value"),
        (["../x=ls"], [], [], "bad_option_value"),
        (["poll=ls"], [], [], "bad_name"),
        (["a=ls", "a=ls"], [], [], "bad_name"),
        (["a=ls"], [f"a={os.getppid()}"], [], "bad_name"),
        (["a=no-such-program-here"], [], [], "program_not_found"),
        (["a='"], [], [], "bad_option_value"),
        ([], ["a=x"], [], "bad_option_value"),
        ([], ["a=-1"], [], "bad_option_value"),
        ([], ["a=\u0661"], [], "bad_option_value"),
        ([], ["a=0"], [], "process_not_observable"),
        ([], ["a=4194305"], [], "process_not_observable"),
        ([], [f"a={os.getpid()}"], [], "process_not_observable"),
        ([], [], ["a=http://127.0.0.1:1"], "unknown_subject"),
        (["a=ls"], [], ["a=http://example.org:1"], "bad_option_value"),
        (["a=ls"], [], ["a=https://127.0.0.1:1"], "bad_option_value"),
    ],
)
def test_what_is_wrong_is_named(executed: list[str], observed: list[str], profiled: list[str], name: str) -> None:
    with raises_id(name):
        external_subjects(executed, observed, profiled)


def test_before_and_after_have_their_roles_and_after_may_be_given_again() -> None:
    found = external_subjects([], [], [], before=["old=sleep 1"], after=["new=sleep 2", "rival=sleep 3"])

    assert {one.name: one.role for one in found} == {"old": "before", "new": "after", "rival": "after"}


def test_the_interface_is_named_in_a_command() -> None:
    (mine,) = external_subjects(["mine=echo {ifname} --watch={ifname}"], [], [])

    assert command(mine, "wt0")[-2:] == ("wt0", "--watch=wt0")


def test_a_scenario_declares_a_program_with_all_that_it_needs(tmp_path: Path) -> None:
    (tmp_path / "daemon").write_text("#!/bin/sh\n")
    (tmp_path / "daemon").chmod(0o755)
    found = declared(
        Program(
            name="mine",
            command="./daemon {ifname}",
            role="before",
            environment={"LEVEL": "3"},
            folder=str(tmp_path),
            ready="watching .*",
            pprof="http://127.0.0.1:6060",
            detect="exit",
        )
    )

    assert (found.role, found.ready, found.detect, found.language) == ("before", "watching .*", "exit", "go")
    assert found.environment == {"LEVEL": "3"}
    assert found.command[1:] == (f"--chdir={tmp_path}", str(tmp_path / "daemon"), "{ifname}")


def test_how_a_program_shows_what_it_noticed() -> None:
    found = external_subjects(
        ["a=sleep 1", "b=sleep 1", "c=sleep 1"], [], [], detected=["a=exit", "b=protocol", "c=is gone$"]
    )

    assert [one.detect for one in found] == ["exit", "protocol", "is gone$"]


@pytest.mark.parametrize(
    ("detected", "name"),
    [
        ("x=exit", "unknown_subject"),
        ("a=(", "bad_option_value"),
        ("a=", "bad_option_value"),
        ("b=exit", "option_conflict"),
    ],
)
def test_a_sign_that_means_nothing_is_refused(detected: str, name: str) -> None:
    with raises_id(name):
        external_subjects(["a=sleep 1"], [f"b={os.getppid()}"], [], detected=[detected])


@pytest.mark.parametrize(
    ("executed", "observed"), [(["g=true \udcff"], []), ([], ["g=" + "9" * 5000]), ([], ["g=" + "9" * 30])]
)
def test_what_no_document_can_hold_is_refused(executed: list[str], observed: list[str]) -> None:
    with raises_id("bad_option_value"):
        external_subjects(executed, observed, ())


def test_a_folder_that_no_document_can_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    monkeypatch.chdir(folder)
    with raises_id("bad_option_value", "folder"):
        external_subjects(["g=true"], [], ())


def test_a_program_is_recorded_by_each_recorder_that_is_asked() -> None:
    asked = ["mine=memray", "mine=heaptrack", "mine=memray"]
    (mine,) = external_subjects(["mine=sleep 1"], [], [], recorded=asked)
    assert mine.record == ("memray", "heaptrack")
    assert declared(Program(name="mine", command="sleep 1", record=("memray",))).record == ("memray",)


@pytest.mark.parametrize(
    ("executed", "observed", "recorded", "words"),
    [
        (["mine=ls"], [], "other=memray", "has this name"),
        (["mine=ls"], [], "mine=valgrind", "no recorder is called 'valgrind'"),
        (["mine=ls"], [], "mine", "not of the form"),
        ([], [f"mine={os.getppid()}"], "mine=memray", "no copy is made"),
    ],
)
def test_what_cannot_be_recorded_is_refused(
    executed: list[str], observed: list[str], recorded: str, words: str
) -> None:
    with pytest.raises(UsageFault, match=words):
        external_subjects(executed, observed, [], recorded=[recorded])
