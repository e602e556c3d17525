"""One reading of a real process, from outside it."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.model import Work
from harness.probes.process import private_files, resources
from harness.probes.process.resources import Probe, ProcessGone, Read
from harness.safe_read import ProcessFile, process_file

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


def test_the_parts_of_resident_memory_add_up_to_it() -> None:
    sample = Probe(os.getpid()).read(full=False, work=None)

    parts = (sample.rss_anon_bytes, sample.rss_file_bytes, sample.rss_shmem_bytes)
    assert sum(part or 0 for part in parts) == sample.rss_bytes
    assert sample.swap_bytes is not None
    assert (sample.huge_pages_bytes, sample.lazily_freed_bytes, sample.files) == (None, None, None)


OPENED = """
import os, socket, threading
held = [socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) for _ in range(5)]
held += [socket.socket(socket.AF_INET6, socket.SOCK_STREAM) for _ in range(4)] + [socket.socket(socket.AF_UNIX)]
held += [os.eventfd(0), os.eventfd(0), open("/proc/self/stat"), os.pipe()]
threading.Thread(target=input, daemon=True).start()
print(len(os.listdir("/proc/self/fd")) - 1, flush=True)
threading.Event().wait()
"""


@contextmanager
def opened() -> Iterator[tuple[int, int]]:
    """Start a process that has descriptors of each kind; give its id and their number."""
    argv = [sys.executable, "-c", OPENED]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.pid, int(process.stdout.readline())
        finally:
            process.kill()


def test_descriptors_are_counted_and_in_a_full_reading_by_kind() -> None:
    with opened() as (pid, descriptors), Probe(pid) as probe:
        plain, full = probe.read(full=False, work=None), probe.read(full=True, work=None)

    assert plain.descriptors == full.descriptors == descriptors
    assert plain.netlink_sockets is None
    assert (full.netlink_sockets, full.inet_sockets, full.unix_sockets) == (5, 4, 1)
    assert full.event_descriptors == 2
    assert (full.pipes or 0) >= 4
    assert (full.files or 0) >= 1


def test_switches_of_several_threads_are_read_sparsely() -> None:
    with opened() as (pid, _), Probe(pid) as probe:
        plain, full = probe.read(full=False, work=None), probe.read(full=True, work=None)

    assert plain.threads == full.threads == 2
    assert plain.voluntary_switches is None
    assert (full.voluntary_switches or 0) > 0


def test_before_linux_6_2_descriptors_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened() as (pid, descriptors), Probe(pid) as probe:
        monkeypatch.setattr(resources, "_SIZED", False)
        assert probe.read(full=False, work=None).descriptors == descriptors


@pytest.mark.parametrize("why", [PermissionError, FileNotFoundError])
def test_what_only_its_owner_may_read_is_not_measured(why: type[OSError]) -> None:
    def without(*names: str) -> Read:
        def read(pid: int, name: ProcessFile) -> bytes:
            if name in names:
                raise why(pid)
            return process_file(pid, name)

        return read

    alone = Probe(os.getpid(), without("smaps_rollup")).read(full=True, work=None)
    both = Probe(os.getpid(), without("smaps_rollup", "fd")).read(full=True, work=None)

    assert (alone.pss_bytes, alone.lazily_freed_bytes) == (None, None)
    assert alone.files is not None
    assert both.files is None
    assert both.descriptors is not None


def test_too_many_descriptors_are_not_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_files, "MOST_DESCRIPTORS", 2)
    with socket.socket():
        sample = Probe(os.getpid()).read(full=True, work=None)

    assert sample.inet_sockets is None
    assert (sample.descriptors or 0) > 2


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_probe_gives_its_descriptors_back() -> None:
    before = _descriptors()
    with Probe(os.getpid()) as probe:
        probe.read(full=True, work=None)
    assert _descriptors() == before
