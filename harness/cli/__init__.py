"""The command line: one file a verb. The only printing, and the only place that catches NetchurnError.

What stands here is loaded by every call, so it loads nothing: click alone takes three times as long to load as an
interpreter takes to start.
"""

import errno
import io
import os
import sys

from harness import __version__
from harness.errors import NetchurnError, UsageFault
from harness.sanitize import printable

TYPE_CHECKING = False  # typing has it too, and would take as long to load as the rest
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    import click
    from _typeshed import ReadableBuffer

    from harness.lab.door import Kept

INTERRUPTED = 130
USAGE = 2
_MAKE_A_LAB = {"run", "ab", "dose", "doctor"}
_WRITABLE_BY_OTHERS = 0o022
_DEFECT = "if you think that is a defect, report it with what NETCHURN_TRACEBACK=1 shows"
_REMEDIES = {
    errno.EMFILE: "raise the limit on open files: ulimit -n 1024",
    errno.ENFILE: "close other programs: the whole system has too many open files",
    errno.ENOSPC: "free some space",
    errno.EACCES: "check the path and its permissions",
}
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_VERBS = {  # verb to its module, and what it does in one line: known without loading any of them
    "run": ("running.run", "Measure a scenario and report."),
    "ab": ("running.ab", "Build two commits and measure them as before and after."),
    "dose": ("running.dose", "Measure what makes a program grow: none, some and much of it."),
    "attach": ("running.attach", "Show how a run stands that was started with --detach."),
    "report": ("report", "Render a result again."),
    "list": ("listing", "Scenarios and subjects, one line each."),
    "judge": ("files.judge", "Judge a recorded series of memory."),
    "profile": ("files.profile", "Show a profile of memory, or what lies between two."),
    "verify": ("verify", "Check a result, and re-derive every number from its raw files."),
    "attest": ("attest", "Write what a result is, for signing: an in-toto statement."),
    "history": ("history", "Results over commits: each quantity, and where it changed."),
    "compare": ("compare", "Two results or more side by side: what changed beyond the noise."),
    "export": ("export", "Write a result, or a profile, in the form of another viewer."),
    "doctor": ("doctor", "What this machine can measure, and the fix for what it cannot."),
}
_UTF8_MODE = "1"
_HELP = ("-h", "--help")
_SETTINGS = {"help_option_names": list(_HELP), "max_content_width": 100}
_PAGE = f"""\
Usage: netchurn [OPTIONS] COMMAND [ARGS]...

  Does a daemon's memory grow, what makes it grow, who keeps it, and is the
  fix a fix?

  Runs programs side by side in a private network namespace with hundreds of
  veth pairs, and renders a report from what it measured. The host's network
  is never touched; root is not needed.

  Start here:
    netchurn doctor                        what this machine can measure
    netchurn run docker-host               two minutes to a report
    netchurn run observe --pid mine=PID    a program of yours that runs already
    netchurn judge rss.csv                 a series of memory that you have
    netchurn report latest                 render the last result again

Options:
  --version   Show the version and the commit, and exit.
  -h, --help  Show this message and exit.

Commands:
{"".join(f"  {verb:<9}{line}{chr(10)}" for verb, (_, line) in _VERBS.items())}"""


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit: 0 pass, 1 fail, 2 not measured, 3 inconclusive, 4 invalid, 130 after Ctrl-C.

    Nothing else ever ends with 1: in CI that is evidence against a claim. It never returns.
    """
    os.umask(os.umask(_WRITABLE_BY_OTHERS) | _WRITABLE_BY_OTHERS)
    sys.dont_write_bytecode |= os.geteuid() == 0  # beside somebody's sources, before root is given up
    _open_what_is_closed()
    _let_nobody_listen()
    sys.exit(_status(sys.argv[1:] if argv is None else argv))


def _status(arguments: list[str]) -> int:
    try:
        status = _answer(arguments)
        sys.stdout.flush()
    except NetchurnError as fault:
        return _tell(fault.id, fault.message, fault.hint, fault.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _silence_output()
        return USAGE
    except OSError as fault:
        if "NETCHURN_TRACEBACK" in os.environ:
            raise
        what = f"{fault.strerror or fault}" + (f": {fault.filename}" if fault.filename else "")
        return _tell("system_error", what, _REMEDIES.get(fault.errno or 0, _DEFECT), USAGE)
    except Exception as fault:
        if "NETCHURN_TRACEBACK" in os.environ:
            raise
        words = f"{type(fault).__name__}: {fault}"
        return _tell("defect", words, _DEFECT, USAGE)
    return status


def _silence_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains when it flushes


def _answer(arguments: list[str]) -> int:
    """Answer by the first argument: a page, the version, or a verb with the rest of them."""
    if not arguments:
        sys.stderr.write(_PAGE)
        return USAGE
    first, *rest = arguments
    if first in _HELP:
        sys.stdout.write(_PAGE)
        return 0
    if first == "--version":
        return _show_version()
    if first not in _VERBS:
        kind = "option" if first.startswith("-") else "command"
        raise UsageFault("usage", f"No such {kind} {first!r}; there are {', '.join(_VERBS)}", "netchurn --help")
    return _invoke(first, rest)


def _show_version() -> int:
    """Print the version, and the commit where somebody knows it."""
    from harness.environment import commit  # noqa: PLC0415 - not for the other verbs

    built = commit()
    sys.stdout.write(f"netchurn {__version__}" + (f" (commit {built})" if built else "") + "\n")
    return 0


def _invoke(verb: str, arguments: list[str]) -> int:
    """Have click read the arguments and call the verb; its own ``main`` would end with 1 on a closed pipe."""
    import click  # noqa: PLC0415 - not for the help

    command = load(verb)
    try:
        with command.make_context(f"netchurn {verb}", arguments, None, **_SETTINGS) as context:
            context.obj = _give_up_root(verb, context.params)
            status = command.invoke(context)
    except click.exceptions.Exit as asked:
        return asked.exit_code
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as fault:
        return _tell("usage", fault.format_message(), f"netchurn {verb} --help", USAGE)
    return status if isinstance(status, int) else 0


def load(verb: str) -> "click.Command":
    """Load a verb; KeyError if there is none of that name."""
    from importlib import import_module  # noqa: PLC0415 - a verb is loaded when it is called

    command: click.Command = import_module(f"harness.cli.{_VERBS[verb][0]}").command
    return command


def _give_up_root(verb: str, chosen: "dict[str, Any]") -> "Kept | None":
    """Become the user who called sudo, for good; give what must be root's still, for the verbs that make a lab."""
    from harness.sudo_user import Caller  # noqa: PLC0415 - not for the help

    caller, kept = Caller(), None
    if caller.known and verb in _MAKE_A_LAB:
        from harness.lab.door import Kept  # noqa: PLC0415 - for root alone

        observed = chosen.get("observed", ())
        worlds = _worlds(verb, chosen) if verb in {"run", "dose"} else 1
        kept = Kept.of(caller, observed, exec_as_root=bool(chosen.get("exec_as_root")), worlds=worlds)
    caller.drop_privileges()
    return kept


