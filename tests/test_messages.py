"""Every id of an error, a warning or a deviation is used, and explained in docs/messages.md."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from harness.errors import ERRORS
from harness.model.warning import WarningId
from harness.verify.deviation import DEVIATIONS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "messages.md"
ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="no checkout")


def table(title: str) -> dict[str, str]:
    _, _, rest = PAGE.read_text().partition(f"## {title}\n")
    rows: list[tuple[str, str]] = ROW.findall(rest.partition("\n## ")[0])
    assert len(rows) == len(dict(rows)), "an id stands twice"
    return dict(rows)


def used() -> set[str]:
    """Return every text that stands in the package, the catalogues aside."""
    catalogues = {ROOT / "harness" / name for name in ("errors.py", "model/warning.py", "verify/deviation.py")}
    return {
        node.value
        for path in set((ROOT / "harness").rglob("*.py")) - catalogues
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_the_page_has_every_error_and_no_other() -> None:
    assert table("Errors") == ERRORS


def test_the_page_has_every_warning_and_no_other() -> None:
    assert list(table("Warnings")) == list(get_args(WarningId))


def test_the_page_has_every_deviation_and_no_other() -> None:
    assert table("Deviations") == DEVIATIONS


def test_an_id_has_one_meaning() -> None:
    names = [*ERRORS, *get_args(WarningId), *DEVIATIONS]
    assert len(names) == len(set(names))


@pytest.mark.slow
def test_every_id_is_used() -> None:
    assert {*ERRORS, *get_args(WarningId), *DEVIATIONS} - used() == set()
