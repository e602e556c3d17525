"""A day of eight subjects, read back, analysed and rendered: `tox -e bench`. In an ordinary test run, ten minutes."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.derive import read_facts
from harness.report import build, formats
from harness.report.compose import compose
from harness.results.samples import read_samples
from harness.results.writer import Writer
from harness.run.sampler import Sampler
from harness.subjects.process import ObservedProcess

MOST_PAGE_BYTES, MOST_MEMORY_BYTES = 5_000_000, 256 * 1024 * 1024

pytestmark = pytest.mark.benchmark(min_rounds=2, max_time=0.1)


@pytest.fixture(scope="module")
def facts(day: Path) -> Facts:
    return read_facts(day)


def test_read_a_day_of_one_subject(benchmark: BenchmarkFixture, day: Path) -> None:
    found = benchmark(read_samples, day, 0, "subject0")
    assert len(found) >= 600


def test_read_a_day_of_eight(benchmark: BenchmarkFixture, day: Path) -> None:
    found = benchmark(read_facts, day)
    assert len(found.series) == 8


def test_analyse_a_day_of_eight(benchmark: BenchmarkFixture, facts: Facts) -> None:
    found = benchmark(analyse, facts)
    assert all(one.growth for one in found.subjects)


def test_compose_a_day_of_eight(benchmark: BenchmarkFixture, facts: Facts) -> None:
    found = benchmark(compose, analyse(facts), facts)
    assert found.figures


@pytest.mark.parametrize("kind", formats.TEXTS)
def test_render_a_day_of_eight_from_its_folder(benchmark: BenchmarkFixture, day: Path, kind: str) -> None:
    found = benchmark(build.text, day, kind)
    benchmark.extra_info["bytes"] = len(found.encode())
    assert found


PAGE = """
import re, sys
from pathlib import Path
from harness.report import build
build.text(Path(sys.argv[1]), "html")
print(1024 * int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]))
"""  # getrusage would begin with the memory of the process that started it


@pytest.mark.slow
def test_the_page_of_a_day_of_eight_from_a_fresh_process(benchmark: BenchmarkFixture, day: Path) -> None:
    argv = [sys.executable, "-c", PAGE, str(day)]
    told = benchmark(subprocess.run, argv, check=True, capture_output=True, text=True)
    page = len(build.text(day, "html").encode())
    benchmark.extra_info.update(peak_bytes=int(told.stdout), page_bytes=page)

    assert page <= MOST_PAGE_BYTES
    assert int(told.stdout) <= MOST_MEMORY_BYTES


def test_sample_eight_subjects_once(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    writer = Writer(tmp_path / "run")
    itself = [ObservedProcess(f"subject{number}", 1) for number in range(8)]
    sampler = Sampler(itself, 0.1, lambda name, sample: writer.append(0, name, sample))
    alive = benchmark(sampler.tick)
    sampler.close()
    writer.close()
    for one in itself:
        one.close()
    assert len(alive) == 8


def test_keep_one_sample(benchmark: BenchmarkFixture, tmp_path: Path, facts: Facts) -> None:
    writer = Writer(tmp_path / "run")
    sample = facts.series["subject0"][0]
    benchmark(writer.append, 0, "subject0", sample)
    writer.close()


def test_memory_of_a_run_does_not_grow_with_its_samples(tmp_path: Path, facts: Facts) -> None:
    writer = Writer(tmp_path / "run")
    series = facts.series["subject0"]
    for sample in series:
        writer.append(0, "subject0", sample)
    tracemalloc.start()
    for _ in range(20):
        for sample in series:
            writer.append(0, "subject0", sample)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    writer.close()
    assert grown < 100_000  # twelve thousand rows passed through
