"""A kept result renders to kept reports, byte for byte. `python tests/golden/test_golden.py` writes them anew."""

import re
import sys
from pathlib import Path

import pytest

from harness.report import build

HERE = Path(__file__).parent
RESULT = HERE / "docker-host"


def without_pictures(page: str) -> str:
    """Leave matplotlib's drawing out: its bytes are matplotlib's, and its data stand in the tables."""
    return re.sub(r"<svg.*?</svg>", "<svg/>", page, flags=re.DOTALL)


@pytest.mark.parametrize("kind", ["md", "json", "html"])
def test_a_kept_result_renders_to_the_kept_report(kind: str) -> None:
    assert without_pictures(build.text(RESULT, kind)) == (HERE / f"docker-host.{kind}").read_text()


def test_an_unsealed_folder_is_reported_as_interrupted() -> None:
    assert '"status": "interrupted"' in build.text(RESULT, "json")


if __name__ == "__main__":
    for name in ("md", "json", "html"):
        (HERE / f"docker-host.{name}").write_text(without_pictures(build.text(RESULT, name)))
    sys.stdout.write("read the difference before you commit it: git diff tests/golden\n")
