"""``netchurn attach``: watch a run that goes on without a terminal, from what it leaves in its result folder."""

import os
import signal
from pathlib import Path

import click

from harness.cli import INTERRUPTED, say_path
from harness.cli.running.terminal import choose
from harness.errors import NetchurnError, ResultFault, UsageFault
from harness.results.folder import PROGRESS, is_running, locate
from harness.run.watching import asking, progress_file
from harness.run.watching.progress import Listener
from harness.run.watching.progress_file import End, Progress
from harness.sanitize import printable

LOOK_EVERY_S = 0.5
KEYS = "Ctrl-C ends the run and keeps it, Ctrl-\\ leaves it"
_PRESSED = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)


class _Left(Exception):
    """Whoever looked has had enough; the run goes on."""


@click.command(name="attach", short_help="Show how a run stands that was started with --detach.")
@click.argument("result", default="latest")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), metavar="DIR", help="[./results]")
def command(result: str, results: Path) -> int:
    """Show RESULT, a result folder or `latest`, until its run ends; then end with its exit status and its report.

    Ctrl-C asks the run to end, and what was measured is kept and reported. A second Ctrl-C only detaches: the run ends
    in its own time. Ctrl-\\ only detaches, and so does the end of this terminal: the run goes on.

    \b
    Examples:
      netchurn run docker-host --duration 1d --detach
      netchurn attach
    """  # noqa: D301 - click wants the backspace character
    folder = locate(result, results, PROGRESS)
    if progress_file.read(folder) is None:
        raise UsageFault(
            "not_detached", f"the run of {folder} was not started with --detach", f"netchurn report {folder}"
        )
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _PRESSED)  # they are waited for, in whatever thread
    try:
        with choose(keys=KEYS) as listener:
            end = _follow(folder, listener)
    except _Left:
        click.echo(f"netchurn: detached; netchurn attach {folder} looks again", err=True)
        return INTERRUPTED
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return _tell(end, folder)


def _follow(folder: Path, listener: Listener) -> End:
    """Repeat what the run leaves until it has ended; ResultFault where it did so without a word."""
    asked, shown = False, None
    while True:
        told, lives = _look(folder)
        if told != shown:
            told.tell(listener)
            shown = told
        if told.end is not None:
            return told.end
        if not lives:
            raise ResultFault(
                "run_lost",
                f"the run of {folder} ended without recording its exit status; it was killed or the machine crashed",
                f"netchurn report {folder}",
            )
        pressed = signal.sigtimedwait(_PRESSED, LOOK_EVERY_S)
        if pressed is not None:
            if asked or pressed.si_signo != signal.SIGINT:
                raise _Left
            asked = True
            _ask_to_end(folder, told)


def _look(folder: Path) -> tuple[Progress, bool]:
    """Return whether the run lives, and what it left: in this order, so that its last word is not missed."""
    told = progress_file.read(folder)
    lives = is_running(folder) or (told is not None and told.lives())  # not every file system knows locks
    last = progress_file.read(folder)
    if last is None:
        raise ResultFault("no_result", f"{folder} is gone", "netchurn report latest shows another")
    return last, lives


def _ask_to_end(folder: Path, told: Progress) -> None:
    if not is_running(folder):
        click.echo("netchurn: the measuring is over, the report follows; Ctrl-C again only detaches", err=True)
        return
    asking.ask_to_end(folder, told)
    click.echo("netchurn: the run was asked to end, and keeps what it has; Ctrl-C again only detaches", err=True)


def _tell(end: End, folder: Path) -> int:
    if end.fault is not None:
        fault = NetchurnError(*end.fault)
        fault.exit_code = end.status
        raise fault
    click.echo(end.said, err=True, nl=False)
    # where the report is may be a stranger's word: no line of it may be one that a CI runner obeys
    say_path(Path(os.path.normpath(folder.absolute() / printable(end.report))) if end.report else folder)
    return end.status
