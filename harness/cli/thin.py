"""``netchurn thin``: a copy of a result that is small enough for git."""

from pathlib import Path

import click

from harness.results.folder import locate
from harness.verify import thin


@click.command(name="thin", short_help="Copy a result, small enough for git, that verifies as before.")
@click.argument("result")
@click.argument("target", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), metavar="DIR", help="[./results]")
def command(result: str, target: Path, results: Path) -> int:
    """Copy RESULT, a result folder, its result.json, or `latest`, to DIR, which must not be there yet.

    Kept are facts, all samples, what each stack of a memray capture allocated in sum, and the Go profiles that
    something was counted from. Left out is each single allocation, and with it memray's own flame graph pages.
    THINNED.json names every file that was left out. The copy has the same line of evidence.

    \b
    Example:
      netchurn thin latest evidence/docker-host
      netchurn verify evidence/docker-host
      netchurn report evidence/docker-host -o evidence/report
    """  # noqa: D301 - click wants the backspace character
    folder = locate(result, results).resolve()
    click.echo(str(thin.thin(folder, target, _progress)))
    return 0


def _progress(done: int, of: int) -> None:
    click.echo(f"netchurn: {done} of {of} captures folded", err=True)
