"""Builds that are asked to end: all of what they started ends with them, and what they clean up is cleaned up."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_GRACE_S = 2.0
"""What a compiler has to remove its temporary files."""


def heed() -> None:
    """From now on raise KeyboardInterrupt at the first signal, and no more: cleaning up is not to be interrupted."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put signals off that come in the meantime."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run(
    argv: Sequence[str], *, env: Mapping[str, str], stderr: int, cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a command without input in a process group of its own, all of which is ended where we are interrupted."""
    with subprocess.Popen(
        argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, process_group=0
    ) as process:
        try:
            said, complained = process.communicate()
        except BaseException:
            _end(process)
            raise
    return subprocess.CompletedProcess(argv, process.returncode, said, complained)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=_GRACE_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    for one in _SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt
