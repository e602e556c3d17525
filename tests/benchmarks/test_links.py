"""Making pairs and dropping the world, beside `ip -batch` in a bare namespace: `tox -e bench`.

A thousand pairs; ten thousand with NETCHURN_BENCH_PAIRS=10000. In an ordinary test run, ten.

A namespace goes when its last process has ended, and not at once: the kernel takes its links down later, in a thread of
its own. So both are timed until a witness in a third namespace, who holds one end of a pair, has lost it.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.lab.client import Lab

pytestmark = [pytest.mark.netns, pytest.mark.benchmark(min_rounds=1, max_time=0.1)]

BARE = ("unshare", "--user", "--map-root-user", "--net", "--fork", "--kill-child", "sh", "-c", "echo $$ && exec cat")


@pytest.fixture
def pairs(pytestconfig: pytest.Config) -> int:
    timed = pytestconfig.getoption("benchmark_enable")
    return int(os.environ.get("NETCHURN_BENCH_PAIRS", "1000")) if timed else 10


def enter(pid: int, *namespaces: str) -> list[str]:
    """Give the words before a program that lives in namespaces of a process."""
    return ["nsenter", "--preserve-credentials", *(f"--{one}=/proc/{pid}/ns/{one}" for one in namespaces)]


@contextmanager
def witness(pid: int) -> Iterator[Callable[[], str]]:
    """Hold one end of a pair, in a namespace beside that of a process; what is given waits until it is gone."""
    watching = ["unshare", "--net", "sh", "-c", "echo && exec ip -oneline monitor link"]
    with subprocess.Popen([*enter(pid, "user"), *watching], stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        lines = watcher.stdout
        lines.readline()
        add = ["ip", "link", "add", "seen", "type", "veth", "peer", "name", "seen", "netns", str(watcher.pid)]
        while not _listens(watcher.pid):
            os.sched_yield()
        subprocess.run([*enter(pid, "user", "net"), *add], check=True)
        try:
            yield lambda: next(line for line in lines if "Deleted" in line)
        finally:
            watcher.kill()


def _listens(pid: int) -> bool:
    """Say whether a process in another network namespace has subscribed to links."""
    with open(f"/proc/{pid}/net/netlink") as table:  # noqa: PTH123 - as the kernel gives it
        return any(int(row.split()[3], 16) & 1 for row in table.readlines()[1:])


def bare(pairs: int) -> tuple[float, float]:
    """Give the seconds that ip takes to make pairs in a bare namespace, and from its kill until they are gone."""
    lines = "".join(f"link add veth{n}a type veth peer name veth{n}b\n" for n in range(pairs))
    with subprocess.Popen(BARE, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        inside = int(holder.stdout.readline())
        began = time.perf_counter()
        batch = [*enter(inside, "user", "net"), "ip", "-batch", "-"]
        subprocess.run(batch, input=lines.encode(), check=True, start_new_session=True)  # a scheduler's group, as a lab
        made = time.perf_counter() - began
        with witness(inside) as gone:
            began = time.perf_counter()
            holder.kill()
            holder.wait()
            gone()
            return made, time.perf_counter() - began


def ours(pairs: int) -> tuple[float, float]:
    """Give the same of a lab."""
    with Lab() as lab:
        began = time.perf_counter()
        lab.add_pairs(0, pairs)
        made = time.perf_counter() - began
        living = lab.spawn(["/bin/cat"])
        with witness(living.pid) as gone:
            began = time.perf_counter()
            lab.close()
            gone()
            dropped = time.perf_counter() - began
        for descriptor in (living.stdin, living.stdout, living.stderr, living.pidfd):
            os.close(descriptor)
        return made, dropped


def test_make_and_drop_pairs(benchmark: BenchmarkFixture, pairs: int) -> None:
    by_ip, by_kill = bare(pairs)
    made, dropped = benchmark(ours, pairs)
    benchmark.extra_info["pairs"] = pairs
    benchmark.extra_info["made, over ip -batch"] = round(made / by_ip, 2)
    benchmark.extra_info["dropped, over killing a bare namespace"] = round(dropped / by_kill, 2)
