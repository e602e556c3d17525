"""``netchurn export --format thin`` as a process: a copy that verifies, or one line and a remedy."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NETCHURN = (sys.executable, "-P", "-m", "harness")
KEPT = Path(__file__).parents[2] / "golden" / "lifecycle"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*NETCHURN, *map(str, arguments)], check=False, capture_output=True, text=True)


@pytest.mark.slow
def test_the_copy_is_named_and_verifies(tmp_path: Path) -> None:
    done = run("export", KEPT, "--format", "thin", "-o", tmp_path / "thin")

    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'thin'}\n")
    whole, thinned = (run("verify", folder) for folder in (KEPT, tmp_path / "thin"))
    assert thinned.returncode == 0, thinned.stdout
    assert thinned.stdout.splitlines()[-1] == whole.stdout.splitlines()[-1]


def test_what_cannot_be_thinned_is_one_line_and_a_remedy(tmp_path: Path) -> None:
    folder = shutil.copytree(KEPT, tmp_path / "result")
    (folder / "SHA256SUMS").unlink()
    done = run("export", folder, "--format", "thin", "-o", tmp_path / "thin")

    assert done.returncode == 2
    message, hint = done.stderr.splitlines()
    assert str(folder) in message
    assert message.endswith("[not_thinnable]")
    assert hint.startswith("  try: ")
