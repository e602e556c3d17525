"""``netchurn report``: render a result folder again, without root and without measuring."""

from pathlib import Path

import click

from harness.cli import say_path
from harness.cli.formats import chosen
from harness.errors import UsageFault
from harness.report.formats import REPORT, TEXTS
from harness.results.folder import locate


@click.command(name="report", short_help="Render a result again.")
@click.argument("result", default="latest")
@click.option("--format", "formats", default=",".join(REPORT), metavar="LIST", help="of html,md,png,json,junit  [all]")
@click.option("--output", "-o", metavar="DIR", help="folder to write to, or - for stdout  [./reports/SCENARIO/RUN]")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), metavar="DIR", help="[./results]")
def command(result: str, formats: str, output: str | None, results: Path) -> int:
    """Render RESULT: a result folder, its result.json, or `latest`.

    \b
    Examples:
      netchurn report latest
      netchurn report latest --format md -o -      ready to paste into a pull request
    """  # noqa: D301 - click wants the backspace character
    from harness.report import build  # noqa: PLC0415 - it loads the statistics, which --help does not need

    folder = locate(result, results)
    kinds = chosen(formats, REPORT)
    if output == "-":
        if len(kinds) != 1 or kinds[0] not in TEXTS:
            raise UsageFault(
                "option_conflict", "stdout takes one text format", "netchurn report latest --format md -o -"
            )
        click.echo(build.text(folder, kinds[0]), nl=False)
        return 0
    whole = folder.resolve()  # of `.` and `..` the names are not known
    target = Path(output) if output else Path("reports") / whole.parent.name / whole.name
    _, written = build.render(folder, target, kinds)
    say_path(written.get("html") or written[kinds[0]])
    return 0
