"""``netchurn compare`` as a process: what it writes, and what it refuses."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NETCHURN = (sys.executable, "-P", "-m", "harness")
GOLDEN = Path(__file__).parents[2] / "golden"
KEPT = GOLDEN / "docker-host"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*NETCHURN, "compare", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


def refused(*arguments: object) -> str:
    done = run(*arguments)
    message, remedy = done.stderr.splitlines()
    assert remedy.startswith("  try: ")
    assert (done.returncode, done.stdout) == (2, "")
    return f"{message}\n{remedy}"


def other(tmp_path: Path, old: str, new: str) -> Path:
    """Copy the kept result with something of it replaced."""
    folder = tmp_path / "other"
    shutil.copytree(KEPT, folder)
    text = (folder / "result.json").read_text()
    assert old in text
    (folder / "result.json").write_text(text.replace(old, new))
    return folder


@pytest.mark.slow
def test_a_result_against_itself_has_no_difference() -> None:
    done = run(KEPT, KEPT / "result.json")

    assert (done.returncode, done.stderr) == (0, "")
    assert "docker-host, compared: " in done.stdout
    assert "no difference" not in done.stdout.splitlines()[2]  # one trial each decides nothing on memory


@pytest.mark.slow
def test_as_a_document_each_number_stands_with_its_verdict() -> None:
    found = json.loads(run(KEPT, KEPT, KEPT, "--format", "json").stdout)

    assert (found["schema"], len(found["others"])) == ("netchurn.compare/1", 2)
    rows = [one["verdict"] for other in found["others"] for one in other["rows"] if one["verdict"] != "shown"]
    assert found["verdict"] == f"{rows.count('undecided')} of {len(rows)} undecided"
    churn = [one for one in found["others"][0]["rows"] if one["measure"] == "churn" and one["verdict"] != "shown"]
    assert churn
    assert {one["verdict"] for one in churn} == {"same"}


@pytest.mark.slow
def test_another_accounting_mode_is_refused_and_named(tmp_path: Path) -> None:
    there = other(tmp_path, "python:all-objects", "python:system-allocator")
    words = refused(KEPT, there)

    assert "accounting of poll is python:all-objects and python:system-allocator" in words
    assert "--allow accounting" in words
    allowed = run(KEPT, there, "--allow", "accounting")
    assert allowed.returncode == 0
    assert "two units: python:all-objects and python:system-allocator" in allowed.stdout


@pytest.mark.slow
def test_every_field_is_named_and_each_must_be_allowed(tmp_path: Path) -> None:
    there = other(tmp_path, '"duration_s": ', '"duration_s": 1')
    text = (there / "result.json").read_text()
    (there / "result.json").write_text(text.replace('"interval_s": 2.0', '"interval_s": 4.0'))
    words = refused(KEPT, there)

    assert "interval is 2 and 4; duration is " in words
    assert "interval" not in refused(KEPT, there, "--allow", "interval").splitlines()[0].partition("one kind")[2]
    assert run(KEPT, there, "--allow", "interval", "--allow", "duration").returncode == 0


@pytest.mark.slow
def test_another_scenario_is_refused() -> None:
    assert "scenario is docker-host and lifecycle" in refused(KEPT, GOLDEN / "lifecycle")


@pytest.mark.slow
def test_files_are_written_to_a_folder_and_named(tmp_path: Path) -> None:
    done = run(KEPT, KEPT, "--format", "md,html,json", "-o", tmp_path / "new" / "place")
    *paths, verdict = done.stdout.splitlines()

    assert [Path(path).name for path in paths] == ["compare.md", "compare.html", "compare.json"]
    assert all(Path(path).read_text() for path in paths)
    assert "no difference" not in verdict  # of one trial each memory is undecided


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((KEPT,), "Missing argument"),
        ((KEPT, "/nosuch"), "no result.json in /nosuch"),
        ((KEPT, KEPT, "--format", "pdf"), "no format is called pdf"),
        ((KEPT, KEPT, "--format", "md,html"), "stdout takes one format"),
        ((KEPT, KEPT, "--allow", "everything"), "everything"),
        ((KEPT, KEPT, "-o", "/proc/nosuch"), "cannot write to /proc/nosuch"),
    ],
)
def test_what_cannot_be_is_one_line_and_a_remedy(arguments: tuple[object, ...], says: str) -> None:
    assert says in refused(*arguments)


@pytest.mark.slow
def test_its_help_names_what_may_be_allowed() -> None:
    text = " ".join(run("--help").stdout.split())

    assert "scenario, links, interval, duration, compressed, accounting" in text
