"""What a machine that sleeps, and a wall clock that is set, leave in a result: the clocks are given, not waited for."""

import time

import msgspec
import pytest

from harness.model import ClockJump
from harness.run.machine import clocks
from harness.run.machine.clocks import Clocks, Moment

S = 10**9
START = Moment(monotonic_ns=100 * S, boot_ns=150 * S, wall_ns=1_800_000_000 * S)


def after(seconds: float, slept: float = 0.0, stepped: float = 0.0) -> Moment:
    """Give the clocks so long after the start, with what has come between them in all."""
    return Moment(
        monotonic_ns=START.monotonic_ns + round(seconds * S),
        boot_ns=START.boot_ns + round((seconds + slept) * S),
        wall_ns=START.wall_ns + round((seconds + slept + stepped) * S),
    )


def jumps(*moments: Moment) -> list[ClockJump]:
    read = iter([START, *moments])
    watched = Clocks(lambda: next(read))
    for _ in moments:
        watched.look()
    return watched.clock_jumps


def test_clocks_that_go_together_jump_never() -> None:
    assert jumps(after(1), after(2), after(86_400)) == []


def test_a_machine_that_slept_is_noticed_once_and_its_wall_clock_was_not_set() -> None:
    found = jumps(after(1), after(2, slept=3600), after(3, slept=3600))
    assert found == [ClockJump(kind="slept", at_ns=102 * S, seconds=3600.0)]


@pytest.mark.parametrize("by", [-7200.0, -1.0, 0.5, 86_400.0])
def test_a_wall_clock_that_was_set_is_noticed_whichever_way(by: float) -> None:
    assert jumps(after(1), after(2, stepped=by)) == [ClockJump(kind="stepped", at_ns=102 * S, seconds=by)]


def test_both_at_once_are_two() -> None:
    assert [(one.kind, one.seconds) for one in jumps(after(1, slept=60, stepped=-3))] == [
        ("slept", 60),
        ("stepped", -3),
    ]


def test_what_is_little_is_noticed_when_it_adds_up() -> None:
    creeping = [after(number, stepped=0.1 * number) for number in range(1, 7)]
    assert [round(one.seconds, 3) for one in jumps(*creeping)] == [0.3, 0.3]


def test_a_clock_that_is_set_every_second_for_a_day_fills_no_result() -> None:
    assert len(jumps(*(after(number, stepped=number) for number in range(1, 5000)))) == clocks.MOST


def test_the_clocks_of_this_machine_go_together() -> None:
    watched = Clocks()
    watched.look()
    assert watched.clock_jumps == []


def test_a_reader_that_is_interrupted_reads_again(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0, 5 * S, 6 * S, 6 * S])
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(times))
    assert clocks.now().monotonic_ns == 6 * S


def test_a_jump_is_kept_as_it_was_noticed() -> None:
    one = ClockJump(kind="slept", at_ns=1, seconds=3600.0)
    assert msgspec.json.decode(msgspec.json.encode(one), type=ClockJump) == one
