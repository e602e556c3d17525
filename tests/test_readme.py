"""The README's own commands are tests: one line each, the very lines that CI runs, and they do what they say."""

import importlib.metadata
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import harness

ROOT = Path(__file__).resolve().parents[1]
MAIN_JOB = "netchurn run docker-host"
TESTS = "pytest"
SHORTER = ("--pairs", "8", "--duration", "4s")


def blocks() -> list[str]:
    """Read the README's blocks of shell commands."""
    return re.findall(r"^```sh\n(.*?)\n```$", (ROOT / "README.md").read_text(), flags=re.DOTALL | re.MULTILINE)


def command(word: str) -> str:
    """Find the one command that holds a word."""
    (found,) = [block for block in blocks() if word in block]
    return found


def editable() -> bool:
    origin = importlib.metadata.distribution("netchurn").read_text("direct_url.json") or "{}"
    return bool(json.loads(origin).get("dir_info", {}).get("editable"))


@pytest.mark.parametrize("word", [MAIN_JOB, TESTS])
def test_a_command_is_one_line_that_starts_from_nothing(word: str) -> None:
    line = command(word)
    assert "\n" not in line
    assert line.startswith("python3 -m venv ")


def test_the_readme_holds_no_command_but_these_two() -> None:
    assert len(blocks()) == 2


@pytest.mark.parametrize("word", [MAIN_JOB, TESTS])
def test_ci_reads_the_same_line(word: str) -> None:
    argv = ["bash", str(ROOT / ".ci" / "run"), "readme-line", word]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    assert done.stdout == command(word) + "\n"


@pytest.mark.skipif(editable(), reason="an editable install is the checkout")
def test_the_installed_package_is_what_is_tested() -> None:
    package = Path(harness.__file__).parent
    assert ROOT not in package.parents or "site-packages" in package.parts
    assert (package / "bundled" / "docker_host.py").is_file()
    assert (package / "py.typed").is_file()


@pytest.mark.slow
@pytest.mark.netns
def test_the_main_job_ends_with_the_path_of_a_report(tmp_path: Path) -> None:
    name, *arguments = shlex.split(command(MAIN_JOB).rpartition("&& ")[2])
    program = Path(sys.executable).with_name(Path(name).name)
    assert shutil.which(program), f"{program} is not installed beside the interpreter"
    folders = ("--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports"))
    done = subprocess.run(
        [program, *arguments, *SHORTER, *folders], check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[-1]).is_file()
