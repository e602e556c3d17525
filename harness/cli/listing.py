"""``netchurn list``: scenarios and subjects, with one line each."""

import json

import click

from harness import scenario
from harness.subjects.registry import SUBJECTS


@click.command(name="list", short_help="Scenarios and subjects, one line each.")
@click.option("--json", "as_json", is_flag=True, help="the same as a JSON document")
def command(*, as_json: bool) -> int:
    """List what can be run and what can be measured."""
    scenarios = {name: scenario.find(name).question for name in scenario.names()}
    subjects = {kind.name: kind.line for kind in SUBJECTS.values()}
    if as_json:
        click.echo(json.dumps({"scenarios": scenarios, "subjects": subjects}, indent=2))
        return 0
    width = max(map(len, (*scenarios, *subjects)))
    for title, lines in (("Scenarios", scenarios), ("Subjects", subjects)):
        click.secho(title, bold=True)
        for name, line in lines.items():
            click.echo(f"  {name:<{width}}  {line}")
    return 0
