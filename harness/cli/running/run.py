"""``netchurn run``: measure, then report."""

import os
import shlex
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from harness import environment, scenario, units
from harness.cli import INTERRUPTED, say_path
from harness.cli.running import detach
from harness.cli.running.run_options import RunOptions
from harness.cli.running.terminal import choose
from harness.errors import UsageFault
from harness.lab.door import Kept
from harness.model import Analysis, Build, Plan, Recorder, Role
from harness.plan import make_plan
from harness.results.descriptors import open_folder
from harness.sanitize import json_document
from harness.verify.by_plan.origin import Line

if TYPE_CHECKING:
    from harness.report.readers import Readers
    from harness.run.record import Setting

_ROLES: dict[str, Role] = {"before": "before", "after": "after", "executed": "alternative"}  # by option
LONG_S = 3600.0  # from an hour on a run says beforehand what it will write
STATUS = {"pass": 0, "fail": 1, "inconclusive": 3, "invalid": 4}


class Duration(click.ParamType[float]):
    """Seconds, typed as ``500ms``, ``60s``, ``10m``, ``2h`` or ``1d``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the text, or say what would have been understood."""
        if isinstance(value, float):
            return value
        try:
            return units.seconds(value)
        except ValueError:
            self.fail(f"{value!r} is no duration; expected a number with ms, s, m, h or d, such as 90s", param, ctx)


@click.command(name="run", short_help="Measure a scenario and report.")
@click.argument("name", metavar="SCENARIO")
@click.option("--pairs", type=int, metavar="N", help="veth pairs in the namespace  [the scenario's own]")
@click.option(
    "--duration",
    "duration_s",
    type=Duration(),
    metavar="TIME",
    help="length of the sampling phase, such as 60s, 10m, 24h",
)
@click.option(
    "--interval", "interval_s", type=Duration(), metavar="TIME", help="pause between polls; 0 polls back to back"
)
@click.option("--polls", type=int, metavar="N", help="end the sampling phase after N polls instead")
@click.option(
    "--until-decided", is_flag=True, help="end the sampling phase once all growth is decided, after 10m or more"
)
@click.option(
    "--max-growth",
    metavar="SIZE/TIME",
    help=f"growth of memory that matters, such as 100MiB/30d  [{units.MAX_GROWTH}]",
)
@click.option(
    "--sample-interval", "sample_interval_s", type=Duration(), metavar="TIME", help="pause between samples  [500ms]"
)
@click.option(
    "--max-load",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="wait for a load below N before sampling and before events, 15m at most",
)
@click.option("--trials", type=int, default=1, metavar="N", help="repeat what is measured, in turns  [1]")
@click.option("--seed", type=int, default=0, metavar="N", help="order in which subjects start  [0]")
@click.option("--subject", "subjects", multiple=True, metavar="NAME", help="measure only these (repeat)")
@click.option("--exec", "executed", multiple=True, metavar="NAME=COMMAND", help="measure a program of yours as well")
@click.option("--before", "before", multiple=True, metavar="NAME=COMMAND", help="your program as it was: the problem")
@click.option("--after", "after", multiple=True, metavar="NAME=COMMAND", help="as it is now: the fix (repeat)")
@click.option("--exec-as-root", is_flag=True, help="under sudo start it as root, and not as the user who called sudo")
@click.option("--pid", "observed", multiple=True, metavar="NAME=PID", help="observe a process that runs already")
@click.option("--detect", "detected", multiple=True, metavar="NAME=HOW", help="exit, protocol, or a pattern of its log")
@click.option("--pprof", "profiled", multiple=True, metavar="NAME=URL", help="where it serves Go's pprof, on loopback")
@click.option("--record", "recorded", multiple=True, metavar="NAME=HOW", help="who keeps memory: memray, heaptrack")
@click.option("--claim", "claims", multiple=True, metavar="CLAIM", help="put a claim to the test: 'new.growth flat'")
@click.option(
    "--duplicate", "duplicates", multiple=True, metavar="NAME", help="measure a subject twice: nothing may differ"
)
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), metavar="DIR", help="[./results]")
@click.option("--reports", type=click.Path(path_type=Path), default=Path("reports"), metavar="DIR", help="[./reports]")
@click.option(
    "--no-profile", "profile", is_flag=True, flag_value=False, default=True, help="memory and CPU only, no churn"
)
@click.option("--no-report", is_flag=True, help="leave the report for later: netchurn report latest")
@click.option("--strict", is_flag=True, help="let every claim gate, not only those that the scenario says")
@click.option("--json", "as_json", is_flag=True, help="print the analysis document, and nothing else, on stdout")
@click.option("--quiet", is_flag=True, help="no progress")
@click.option("--detach", is_flag=True, help="run in the background: netchurn attach shows progress")
@click.pass_obj
def command(kept: Kept | None, /, name: str, **chosen: Any) -> int:
    """Measure SCENARIO, a name from `netchurn list` or the path of a .py file.

    Subjects live at the same time in a private namespace. First separate, profiled processes count every allocation;
    then clean ones are sampled from outside. Samples are on disk as they come, and Ctrl-C keeps and reports what was
    measured until then.

    \b
    Examples:
      netchurn run docker-host
      netchurn run docker-host --pairs 500 --duration 10m
      netchurn run docker-host --subject poll --subject netlink --json
      netchurn run docker-host --exec mine='./mydaemon --interface wt0'
      netchurn run docker-host --before old='./old {ifname}' --after new='./new {ifname}' --claim 'new.growth flat'

    --before, --after and --exec start a command in the namespace; {ifname} in it is the watched interface, wt0. The
    scenario's own subjects run beside programs only if --subject names them. A program that
    speaks netchurn's protocol tells its own work; any other is measured from outside: memory, CPU, switches, faults
    and kernel drops, its children included. Under sudo it runs as the user who called sudo, without capabilities,
    unless --exec-as-root is given. --pid sends its process nothing and leaves it where it is.

    --detach prints the result folder once the run has begun, and leaves: the run outlives this terminal. SIGINT or
    SIGTERM end it and keep what was measured, and so does Ctrl-C in `netchurn attach`.
    """  # noqa: D301 - click wants the backspace character
    return measure(kept, name, RunOptions(**chosen), builds={})


