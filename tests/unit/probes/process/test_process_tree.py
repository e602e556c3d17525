"""A process with its children, read from outside."""

import os
import subprocess
import sys
from collections.abc import Iterator

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
