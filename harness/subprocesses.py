"""Processes of ours that must not outlive us."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

DIE_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL")
"""Put before an argument list: the kernel kills the process when the thread that started it ends."""


def in_folder(folder: Path, program: str, arguments: Sequence[str]) -> tuple[str, ...]:
    """Build the argument list that starts a program, a path, in a folder: the lab's first process lives in ``/``."""
    env = shutil.which("env") or "/usr/bin/env"
    return (env, f"--chdir={folder}", str(Path(program).absolute()), *arguments)


def start(
    argv: list[str],
    environment: dict[str, str] | None = None,
    stdout: int = subprocess.DEVNULL,
    passed: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a helper that dies with us, out of reach of the terminal's Ctrl-C; its words are on its ``stderr``.

    ``passed`` are descriptors that it has besides.
    """
    prefix = DIE_WITH_PARENT if shutil.which(DIE_WITH_PARENT[0]) else ()
    return subprocess.Popen(
        [*prefix, *argv],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
        pass_fds=passed,
    )
