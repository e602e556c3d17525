"""What a process executes, from the outside: the program itself, and the script behind an interpreter."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.probes.process import executable

Start = Callable[..., int]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a program that says a line once it runs."""
    started: list[subprocess.Popen[bytes]] = []

    def one(*argv: str | Path) -> int:
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path)
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process.pid

    yield one
    for process in started:
        with process:
            process.kill()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


SCRIPT = "print('ready', flush=True)\ninput()\n"
SHELL = "echo ready\nread line\n"


def test_a_script_is_told_beside_its_interpreter(start: Start, tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text(SCRIPT)
    found = executable.read(start(sys.executable, "-X", "dev", "-u", "it.py", "--word"))

    assert found.argv == (sys.executable, "-X", "dev", "-u", "it.py", "--word")
    assert found.sha256 == digest(Path(sys.executable).resolve())
    assert (found.script, found.script_sha256) == ("it.py", digest(tmp_path / "it.py"))


def test_a_wrapper_that_executes_another_program_is_that_program(start: Start, tmp_path: Path) -> None:
    (tmp_path / "it.sh").write_text(SHELL)
    shell = shutil.which("sh") or "/bin/sh"
    found = executable.read(start("env", "LEVEL=1", "sh", tmp_path / "it.sh"))

    assert found.sha256 == digest(Path(shell).resolve())
    assert found.script_sha256 == digest(tmp_path / "it.sh")


@pytest.mark.parametrize("arguments", [("-c", SHELL), ("-c", SHELL, "it.sh")])
def test_words_of_a_command_line_are_no_script(start: Start, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "it.sh").write_text(SHELL)

    assert executable.read(start("sh", *arguments)).script is None


def test_an_executable_that_was_replaced_is_told_as_it_runs(start: Start, tmp_path: Path) -> None:
    copy = tmp_path / "sh"
    shutil.copy(Path(shutil.which("sh") or "/bin/sh").resolve(), copy)
    before = digest(copy)
    pid = start(copy, "-c", SHELL)
    copy.unlink()
    copy.write_text("another")

    assert executable.read(pid).sha256 == before


def test_one_that_is_gone_is_not_known() -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    found = executable.read(gone.pid)

    assert (found.argv, found.sha256, found.script, found.script_sha256) == (None, None, None, None)


def test_a_file_that_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert executable._digest(tmp_path / "pipe", os.getuid()) is None
    assert executable._digest(tmp_path, os.getuid()) is None


def test_a_file_that_the_programs_user_may_not_read_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o600)

    assert executable._digest(secret, os.getuid() + 1) is None
    assert executable._digest(secret, os.getuid()) == digest(secret)
