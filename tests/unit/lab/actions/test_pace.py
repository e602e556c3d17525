"""A pacer keeps its rate on absolute time, counts, and ends when it is told."""

import time

from harness.errors import LabFault
from harness.lab.actions.pace import Done, Pacer

PATIENCE_S = 30.0


def ended(pacer: Pacer) -> Done:
    deadline = time.monotonic() + PATIENCE_S
    while pacer.done.running:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return pacer.done


def test_it_performs_as_often_as_asked_and_counts_on() -> None:
    seen: list[int] = []

    def note(number: int) -> int:
        seen.append(number)
        return 0

    done = ended(Pacer(note, rate=None, count=5, first=10))
    assert seen == [10, 11, 12, 13, 14]
    assert (done.performed, done.failed, done.fault) == (5, 0, "")


def test_what_it_falls_behind_it_makes_up_for() -> None:
    pauses = iter([0.2])

    def pause(_: int) -> int:
        time.sleep(next(pauses, 0.0))
        return 0

    done = ended(Pacer(pause, rate=100.0, count=30))
    assert done.ended_ns - done.began_ns >= 29 * 10_000_000
    assert done.behind_ns >= 150_000_000
    assert done.busy_ns >= 200_000_000


def test_a_rate_is_not_exceeded() -> None:
    pacer = Pacer(lambda _: 0, rate=50.0, count=None)
    time.sleep(0.3)
    done = pacer.stop()
    assert not done.running
    assert 1 <= done.performed <= (done.ended_ns - done.began_ns) / 20_000_000 + 1


def test_failures_are_counted_and_the_last_status_kept() -> None:
    done = ended(Pacer(lambda number: number % 3, rate=None, count=6))
    assert (done.performed, done.failed, done.last_status) == (6, 4, 2)


def test_a_fault_ends_it_and_says_why() -> None:
    def refuse(_: int) -> int:
        raise LabFault("ip_refused", "the kernel refused", "try it by hand")

    done = ended(Pacer(refuse, rate=None, count=6))
    assert (done.performed, done.running) == (0, False)
    assert done.fault