def _worlds(verb: str, chosen: "dict[str, Any]") -> int:
    from harness.cli.running import dose, run  # noqa: PLC0415 - not for the other verbs

    return run.worlds(chosen) if verb == "run" else dose.worlds(chosen)


def speak_utf8() -> None:
    """Start this program again in Python's UTF-8 mode where the locale has another encoding: our documents are UTF-8.

    The environment takes it to all processes that we start. It also ends the attempt where the mode stays off.
    """
    if sys.flags.utf8_mode or _UTF8_MODE in os.environ.get("PYTHONUTF8", "") or _locale_is_utf8():
        return
    os.environ["PYTHONUTF8"] = _UTF8_MODE
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606 - this very program


def _locale_is_utf8() -> bool:
    import locale  # noqa: PLC0415 - not where UTF-8 mode is on

    return locale.getencoding().lower().replace("-", "") == "utf8"


def _open_what_is_closed() -> None:
    """Put /dev/null where a standard stream was closed, so that no file of ours lands on its descriptor."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            setattr(sys, name, os.fdopen(descriptor, "r" if name == "stdin" else "w"))


class _Unheard(io.FileIO):
    """A stream that goes on when nobody reads it any more: a closed pipe, a terminal that is gone, a full disk."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write what can be written; the rest counts as written."""
        try:
            return super().write(data)
        except OSError:
            return len(memoryview(data).cast("B"))


class _Output(io.FileIO):
    """Standard output; UsageFault where there is no room for it. After any failure nothing is written to it."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError as cause:
            _silence_output()  # or the interpreter tries again when it ends, and ends with 120
            if cause.errno not in _NO_ROOM:
                raise
            raise UsageFault(
                "no_space", f"cannot write to standard output: {cause.strerror}", "free some space there"
            ) from None


def _let_nobody_listen() -> None:
    """Keep a run alive whose progress and messages nobody can read any more; what it finds goes to standard output."""
    if sys.stdout is sys.__stdout__ and sys.stdout is not None:  # and not a test's own
        kept = io.BufferedWriter(_Output(sys.stdout.fileno(), "w", closefd=False))
        sys.stdout = io.TextIOWrapper(
            kept, sys.stdout.encoding, sys.stdout.errors, line_buffering=sys.stdout.line_buffering
        )
    if sys.stderr is sys.__stderr__ and sys.stderr is not None:  # and not a test's own
        unheard = io.BufferedWriter(_Unheard(sys.stderr.fileno(), "w", closefd=False))
        sys.stderr = io.TextIOWrapper(unheard, sys.stderr.encoding, "backslashreplace", line_buffering=True)


def say_path(path: "Path") -> None:
    """Print a path, a line by itself: for a program as it is, for a terminal as far as it may be sent there.

    One that would be several lines is made one: `latest` may be a folder that a stranger named.
    """
    import click  # noqa: PLC0415 - not for the help

    text = str(path)
    click.echo(printable(text) if sys.stdout.isatty() or {"\n", "\r"} & set(text) else os.fsencode(path))


def run_file(path: str) -> None:
    """Run a scenario file by itself, with the options of ``netchurn run``. It never returns."""
    speak_utf8()
    main(["run", path, *sys.argv[1:]])


def _tell(name: str, message: str, hint: str, status: int) -> int:
    """Print an error with its id, which a user can search for; the hint is on the next line."""
    said, remedy = (printable(" ".join(words.split())) for words in (message, hint))
    sys.stderr.write(f"netchurn: {said} [{name}]\n  try: {remedy}\n")
    return status
