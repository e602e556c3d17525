"""Builds that are asked to end: all of what they started ends with them, and what they clean up is cleaned up."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_GRACE_S = 2.0
"""What a compiler has to remove its temporary files."""
_PUT_OFF: list[None] = []
"""One for each that puts signals off; lists, since threads may do so at the same time."""
_ASKED: list[None] = []
"""One if a signal came meanwhile."""


def heed() -> None:
    """From now on raise KeyboardInterrupt at the first signal, and no more: cleaning up is not to be interrupted."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put off what a signal asks for until the end of this; what is started meanwhile hears signals as ever."""
    _PUT_OFF.append(None)
    try:
        yield
    finally:
        _PUT_OFF.pop()
    if _ASKED and not _PUT_OFF:
        _ASKED.clear()
        raise KeyboardInterrupt


def run(
    argv: Sequence[str], *, env: Mapping[str, str], stderr: int, cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a command without input in a process group of its own, all of which is ended where we are interrupted."""
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    with ExitStack() as ending:
        with uninterrupted():  # half started it would be ended by nobody
            process = subprocess.Popen(
                argv, cwd=cwd, env=env, stdin=nothing, stdout=pipe, stderr=stderr, process_group=0
            )
            ending.enter_context(_ended(process))
        said, complained = process.communicate()
    return subprocess.CompletedProcess(argv, process.returncode, said, complained)


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    with process:
        try:
            yield
        except BaseException:
            _end(process)
            raise


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
    if not _PUT_OFF:
        raise KeyboardInterrupt
    _ASKED.append(None)
