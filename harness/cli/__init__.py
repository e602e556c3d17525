"""The command line: one file a verb. The only printing, and the only place that catches NetchurnError."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from harness import __version__
from harness.errors import NetchurnError

INTERRUPTED = 130
USAGE = 2
_VERBS = {"run": "run", "report": "report", "list": "listing", "doctor": "doctor"}


class _Verbs(click.Group):
    """Loads a verb when it is called, so that ``--help`` does not wait for matplotlib."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _VERBS:
            return None
        from importlib import import_module  # noqa: PLC0415 - a verb is loaded when it is called

        command: click.Command = import_module(f"harness.cli.{_VERBS[cmd_name]}").command
        return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="netchurn")
def netchurn() -> None:
    r"""Evidence of what a network-interface watcher costs, misses and leaks.

    Makes a private network namespace with hundreds of veth pairs, runs watchers side by side in it, and renders a
    report from what it measured. The host's network is never touched; root is not needed.

    \b
    Start here:
      netchurn doctor              what this machine can measure
      netchurn run docker-host     two minutes to a report
      netchurn report latest       render it again
    """


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 pass, 1 fail, 2 not measured, 3 inconclusive, 4 invalid, 130 after Ctrl-C."""
    try:
        status = netchurn.main(args=None if argv is None else list(argv), prog_name="netchurn", standalone_mode=False)
        sys.stdout.flush()
    except NetchurnError as fault:
        _tell(fault.message, fault.hint)
        sys.exit(fault.exit_code)
    except click.ClickException as fault:
        context = getattr(fault, "ctx", None)
        _tell(fault.format_message(), f"{context.command_path if context else 'netchurn'} --help")
        sys.exit(USAGE)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains when it flushes
        sys.exit(USAGE)
    sys.exit(status if isinstance(status, int) else 0)


def run_file(path: str) -> NoReturn:
    """Run a scenario file by itself, with the options of ``netchurn run``."""
    main(["run", path, *sys.argv[1:]])


def _tell(message: str, hint: str) -> None:
    one_line = " ".join(message.split())
    click.echo(f"netchurn: {one_line}", err=True)
    click.echo(f"  try: {' '.join(hint.split())}", err=True)
