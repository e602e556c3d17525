"""Kept results render to kept reports, byte for byte. `python tests/golden/test_golden.py` writes them anew."""

import re
import sys
from pathlib import Path

import pytest

from harness.report import build

HERE = Path(__file__).parent
KEPT = ("docker-host", "lifecycle", "netbird-5857")
KINDS = ("md", "json", "html")


def without_pictures(page: str) -> str:
    """Leave matplotlib's drawing out, and where it put the axes: these are its own, the data stand in tables."""
    drawn = re.sub(r"<svg.*?</svg>", "<svg/>", page, flags=re.DOTALL)
    return re.sub(r"data-values='.*?'", "data-values", drawn)


def rendered(name: str, kind: str) -> str:
    return without_pictures(build.text(HERE / name, kind))


@pytest.mark.slow
@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_result_renders_to_the_kept_report(name: str, kind: str) -> None:
    assert rendered(name, kind) == (HERE / f"{name}.{kind}").read_text()


@pytest.mark.parametrize(
    ("name", "status"), [("docker-host", "interrupted"), ("lifecycle", "complete"), ("netbird-5857", "complete")]
)
def test_a_folder_is_reported_as_complete_once_it_is_sealed(name: str, status: str) -> None:
    assert (HERE / name / "SHA256SUMS").exists() == (status == "complete")
    assert f'"status": "{status}"' in rendered(name, "json")


if __name__ == "__main__":
    for name in KEPT:
        for kind in KINDS:
            (HERE / f"{name}.{kind}").write_text(rendered(name, kind))
    sys.stdout.write("read the difference before you commit it: git diff tests/golden\n")
