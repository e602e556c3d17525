"""The whole of a flame graph is the churn number beside it, in Python and in Go, from a run to its pages."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.errors import SubjectFault
from harness.subjects import registry

pytestmark = pytest.mark.slow  # its fixtures measure, and build

PACKAGE = Path(harness.__file__).resolve().parents[1]
HANG_S = 900.0  # the first build fetches modules and compiles the standard library
SCENARIO = """
from harness.scenario import Scenario

SCENARIO = Scenario(
    name="flames",
    question="?",
    pairs=10,
    duration_s=1.0,
    subjects={"poll": "before", "netlink": "after", "go-poll": "before", "go-netlink": "after"},
)
"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        registry.gowatch()
    except SubjectFault as fault:
        pytest.skip(fault.message)
    folder = tmp_path_factory.mktemp("flames")
    (folder / "flames.py").write_text(SCENARIO)
    where = ("--results", str(folder / "results"), "--reports", str(folder / "reports"))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "harness", "run", str(folder / "flames.py"), "--quiet", *where],
        check=False,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(PACKAGE), os.environ.get("PYTHONPATH"))))},
    )
    assert "Traceback" not in done.stderr
    return Path(done.stdout.strip().splitlines()[-1]).parent


def churn(reports: Path, name: str) -> dict[str, Any]:
    document = json.loads((reports / "report.json").read_text())
    found: dict[str, Any] = next(one["churn"] for one in document["subjects"] if one["name"] == name)
    return found


def drawn(page: Path) -> list[list[float]]:
    data = re.search(r'id="data">(.*?)</script>', page.read_text())
    assert data is not None
    nodes: list[list[float]] = json.loads(data[1])["nodes"]
    return nodes


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("poll", "bytes_per_poll"),
        ("go-poll", "bytes_per_poll"),
        ("netlink", "bytes_per_event"),
        ("go-netlink", "bytes_per_event"),
    ],
)
def test_the_whole_of_the_picture_is_the_churn_number(reports: Path, name: str, rate: str) -> None:
    expected = churn(reports, name)[rate]
    stacks = json.loads((reports / f"churn-{name}.json").read_text())

    assert drawn(reports / f"churn-{name}.html")[0][2] == pytest.approx(expected, rel=0.001)
    assert sum(one["bytes"] for one in stacks["stacks"]) == pytest.approx(expected, rel=0.001)
    assert stacks["total_bytes"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("pair", [("poll", "netlink"), ("go-poll", "go-netlink")])
def test_the_difference_is_of_the_idle_days_of_both(reports: Path, pair: tuple[str, str]) -> None:
    before, after = (churn(reports, name)["idle_bytes_per_day"] for name in pair)
    _, _, _, *values = drawn(reports / f"difference-{pair[0]}-and-{pair[1]}.html")[0]

    # Go's scheduler makes a wait queue entry of 112 B now and then, which no profile has: in three seconds, by the day.
    assert values == pytest.approx([before, after], rel=0.001, abs=112 / 3 * 86_400)
