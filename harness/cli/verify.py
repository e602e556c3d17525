"""``netchurn verify``: hold a result against itself."""

import os
import textwrap
from pathlib import Path

import click

from harness import store
from harness.cli.run import typed
from harness.errors import ResultFault
from harness.sanitize import json_document, printable
from harness.verify import admitted
from harness.verify.check import Verified, verify

SCHEMA = "netchurn.verify/1"
VERIFIED, DEVIATES, INTERRUPTED = 0, 1, 3
_WIDTH = 92


_LIST = "\n".join(
    textwrap.fill(one.line(), _WIDTH, initial_indent="  * ", subsequent_indent="    ", break_long_words=False)
    for one in admitted.ADMITTED
)
_HELP = f"""Verify RESULT: a result folder, its result.json, or `latest`. Nothing is written, and nothing is run again.

\b
What is held against what:
  SHA256SUMS   every file is there, unchanged, and listed
  facts        result.json is read strictly; names, times and counts agree
  plan         its id is the hash over it; each trial, capture, timing, episode, storm and dump
               of it is there, once, and nothing else is
  scenario     of the same netchurn: with the command it gives this very plan
  samples      every row can be read, lies in its trial, and follows the one before
  captures     memray's and Go's are counted again, to the byte; those of a thinned
               result by the stacks that stand for them
  analysis     is derived from the files
  report       is rendered again, and is the same to the byte; pages and pictures that
               nobody rendered are named. One of another netchurn may rightly differ

What could not be compared is told with a dash, and why. The last line on stdout is the evidence, to quote in a pull
request. It is the same on every machine:

\b
  netchurn-evidence/1 VERDICT SCENARIO RUN sha256:HASH
               of facts, plan and environment (result.json) and the samples

\b
{textwrap.fill(admitted.FIRST, _WIDTH)}
{_LIST}

Against all of it helps an evidence line that was published before, and a run of one's own.

\b
Exit status: 0 nothing deviates, 1 something does, 2 there is no result that can be read,
3 the run was interrupted, so there is nothing to verify against.

\b
Examples:
  netchurn verify latest
  netchurn verify results/docker-host/20260504T101500Z-box-1a2b3c4d --json
  netchurn verify latest --report reports/docker-host/RUN
"""


@click.command(name="verify", short_help="Check a result, and re-derive every number from its raw files.", help=_HELP)
@click.argument("result", default="latest")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), metavar="DIR", help="[./results]")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="a report, or one file of it, to hold against the result  [the one in reports/ beside results/]",
)
@click.option("--json", "as_json", is_flag=True, help="the same as a JSON document")
def command(result: str, results: Path, report: Path | None, *, as_json: bool) -> int:
    """Verify a result."""
    folder = _folder(result, results)
    found = verify(folder, report, lambda text: click.echo(f"netchurn: {text}", err=True), typed)
    if as_json:
        click.echo(json_document(_document(found)))
    else:
        _print(found)
    if found.deviations:
        return DEVIATES
    return VERIFIED if found.sealed else INTERRUPTED


def _folder(result: str, results: Path) -> Path:
    """Find the folder; one whose result.json is anything but a file is found too, to say what it is."""
    try:
        return store.locate(result, results).resolve()
    except ResultFault:
        path = Path(result)
        folder = path.parent if path.name == "result.json" else path
        if os.path.islink(folder / store.RESULT) or os.path.isfile(folder / store.SUMS):  # noqa: PTH113, PTH114 - never raise
            return folder.resolve()
        raise


def _status(found: Verified) -> str:
    if found.deviations:
        return "deviates"
    return "verified" if found.sealed else "interrupted"


def _document(found: Verified) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "status": _status(found),
        "deviations": [{"where": _written(one.where), "words": _written(one.words)} for one in found.deviations],
        "checked": dict(found.checked),
        "not_compared": [{"what": _written(what), "reason": _written(why)} for what, why in found.uncompared],
        "evidence": found.evidence,
    }


def _written(text: str) -> str:
    """Replace what no JSON can hold: bytes of a file's name that are no letters."""
    return text.encode(errors="replace").decode()


def _print(found: Verified) -> None:
    for what, looked in found.checked:
        click.echo(f"{click.style('ok', fg='green')}  {what}: {looked}")
    for what, why in found.uncompared:
        click.echo(f"{click.style('--', fg='yellow')}  {printable(what)}: not compared, because {printable(why)}")
    for one in found.deviations:
        click.echo(f"{click.style('no', fg='red', bold=True)}  {printable(one.where)}: {printable(one.words)}")
    if not found.sealed:
        words = "interrupted, or still going on: nothing to verify against"
        click.echo(f"{click.style('--', fg='yellow')}  {store.SUMS}: {words}")
    click.echo(printable(found.evidence))
