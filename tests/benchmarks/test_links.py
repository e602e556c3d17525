"""Making pairs and dropping the world, beside `ip -batch` in a bare namespace: `tox -e bench`.

A thousand pairs; ten thousand with NETCHURN_BENCH_PAIRS=10000. In an ordinary test run, ten.
"""

import os
import subprocess
import time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.lab.client import Lab

pytestmark = [pytest.mark.netns, pytest.mark.benchmark(min_rounds=1, max_time=0.1)]

BARE = ("unshare", "--user", "--map-root-user", "--net", "--fork", "--kill-child")


@pytest.fixture
def pairs(pytestconfig: pytest.Config) -> int:
    timed = pytestconfig.getoption("benchmark_enable")
    return int(os.environ.get("NETCHURN_BENCH_PAIRS", "1000")) if timed else 10


def bare(pairs: int) -> tuple[float, float]:
    """Give the seconds that ip takes to make pairs in a bare namespace, and those until it is gone."""
    lines = "".join(f"link add veth{n}a type veth peer name veth{n}b\n" for n in range(pairs))
    with subprocess.Popen([*BARE, "cat"], stdin=subprocess.PIPE) as holder:
        try:
            inside = f"/proc/{_child(holder.pid)}/ns"
            nsenter = ["nsenter", "--preserve-credentials", f"--user={inside}/user", f"--net={inside}/net"]
            began = time.perf_counter()
            subprocess.run([*nsenter, "ip", "-batch", "-"], input=lines.encode(), check=True)
            made = time.perf_counter() - began
        finally:
            began = time.perf_counter()
            holder.kill()
            holder.wait()
    return made, time.perf_counter() - began


def _child(pid: int) -> int:
    """Wait for the process that unshare forks: it is in the namespace from its first moment."""
    while True:
        with open(f"/proc/{pid}/task/{pid}/children") as children:  # noqa: PTH123 - one line
            found = children.read().split()
        if found:
            return int(found[0])
        time.sleep(0.001)


def test_make_and_drop_pairs(benchmark: BenchmarkFixture, privilege: str, pairs: int) -> None:
    del privilege
    timed: dict[str, float] = {}

    def live() -> None:
        with Lab() as lab:
            began = time.perf_counter()
            lab.add_pairs(0, pairs)
            timed["made"] = time.perf_counter() - began
            began = time.perf_counter()
        timed["dropped"] = time.perf_counter() - began

    by_ip, by_kill = bare(pairs)
    benchmark(live)
    benchmark.extra_info["pairs"] = pairs
    benchmark.extra_info["made, over ip -batch"] = round(timed["made"] / by_ip, 2)
    benchmark.extra_info["dropped, over killing a bare namespace"] = round(timed["dropped"] / by_kill, 2)
