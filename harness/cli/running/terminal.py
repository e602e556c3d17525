"""What a run shows while it goes on: a live table on a terminal, sparse lines in a log, nothing when quiet."""

import sys
import time
from pathlib import Path
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.model import Analysis
from harness.report.sections import formatting
from harness.run.watching.progress import Listener, SubjectStatus
from harness.sanitize import printable
from harness.units import duration, memory_bytes

LOG_EVERY_S = 10.0
STYLES = {"good": "bold green", "bad": "bold red", "unsure": "bold yellow"}  # of a severity
_MOST_NAME = 24


class Quiet(Listener):
    """Shows nothing."""

    def finish(self, analysis: Analysis, report: Path, status: int) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Show nothing."""


class Log(Quiet):
    """A line when a phase begins, and one every ten seconds while subjects live."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._phase = ""
        self._said = 0.0

    def step(self, text: str, done: int, total: int) -> None:
        del done, total
        if text != self._phase:
            self._phase = text
            self._console.print(f"netchurn: {printable(text)}", highlight=False, markup=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        """Print it, above a table that is drawn."""
        self._console.print(f"netchurn: warning: {text}", highlight=False, markup=False, soft_wrap=True)

    def on_sample(self, subjects: tuple[SubjectStatus, ...], elapsed_s: float, total_s: float) -> None:
        """Print how the subjects stand, now and then."""
        now = time.monotonic()
        if now - self._said >= LOG_EVERY_S or elapsed_s >= total_s:
            self._said = now
            rows = ", ".join(f"{printable(one.name)} {_rss(one)}" for one in subjects)
            self._console.print(
                f"netchurn: {duration(round(elapsed_s))} of {duration(total_s)}: {rows}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )

    def finish(self, analysis: Analysis, report: Path, status: int) -> None:
        del report, status
        from harness.cli.running.summary import summary  # noqa: PLC0415 - it loads the statistics, which takes a second

        self._console.print(summary(analysis))


class Screen(Log):
    """A table that is drawn over itself: what runs, what remains, each subject's memory and polls now."""

    def __init__(self, console: Console, keys: str) -> None:
        """Draw on ``console``, and say what ``keys`` do."""
        super().__init__(console)
        self._keys = keys
        self._live = Live(console=console, transient=True, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def step(self, text: str, done: int, total: int) -> None:
        """Draw a phase with its progress."""
        self._live.update(_headline(text, done, total, f"{done} of {total}"))

    def on_sample(self, subjects: tuple[SubjectStatus, ...], elapsed_s: float, total_s: float) -> None:
        left = max(0, round(total_s - elapsed_s))
        table = Table(box=None, padding=(0, 2, 0, 0))
        for column in ("subject", "RSS", "polls", "link events"):
            table.add_column(column, justify="left" if column == "subject" else "right", header_style="dim")
        for one in subjects:
            table.add_row(
                named(one.name), _rss(one), _number(one.polls), _number(one.events), style="" if one.alive else "dim"
            )
        head = _headline("watching", elapsed_s, total_s, f"{duration(left)} left, {self._keys}")
        self._live.update(Group(head, table))


def _headline(text: str, done: float, total: float, right: str) -> Table:
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_row(
        Text(printable(text), style="bold"),
        ProgressBar(total=total, completed=done, width=24),
        Text(right, style="dim"),
    )
    return line


def named(name: str) -> Text:
    """Print a name, brackets included, at a length that leaves room beside it."""
    return Text(printable(formatting.shortened(name, _MOST_NAME)), no_wrap=True)


def _rss(one: SubjectStatus) -> str:
    return memory_bytes(one.rss_bytes) if one.rss_bytes is not None else "ended"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def choose(*, quiet: bool = False, keys: str = "Ctrl-C ends and keeps it") -> Quiet:
    """Choose by where standard error goes. ``keys``: what the keys do, where there are some."""
    if quiet:
        return Quiet()
    console = Console(stderr=True)
    return Screen(console, keys) if sys.stderr.isatty() and not console.is_dumb_terminal else Log(console)
