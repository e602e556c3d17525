"""``netchurn verify``: hold a result against itself."""

import hashlib
import os
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.running.run import typed
from harness.errors import ResultFault
from harness.results.folder import RESULT, SUMS, locate
from harness.safe_read import content
from harness.sanitize import json_document, printable
from harness.verify import admitted, checksums
from harness.verify.checksums import MOST_SUMS_BYTES
from harness.verify.deviation import Deviation

if TYPE_CHECKING:
    from harness.evidence import signed
    from harness.verify.check import Verified

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
  plan         its id is the hash over it; each trial, capture, timing, event, storm and dump
               of it is there, once, and nothing else is
  scenario     of the same netchurn: with the command it gives this very plan
  samples      every row can be read, lies in its trial, and follows the one before
  captures     memray's and Go's are counted again, to the byte; those of a thinned
               result by the stacks that stand for them
  analysis     is derived from the files
  report       is rendered again, and is the same to the byte; pages and pictures that
               were not rendered from the result are named. One of another netchurn may rightly differ

What could not be compared is listed with a dash and the reason. The last line but one says which level holds:

\b
  consistent   the files agree with each other
  re-derived   and the report beside it follows from them, every number and page
  signed       and a workflow signed a statement of this very result (--attestation)
  reproduced   and a run of your own agrees (--against)

The last line on stdout is the evidence, to quote in a pull request. It is the same on every machine:

\b
  netchurn-evidence/1 VERDICT SCENARIO RUN sha256:HASH
               of facts, plan and environment (result.json) and the samples

\b
{textwrap.fill(admitted.FIRST, _WIDTH)}
{_LIST}

Against all of it helps an evidence line that was published before, a signed statement, and a run of one's own.

\b
Exit status: 0 nothing deviates, 1 something does, 2 there is no result that can be read,
3 the run was interrupted, so there is nothing to verify against.

\b
Examples:
  netchurn verify latest
  netchurn verify results/docker-host/20260504T101500Z-box-1a2b3c4d --json
  netchurn verify latest --report reports/docker-host/RUN
  netchurn verify theirs/result --attestation theirs/attestation.json --against latest
"""


@dataclass(frozen=True, kw_only=True)
class Reached:
    """What holds of a result, beyond that nothing deviates: who signed it, and which run of one's own agrees."""

    found: "Verified"
    signed: str = ""
    reproduced: str = ""

    @property
    def levels(self) -> dict[str, str]:
        """Return the levels that hold, the lowest first, each with whose it is; none where anything deviates."""
        if self.found.deviations or not self.found.sealed:
            return {}
        levels = {"consistent": ""}
        checked = dict(self.found.checked)
        levels |= {"re-derived": ""} if {"analysis", "report"} <= checked.keys() else {}
        levels |= {"signed": self.signed} if self.signed else {}
        return levels | ({"reproduced": self.reproduced} if self.reproduced else {})


@click.command(name="verify", short_help="Check a result, and re-derive every number from its raw files.", help=_HELP)
@click.argument("result", default="latest")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), metavar="DIR", help="[./results]")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="a report, or one file of it, to hold against the result  [the one in reports/ beside results/]",
)
@click.option(
    "--attestation",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="a signed statement, as actions/attest makes it, to hold against the result; works offline",
)
@click.option(
    "--signer",
    metavar="URL",
    help="the repository whose workflow must have signed, such as https://github.com/OWNER/REPO",
)
@click.option(
    "--trusted-root",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="whom to trust, as JSON of Sigstore  [Sigstore's own]",
)
@click.option("--against", metavar="RESULT", help="a run of your own that must agree")
@click.option("--json", "as_json", is_flag=True, help="the same as a JSON document")
def command(  # noqa: PLR0913 - what the command line takes
    result: str,
    results: Path,
    *,
    report: Path | None,
    attestation: Path | None,
    signer: str | None,
    trusted_root: Path | None,
    against: str | None,
    as_json: bool,
) -> int:
    from harness.evidence import signed  # noqa: PLC0415 - it loads the statistics, which --help does not need
    from harness.verify.check import verify  # noqa: PLC0415 - as above

    folder = _folder(result, results)
    own = locate(against, results).resolve() if against else None
    reached = Reached(found=verify(folder, report, lambda text: click.echo(f"netchurn: {text}", err=True), typed))
    if attestation:
        reached = _signed(folder, reached, attestation, signed.Trust(root=trusted_root, repository=signer))
    if own and not reached.found.deviations:
        reached = _reproduced(folder, reached, own)
    if as_json:
        click.echo(json_document(_document(reached)))
    else:
        _print(reached)
    if reached.found.deviations:
        return DEVIATES
    return VERIFIED if reached.found.sealed else INTERRUPTED


