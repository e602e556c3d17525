"""A Python watcher as a process: the protocol from outside, on the one link that is everywhere."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import harness
from harness.model import ReportedOutcome, Work
from harness.subjects import protocol, registry
from harness.subjects.protocol import Lost, MalformedLine, Ready
from harness.subjects.subject_main import Tally
from harness.watchers.protocols import Stop

PACKAGE = str(Path(harness.__file__).resolve().parents[1])  # what a subject's Python must search to find this very one

LO = socket.if_nametoindex("lo")
Process = subprocess.Popen[bytes]


@contextmanager
def started(name: str, *, ifname: str = "lo", interval_s: float = 0.01, polls: int | None = None) -> Iterator[Process]:
    argv = registry.command(name, ifname=ifname, interval_s=interval_s, polls=polls)
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    environment.pop("NB_USE_NETSTACK_MODE", None)
    with subprocess.Popen(argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def tell(process: Process, word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(word.encode() + b"\n")
    process.stdin.flush()


def read_output(process: Process) -> protocol.Line:
    assert process.stdout is not None
    return protocol.decode(process.stdout.readline().rstrip(b"\n"))


def hear_work(process: Process) -> Work:
    line = read_output(process)
    assert isinstance(line, Work)
    return line


@pytest.mark.parametrize("name", ["poll-name", "poll-psutil", "netlink", "netlink-filtered"])
def test_it_says_ready_answers_a_mark_and_ends_when_told(name: str) -> None:
    with started(name, interval_s=600) as process:
        ready = read_output(process)
        tell(process, "mark")
        work = hear_work(process)
        tell(process, "stop")
        last, said = hear_work(process), read_output(process)
        status = process.wait(10)

    assert isinstance(ready, Ready)
    assert (ready.ifname, ready.ifindex) == ("lo", LO)
    assert work.polls == 0
    assert (work.allocated_bytes, work.allocations) == (None, None)
    assert ready.at_ns <= work.at_ns <= last.at_ns
    assert isinstance(said, ReportedOutcome)
    assert (said.restart, said.reason) == (False, "stopped")
    assert status == 0


def test_after_its_polls_it_stays_alive_until_told_to_stop() -> None:
    with started("poll-name", interval_s=0, polls=3) as process:
        read_output(process)
        done = hear_work(process)
        tell(process, "mark")
        later = hear_work(process)
        alive = process.poll() is None
        tell(process, "stop")
        said = read_output(process)

    assert (done.polls, later.polls) == (3, 3)
    assert alive
    assert isinstance(said, ReportedOutcome)


def test_the_end_of_its_standard_input_means_stop() -> None:
    with started("netlink") as process:
        read_output(process)
        assert process.stdin is not None
        process.stdin.close()
        hear_work(process)
        said = read_output(process)

    assert isinstance(said, ReportedOutcome)
    assert said.reason == "stopped"


@pytest.mark.parametrize("before", ["pass", "stop.wait(0)"])
def test_a_look_up_that_takes_long_is_cut_short_and_not_counted(before: str) -> None:
    script = (
        "from argparse import Namespace\n"
        "from harness.subjects import subject_main\n"
        "from harness.watchers.outcome import Link\n"
        "def watch(stop, observer):\n"
        "    observer.ready(Link(name='wt0', index=2))\n"
        "    observer.polled()\n"
        f"    {before}\n"
        "    while True: pass\n"
        "subject_main.run(Namespace(capture=None, polls=None), watch)\n"
    )
    argv = [sys.executable, "-P", "-c", script]
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    with subprocess.Popen(argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert isinstance(read_output(process), Ready)
        tell(process, "stop")
        last, said = hear_work(process), read_output(process)
        status = process.wait(10)

    assert last.polls == 1
    assert isinstance(said, ReportedOutcome)
    assert (said.restart, said.reason) == (False, "stopped")
    assert status == 0


def test_a_word_that_it_does_not_know_is_passed_over() -> None:
    with started("netlink") as process:
        read_output(process)
        tell(process, "dance")
        tell(process, "mark")

        assert isinstance(read_output(process), Work)


def test_an_interface_that_is_not_there_is_an_outcome_and_no_crash() -> None:
    with started("netlink", ifname="nope0") as process:
        hear_work(process)
        said = read_output(process)
        status = process.wait(10)

    assert isinstance(said, ReportedOutcome)
    assert (said.restart, said.reason) == (False, "not_found")
    assert status == 0


def test_an_overrun_is_told_at_once(capfd: pytest.CaptureFixture[str]) -> None:
    stop = Stop()
    Tally(stop, limit=None, tell=False).lost(508)
    stop.close()

    told = protocol.decode(capfd.readouterr().out.encode())
    assert isinstance(told, Lost)
    assert told.dropped == 508


def test_every_line_is_of_the_protocol() -> None:
    with started("poll-name", interval_s=0.001) as process:
        heard = [read_output(process)]
        for _ in range(20):
            tell(process, "mark")
            heard.append(read_output(process))

    assert not [line for line in heard if isinstance(line, MalformedLine)]


def test_the_measured_process_carries_none_of_the_harness() -> None:
    """What is measured must be the watcher: none of what draws, counts or parses documents is loaded."""
    script = (
        "import sys\n"
        "import harness.subjects.subject_main\n"
        "ours = {'harness.' + name for name in ('model', 'store', 'cli', 'run', 'analysis', 'report', 'lab')}\n"
        "heavy = {'msgspec', 'numpy', 'matplotlib', 'jinja2', 'rich', 'click', 'memray', 'psutil', 'pyroute2'}\n"
        "print(*sorted((ours | heavy) & set(sys.modules)))\n"
    )
    loaded = subprocess.run(
        [sys.executable, "-P", "-c", script],
        env={**os.environ, "PYTHONPATH": PACKAGE},
        check=True,
        capture_output=True,
        text=True,
    )

    assert loaded.stdout.split() == []


def test_a_signal_to_the_terminal_is_not_needed_to_end_it() -> None:
    with started("netlink") as process:
        read_output(process)
        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == -signal.SIGTERM