def measure(kept: Kept | None, name: str, options: RunOptions, *, builds: Mapping[str, Build]) -> int:
    """Measure a scenario; ``builds`` tells of its programs how they were built."""
    plan = make_plan(scenario.find(name), replace(options, external=options.programs(builds)))
    return carry_out(kept, plan, options, repeat_line(name))


def carry_out(kept: Kept | None, plan: Plan, options: RunOptions, line: str) -> int:
    """Carry out a plan; ``line`` is the command that repeats it."""
    from harness.run.interrupt import Interrupt  # noqa: PLC0415 - what measures and draws is loaded when it is needed,
    from harness.run.record import Setting  # noqa: PLC0415 - and not for --help: it takes a second

    _check(kept, plan, options)
    leaving = detach.daemonize(kept) if options.detach else None
    if isinstance(leaving, int):
        return leaving
    listener = leaving or choose(quiet=options.quiet)
    with Interrupt(heeds_hangup=leaving is None) as interrupt:
        setting = Setting(results=options.results, command=line, listener=listener, interrupt=interrupt, kept=kept)
        with listener:
            analysis, report = _measured(plan, setting, options)
        status = INTERRUPTED if interrupt.asked else STATUS[analysis.verdict]
        listener.finish(analysis, report, status)
        try:
            _print(analysis, report, as_json=options.as_json)
        except OSError:  # of a terminal that is gone, and told us so by SIGHUP
            if not interrupt.asked:
                raise
        return status


def _check(kept: Kept | None, plan: Plan, options: RunOptions) -> None:
    """Refuse what cannot be kept, before anything is measured; a long run says what it will write."""
    from harness.run.machine import disk_space  # noqa: PLC0415 - as above

    if kept is not None and plan.dose_trial is not None and len(kept.more) < len(plan.dose_trial.copies):
        raise UsageFault(
            "option_conflict",
            f"{plan.scenario} needs a namespace for each dose; under sudo only netchurn's own scenarios get them",
            "run it without sudo",
        )
    _check_folders(options.results, *(() if options.no_report else (options.reports,)))
    room = disk_space.check(plan, options.results)
    if (plan.duration_s >= LONG_S or options.recorded) and not options.quiet:
        click.echo(room, err=True)
    if options.detach and options.as_json:
        raise UsageFault(
            "option_conflict",
            "--json has nowhere to print to with --detach",
            "netchurn report latest --format json -o -",
        )


