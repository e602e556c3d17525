"""How long the command takes to start, beside an interpreter that does nothing: `tox -e bench`."""

import subprocess
import sys
import time
from statistics import median

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

NETCHURN = (sys.executable, "-P", "-m", "harness")
TURNS = 7


def seconds(*argv: str) -> float:
    began = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


@pytest.mark.slow
@pytest.mark.parametrize("verb", [("--help",), ("--version",), ("list",), ("run", "--help"), ("doctor", "--help")])
def test_start_beside_a_bare_interpreter(benchmark: BenchmarkFixture, verb: tuple[str, ...]) -> None:
    """The two take turns, so that what else the machine does meets both."""
    pairs = [(seconds(*NETCHURN, *verb), seconds(sys.executable, "-c", "pass")) for _ in range(TURNS)]
    benchmark.extra_info["over python -c pass"] = round(median(mine / bare for mine, bare in pairs), 2)
    benchmark(seconds, *NETCHURN, *verb)
