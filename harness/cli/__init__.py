"""The command line: one file a verb. The only printing, and the only place that catches NetchurnError."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from harness import __version__
from harness.errors import NetchurnError
from harness.printable import printable

INTERRUPTED = 130
USAGE = 2
_VERBS = {  # verb to its module, and what it does in one line: known without loading any of them
    "run": ("run", "Measure a scenario and report."),
    "report": ("report", "Render a result again."),
    "list": ("listing", "Scenarios and subjects, one line each."),
    "profile": ("profile", "Compare two heap profiles of a Go program."),
    "verify": ("verify", "Check a result, and re-derive every number from its raw files."),
    "compare": ("compare", "Two results or more side by side: what changed beyond the noise."),
    "doctor": ("doctor", "What this machine can measure, and the fix for what it cannot."),
}


class _Verbs(click.Group):
    """Loads a verb when it is called: ``--help`` waits neither for matplotlib nor for scipy."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _VERBS:
            return None
        from importlib import import_module  # noqa: PLC0415 - a verb is loaded when it is called

        command: click.Command = import_module(f"harness.cli.{_VERBS[cmd_name][0]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(verb, line) for verb, (_, line) in _VERBS.items()])


def _show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    """Print the version, and the commit where somebody knows it."""
    del param
    if not value or ctx.resilient_parsing:
        return
    from harness.environment import commit  # noqa: PLC0415 - not for the other verbs

    built = commit()
    click.echo(f"netchurn {__version__}" + (f" (commit {built})" if built else ""))
    ctx.exit()


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and the commit, and exit.",
)
def netchurn() -> None:
    """Evidence of what a network-interface watcher costs, misses and leaks.

    Makes a private network namespace with hundreds of veth pairs, runs watchers side by side in it, and renders a
    report from what it measured. The host's network is never touched; root is not needed.

    \b
    Start here:
      netchurn doctor              what this machine can measure
      netchurn run docker-host     two minutes to a report
      netchurn report latest       render it again
    """  # noqa: D301 - click wants the backspace character


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 pass, 1 fail, 2 not measured, 3 inconclusive, 4 invalid, 130 after Ctrl-C.

    Nothing else ever ends with 1: in CI that is evidence against a claim.
    """
    _open_what_is_closed()
    sys.exit(_status(sys.argv[1:] if argv is None else list(argv)))


def _status(arguments: list[str]) -> int:
    try:
        return _invoke(arguments)
    except NetchurnError as fault:
        return _tell(fault.message, fault.hint, fault.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains when it flushes
        return USAGE
    except Exception as fault:
        if "NETCHURN_TRACEBACK" in os.environ:
            raise
        words = f"{type(fault).__name__}: {fault}"
        return _tell(words, "if you think that is a defect, report it with what NETCHURN_TRACEBACK=1 shows", USAGE)


def _invoke(arguments: list[str]) -> int:
    """Let click read the arguments and call the verb; its own ``main`` would end with 1 on a closed pipe."""
    try:
        with netchurn.make_context("netchurn", arguments) as context:
            status = netchurn.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as asked:
        return asked.exit_code
    except click.exceptions.NoArgsIsHelpError as fault:
        click.echo(fault.format_message(), err=True)
        return USAGE
    except click.ClickException as fault:
        where: click.Context | None = getattr(fault, "ctx", None)
        return _tell(fault.format_message(), f"{where.command_path if where else 'netchurn'} --help", USAGE)
    return status if isinstance(status, int) else 0


def _open_what_is_closed() -> None:
    """Put /dev/null where a standard stream was closed, so that no file of ours lands on its descriptor."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            setattr(sys, name, os.fdopen(descriptor, "r" if name == "stdin" else "w"))


def say_path(path: Path) -> None:
    """Print a path, a line by itself: for a program as it is, for a terminal as far as it may be sent there."""
    click.echo(printable(str(path)) if sys.stdout.isatty() else os.fsencode(path))


def run_file(path: str) -> NoReturn:
    """Run a scenario file by itself, with the options of ``netchurn run``."""
    main(["run", path, *sys.argv[1:]])


def _tell(message: str, hint: str, status: int) -> int:
    click.echo(f"netchurn: {printable(' '.join(message.split()))}", err=True)
    click.echo(f"  try: {printable(' '.join(hint.split()))}", err=True)
    return status
