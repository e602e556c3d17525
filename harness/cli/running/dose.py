"""``netchurn dose``: the same program at none, some and much of what is blamed for its growth."""

from dataclasses import replace
from typing import Any

import click

from harness.cli.running import run
from harness.cli.running.run_options import RunOptions
from harness.lab.door import Kept
from harness.plan import dose_plan
from harness.plan.dose_plan import Order

_SHARED = {
    "pairs", "duration_s", "seed", "subjects", "executed", "before", "after", "exec_as_root", "results", "reports",
    "no_report", "as_json", "quiet", "detach",
}  # fmt: skip
_UNASKED: dict[str, Any] = {
    "interval_s": None, "sample_interval_s": None, "max_load": None, "polls": None, "until_decided": False, "trials": 1,
    "observed": (), "detected": (), "profiled": (), "recorded": (), "claims": (), "duplicates": (), "profile": False,
    "strict": False, "max_growth": None,
}  # fmt: skip


@click.command(name="dose", short_help="Measure what makes a program grow: none, some and much of it.")
@click.option("--stimulus", required=True, metavar="KIND", help=dose_plan.STIMULI)
@click.option("--doses", default="0,2,20", metavar="N,N,...", help="stimuli a second, a copy each  [0,2,20]")
@click.option("--cycles", type=int, metavar="N", help="N stimuli as fast as they come back, then release")
@click.option("--max-growth", metavar="SIZE/stimulus", help="what a stimulus may add, such as 1kB/cycle  [100B]")
@click.option("--allocator-check", is_flag=True, help="copies that differ in their allocator as well")
@click.pass_obj
def command(kept: Kept | None, /, **chosen: Any) -> int:
    """Measure whether a program grows because of something: a copy of it for every dose, all at the same time.

    Each copy lives in a network namespace of its own, and nothing but the dose differs. The report shows growth against
    dose: bytes a stimulus, with their interval, and what grows without any. A dose that a copy could not take is named
    and left out. With --cycles one copy gets N stimuli in rounds, with a rest after each: what it keeps is a leak, and
    what it lets go was a backlog.

    \b
    Stimuli:
      link-events   mtu changes of another link       addresses   one comes and goes
      containers    a veth pair comes, another goes   routes      one comes and goes
      recreate      the watched interface, wt0        neighbours  one comes and goes
      overrun       more events than a socket holds   polls       of a poller: {interval} in its command
      command=CMD   a command of yours; {pid} in it is the program, {ifname} what it watches

    \b
    Examples:
      netchurn dose --exec mine='./mydaemon {ifname}' --stimulus link-events --doses 0,20,200
      netchurn dose --before old='./old {ifname}' --after new='./new {ifname}' --stimulus containers
      netchurn dose --exec mine='./mydaemon {ifname}' --stimulus command='kill -HUP {pid}' --cycles 2000
      netchurn dose --subject go-poll --stimulus polls --doses 0,0.5,5,50

    Exit status: 0 none grows because of it; 1 one does (a program of --before may); 3 not decided.
    """  # noqa: D301 - click wants the backspace character
    order = ordered(chosen)
    options = options_of(chosen)
    plan = dose_plan.plan(order, replace(options, external=options.programs({})))
    return run.carry_out(kept, plan, options, run.repeat_line("dose"))


command.params += [one for one in run.command.params if one.name in _SHARED]


def options_of(chosen: dict[str, Any]) -> RunOptions:
    """Return what was chosen of the options of ``run``; the others as if they had not been."""
    return RunOptions(**{name: chosen[name] for name in _SHARED}, **_UNASKED)


def ordered(chosen: dict[str, Any]) -> Order:
    """Return what was chosen on the command line, as a plan takes it."""
    return Order(
        stimulus=chosen["stimulus"],
        doses=chosen["doses"],
        cycles=chosen["cycles"],
        max_growth=chosen["max_growth"],
        allocators=chosen["allocator_check"],
    )


def worlds(chosen: dict[str, Any]) -> int:
    """Return how many namespaces will be wanted, before a plan is made."""
    subjects = sum(len(chosen[name]) for name in ("subjects", "executed", "before", "after"))
    return dose_plan.worlds(ordered(chosen), subjects)
