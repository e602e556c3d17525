"""How long the command takes to start, beside an interpreter that loads the same libraries: `tox -e bench`."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

NETCHURN = (sys.executable, "-P", "-m", "harness")
BARE = "pass"
STATISTICS = "import click, msgspec, numpy, scipy.special, scipy.optimize"
DRAWING = f"{STATISTICS}, jinja2, matplotlib.figure"
RESULT = str(Path(__file__).parents[1] / "golden" / "docker-host")
TURNS = 7
VERBS = [  # what is typed, what a bare interpreter loads beside it, and how many times as long it may take at most
    (("--help",), BARE, 4),
    (("--version",), BARE, 20),
    (("list",), BARE, 20),
    (("run", "--help"), BARE, 30),
    (("doctor", "--help"), BARE, 20),
    (("report", "--help"), BARE, 20),
    (("verify", "--help"), BARE, 30),
    (("report", RESULT, "--format", "md", "-o", "-"), STATISTICS, 3),
    (("report", RESULT, "--format", "html", "-o", "-"), DRAWING, 4),
    (("verify", RESULT), STATISTICS, 4),
]


def seconds(*argv: str) -> float:
    """Return the processor time of a process: what else the machine does is not in it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verb", "bare", "most"), VERBS, ids=[" ".join(verb[:2]) + bare[-9:] for verb, bare, _ in VERBS]
)
def test_start_beside_an_interpreter_that_loads_the_same(
    benchmark: BenchmarkFixture, verb: tuple[str, ...], bare: str, most: float, pytestconfig: pytest.Config
) -> None:
    """The two take turns, so that what else the machine does meets both."""
    timed = pytestconfig.getoption("benchmark_enable")
    pairs = [(seconds(*NETCHURN, *verb), seconds(sys.executable, "-c", bare)) for _ in range(TURNS if timed else 1)]
    ratio = min(mine for mine, _ in pairs) / min(theirs for _, theirs in pairs)
    benchmark.extra_info["over an interpreter"] = round(ratio, 2)
    benchmark(seconds, *NETCHURN, *verb)

    assert ratio <= most or not timed
