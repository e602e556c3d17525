"""``netchurn export``: a result, or a profile in hand, in the form of another viewer, an archive or git."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from harness.analysis.facts import Facts
from harness.cli import say_path
from harness.derive import derive
from harness.errors import UsageFault
from harness.evidence import crate
from harness.export import benchmarks, perfetto, series, stacks
from harness.export.stacks import Stacked
from harness.files.profiles import forms as profiles
from harness.model import Analysis
from harness.report.flamegraph import fold
from harness.report.flamegraph.view import pairs
from harness.results.folder import RESULT, locate
from harness.results.writer import write_file
from harness.verify.thin import thin

STACKS = ("pprof", "speedscope", "folded")
RUNS: Mapping[str, Callable[[Facts, Analysis], bytes]] = {
    "openmetrics": series.openmetrics,
    "perfetto": lambda facts, _: perfetto.perfetto(facts),
    "benchstat": lambda _, analysis: benchmarks.benchstat(analysis),
}
CRATE, THIN = "ro-crate", "thin"
_HELP = """Write RESULT, a result folder, its result.json, `latest`, or a profile that netchurn profile reads.

\b
Formats:
  pprof        go tool pprof, Pyroscope: what a subject allocated, by stack
  speedscope   https://www.speedscope.app: the same of all subjects
  folded       flamegraph.pl, inferno: the same, a line a stack
  openmetrics  promtool tsdb create-blocks-from openmetrics: all samples
  perfetto     https://ui.perfetto.dev: memory over time, trials, events
  benchstat    benchstat: the rates of each subject
  ro-crate     ro-crate-metadata.json: what an archive reads, such as Zenodo;
               needs pip install 'netchurn[crate]'
  thin         a copy of the result, small enough for git, in a new folder

The thin copy verifies and renders as before, and has the same line of evidence. It keeps facts, all samples, what each
stack of a memray capture allocated in sum, and the Go profiles that something was counted from. It leaves out each
single allocation, and with it memray's own flame graph pages; THINNED.json names every file that was left out.

\b
Examples:
  netchurn export latest --format speedscope -o churn.speedscope.json
  netchurn export latest --format pprof --subject poll -o poll.pb.gz
  netchurn export latest --format benchstat > after.txt
  netchurn export heap.txt --format pprof -o heap.pb.gz
  netchurn export RESULT --format ro-crate -o RESULT/ro-crate-metadata.json
  netchurn export latest --format thin -o evidence/docker-host
"""


@click.command(name="export", short_help="Write a result, or a profile, in the form of another viewer.", help=_HELP)
@click.argument("result")
@click.option(
    "--format", "kind", required=True, type=click.Choice((*STACKS, *RUNS, CRATE, THIN)), help="the form to write"
)
@click.option("--subject", metavar="NAME", help="whose stacks, where several were profiled")
@click.option("--license", "license_url", metavar="URL", help="the licence of the data, for ro-crate")
@click.option("--sample-type", metavar="TYPE", help="what folded stacks count  [bytes]")
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="PATH", help="[standard output]")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), metavar="DIR", help="[./results]")
def command(result: str, kind: str, output: Path | None, results: Path, **chosen: str | None) -> int:
    if kind == THIN:
        say_path(_thin(locate(result, results).resolve(), output))
        return 0
    if kind in STACKS:
        data = _stacks(result, kind, chosen["subject"], chosen["sample_type"], results)
    elif kind == CRATE:
        data = crate.metadata(locate(result, results).resolve(), chosen["license_url"])
    else:
        data = _run(result, kind, results)
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        say_path(write_file(output, data))
    return 0


def _thin(folder: Path, output: Path | None) -> Path:
    if output is None:
        raise UsageFault("option_missing", "a thin copy is a folder, and none is named", "add -o DIR")
    return thin(folder, output, lambda done, of: click.echo(f"netchurn: {done} of {of} captures folded", err=True))


def _run(result: str, kind: str, results: Path) -> bytes:
    return RUNS[kind](*derive(locate(result, results)))


def _stacks(result: str, kind: str, subject: str | None, sample_type: str | None, results: Path) -> bytes:
    found = _profiled(result, results)
    chosen = [one for one in found if subject in {None, one.name}]
    if not chosen:
        raise UsageFault(
            "no_profile", f"{result} has no profile of {subject or 'any subject'}", f"choose from {_names(found)}"
        )
    if kind == "speedscope":
        return stacks.speedscope(chosen)
    if len(chosen) > 1 and subject is None:
        raise UsageFault(
            "option_missing",
            f"{kind} holds one subject, and {len(chosen)} were profiled",
            f"--subject NAME: {_names(found)}",
        )
    one = chosen[0]
    if kind == "pprof":
        return stacks.pprof(one)
    kinds = [name for name, _ in one.kinds]
    wanted = sample_type or next((name for name, unit in one.kinds if unit == "bytes"), kinds[0])
    if wanted not in kinds:
        raise UsageFault(
            "unknown_sample_type", f"{one.name} has no sample type {wanted!r}", f"choose from {', '.join(kinds)}"
        )
    return stacks.folded(one, wanted)


def _names(found: list[Stacked]) -> str:
    return ", ".join(dict.fromkeys(one.name for one in found)) or "a result with profiles"


def _profiled(result: str, results: Path) -> list[Stacked]:
    path = Path(result)
    if os.path.isfile(path) and path.name != RESULT:  # noqa: PTH113 - Path.is_file raises for a long name
        return [stacks.of_profile(profiles.read(path))]
    folder = locate(result, results)
    facts, _ = derive(folder)
    return [stacks.of_view(one) for one in fold.views(pairs(facts), folder) if one.seen and one.root.width > 0]
