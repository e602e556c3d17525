"""``netchurn ab``: build two commits of your program, and measure one as before and the other as after."""

import os
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from harness import workers
from harness.builds.build import OUT, Built, Check, Fault, Order
from harness.cli.running import run
from harness.cli.running.run_options import RunOptions
from harness.errors import UsageFault
from harness.lab.door import Kept, environment
from harness.run.interrupt import Interrupt
from harness.subprocesses import END_WITH_PARENT, await_readable

BASE, HEAD = "base", "head"
Answer = TypeVar("Answer")


@click.command(name="ab", short_help="Build two commits and measure them as before and after.")
@click.option("--base", "base", required=True, metavar="REV", help="the commit without the change")
@click.option("--head", "head", required=True, metavar="REV", help="the commit with it; . is the working tree")
@click.option("--build", "build", required=True, metavar="CMD", help="shell command that builds to {out}")
@click.option("--run", "started", required=True, metavar="CMD", help="command that starts {out}; {ifname} is watched")
@click.option("--scenario", "name", default="docker-host", metavar="SCENARIO", help="[docker-host]")
@click.pass_obj
def command(kept: Kept | None, /, name: str, **chosen: Any) -> int:
    """Build two commits of the repository around this folder, and measure them side by side.

    Each commit is checked out in a git worktree and built once, in a folder of its own outside the lab, as the user who
    called; called in a subfolder, it is built in that subfolder. Builds are kept by commit, subfolder and command. The
    subjects of the run are called base and head. Every option of `netchurn run` is understood.

    \b
    Examples:
      netchurn ab --base main --head HEAD --build 'go build -o {out} .' --run '{out} {ifname}' --duration 12m
      netchurn ab --base HEAD --head . --build 'make && cp mydaemon {out}' --run '{out} {ifname}' \\
        --claim 'head.growth flat'
    """  # noqa: D301 - click wants the backspace character
    references = {BASE: chosen.pop("base"), HEAD: chosen.pop("head")}
    line, started = chosen.pop("build"), chosen.pop("started")
    options = RunOptions(**chosen)
    _check(references, line, started)
    built = {subject: _build(reference, line, quiet=options.quiet) for subject, reference in references.items()}
    commands = {subject: started.replace(OUT, shlex.quote(one.out)) for subject, one in built.items()}
    options = replace(
        options,
        before=(f"{BASE}={commands[BASE]}", *options.before),
        after=(f"{HEAD}={commands[HEAD]}", *options.after),
    )
    return run.measure(kept, name, options, builds={subject: one.build for subject, one in built.items()})


command.params += [one for one in run.command.params if isinstance(one, click.Option)]


def _check(references: dict[str, str], line: str, started: str) -> None:
    """Refuse what cannot be built or would not be what it seems, before anything is built."""
    for option, text in (("--build", line), ("--run", started)):
        if OUT not in text:
            raise UsageFault(
                "bad_option_value",
                f"{option} {text!r} does not say {OUT}",
                f"{OUT} is the path that is built and started",
            )
    _ask(Check(folder=str(Path.cwd()), **references), type(None))


def _build(reference: str, line: str, *, quiet: bool) -> Built:
    if not quiet:
        click.echo(f"netchurn: building {reference}", err=True)
    return _ask(Order(folder=str(Path.cwd()), reference=reference, command=line), Built)


def _ask(order: Check | Order, answer: type[Answer]) -> Answer:
    """Have an order carried out by a process of its own; UsageFault saying why it was not."""
    status, said = _carried_out(msgspec.json.encode(order))
    try:
        if status == 0:
            return msgspec.json.decode(said, type=answer)
        fault = msgspec.json.decode(said, type=Fault)
    except msgspec.DecodeError:
        fault = Fault(id="build_failed", message=f"a build ended with status {status}", hint="see above for why")
    raise UsageFault(fault.id, fault.message, fault.hint)


def _carried_out(order: bytes) -> tuple[int, bytes]:
    """Return status and answer; KeyboardInterrupt on Ctrl-C and its relatives, once the worker has cleaned up."""
    with Interrupt() as interrupt, _worker(order) as worker:
        await_readable(*(one for one in (worker.stdout, interrupt) if one is not None))
        if interrupt.asked:
            worker.terminate()
        said, _ = worker.communicate()
    if interrupt.asked:
        click.echo("netchurn: interrupted before anything was measured", err=True)
        raise KeyboardInterrupt
    return worker.returncode, said


def _worker(order: bytes) -> "subprocess.Popen[bytes]":
    """Start the process that builds, out of reach of the terminal's Ctrl-C: we tell it to end, and it cleans up."""
    prefix = END_WITH_PARENT if shutil.which(END_WITH_PARENT[0]) else ()
    with os.fdopen(os.memfd_create("order"), "w+b") as told:  # a pipe would have to be written to while it is read
        told.write(order)
        told.seek(0)
        return subprocess.Popen(
            [*prefix, *workers.BUILDS.command],
            stdin=told,
            stdout=subprocess.PIPE,
            env=environment(),
            start_new_session=True,
        )
