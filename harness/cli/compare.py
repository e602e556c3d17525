"""``netchurn compare``: results side by side, and what changed beyond the noise."""

from pathlib import Path

import click

from harness.cli import say_path
from harness.cli.formats import chosen
from harness.compare import document
from harness.compare.comparability import FIELDS, Side, refusals
from harness.compare.judge import compared
from harness.errors import UsageFault
from harness.report.formats import COMPARISON
from harness.results.descriptors import open_folder
from harness.results.folder import locate
from harness.results.writer import writing

_HELP = """Compare each OTHER with BASE: result folders, their result.json, or `latest`; from one machine or many.

\b
How a difference is found:
  churn    exact: more than 0.1 % in one accounting mode is a difference
  growth   the intervals of two decided verdicts do not overlap
  memory   RSS at the end, and processor time an hour: over trials, by the
  and cpu  two-sided Mann-Whitney test at 5 %; run with --trials 4 or more,
           fewer decide nothing

Two results that are not of one kind are refused, naming the fields and both values, unless --allow says for each
that it may differ. Bytes of two accounting modes are shown side by side and never compared, whatever is allowed.
Another machine, kernel, Python, package, version or load forbids nothing, and is noted.

Exit status: 0 compared, whether or not something differs; 2 refused, or no such result.

\b
Examples:
  netchurn run docker-host --trials 4          before the change, and again after it
  netchurn compare results/docker-host/20260504T101500Z-box-1a2b3c4d latest
  netchurn compare py311/result py312/result py313/result --format md,html -o reports/matrix
  netchurn compare few many --allow links      what more links cost
"""


@click.command(
    name="compare", short_help="Two results or more side by side: what changed beyond the noise.", help=_HELP
)
@click.argument("base")
@click.argument("others", nargs=-1, required=True, metavar="OTHER...")
@click.option("--format", "formats", default="md", metavar="LIST", help="of md,html,json  [md]")
@click.option(
    "--output", "-o", default="-", metavar="DIR", help="folder to write compare.FORMAT to, or - for stdout  [-]"
)
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    type=click.Choice(FIELDS),
    metavar="FIELD",
    help=f"let a field differ: {', '.join(FIELDS)}; may be given again",
)
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), metavar="DIR", help="[./results]")
def command(  # noqa: PLR0913, PLR0917 - what the command line takes
    base: str, others: tuple[str, ...], formats: str, output: str, allowed: tuple[str, ...], results: Path
) -> int:
    kinds = chosen(formats, COMPARISON)
    if output == "-" and len(kinds) > 1:
        raise UsageFault("option_conflict", "stdout takes one format", "choose one, or name a folder with --output")
    sides = tuple(document.read(locate(one, results)) for one in (base, *others))
    for side in sides[1:]:
        _check(sides[0], side, allowed)
    found = compared(sides[0], sides[1:], allowed)
    if output == "-":
        click.echo(document.text(found, sides, kinds[0]), nl=False)
        return 0
    with open_folder(Path(output)) as folder, writing(folder.path):
        for kind in kinds:
            folder.put(f"compare.{kind}", document.text(found, sides, kind).encode())
            say_path(folder.path / f"compare.{kind}")
    click.echo(found.verdict)
    return 0


def _check(base: Side, other: Side, allowed: tuple[str, ...]) -> None:
    """Refuse two results that are not of one kind; UsageFault naming every field that was not allowed to differ."""
    found = tuple(one for one in refusals(base, other) if one.field not in allowed)
    names = f"{base.analysis.run_id} and {other.analysis.run_id}"
    if found:
        allow = " ".join(f"--allow {field}" for field in dict.fromkeys(one.field for one in found))
        raise UsageFault(
            "not_comparable",
            f"{names} are not of one kind: {document.refused(found)}",
            f"compare like with like, or add {allow}",
        )
    if not {one.name for one in base.analysis.subjects} & {one.name for one in other.analysis.subjects}:
        raise UsageFault("not_comparable", f"{names} have no subject in common", "compare runs of the same subjects")
