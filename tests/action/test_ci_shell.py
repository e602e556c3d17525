"""The shell of our own workflows, where it decides something, with pretended programs."""

import os
import subprocess
from pathlib import Path

import pytest

SHELL = Path(__file__).resolve().parents[2] / ".github" / "ci"

pytestmark = pytest.mark.skipif(not SHELL.is_dir(), reason="the workflows are not here")

VENV = """#!/bin/bash
mkdir -p "$3/bin"
for program in pip netchurn tox; do cp "$PRETENDED/$program" "$3/bin/$program"; done
"""


def run(tmp_path: Path, script: str, *arguments: str, **programs: str) -> tuple[int, str]:
    """Run a script; give its status and the summary."""
    pretended = tmp_path / "pretended"
    pretended.mkdir()
    words = {"pip": "exit 0", "netchurn": "exit 0", "tox": "exit 0", **programs}
    for name, text in {**{name: f"#!/bin/bash\n{text}\n" for name, text in words.items()}, "python3": VENV}.items():
        (pretended / name).write_text(text)
        (pretended / name).chmod(0o755)
    (tmp_path / "summary").touch()
    done = subprocess.run(
        ["bash", str(SHELL / script), *arguments],
        check=False,
        capture_output=True,
        cwd=tmp_path,
        env={
            "PATH": f"{pretended}{os.pathsep}{os.environ['PATH']}",
            "PRETENDED": str(pretended),
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_REPOSITORY": "example/netchurn",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        },
    )
    return done.returncode, (tmp_path / "summary").read_text()


def artifacts(tmp_path: Path, *names: str) -> str:
    for name in names:
        folder = tmp_path / "artifacts" / name / "results" / "s" / "r"
        folder.mkdir(parents=True)
        (folder / "result.json").write_text("{}")
    return str(tmp_path / "artifacts")


COMPARES = 'if [[ $1 == compare ]]; then echo "table of $(($# - 3))"; else echo "evidence of $2"; fi'


def test_results_are_verified_and_stand_in_one_table(tmp_path: Path) -> None:
    status, summary = run(tmp_path, "compare.sh", artifacts(tmp_path, "amd64", "arm64"), netchurn=COMPARES)
    assert status == 0
    assert summary.startswith("table of 2\n")
    assert f"    evidence of {tmp_path}/artifacts/amd64/results/s/r\n" in summary


def test_one_result_is_nothing_to_compare(tmp_path: Path) -> None:
    status, summary = run(tmp_path, "compare.sh", artifacts(tmp_path, "amd64"), netchurn="exit 1")
    assert (status, "nothing to compare" in summary) == (0, True)


@pytest.mark.parametrize(("verb", "status"), [("verify", 1), ("compare", 2)])
def test_what_cannot_be_verified_or_compared_fails_and_is_told(tmp_path: Path, verb: str, status: int) -> None:
    refuses = f"if [[ $1 == {verb} ]]; then echo refused >&2; exit {status}; fi"
    found = run(tmp_path, "compare.sh", artifacts(tmp_path, "amd64", "arm64"), netchurn=refuses)
    assert found[0] == status
    assert "    refused\n" in found[1]


KEEPS = """case $1 in
verify) [[ $2 != */arm64/* ]] ;;
export) [[ $4 == thin ]] && mkdir -p "$6" && touch "$6/result.json" ;;
history) [[ $# == 2 ]] && ls "$2" || touch "$4" ;;
esac"""
FETCHES = """case $1 in
api) echo 4711 ;;
run) mkdir -p "${*: -1}/before" && echo "$3" >"${*: -1}/before/result.json" ;;
esac"""


def test_results_are_added_to_the_newest_history_and_shown(tmp_path: Path) -> None:
    given = artifacts(tmp_path, "amd64", "arm64")
    status, summary = run(tmp_path, "history.sh", given, str(tmp_path / "kept"), netchurn=KEEPS, gh=FETCHES)

    assert status == 0
    assert (tmp_path / "kept" / "before" / "result.json").read_text() == "4711\n"
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {"before", "r", "history.html"}
    assert summary.splitlines()[0].startswith("history.sh: r is left out")
    assert summary.splitlines()[-1] == "r"


def test_the_first_history_begins_with_nothing(tmp_path: Path) -> None:
    given = artifacts(tmp_path, "amd64")
    status, _ = run(tmp_path, "history.sh", given, str(tmp_path / "kept"), netchurn=KEEPS, gh="[[ $1 == api ]]")

    assert status == 0
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {"r", "history.html"}


def test_a_history_that_cannot_be_fetched_is_not_begun_anew(tmp_path: Path) -> None:
    given = artifacts(tmp_path, "amd64")

    assert run(tmp_path, "history.sh", given, str(tmp_path / "kept"), netchurn=KEEPS, gh="exit 1")[0]


@pytest.mark.parametrize("status", [0, 1])
def test_benchmarks_are_shown_with_the_status_that_they_had(tmp_path: Path, status: int) -> None:
    found = run(tmp_path, "bench.sh", tox=f"echo '`' \"$@\"; exit {status}")
    assert found[0] == status
    assert "    ` run -e bench -- --benchmark-autosave" in found[1]
    assert "--benchmark-compare" not in found[1]


def test_benchmarks_are_compared_where_there_is_a_history(tmp_path: Path) -> None:
    (tmp_path / ".benchmarks" / "Linux").mkdir(parents=True)
    (tmp_path / ".benchmarks" / "Linux" / "0001.json").touch()
    assert "--benchmark-compare" in run(tmp_path, "bench.sh", tox='echo "$@"')[1]


def test_tests_run_as_somebody_who_is_known(tmp_path: Path) -> None:
    assert run(tmp_path, "tests.sh", "$(touch planted)")[0] == 2
    assert not list(tmp_path.rglob("planted"))


GO = """echo "go $*" "$GOWATCH_TEST_ADAPTERS"
case $2 in
-run) echo "BenchmarkPoll  500  1 ns/op  29370 B/poll  4.000 links" ;;
-count=1) echo "go-notify: deleted after 1s"; exit "$(cat tested)" ;;
esac"""


@pytest.mark.parametrize("tested", [0, 1])
def test_windows_shows_what_was_seen_and_fails_as_its_tests_do(tmp_path: Path, tested: int) -> None:
    go = GO.replace("$(cat tested)", str(tested))
    status, summary = run(tmp_path, "windows.sh", go=go)

    assert status == tested
    assert "    go-notify: deleted after 1s\n" in summary
    assert ("29370 B/poll" in summary) == (not tested)
    assert "go test -count=1 -v ./... allowed" in (tmp_path / "gowatch.txt").read_text()
