"""A process with its children, read from outside."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from types import SimpleNamespace

import pytest

from harness.probes.process import process_tree
from harness.probes.process.process_tree import TreeProbe, descendants
from harness.probes.process.resources import Probe, ProcessGone

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "print(1, flush=True); input()"], stdin=subprocess.PIPE)
input()
child.communicate(b"\\n")
print("waited", flush=True)
input()
"""


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", PARENT]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        yield process
        process.kill()


def test_the_memory_of_living_children_counts(parent: subprocess.Popen[str]) -> None:
    alone, whole = Probe(parent.pid).read(full=True, work=None), TreeProbe(parent.pid).read(full=True, work=None)

    assert whole.rss_bytes > 1.5 * alone.rss_bytes
    assert whole.rss_peak_bytes >= whole.rss_bytes
    assert alone.pss_bytes is not None
    assert whole.pss_bytes is not None
    assert whole.pss_bytes > alone.pss_bytes
    assert alone.children is None
    assert whole.children == 1
    assert whole.children_rss_bytes == whole.rss_bytes - alone.rss_bytes
    assert (whole.descriptors or 0) > (alone.descriptors or 0)
    assert whole.threads == 2


def test_the_faults_of_a_child_stay_counted_when_it_has_ended(parent: subprocess.Popen[str]) -> None:
    probe = TreeProbe(parent.pid)
    before = probe.read(full=False, work=None)
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write("\n")
    parent.stdin.flush()
    assert parent.stdout.readline() == "waited\n"
    after = probe.read(full=False, work=None)

    assert after.minor_faults >= before.minor_faults
    assert after.rss_bytes < before.rss_bytes
    assert after.rss_peak_bytes >= before.rss_bytes


def test_children_are_found_alike_without_the_kernel_s_list(
    parent: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = descendants(parent.pid)
    monkeypatch.setattr(process_tree, "_LISTED", False)

    assert len(found) == 1
    assert descendants(parent.pid) == found


def test_this_process_and_its_own_are_nobodys_children(parent: subprocess.Popen[str]) -> None:
    found = descendants(os.getppid())

    assert os.getpid() not in found
    assert parent.pid not in found


def test_one_that_never_was_is_gone() -> None:
    with pytest.raises(ProcessGone):
        TreeProbe(-1)
    assert descendants(2**22 + 1) == []


def test_a_thread_that_has_ended_hides_no_child_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.listdir", lambda _: ["1", "2", "3"])

    def children(path: str) -> list[int]:
        if "/2/" in path:
            raise FileNotFoundError(path)
        return [int(path.split("/")[4])]

    monkeypatch.setattr(process_tree, "_children_of_thread", children)
    assert process_tree._children(77) == [1, 3]


def test_times_have_no_more_digits_than_they_tell(parent: subprocess.Popen[str]) -> None:
    used = SimpleNamespace(waited=SimpleNamespace(user_ticks=3, system_ticks=3, minor=0, major=0))
    with closing(TreeProbe(parent.pid)) as probe:
        probe._waited_for = lambda: [used.waited] * 10  # type: ignore[method-assign]
        sample = probe.read(full=False, work=None)
    assert sample.user_s == round(sample.user_s, 6)
    assert sample.system_s == round(sample.system_s, 6)


def test_what_could_not_be_opened_leaves_no_descriptor(parent: subprocess.Popen[str]) -> None:
    held = [os.dup(0)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (held[0] + 8, hard))
    try:
        with suppress(OSError):
            while True:
                held.append(os.dup(0))
        os.close(held.pop())
        with pytest.raises(OSError, match="Too many open files"):
            Probe(parent.pid)
        held.append(os.dup(0))  # the one that was free still is
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in held:
            os.close(descriptor)