def _measured(plan: Plan, setting: "Setting", options: RunOptions) -> tuple[Analysis, Path]:
    """Measure, and write the report: the analysis, and the path of the report or of the result folder."""
    from harness.report.readers import Readers  # noqa: PLC0415 - as above
    from harness.run.session import run as run_session  # noqa: PLC0415 - as above

    with closing(Readers(setting.queue)) as readers:
        if not options.no_report:
            setting = replace(setting, profiled=readers.begin, spare=_load)
        folder = run_session(plan, setting)
        return _reported(folder, setting, options, readers)


def _load() -> None:
    """Load what draws the report: it takes half a second, which a run has to spare."""
    import harness.cli.running.summary  # noqa: PLC0415 - as said
    import harness.report.flamegraph.pages  # noqa: F401, PLC0415 - as said


def _reported(folder: Path, setting: "Setting", options: RunOptions, readers: "Readers") -> tuple[Analysis, Path]:
    from harness.derive import analysis_of  # noqa: PLC0415 - only now: what takes long to load delays no subject
    from harness.report import build  # noqa: PLC0415 - as above

    if options.no_report:
        return analysis_of(folder), folder
    output = options.reports / folder.parent.name / folder.name
    analysis, written = build.render(folder, output, progress=setting.listener.step, drawn=readers)
    return analysis, written["html"]


def typed(text: str) -> Line | None:
    """Read a command line that a result says it was made by; None for one that ``netchurn run`` does not take."""
    try:
        words = shlex.split(text.removeprefix("sudo "))
        if words[:2] != ["netchurn", "run"] or "--help" in words:
            return None
        chosen = command.make_context("run", words[2:]).params
        scenario_name, options = chosen.pop("name"), RunOptions(**chosen)
        return Line(
            scenario=scenario_name,
            options=options,
            executed={name: tuple(shlex.split(value)) for role in _ROLES for name, value in map(split, chosen[role])},
            roles={name: role for option, role in _ROLES.items() for name, _ in map(split, chosen[option])},
            observed={name: int(value) for name, value in map(split, options.observed)},
            profiled=dict(map(split, options.profiled)),
            detected=dict(map(split, options.detected)),
            recorded=tuple((name, cast("Recorder", how)) for name, how in map(split, options.recorded)),
        )
    except (ValueError, click.ClickException, click.exceptions.Exit, click.Abort):
        return None


def split(text: str) -> tuple[str, str]:
    """Split ``NAME=VALUE``."""
    name, _, value = text.partition("=")
    return name, value


def worlds(chosen: Mapping[str, Any]) -> int:
    """Return how many namespaces a scenario of netchurn's own may want at once; root reads no other scenario."""
    name = chosen["name"]
    trial = scenario.find(name).dose_trial if name in scenario.names() else None
    return 1 + (len(trial.subjects) * len(trial.dose.doses) if trial else 0)


def repeat_line(name: str) -> str:
    """Return the command that repeats this run, as it was typed."""
    arguments = sys.argv[1:]
    if arguments[:1] not in (["run"], ["ab"], ["dose"]):
        arguments = ["run", name, *arguments]  # started as `python scenarios/...`
    line = shlex.join([*(["sudo"] if environment.privilege() == "sudo" else []), "netchurn", *arguments])
    return os.fsencode(line).decode(errors="replace")  # a document is UTF-8; a name of a folder need not be


def _check_folders(*wanted: Path) -> None:
    """Find out that a folder cannot be written before minutes are spent measuring."""
    for folder in wanted:
        open_folder(folder).close()


def _print(analysis: Analysis, report: Path, *, as_json: bool) -> None:
    with suppress(BrokenPipeError):  # who closed the pipe still gets the verdict as the status
        if as_json:
            click.echo(json_document(analysis))
        else:
            say_path(report)
