"""What a run shows while it goes on: a live table on a terminal, sparse lines in a log, nothing when quiet."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.model import Analysis
from harness.report.sections import growth, ledger, words
from harness.run.audience import Alive, Nobody
from harness.units import churn_bytes, duration, memory_bytes, moment

LOG_EVERY_S = 10.0
_MOST_NAME = 24
_TONES = {"pass": "bold green", "fail": "bold red", "invalid": "bold red", "inconclusive": "bold yellow"}


class Quiet(Nobody):
    """Shows nothing."""

    def summarise(self, analysis: Analysis) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        """Show nothing."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Show nothing."""


class Log(Quiet):
    """A line when a phase begins, and one every ten seconds while subjects live."""

    def __init__(self, console: Console) -> None:
        """Write to ``console``."""
        self._console = console
        self._phase = ""
        self._said = 0.0

    def step(self, text: str, done: int, total: int) -> None:
        """Say a phase once."""
        del done, total
        if text != self._phase:
            self._phase = text
            self._console.print(f"netchurn: {text}", highlight=False, markup=False)

    def living(self, subjects: tuple[Alive, ...], elapsed_s: float, total_s: float) -> None:
        """Say how the subjects stand, now and then."""
        now = time.monotonic()
        if now - self._said >= LOG_EVERY_S or elapsed_s >= total_s:
            self._said = now
            rows = ", ".join(f"{one.name} {_rss(one)}" for one in subjects)
            self._console.print(
                f"netchurn: {elapsed_s:.0f} of {duration(total_s)}: {rows}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )

    def summarise(self, analysis: Analysis) -> None:
        """Print the final table."""
        self._console.print(summary(analysis))


class Screen(Log):
    """A table that is drawn over itself: what runs, what remains, each subject's memory and polls now."""

    def __init__(self, console: Console) -> None:
        """Draw on ``console``."""
        super().__init__(console)
        self._live = Live(console=console, transient=True, refresh_per_second=8)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wipe what was drawn."""
        self._live.__exit__(kind, error, trace)

    def step(self, text: str, done: int, total: int) -> None:
        """Draw a phase with its progress."""
        self._live.update(_headline(text, done, total, f"{done} of {total}"))

    def living(self, subjects: tuple[Alive, ...], elapsed_s: float, total_s: float) -> None:
        """Draw the subjects."""
        left = max(0, round(total_s - elapsed_s))
        table = Table(box=None, padding=(0, 2, 0, 0))
        for column in ("subject", "RSS", "polls", "link events"):
            table.add_column(column, justify="left" if column == "subject" else "right", header_style="dim")
        for one in subjects:
            table.add_row(
                _named(one.name), _rss(one), _number(one.polls), _number(one.events), style="" if one.alive else "dim"
            )
        head = _headline("watching", elapsed_s, total_s, f"{duration(left)} left, Ctrl-C ends and keeps it")
        self._live.update(Group(head, table))


def _headline(text: str, done: float, total: float, right: str) -> Table:
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_row(Text(text, style="bold"), ProgressBar(total=total, completed=done, width=24), Text(right, style="dim"))
    return line


def _named(name: str) -> Text:
    """Print a name as it is, brackets included, at a length that leaves room beside it."""
    return Text(words.shortened(name, _MOST_NAME), no_wrap=True)


def _rss(one: Alive) -> str:
    return memory_bytes(one.rss_bytes) if one.rss_bytes is not None else "ended"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def summary(analysis: Analysis) -> Group:
    """Build the final tables: 80 columns hold them. What the scenario did not ask is left out."""
    blind = not any(one.detection for one in analysis.subjects)
    parts: list[Table | Text] = []
    if blind or any(one.churn for one in analysis.subjects):
        parts.append(_cost(analysis))
    if not blind:
        parts.append(_seen(analysis))
    last = Text.assemble((analysis.verdict, _TONES[analysis.verdict]), _controls(analysis))
    beside = ledger.beside(analysis)
    return Group(*parts, *_growth(analysis), *([Text(beside, style="yellow")] if beside else []), last)


def _controls(analysis: Analysis) -> str:
    """Say whether the processes of known truth were measured right; nothing where there were none."""
    if not analysis.controls:
        return ""
    wrong = [one.name for one in analysis.controls if not one.ok]
    return f"  controls failed: {', '.join(dict.fromkeys(wrong))}" if wrong else "  controls as they must be"


def _cost(analysis: Analysis) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("subject", "churn/day", "per poll", "per event", "RSS first → last"):
        table.add_column(column, justify="left" if column == "subject" else "right", header_style="dim")
    for one in words.main(analysis):
        rates = (
            (one.churn.bytes_per_day, one.churn.bytes_per_poll, one.churn.bytes_per_event) if one.churn else (None,) * 3
        )
        first, last = one.memory.rss_first_bytes, one.memory.rss_last_bytes
        memory = f"{memory_bytes(first)} → {memory_bytes(last)}" if first is not None and last is not None else "–"
        table.add_row(_named(one.name), *("–" if rate is None else churn_bytes(rate) for rate in rates), memory)
    return table


def _growth(analysis: Analysis) -> list[Table | Text]:
    """Say of each subject whether its memory grows; nothing where there was no clean arm."""
    if not analysis.plan.duration_s:
        return []
    judged = {one.name: one.growth for one in words.main(analysis) if one.growth}
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("subject", "growth of memory"):
        table.add_column(column, header_style="dim", no_wrap=column == "subject")
    for one in words.main(analysis):
        found = judged.get(one.name)
        said = words.NOT_MEASURED if found is None else f"{growth.VERDICTS[found.verdict]}: {found.because}"
        table.add_row(_named(one.name), Text(said))
    return [table, *(Text(later, style="dim") for later in growth.all_decided_by(judged))]


def _seen(analysis: Analysis) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("subject", "seen", "missed", "false", "p50", "p99"):
        table.add_column(column, justify="left" if column == "subject" else "right", header_style="dim")
    for one in analysis.subjects:
        if one.detection:
            found = one.detection
            counts = (f"{found.detected} of {found.expected}", str(found.missed), str(found.false))
            table.add_row(_named(one.name), *counts, moment(found.latency_p50_s), moment(found.latency_p99_s))
    return table


def choose(*, quiet: bool) -> Quiet:
    """Choose by where standard error goes."""
    if quiet:
        return Quiet()
    console = Console(stderr=True)
    return Screen(console) if sys.stderr.isatty() and not console.is_dumb_terminal else Log(console)
