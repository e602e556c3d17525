"""The load of the machine: read every half minute, and waited for with a bound."""

import itertools

import pytest

from harness.errors import LabFault
from harness.run.interrupt import Interrupt, Interrupted
from harness.run.machine import quiet
from harness.run.watching.progress import Listener
from harness.units import NS_A_SECOND as S


class Steps(Listener):
    def __init__(self) -> None:
        self.done: list[int] = []

    def step(self, text: str, done: int, total: int) -> None:
        del text, total
        self.done.append(done)


def test_it_is_read_at_the_beginning_every_half_minute_and_at_the_end() -> None:
    ticks, values = iter(range(0, 10**12, S // 2)), itertools.count()
    loads = quiet.Loads(lambda: float(next(values)), lambda: next(ticks))
    for _ in range(130):
        loads.look()
    loads.look(last=True)
    assert [one.at_ns / S for one in loads.readings] == [0, 30, 60, 65]
    assert [one.load_average_1m for one in loads.readings] == [0, 1, 2, 3]


@pytest.mark.parametrize(("below", "looks"), [(3.5, 0), (1.0, 3)])
def test_it_is_waited_for_with_progress(below: float, looks: int) -> None:
    falling, steps = iter((3.0, 2.0, 1.0, 0.99)), Steps()
    quiet.wait(below, steps, Interrupt(), lambda: next(falling), 0.0)
    assert steps.done == list(range(looks))


def test_a_machine_that_stays_busy_ends_the_wait_by_its_number() -> None:
    steps = Steps()
    with pytest.raises(LabFault, match=r"4\.25") as caught:
        quiet.wait(1.0, steps, Interrupt(), lambda: 4.25, 0.0)
    assert (caught.value.id, len(steps.done)) == ("too_busy", quiet.PATIENCE_S / quiet.LOOK_S)


def test_a_wait_ends_when_it_is_interrupted() -> None:
    interrupt = Interrupt()
    interrupt.asked = True
    with pytest.raises(Interrupted):
        quiet.wait(1.0, Steps(), interrupt, lambda: 4.25, 0.0)
