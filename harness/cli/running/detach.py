"""A run that goes on when its terminal is gone: started from here, in a session of its own, and told of by a file."""

import io
import os
import signal
import sys
from pathlib import Path
from typing import Self

import click
from rich.console import Console

from harness.cli import INTERRUPTED, USAGE, say_path
from harness.cli.running.terminal import Quiet
from harness.errors import NetchurnError
from harness.lab.door import Kept
from harness.model import Analysis
from harness.run.watching.progress import SubjectStatus
from harness.run.watching.progress_file import End, ProgressFile


class Detached(Quiet):
    """The listener of such a run. Until its result folder is there it still speaks to the terminal that started it."""

    def __init__(self, line: int) -> None:
        self._line = line
        self._folder = Path()
        self._file: ProgressFile | None = None

    def on_start(self, folder: Path) -> None:
        """Print where it is, and detach from the terminal."""
        self._folder, self._file = folder, ProgressFile(folder)
        with os.fdopen(self._line, "wb") as line:
            line.write(os.fsencode(folder))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(nowhere, descriptor)
        os.close(nowhere)

    def step(self, text: str, done: int, total: int) -> None:
        if self._file:
            self._file.step(text, done, total)

    def on_sample(self, subjects: tuple[SubjectStatus, ...], elapsed_s: float, total_s: float) -> None:
        if self._file:
            self._file.on_sample(subjects, elapsed_s, total_s)

    def finish(self, analysis: Analysis, report: Path, status: int) -> None:
        """Keep the final table, and where the report is."""
        from harness.cli.running.summary import summary  # noqa: PLC0415 - it loads the statistics, and a fork wants one thread

        page = Console(file=io.StringIO(), width=80)
        with page.capture() as said:
            page.print(summary(analysis))
        where = os.path.relpath(report.resolve(), self._folder.resolve())
        self._end(End(status=status, report=where, said=said.get()))

    def _end(self, end: End) -> None:
        if self._file:
            self._file.end(end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        _, error, _ = raised
        if isinstance(error, NetchurnError):
            self._end(End(status=error.exit_code, fault=(error.id, error.message, error.hint)))
        elif isinstance(error, KeyboardInterrupt):
            self._end(End(status=INTERRUPTED, said="It was asked to end twice, and ended at once."))
        elif error is not None:
            hint = "netchurn report shows what was measured until then"
            self._end(End(status=USAGE, fault=("defect", f"{type(error).__name__}: {error}", hint)))


def daemonize(kept: Kept | None) -> Detached | int:
    """Fork: the child gets its listener, the parent its exit status, once the run has begun or not.

    Nothing that starts threads may be loaded by now.
    """
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        os.setsid()
        return Detached(theirs)
    os.close(theirs)
    if kept is not None:
        kept.forget()
    with os.fdopen(ours, "rb") as line:
        return _wait(pid, line)


def _wait(pid: int, line: io.BufferedReader) -> int:
    """Wait for the name of the folder; without one the run has said why, and its status is ours."""
    try:
        folder = line.read()
    except KeyboardInterrupt:
        os.kill(pid, signal.SIGINT)
        os.waitpid(pid, 0)
        return INTERRUPTED
    if not folder:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    say_path(Path(os.fsdecode(folder)))
    click.echo("netchurn: running in the background; netchurn attach shows progress", err=True)
    return 0
