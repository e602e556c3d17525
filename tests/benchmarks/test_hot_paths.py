"""What runs often, timed: `tox -e bench`. In an ordinary test run each is called once, untimed."""

import os
import timeit
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.probes.process.resources import Probe
from harness.report import build, formats
from harness.subjects.protocol import decode
from harness.watchers.classify import LinkEvent, classify, classify_strict
from harness.watchers.filtered import program
from harness.watchers.outcome import Link, Outcome

WT0 = Link(name="wt0", index=7)
UNRELATED = LinkEvent(kind="RTM_NEWLINK", index=9, name="veth0")
WORK = b'{"event": "work", "polls": 5, "events": 0, "allocated_bytes": null, "allocations": null, "at_ns": 1}'
KEPT = Path(__file__).parents[1] / "golden" / "docker-host"


@pytest.mark.parametrize("decide", [classify, classify_strict])
def test_classify_an_unrelated_event(
    benchmark: BenchmarkFixture, decide: Callable[[Link, LinkEvent], Outcome | None]
) -> None:
    assert benchmark(decide, WT0, UNRELATED) is None


def test_build_the_filter(benchmark: BenchmarkFixture) -> None:
    assert len(benchmark(program, WT0)) % 8 == 0


def test_decode_a_line(benchmark: BenchmarkFixture) -> None:
    assert benchmark(decode, WORK).polls == 5


@pytest.mark.parametrize("full", [False, True], ids=["plain", "with PSS and USS"])
def test_read_a_process(benchmark: BenchmarkFixture, full: bool) -> None:  # noqa: FBT001 - a parameter of the table
    with Probe(os.getpid()) as probe:
        assert benchmark(lambda: probe.read(full=full, work=None)).rss_bytes > 0


MOST_TIMES_BARE = 2.0  # a reading beside what the kernel takes for its three files; 1.75 where this was written


def test_a_reading_is_not_much_dearer_than_the_kernels_own_work(benchmark: BenchmarkFixture) -> None:
    files = [os.open(f"/proc/self/{name}", flags) for name, flags in BARE]
    with Probe(os.getpid()) as probe:
        reading = min(timeit.repeat(lambda: probe.read(full=False, work=None), number=20, repeat=200))
    bare = min(timeit.repeat(lambda: read_bare(files), number=20, repeat=200))
    benchmark.extra_info["times_bare"] = reading / bare
    benchmark(read_bare, files)
    for descriptor in files:
        os.close(descriptor)

    assert reading <= MOST_TIMES_BARE * bare


BARE = (("status", os.O_RDONLY), ("stat", os.O_RDONLY), ("fd", os.O_PATH))


def read_bare(files: list[int]) -> None:
    status, stat, descriptors = files
    os.pread(status, 16_384, 0)
    os.pread(stat, 16_384, 0)
    os.fstat(descriptors)


@pytest.mark.parametrize("kind", formats.TEXTS)
def test_render_a_minute(benchmark: BenchmarkFixture, kind: str) -> None:
    assert "docker-host" in benchmark(build.text, KEPT, kind)
