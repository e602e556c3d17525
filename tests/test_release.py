"""What is released: the same bytes from the same tree, the commit in them, and the licences of what it stands on."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from harness import __version__, environment

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns(".git", ".tox", ".venv*", "__pycache__", "results", "reports", ".*_cache", "build")
NOTES = ROOT / "THIRD-PARTY.md"

pytestmark = pytest.mark.skipif(not NOTES.is_file(), reason="no checkout")


def build(tree: Path, epoch: str = "1700000000") -> dict[str, Path]:
    """Build wheel and sdist, and give them by name."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist"],
        check=True,
        capture_output=True,
        cwd=tree,
        env={**os.environ, "SOURCE_DATE_EPOCH": epoch},
    )
    return {path.name: path for path in (tree / "dist").iterdir() if path.suffix != ".gitignore"}


def contents(wheel: Path) -> dict[str, bytes]:
    """Read a wheel's files but its list of them, whose order is that in which the builder met them."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}


def copy(tmp_path: Path, name: str) -> Path:
    return Path(shutil.copytree(ROOT, tmp_path / name, ignore=LEFT_OUT))


def disturb(tree: Path) -> None:
    """Change what a checkout elsewhere may have otherwise: times, and permissions of group and others."""
    for path in tree.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
        os.utime(path, (1, 1))


def git(tree: Path, *words: str) -> str:
    command = ["git", "-C", str(tree), "-c", "user.name=n", "-c", "user.email=e", "-c", f"safe.directory={tree}"]
    return subprocess.run([*command, *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.slow
def test_two_builds_of_one_tree_are_the_same_bytes(tmp_path: Path) -> None:
    first, second = copy(tmp_path, "first"), copy(tmp_path, "second")
    disturb(second)
    builds = [build(tree) for tree in (first, second)]
    assert set(builds[0]) == {f"netchurn-{__version__}-py3-none-any.whl", f"netchurn-{__version__}.tar.gz"}
    sums = [{name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in made.items()} for made in builds]
    assert sums[0] == sums[1]


@pytest.mark.slow
def test_a_wheel_of_the_sdist_is_the_wheel_of_the_checkout(tmp_path: Path) -> None:
    tree = copy(tmp_path, "tree")
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "all")
    commit = git(tree, "rev-parse", "--short=12", "HEAD")
    made = build(tree)
    subprocess.run(["tar", "-xf", made[f"netchurn-{__version__}.tar.gz"], "-C", tmp_path], check=True)
    wheel = f"netchurn-{__version__}-py3-none-any.whl"
    again = build(tmp_path / f"netchurn-{__version__}")[wheel]
    first, second = contents(made[wheel]), contents(again)
    assert first.pop("harness/commit.txt").decode().strip() == commit
    assert second.pop("harness/commit.txt").decode().strip() == commit
    assert first == second
    assert not [name for name in first if not name.startswith(("harness/", "netchurn-"))]
    assert not (tree / "harness" / "commit.txt").exists()


def test_the_commit_of_an_installed_package_is_read_from_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "harness" / "environment.py"))
    assert environment.commit() is None
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness" / "commit.txt").write_text("0123456789ab\n")
    assert environment.commit() == "0123456789ab"


def test_the_version_is_told_with_its_commit() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "harness", "--version"], check=True, capture_output=True, text=True
    )
    commit = environment.commit()
    assert done.stdout == f"netchurn {__version__}" + (f" (commit {commit})\n" if commit else "\n")


def noted() -> set[str]:
    """Read the first cells of the tables of the notes."""
    return set(re.findall(r"^\| ([\w./-]+) \|", NOTES.read_text(), flags=re.MULTILINE)) - {"package", "module", "---"}


def test_the_notes_name_what_is_needed_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[<>=]", line)[0] for line in project["dependencies"]}
    module = (ROOT / "harness" / "subjects" / "gowatch" / "go.mod").read_text()
    needed |= set(re.findall(r"^(?:require)?\s+([\w.]+/[\w./-]+) v", module, flags=re.MULTILINE))
    assert noted() == needed
