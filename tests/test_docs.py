"""The documentation does what it says: every command in it is run, every option exists, every link leads somewhere.

A command is a line in a block of ``sh`` or ``shell``. A comment before the block, which no reader sees, says what
tests need to know: ``<!-- in tests: netns; status 3; run --duration 1s -->``: it needs a namespace, its runs may end
with these statuses too, and are given these options besides.
"""

import gzip
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import cli
from harness.probes.pprof.schema import Profile

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "results/*.md", "reports/*.md", "tests/*/*.md")
    for path in ROOT.glob(pattern)
    if path.name not in {"CHANGELOG.md", "THIRD-PARTY.md"} and path.parent.name != "golden"
)
BLOCK = re.compile(
    r"(?:<!-- in tests: (?P<said>[^\n]*) -->\n)?^```(?:sh|shell)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
KEPT = ("results/netbird-5857/reference", "reports/netbird-5857/reference")

ELSEWHERE = {  # commands that are not run here, and why
    "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/netchurn run docker-host": (
        "test_readme.py runs the same with what is installed"
    ),
    "python3 -m venv .venv && .venv/bin/pip install -q '.[test]' && "
    'PYTHONSAFEPATH=1 .venv/bin/pytest -n auto -m "not slow"': "it runs this test",
    "netchurn run observe --pid mine=$(pidof mydaemon) --pprof mine=http://127.0.0.1:6060 --duration 1h": (
        "it needs a Go program that serves its profiles; tests/netns/test_external.py builds one"
    ),
    "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' tox pre-commit": "it installs into the checkout",
    ".venv/bin/pre-commit install": "it changes the checkout's git",
    ".venv/bin/pytest": "it is a part of what runs this test",
    ".venv/bin/pytest -m netns": "it runs this test",
    ".venv/bin/tox": "it runs this test",
    "bash .ci/run": "it runs this test",
}

pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="no checkout")


@dataclass(frozen=True)
class Block:
    """Commands that stand together, and what tests are told of them."""

    commands: tuple[str, ...]
    netns: bool
    statuses: frozenset[int]
    more: str


def blocks(document: Path) -> list[Block]:
    return [block(found["said"] or "", found["text"]) for found in BLOCK.finditer(document.read_text())]


def block(said: str, text: str) -> Block:
    words = {key: rest for key, _, rest in (one.strip().partition(" ") for one in said.split(";"))}
    assert set(words) <= {"", "netns", "status", "run"}, f"not understood: {said}"
    plain = (re.sub(r"\s+#.*", "", line) for line in text.splitlines())
    return Block(
        commands=tuple(line for line in plain if line.strip()),
        netns="netns" in words,
        statuses=frozenset({0, *map(int, words.get("status", "").split())}),
        more=words.get("run", ""),
    )


def cases() -> Sequence[object]:
    """Give one case a document; it is marked as what the most demanding of its blocks is."""
    found: list[object] = []
    for document in DOCUMENTS:
        mine = blocks(document)
        marks = [pytest.mark.netns] if any(one.netns for one in mine) else []
        if any(set(one.commands) - set(ELSEWHERE) for one in mine):
            found.append(pytest.param(document, id=str(document.relative_to(ROOT)), marks=marks))
    return found


# --- commands -------------------------------------------------------------------------------------------------------


def program(path: Path, *words: str) -> None:
    path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    path.chmod(0o755)


def profile(path: Path, size: int) -> None:
    message = Profile(time_nanos=size, period=1)
    kinds = (b"alloc_objects", b"alloc_space", b"inuse_objects", b"inuse_space")
    message.string_table.extend([b"", b"bytes", *kinds, b"main.look"])
    for number in range(len(kinds)):
        message.sample_type.add(type=number + 2, unit=1)
    message.function.add(id=1, name=len(kinds) + 2)
    message.location.add(id=1).line.add(function_id=1)
    message.sample.add(location_id=[1], value=[1, size, 0, 0])
    path.write_bytes(gzip.compress(message.SerializeToString(), mtime=0))


