"""``netchurn verify`` as a process: its statuses, its lines, and the evidence at the end."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.report import build
from harness.verify.facts import plan_id

NETCHURN = (sys.executable, "-P", "-m", "harness")
KEPT = Path(__file__).parents[2] / "golden" / "lifecycle"


@pytest.fixture
def result(tmp_path: Path) -> Path:
    folder = tmp_path / "lifecycle" / "20260504T101500Z-example-3e6a6364"
    shutil.copytree(KEPT, folder)
    return folder


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*NETCHURN, "verify", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.slow
def test_a_kept_result_is_verified_and_gives_its_evidence(result: Path) -> None:
    done = run(result)

    assert done.returncode == 0, done.stdout
    assert all(line.startswith("ok  ") for line in done.stdout.splitlines()[:-1])
    assert re.fullmatch(
        r"netchurn-evidence/1 pass lifecycle 20260504T101500Z-example-3e6a6364 sha256:[0-9a-f]{64}",
        done.stdout.splitlines()[-1],
    )


@pytest.mark.slow
def test_latest_is_verified(result: Path) -> None:
    assert run("latest", "--results", result.parents[1]).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("file", ["result.json", "SHA256SUMS"])
def test_a_changed_digit_is_status_1_and_what_it_is_of_is_named(result: Path, file: str) -> None:
    content = (result / file).read_bytes()
    place = next(at for at, byte in enumerate(content) if 0x30 <= byte <= 0x38)
    (result / file).write_bytes(content[:place] + bytes((content[place] + 1,)) + content[place + 1 :])
    done = run(result)

    assert done.returncode == 1
    assert any(line.startswith("no  result.json: ") for line in done.stdout.splitlines())
    assert done.stdout.splitlines()[-1].startswith("netchurn-evidence/1 unverified ")


@pytest.mark.slow
def test_a_changed_plan_is_named_though_its_ids_were_written_anew(result: Path) -> None:
    change(result / "result.json", '"interval_s": 2.0', '"interval_s": 3.0')
    document = json.loads((result / "result.json").read_text())
    earned = plan_id(document["plan"])
    document["run_id"] = document["run_id"].replace(document["plan"]["id"], earned)
    document["plan"]["id"] = earned
    (result / "result.json").write_text(json.dumps(document))
    done = run(result)

    assert done.returncode == 1
    assert any("plan.interval_s is 3.0" in line for line in done.stdout.splitlines())


@pytest.mark.slow
def test_an_interrupted_result_is_status_3(result: Path) -> None:
    (result / "SHA256SUMS").unlink()
    done = run(result)

    assert done.returncode == 3
    assert "interrupted, or still going on: nothing to verify against" in done.stdout


@pytest.mark.slow
def test_a_report_is_held_against_its_result(result: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text(build.text(result, "json"))
    whole = run(result, "--report", report)
    change(report, '"verdict": "pass"', '"verdict": "fail"')
    changed = run(result, "--report", report)

    assert (whole.returncode, changed.returncode) == (0, 1)
    assert any(re.match(r"no  report\.json: line \d+", line) for line in changed.stdout.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("missing", [["/nosuch"], ["latest", "--results", "/nosuch"], ["/"]])
def test_what_is_no_result_is_status_2(missing: list[str]) -> None:
    done = run(*missing)

    assert (done.returncode, done.stdout) == (2, "")
    assert "  try: " in done.stderr


@pytest.mark.slow
def test_as_a_document_it_says_the_same(result: Path) -> None:
    (result / "more\x1b[31m").write_text("")
    document = json.loads(run(result, "--json").stdout)
    lines = run(result).stdout

    assert (document["schema"], document["status"]) == ("netchurn.verify/1", "deviates")
    assert [one["where"] for one in document["deviations"]] == ["more\x1b[31m"]
    assert "\x1b" not in lines


@pytest.mark.slow
def test_its_help_says_what_is_not_found() -> None:
    assert "verify cannot detect a wholly fabricated result" in run("--help").stdout
