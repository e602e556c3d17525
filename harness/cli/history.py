"""``netchurn history``: results of one scenario over commits."""

from pathlib import Path

import click

from harness.cli import say_path
from harness.errors import UsageFault
from harness.evidence import history, history_page
from harness.report.formats import PAGES, rendered
from harness.results.writer import write_file
from harness.sanitize import json_document

CHANGED = 1


_HELP = """Show each quantity over all results below DIR, oldest first, and where it changed.

Results are kept apart by machine (architecture, processor, number of processors), scenario and setting; those that
were interrupted or cannot be read are left out, and named. Quantities are those of `netchurn compare`: churn,
growth, resident memory and processor time of each subject.

A change is named where Apache Otava finds one (E-divisive with Student's t test, p below 0.00001; of churn, which
is counted, at least 0.1 %). It names the commit of the program, where it is known, or that of netchurn, and what
else is not the same. It takes some five results on either side; fewer are shown and not judged.

Needs `pip install 'netchurn[history]'`.

\b
Examples:
  netchurn history results/docker-host
  netchurn history kept/ --last 52 --fail-on-change -o history.html
"""


@click.command(name="history", short_help="Results over commits: each quantity, and where it changed.", help=_HELP)
@click.argument("places", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR...")
@click.option("--fail-on-change", is_flag=True, help="exit status 1 where a change is named")
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="only the newest N results of each machine")
@click.option("--json", "as_json", is_flag=True, help="the same as a JSON document")
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="PATH", help="write a page: .html, .md")
def command(
    places: tuple[Path, ...], *, fail_on_change: bool, last: int | None, as_json: bool, output: Path | None
) -> int:
    if output and output.suffix not in PAGES:
        raise UsageFault(
            "unknown_format", f"{output.name} does not end in one of {', '.join(PAGES)}", "-o history.html"
        )
    found = history.history(*history.read(places), last)
    if as_json:
        click.echo(json_document(found))
    elif output is None:
        click.echo(rendered(history_page.compose(found), ".md").decode(), nl=False)
    if output:
        write_file(output, rendered(history_page.compose(found), output.suffix))
        if not as_json:
            say_path(output)
    return CHANGED if fail_on_change and any(one.changes for group in found.groups for one in group.series) else 0
