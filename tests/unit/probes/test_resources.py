"""One reading of a real process, from outside it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.model import Work
from harness.probes.resources import Probe, ProcessGone

WORK = Work(at_ns=1, polls=3, events=0, allocated_bytes=None, allocations=None)


@contextmanager
def sleeping(argv: list[str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv or ["sleep", "600"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_reading_tells_what_a_process_has() -> None:
    began = time.monotonic_ns()
    sample = Probe(os.getpid()).read(full=False, work=WORK)

    assert began <= sample.at_ns <= time.monotonic_ns()
    assert 1_000_000 < sample.rss_bytes <= sample.rss_peak_bytes
    assert sample.user_s > 0
    assert sample.minor_faults > 0
    assert (sample.polls, sample.events) == (3, 0)


def test_a_sparse_reading_does_not_invent_what_it_did_not_measure() -> None:
    sample = Probe(os.getpid()).read(full=False, work=None)

    assert (sample.pss_bytes, sample.uss_bytes, sample.polls, sample.events) == (None, None, None, None)


def test_a_full_reading_adds_the_shares() -> None:
    sample = Probe(os.getpid()).read(full=True, work=None)

    assert sample.pss_bytes is not None
    assert sample.uss_bytes is not None
    assert 0 < sample.uss_bytes <= sample.pss_bytes


def test_memory_that_a_process_takes_shows() -> None:
    size = 50_000_000
    with sleeping([sys.executable, "-c", f"x = b'x' * {size}; print(flush=True); import time; time.sleep(600)"]) as one:
        probe = Probe(one.pid)
        deadline = time.monotonic() + 10
        while probe.read(full=False, work=None).rss_bytes < size and time.monotonic() < deadline:
            time.sleep(0.01)

        assert probe.read(full=False, work=None).rss_bytes > size


def test_a_process_that_never_was_is_gone() -> None:
    with sleeping() as process:
        pid = process.pid
    with pytest.raises(ProcessGone):
        Probe(pid)


def test_a_process_that_ended_in_the_meantime_is_gone() -> None:
    with sleeping() as process:
        probe = Probe(process.pid)
    with pytest.raises(ProcessGone):
        probe.read(full=True, work=None)


def test_a_process_that_ended_and_was_not_waited_for_is_gone() -> None:
    with sleeping() as process:
        probe = Probe(process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

        for full in (False, True):
            with pytest.raises(ProcessGone):
                probe.read(full=full, work=None)


@pytest.mark.parametrize("name", [b"a) S 1 (b", b"two words", b"sl\xffp"])
def test_a_process_may_have_any_name(tmp_path: Path, name: bytes) -> None:
    program = tmp_path / os.fsdecode(name)
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with sleeping([str(program), "600"]) as process:
        assert Probe(process.pid).read(full=False, work=None).rss_bytes > 0
