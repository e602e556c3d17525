"""``netchurn judge`` as a process: from a file or a pipe to a verdict, a document, a page."""

import json
import random
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.cli.files.judge import _unit
from harness.files.series import quantities

NETCHURN = (sys.executable, "-P", "-m", "harness", "judge")
ROWS = 600


def table(kib_per_row: float) -> str:
    noise = random.Random(7)  # noqa: S311 - it simulates
    rows = [f"{1_716_400_000 + 30 * at},{50_000 + kib_per_row * at + noise.randint(-99, 99):.0f}" for at in range(ROWS)]
    return "\n".join(["time,rss_kb", *rows, ""])


def judge(*arguments: object, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*NETCHURN, *map(str, arguments)], check=False, capture_output=True, text=True, input=given)


@pytest.fixture
def growing(tmp_path: Path) -> Path:
    path = tmp_path / "growing.csv"
    path.write_text(table(200))
    return path


@pytest.mark.slow
def test_the_exit_status_is_that_of_a_run(growing: Path) -> None:
    assert judge(growing).returncode == 1
    assert judge("-", given=table(0)).returncode == 0
    assert judge("-", given=table(0)[:300]).returncode == 3
    assert judge(growing, "--max-growth", "100MiB/h").returncode == 0
    assert judge(growing, "--max-growth", "1GB/day").returncode == 0


def test_the_document_has_the_fields_of_the_analysis(growing: Path) -> None:
    document = json.loads(judge(growing, "--json").stdout)

    (row,) = document["series"]
    assert document["schema"] == "netchurn.judge/1"
    assert (document["verdict"], row["growth"]["verdict"]) == ("fail", "growing")
    assert row["growth"]["low"] <= 200 * 1024 * 120 <= row["growth"]["high"]
    assert row["readings"] == ROWS


def test_two_files_give_their_difference(growing: Path, tmp_path: Path) -> None:
    (tmp_path / "flat.csv").write_text(table(0))

    difference = json.loads(judge(growing, tmp_path / "flat.csv", "--json").stdout)["difference"]
    assert difference["growth"]["verdict"] == "growing"
    assert difference["readings"] == ROWS


@pytest.mark.slow
def test_pages_and_pictures_are_written(growing: Path, tmp_path: Path) -> None:
    for kind in ("html", "svg", "png", "md"):
        done = judge(growing, "-o", tmp_path / f"it.{kind}")
        assert done.stdout.splitlines()[-1] == str(tmp_path / f"it.{kind}")
    page = (tmp_path / "it.html").read_text()
    assert not re.search(r'(?:src|href)="https?:', page)
    assert ET.parse(tmp_path / "it.svg").getroot().tag.endswith("svg")  # noqa: S314 - ours
    assert (tmp_path / "it.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("none.csv",),
        ("-", "--column", "no"),
        ("-", "--max-growth", "much"),
        ("-", "--unit", "inch"),
        ("-", "-o", "it.txt"),
    ],
)
def test_what_is_wrong_with_a_call_is_one_line_and_a_remedy(arguments: "tuple[str, ...]") -> None:
    done = judge(*arguments, given=table(0))

    assert done.returncode == 2
    assert [line[:9] for line in done.stderr.splitlines()] == ["netchurn:", "  try: ne"] or "try:" in done.stderr
    assert "Traceback" not in done.stderr


def test_names_from_a_file_cannot_speak_to_the_terminal() -> None:
    done = judge("-", given=table(0).replace("rss_kb", "rss\x1b[31m_kb"))

    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("unit", "factor"), [("B", 1), ("kB", 1000), ("KiB", 1024), ("MB", 10**6), ("MiB", 2**20), ("pages", 4096)]
)
def test_a_unit_that_is_typed_follows_the_rule_of_all_sizes(unit: str, factor: int) -> None:
    assert _unit(unit) == factor


def test_a_file_keeps_the_kernels_kb() -> None:
    assert quantities.from_header("rss_kb") == (1024.0, "by the header 'rss_kb'")
