"""The planted program leaks what it says: what a probe reads of it moves, and nothing else that matters does."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.model import Sample
from harness.probes.process.process_tree import TreeProbe

sys.path.append(str(Path(__file__).parent))  # the tests are no package
if TYPE_CHECKING:
    from tests.planted.planted import CHARGED, TRUTH, build
else:
    from planted import CHARGED, TRUTH, build

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")

LIVED_S = 3.0
MOVES = {
    "heap": "rss_anon_bytes",
    "thread_stacks": "threads",
    "descriptors": "files",
    "event_descriptors": "event_descriptors",
    "netlink_sockets": "netlink_sockets",
    "file_mapped": "rss_file_bytes",
    "memfd_mapped": "rss_shmem_bytes",
    "child": "children_rss_bytes",
    "lazily_freed": "lazily_freed_bytes",
    "fragmentation": "rss_anon_bytes",
}
Readings = dict[str, tuple[Sample, Sample]]


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readings]:
    """Start one process a cause; read each when it has begun, and some seconds later."""
    folder = tmp_path_factory.mktemp("planted")
    program = build(folder)
    argvs = {name: [str(program), name] for name in (*TRUTH, *CHARGED)}
    started = {name: subprocess.Popen(argv, cwd=folder, stdout=subprocess.PIPE) for name, argv in argvs.items()}
    try:
        for process in started.values():
            assert process.stdout is not None
            process.stdout.readline()
        probes = {name: TreeProbe(process.pid) for name, process in started.items()}
        first = {name: probe.read(full=True, work=None) for name, probe in probes.items()}
        time.sleep(LIVED_S)
        last = {name: probe.read(full=True, work=None) for name, probe in probes.items()}
        for probe in probes.values():
            probe.close()
        yield {name: (first[name], last[name]) for name in probes}
    finally:
        for process in started.values():
            process.kill()
            process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "column"), MOVES.items())
def test_what_is_planted_is_read(readings: Readings, name: str, column: str) -> None:
    first, last = (getattr(one, column) for one in readings[name])
    assert last > first


def test_children_are_counted(readings: Readings) -> None:
    assert (readings["children"][1].children or 0) >= 1
    assert readings["nothing"][1].children == 0


@pytest.mark.parametrize("name", ["nothing", "socket_buffers", "memfd_unmapped"])
def test_what_belongs_to_no_process_does_not_show(readings: Readings, name: str) -> None:
    first, last = readings[name]
    assert last.rss_bytes - first.rss_bytes < 200_000
    assert (last.threads, last.descriptors) == (first.threads, first.descriptors)
