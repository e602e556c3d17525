"""Names that want to be more than names: in the terminal, and in every format."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from harness.cli.running.terminal import Log, named
from harness.report import build, formats
from harness.report.document import Bar, Bars, clean
from harness.report.pictures import figures
from harness.report.pictures.drawing import WIDE
from harness.run.watching.progress import SubjectStatus
from harness.sanitize import printable, printable_json, printable_lines

GOLDEN = Path(__file__).parents[1] / "golden"
HOSTILE = "\x1b]0;owned\x07\x9b31m\u202e<script>alert(1)</script>\"'`|$\\frac{$&#0;]]>\ufffe"
SUBJECT_SOURCES = {"builtin", "exec", "pid"}  # the only words of a subject's `source`; a claim's may hold any
FREE = (
    "question",
    "text",
    "source",
    "unit",
    "command",
    "kernel",
    "cpu",
    "machine",
    "explanation",
    "message",
    "reason",
    "limitations",
)


def test_what_moves_a_terminal_or_turns_a_line_is_replaced() -> None:
    assert printable("a\x1b[31mb\x9b\u202e\n") == "a\ufffd[31mb\ufffd\ufffd\ufffd"
    assert printable_lines("a\x07\nb\tc") == "a\ufffd\nb\tc"


def test_json_says_the_same_in_escapes() -> None:
    document = {"a": "\x9b\u202e\U000e0001\n é"}
    text = printable_json(json.dumps(document, ensure_ascii=False))
    assert json.loads(text) == document
    assert text.isprintable()


def hostile(node: Any, name: str = "") -> Any:
    """Put the hostile text wherever a document has words of its own choice."""
    if isinstance(node, dict):
        return {key: hostile(value, key) for key, value in node.items()}
    if isinstance(node, list):
        return [hostile(value, name) for value in node]
    return f"{node} {HOSTILE}" if isinstance(node, str) and name in FREE and node not in SUBJECT_SOURCES else node


@pytest.fixture(params=["docker-host", "lifecycle", "netbird-5857"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    copy: Path = tmp_path / str(request.param) / "result"
    copy.parent.mkdir()
    subprocess.run(["cp", "-r", str(GOLDEN / request.param), str(copy)], check=True)
    result = json.loads((copy / "result.json").read_text())
    (copy / "result.json").write_text(json.dumps(hostile(result)))
    return copy


COMMAND = "::error::planted ##[error]planted\n ::warning::planted"
OBEYED = re.compile(r"^\s*::|##\[", re.MULTILINE)  # actions/runner, src/Runner.Common/ActionCommand.cs


def commanding(node: Any, name: str = "") -> Any:
    """Put commands to GitHub's runner wherever a document has words of its own choice, names of subjects included."""
    if isinstance(node, dict):
        return {key: commanding(value, key) for key, value in node.items()}
    if isinstance(node, list):
        return [commanding(value, name) for value in node]
    if isinstance(node, str) and name in {"name", "subject"}:
        return f"::error::{node}"
    return COMMAND if isinstance(node, str) and name in FREE and node not in SUBJECT_SOURCES else node


@pytest.mark.slow
@pytest.mark.parametrize("name", ["docker-host", "lifecycle", "netbird-5857"])
def test_no_line_of_a_report_is_a_command_to_a_runner(name: str, tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", str(GOLDEN / name), str(tmp_path / "result")], check=True)
    result = commanding(json.loads((GOLDEN / name / "result.json").read_text()))
    (tmp_path / "result" / "result.json").write_text(json.dumps(result))
    for samples in (tmp_path / "result" / "samples").glob("0-*.csv"):
        samples.rename(samples.with_name(samples.name.replace("0-", "0-::error::")))

    for kind in formats.TEXTS:
        text = build.text(tmp_path / "result", kind)
        assert "planted" in text
        assert OBEYED.findall(text) == []


def test_no_line_of_the_terminal_is_a_command_to_a_runner(capfd: pytest.CaptureFixture[str]) -> None:
    log = Log(Console(stderr=True, width=20))
    log.step(COMMAND, 0, 1)
    log.step(f"{'x' * 9} ::error::planted", 0, 1)
    log.on_sample((SubjectStatus(name="::error::planted", rss_bytes=1, polls=1, events=1, alive=True),), 1.0, 1.0)
    Console(stderr=True, width=20).print(named("::error::planted"))
    said = capfd.readouterr().err
    assert "planted" in said
    assert OBEYED.findall(said) == []
    assert OBEYED.findall(printable_json('{"a": "##[error]"}')) == []
    assert json.loads(printable_json('{"a": "##[error]"}')) == {"a": "##[error]"}


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]


@pytest.mark.slow
def test_hostile_words_stay_words_in_every_format(folder: Path) -> None:
    texts = {kind: build.text(folder, kind) for kind in formats.TEXTS}
    page, tame = Tags(), Tags()
    page.feed(texts["html"])
    tame.feed(build.text(GOLDEN / folder.parent.name, "html"))

    assert page.found.count("script") == tame.found.count("script")
    for text in texts.values():
        assert all(letter.isprintable() or letter in "\n\t" for letter in text)
        assert "owned" in text
    assert "<script>alert" not in texts["html"]
    assert "<script>" not in texts["md"].replace("\\<script", "").partition("```")[0]
    assert ET.fromstring(texts["junit"]).tag == "testsuites"  # noqa: S314 - written here
    assert json.loads(texts["json"])["schema"] == "netchurn.analysis/1"


def test_a_dollar_is_no_formula_and_a_tag_no_element_in_a_picture() -> None:
    bar = Bar(label="$\\frac{$ <b>", value=1.0, words="$x$ \\$5 \x1b", exact="1 B", role="before")
    figure = clean(Bars(name="churn", title="$$ & <title>", unit="$", bars=(bar,), alt="", mark=(1.0, "$y^{$")))
    drawn = ET.fromstring(figures.svg(figure, WIDE).svg)  # noqa: S314 - written here
    words = "".join(drawn.itertext())

    assert "$\\frac{$ <b>" in words
    assert "$x$ \\$5 \ufffd" in words
    assert "$$ & <title>" in words
    assert figures.png(figure).startswith(b"\x89PNG")


@pytest.mark.slow
def test_an_error_sends_no_escapes_to_the_terminal() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "harness", "report", "/no\x1b]0;owned\x07such"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert "/no\ufffd]0;owned\ufffdsuch" in done.stderr
    assert done.returncode == 2