def _signed(folder: Path, reached: Reached, attestation: Path, trust: "signed.Trust") -> Reached:
    """Compare a signed statement with the result, whatever else was found."""
    from harness.evidence import signed  # noqa: PLC0415 - as above
    from harness.verify.thin import NOTE  # noqa: PLC0415 - as above

    found = reached.found
    if not found.sealed:
        raise ResultFault(
            "not_attestable", f"{folder} was interrupted, and has no statement", "verify it without --attestation"
        )
    sums = hashlib.sha256(content(folder / SUMS, MOST_SUMS_BYTES)).hexdigest()
    held = signed.Held(evidence=found.evidence, sums=sums, thinned=(folder / NOTE).is_file())
    told = signed.check(attestation, held, trust)
    found = _deviating(found, told.deviations)
    if held.thinned and not told.whole:
        why = "it has digests of the whole result, and this is a thinned copy"
        found = replace(found, uncompared=(*found.uncompared, ("captures, with the statement", why)))
    return replace(reached, found=found, signed=told.signer)


def _deviating(found: "Verified", more: tuple[Deviation, ...]) -> "Verified":
    """Add what deviates; a line of evidence then gives no verdict."""
    if not more:
        return found
    schema, _, *rest = found.evidence.split(" ")
    line = " ".join([schema, "unverified", *rest])
    return replace(found, deviations=(*found.deviations, *more), evidence=line)


def _reproduced(folder: Path, reached: Reached, own: Path) -> Reached:
    """Compare a run of one's own with the result."""
    from harness.compare import document  # noqa: PLC0415 - what compares is needed here only
    from harness.evidence import reproduced  # noqa: PLC0415 - as above

    mine = checksums.inventory(own)
    if mine.sealed and (changed := checksums.check(mine)):
        why = f"{own} was changed since it was sealed: {changed[0].where}"
        told = reproduced.Reproduced(uncompared=why)
    else:
        told = reproduced.check(document.read(folder), document.read(own))
    found = _deviating(reached.found, told.deviations)
    if told.uncompared:
        found = replace(found, uncompared=(*found.uncompared, ("the run of your own", told.uncompared)))
    return replace(reached, found=found, reproduced=told.words)


def _folder(result: str, results: Path) -> Path:
    """Find the folder; one whose result.json is anything but a file is found too, to say what it is."""
    try:
        return locate(result, results).resolve()
    except ResultFault:
        path = Path(result)
        folder = path.parent if path.name == "result.json" else path
        if os.path.islink(folder / RESULT) or os.path.isfile(folder / SUMS):  # noqa: PTH113, PTH114 - never raise
            return folder.resolve()
        raise


def _status(found: "Verified") -> str:
    if found.deviations:
        return "deviates"
    return "verified" if found.sealed else "interrupted"


def _document(reached: Reached) -> dict[str, object]:
    found = reached.found
    return {
        "schema": SCHEMA,
        "status": _status(found),
        "deviations": [
            {"id": one.id, "where": _written(one.where), "text": _written(one.text)} for one in found.deviations
        ],
        "checked": dict(found.checked),
        "not_compared": [{"what": _written(what), "reason": _written(why)} for what, why in found.uncompared],
        "levels": [{"level": level, "by": _written(by) or None} for level, by in reached.levels.items()],
        "evidence": found.evidence,
    }


def _written(text: str) -> str:
    """Replace what no JSON can hold: bytes of a file's name that are no letters."""
    return text.encode(errors="replace").decode()


def _print(reached: Reached) -> None:
    found = reached.found
    for what, looked in found.checked:
        click.echo(f"{click.style('ok', fg='green')}  {what}: {looked}")
    for what, why in found.uncompared:
        click.echo(f"{click.style('--', fg='yellow')}  {printable(what)}: not compared, because {printable(why)}")
    for one in found.deviations:
        sign, where, text = click.style("no", fg="red", bold=True), printable(one.where), printable(one.text)
        click.echo(f"{sign}  {where}: {text} [{one.id}]")
    if not found.sealed:
        words = "interrupted, or still going on: nothing to verify against"
        click.echo(f"{click.style('--', fg='yellow')}  {SUMS}: {words}")
    levels = [f"{level} by {by}" if by else level for level, by in reached.levels.items()]
    sign = click.style("ok", fg="green") if levels else click.style("--", fg="yellow")
    click.echo(f"{sign}  level: {printable(', '.join(levels) or 'none')}")
    click.echo(printable(found.evidence))
