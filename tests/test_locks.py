"""What the tests need is pinned, with hashes, for every index: each pin fits its range, and each range has a pin."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = {  # folder to what it takes beside the extra `test`
    "": "coverage",
    "fuzz": "fuzz",
    "mutation": "mutate",
    "unit/evidence": "extras",
}
APART = {"unit/evidence"}  # what it tests wants older libraries than the rest
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def entries(folder: str) -> list[str]:
    """Give each requirement of a lock with its hashes, as one line."""
    text = (ROOT / "tests" / folder / "requirements.txt").read_text()
    return [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]


def pins(folder: str) -> dict[str, list[Requirement]]:
    """Give the pins of each name; there are several where Pythons differ."""
    found: dict[str, list[Requirement]] = {}
    for entry in entries(folder):
        one = Requirement(entry.partition("--hash")[0].strip())
        found.setdefault(_plain(one.name), []).append(one)
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("folder", GROUPS)
def test_every_pin_has_its_hashes_and_names_no_index(folder: str) -> None:
    assert entries(folder)
    for entry in entries(folder):
        assert _HASH.search(entry), entry
        assert "://" not in entry
        assert not entry.startswith(("-i", "--index", "--extra-index", "--find-links"))


@pytest.mark.parametrize("folder", GROUPS)
def test_every_range_has_a_pin_that_fits_it(folder: str) -> None:
    wanted = PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["test"]
    pinned = pins(folder)
    for one in map(Requirement, wanted + PROJECT["dependency-groups"][GROUPS[folder]]):
        for pin in pinned[_plain(one.name)]:
            (version,) = pin.specifier
            assert version.operator == "=="
            assert one.specifier.contains(version.version), f"{pin} is not in {one}: tox run -e lock"


def test_all_locks_agree() -> None:
    first = pins("")
    for folder in GROUPS.keys() - APART:
        for name, mine in pins(folder).items():
            assert not first.get(name) or [str(one.specifier) for one in mine] == [
                str(one.specifier) for one in first[name]
            ]


def test_every_range_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    dependencies = text[text.index("dependencies = [") : text.index("[project.optional-dependencies]")]
    lines = [line for line in dependencies.splitlines() if line.startswith('    "')]
    assert len(lines) == len(PROJECT["project"]["dependencies"])
    assert all("  # " in line or " # " in line for line in lines)
