"""Stop: wakes a blocked watcher at once, and stays set."""

import os
import threading
import time
from collections.abc import Iterator

import pytest

from harness.watchers.outcome import Link
from harness.watchers.protocols import Observer, Stop
from readable import is_readable


@pytest.fixture
def stop() -> Iterator[Stop]:
    made = Stop()
    yield made
    made.close()


def test_a_stop_that_nobody_asked_for_lets_the_time_pass(stop: Stop) -> None:
    began = time.monotonic()

    assert not stop.wait(0.02)
    assert time.monotonic() - began >= 0.02


def test_a_stop_stays_set(stop: Stop) -> None:
    stop.set()

    assert stop.wait(0)
    assert stop.wait(0)


def test_asking_twice_is_asking_once(stop: Stop) -> None:
    stop.set()
    stop.set()

    assert stop.wait(0)


def test_a_negative_timeout_does_not_block(stop: Stop) -> None:
    assert not stop.wait(-5)


def test_a_stop_wakes_whoever_waits(stop: Stop) -> None:
    asker = threading.Timer(0.01, stop.set)
    asker.start()
    began = time.monotonic()

    assert stop.wait(30)
    assert time.monotonic() - began < 10
    asker.join()


def test_its_descriptor_becomes_readable(stop: Stop) -> None:
    assert not is_readable(stop)
    stop.set()

    assert is_readable(stop)


def test_its_descriptor_is_not_inherited(stop: Stop) -> None:
    assert not os.get_inheritable(stop.fileno())


@pytest.mark.parametrize("words", [b"stop\n", b""])
def test_somebody_elses_pipe_may_ask_as_well_by_a_word_or_by_its_end(words: bytes) -> None:
    reading, writing = os.pipe()
    asked = Stop(asked_by=reading)
    before = asked.wait(0)
    os.write(writing, words)
    os.close(writing)

    assert not before
    assert asked.wait(0)
    asked.close()
    assert os.read(reading, 10) == words  # it was not read
    os.close(reading)


def test_closing_gives_the_descriptor_back() -> None:
    made = Stop()
    descriptor = made.fileno()
    made.close()

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_the_silent_observer_hears_everything_and_says_nothing() -> None:
    silent = Observer()

    silent.ready(Link(name="wt0", index=7))
    silent.polled()
    silent.received()
    silent.lost(92)