def two_commits(folder: Path) -> None:
    """Make a repository of a daemon that leaks, and of its fix."""
    git = ["git", "-c", "user.name=n", "-c", "user.email=e"]
    text = (ROOT / "docs" / "examples" / "daemons" / "poller.c").read_text()
    subprocess.run([*git, "init", "-q"], cwd=folder, check=True)
    for content in (text, text.replace("#ifdef FIXED", "#ifndef LEAKING")):
        (folder / "poller.c").write_text(content)
        subprocess.run([*git, "add", "poller.c"], cwd=folder, check=True)
        subprocess.run([*git, "commit", "-qm", "a commit"], cwd=folder, check=True)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Path]:
    """Set up what a reader is taken to have: netchurn on PATH, a daemon of theirs that runs, and files of it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program(programs / "netchurn", sys.executable, "-P", "-m", "harness")
    program(programs / "python3", sys.executable)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    for name in ("mydaemon", "mydaemon-fixed"):
        shutil.copy(ROOT / "docs" / "examples" / "mydaemon.py", tmp_path / name)
    two_commits(tmp_path)
    for number, name in enumerate(("allocs-before.prof", "allocs-after.prof"), start=1):
        profile(tmp_path / name, number * 4096)
    for number, name in enumerate(("heap-before.pb.gz", "heap-after.pb.gz"), start=1):
        profile(tmp_path / name, number * 4096)
    rows = (f"{1_700_000_000 + 10 * at},{50_000 + at % 3}\n" for at in range(400))
    (tmp_path / "rss.csv").write_text("".join(["time,rss_kb\n", *rows]))
    shutil.copytree(ROOT / KEPT[0], tmp_path / KEPT[0])
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as daemon:
        program(programs / "pidof", "sh", "-c", f"echo {daemon.pid}")
        yield tmp_path
        daemon.communicate(b"\n")


@pytest.mark.slow
@pytest.mark.parametrize("document", cases())
def test_every_command_is_run(document: Path, stage: Path) -> None:
    ran = 0
    for one in blocks(document):
        for command in one.commands:
            if command in ELSEWHERE:
                continue
            runs = re.match(r"netchurn (?:run|ab|dose) |python3 |netchurn attach", command)
            line = f"{command} {one.more}" if runs and "attach" not in command else command
            done = subprocess.run(
                ["bash", "-c", line],
                check=False,
                capture_output=True,
                text=True,
                cwd=stage,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PATH": f"{stage / 'bin'}{os.pathsep}{os.environ['PATH']}"},
            )
            good = one.statuses if runs else {0}
            assert done.returncode in good, f"{line}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
            ran += 1
    assert ran


def test_what_is_run_elsewhere_stands_in_a_document() -> None:
    standing = {command for document in DOCUMENTS for one in blocks(document) for command in one.commands}
    assert set(ELSEWHERE) - standing == set()


# --- words ----------------------------------------------------------------------------------------------------------


def mentions(text: str) -> list[str]:
    """Find what stands as code and begins with netchurn and a verb."""
    spans = re.findall(r"`(netchurn [a-z][^`\n]*)`", text)
    lines = [line.strip() for fence in FENCE.findall(text) for line in fence.splitlines()]
    return [*spans, *(re.sub(r"\s+#.*", "", line) for line in lines if re.match(r"netchurn [a-z]", line))]


def options(verb: str) -> set[str]:
    return {name for one in cli.load(verb).params for name in (*one.opts, *one.secondary_opts)} | {"--help"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_verb_and_option_that_is_mentioned_exists(document: Path) -> None:
    for said in mentions(document.read_text()):
        verb, *rest = shlex.split(said)[1:]
        given = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
        assert given <= options(verb), said


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    there = all((ROOT / one).is_dir() for one in KEPT)
    for target in LINK.findall(document.read_text()):
        path = (document.parent / target).resolve()
        if there or not str(path.relative_to(ROOT)).startswith(KEPT):
            assert path.exists(), target


def test_every_verb_stands_in_the_readme() -> None:
    told = re.findall(r"^netchurn ([a-z]+) ", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    assert set(cli._VERBS) - set(told) == set()


def test_the_table_of_options_has_a_row_for_each_option_of_run() -> None:
    rows = re.findall(r"^\| (`--.*?) \| ", (ROOT / "docs" / "scenarios.md").read_text(), flags=re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"--[a-z-]+", row)}
    assert {name for name in options("run") if name.startswith("--")} - told == {"--help"}
