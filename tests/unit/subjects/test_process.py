"""A living subject: real pipes, a real process behind them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from harness.lab.client import LabProcess
from harness.subjects.process import STDERR_TAIL_BYTES, Subject
from harness.subjects.protocol import Ready


class Pipes:
    """A subject whose program's ends of the pipes are held by the test."""

    def __init__(self) -> None:
        self.body = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        self.stdin, ours_in = os.pipe()
        ours_out, self.stdout = os.pipe()
        ours_err, self.stderr = os.pipe()
        process = LabProcess(
            inner_pid=2,
            pid=self.body.pid,
            pidfd=os.pidfd_open(self.body.pid),
            stdin=ours_in,
            stdout=ours_out,
            stderr=ours_err,
        )
        self.subject = Subject("poll", ["program", "poll"], process)

    def say(self, *lines: str) -> None:
        os.write(self.stdout, "".join(line + "\n" for line in lines).encode())

    def hang_up(self) -> None:
        for name in ("stdin", "stdout", "stderr"):
            descriptor = getattr(self, name)
            if descriptor >= 0:
                os.close(descriptor)
                setattr(self, name, -1)

    def close(self) -> None:
        self.hang_up()
        self.subject.close()
        self.body.kill()
        self.body.wait()


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    made = Pipes()
    yield made
    made.close()


WORK = '{"event": "work", "at_ns": %d, "polls": %d, "events": 0}'


def test_what_it_says_is_sorted(pipes: Pipes) -> None:
    pipes.say(
        '{"event": "ready", "at_ns": 1, "ifname": "wt0", "ifindex": 7}',
        WORK % (2, 1),
        "hello",
        WORK % (3, 2),
        '{"event": "outcome", "at_ns": 4, "restart": true, "reason": "deleted"}',
    )

    assert pipes.subject.read_output()
    assert pipes.subject.ready == Ready(at_ns=1, ifname="wt0", ifindex=7)
    assert [work.polls for work in pipes.subject.works] == [1, 2]
    assert [said.reason for said in pipes.subject.reported_outcome] == ["deleted"]
    assert pipes.subject.malformed_lines == 1
    assert pipes.subject.work == pipes.subject.works[-1]


def test_what_overruns_cost_adds_up(pipes: Pipes) -> None:
    unknown = pipes.subject.lost
    pipes.say('{"event": "lost", "at_ns": 1, "dropped": 508}', '{"event": "lost", "at_ns": 2, "dropped": 4}')
    pipes.subject.read_output()

    assert unknown is None
    assert pipes.subject.lost == 512
    assert pipes.subject.malformed_lines == 0


def test_a_round_that_is_over_is_forgotten_and_what_was_garbage_is_not(pipes: Pipes) -> None:
    pipes.say(
        '{"event": "found", "at_ns": 1, "ifname": "wt0", "ifindex": 7}',
        '{"event": "ready", "at_ns": 1, "ifname": "wt0", "ifindex": 7}',
        '{"event": "lost", "at_ns": 2, "dropped": 4}',
        WORK % (2, 1),
        "hello",
        '{"event": "outcome", "at_ns": 4, "restart": true, "reason": "deleted"}',
    )
    pipes.subject.read_output()
    found = pipes.subject.found
    pipes.subject.forget()

    assert found
    assert not pipes.subject.found
    assert (pipes.subject.ready, pipes.subject.work, pipes.subject.lost, pipes.subject.reported_outcome) == (
        None,
        None,
        None,
        [],
    )
    assert pipes.subject.malformed_lines == 1


def test_a_subject_that_said_nothing_has_done_nothing_that_is_known(pipes: Pipes) -> None:
    assert pipes.subject.work is None
    assert pipes.subject.ready is None


def test_it_lives_until_its_end_is_told(pipes: Pipes) -> None:
    assert pipes.subject.alive
    pipes.subject.exit_status = 0

    assert not pipes.subject.alive


def test_the_end_of_its_output_is_told_apart_from_a_line(pipes: Pipes) -> None:
    pipes.say("hello")
    pipes.hang_up()

    assert pipes.subject.read_output()
    assert not pipes.subject.read_output()
    assert not pipes.subject.read_errors()


def test_the_last_of_its_errors_is_kept(pipes: Pipes) -> None:
    os.write(pipes.stderr, b"x" * STDERR_TAIL_BYTES + b"the end \xff")
    pipes.subject.read_errors()

    assert pipes.subject.stderr_tail.endswith("the end \ufffd")
    assert len(pipes.subject.stderr_tail) == STDERR_TAIL_BYTES


def test_a_word_arrives_as_a_line(pipes: Pipes) -> None:
    pipes.subject.send("mark")

    assert os.read(pipes.stdin, 100) == b"mark\n"


def test_a_word_to_a_subject_that_is_gone_is_lost_without_harm(pipes: Pipes) -> None:
    pipes.hang_up()

    pipes.subject.send("stop")


def test_a_signal_reaches_the_process(pipes: Pipes) -> None:
    pipes.subject.kill(signal.SIGKILL)

    assert pipes.body.wait(10) == -signal.SIGKILL


def test_a_signal_to_a_subject_that_is_gone_is_lost_without_harm(pipes: Pipes) -> None:
    pipes.body.kill()
    pipes.body.wait()

    pipes.subject.kill(signal.SIGTERM)
