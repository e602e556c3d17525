"""``netchurn doctor``: what this machine can measure, and the fix for what it cannot."""

import json

import click

from harness import checkup
from harness.errors import LabFault


@click.command(name="doctor", short_help="What this machine can measure, and the fix for what it cannot.")
@click.option("--json", "as_json", is_flag=True, help="the same as a JSON document")
def command(*, as_json: bool) -> int:
    """Try what a run needs, the way a run would: a private namespace is made, and a veth pair in it.

    Exit status 0 when a run will work, 2 when it will not.
    """
    checks = checkup.examine()
    if as_json:
        click.echo(json.dumps([check._asdict() for check in checks], indent=2))
    else:
        for check in checks:
            mark = click.style("ok", fg="green") if check.ok else click.style("no" if check.needed else "--", fg="red")
            click.echo(f"{mark}  {check.name}: {check.found}")
            if check.fix:
                click.echo(f"      try: {check.fix}")
    failed = [check for check in checks if check.needed and not check.ok]
    if failed and as_json:
        raise LabFault(f"{failed[0].name}: {failed[0].found}", failed[0].fix)
    return 2 if failed else 0
