"""``netchurn attest``: a result as an in-toto statement, to be signed by others."""

import os
import sys
from pathlib import Path

import click

from harness.cli import say_path
from harness.cli.running.run import typed
from harness.evidence import attest
from harness.results.descriptors import open_folder
from harness.results.folder import locate
from harness.results.writer import writing


@click.command(name="attest", short_help="Write what a result is, for signing: an in-toto statement.")
@click.argument("result", default="latest")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="folder for statement.json, predicate.json and subjects.sha256, for actions/attest  [standard output]",
)
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), metavar="DIR", help="[./results]")
def command(result: str, output: Path | None, results: Path) -> int:
    """Write an in-toto statement of RESULT, a result folder, its result.json, or `latest`, which must verify.

    Its subjects are the result and the measured programs, by SHA-256. Its predicate is a test result
    (https://in-toto.io/attestation/test-result/v0.1): the verdict, claims, pairs, controls and growth as tests, and as
    configuration the plan, the commits that are known, and in a GitHub workflow the workflow.

    It is not signed: the action of this repository has actions/attest sign it, and `netchurn verify --attestation`
    checks that. A signature proves which workflow made the statement from which commit, and that nothing was changed
    since. It does not prove that the machine measured right, nor that the workflow measured what its name says.

    \b
    Examples:
      netchurn attest latest
      netchurn attest latest --output attestation
    """  # noqa: D301 - click wants the backspace character
    folder = locate(result, results).resolve()
    made = attest.attested(folder, os.environ, lambda text: click.echo(f"netchurn: {text}", err=True), typed)
    if output is None:
        sys.stdout.buffer.write(attest.document(made))
        sys.stdout.buffer.flush()
        return 0
    with open_folder(output) as target, writing(target.path):
        for name, data in attest.files(made).items():
            target.put(name, data)
            say_path(target.path / name)
    return 0
