"""A Go server of our own, observed over pprof: what is planted between two marks is found.

Skipped where there is no Go.
"""

import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from harness.analysis.cost import churn
from harness.probes.pprof import goheap
from harness.run import pprof_fetches
from harness.subjects import fetch

SOURCE = Path(__file__).parents[1] / "pprofserver"
PLANTED = 10 * 2**20


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not on PATH")
    target = tmp_path_factory.mktemp("go") / "pprofserver"
    subprocess.run([go, "build", "-o", str(target), "."], check=True, cwd=SOURCE, timeout=300)
    return target


@pytest.fixture
def server(program: Path) -> Iterator[str]:
    process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.kill()
    process.communicate()


def visit(url: str, folder: Path, *prefixes: str) -> goheap.Snapshot:
    argv = [sys.executable, "-P", "-m", "harness.subjects.fetch", url, str(folder), *prefixes]
    environment = {"PYTHONPATH": str(Path(fetch.__file__).parents[2])}
    subprocess.run(argv, check=True, env=environment, timeout=50)
    return goheap.mark(folder, prefixes[-1])


def work(url: str, total: int, piece: int) -> None:
    with urllib.request.urlopen(f"{url}/work?bytes={total}&piece={piece}") as answer:  # noqa: S310 - our own server
        answer.read()


@pytest.mark.slow
@pytest.mark.parametrize("piece", [2**20, 1024, 16])
def test_ten_planted_megabytes_are_found_within_two_percent(server: str, tmp_path: Path, piece: int) -> None:
    marks = [visit(server, tmp_path, "0")]
    for number in (1, 2, 3):
        work(server, PLANTED, piece)
        marks.append(visit(server, tmp_path, str(number)))

    found = [goheap.between(one, other) for one, other in pairwise(marks)]

    assert [one.bytes for one in found] == pytest.approx([PLANTED] * 3, rel=0.02)
    assert all(one.allocations >= PLANTED // piece for one in found)


def test_nothing_planted_is_nothing_found(server: str, tmp_path: Path) -> None:
    found = goheap.between(visit(server, tmp_path, "0"), visit(server, tmp_path, "1"))

    assert abs(found.bytes) < PLANTED * 0.02
    assert found.seconds > 0


def test_how_finely_visits_can_tell_is_measured_by_visits_in_a_row(server: str, tmp_path: Path) -> None:
    names = ("a", "b", "c", "d", "e", "first")
    visit(server, tmp_path, *names)
    visit(server, tmp_path, "second")
    between, counts = pprof_fetches.counted(tmp_path, ("first", "second"), names[:-1])
    gaps = counts["noise"]

    assert len(gaps) == len(names) - 1
    assert max(abs(gap.bytes) for gap in gaps) < 10 * churn.LEAST_BYTES, "a visit costs some 40 kB, and is taken off"
    assert abs(between.bytes) < 10 * churn.LEAST_BYTES


@pytest.mark.slow
def test_the_function_that_allocates_is_named_within_its_error(server: str, tmp_path: Path) -> None:
    first = visit(server, tmp_path, "0")
    work(server, 50 * PLANTED, 1024)
    sampled = goheap.between(first, visit(server, tmp_path, "1")).sampled

    assert sampled is not None
    top = sampled.functions[0]
    assert top.name == "main.plant"
    assert abs(top.flat - 50 * PLANTED) < 5 * sampled.standard_error
    assert sampled.standard_error < 0.05 * sampled.total
    assert any(one.name == "main.work" and one.cumulative >= top.flat for one in sampled.functions)
