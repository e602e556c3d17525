"""Whether the machine slept, or its wall clock was stepped, while something was measured.

All that is measured is timed by CLOCK_MONOTONIC, which stands still while a machine sleeps and is never stepped. What
it does not show is the difference to the clocks that go on, and that are set.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from harness.model import ClockJump
from harness.units import NS_A_SECOND

LEAST_S = 0.25  # what is less is no jump; what adds up to it is one
MOST = 1000  # jumps of a trial that are kept
_TRIES = 5
_QUICK_NS = 10_000_000  # within which the three are one moment


class Moment(NamedTuple):
    """The three clocks, read as nearly at once as can be; nanoseconds."""

    monotonic_ns: int
    boot_ns: int
    wall_ns: int


def now() -> Moment:
    """Read them; again where the reader was interrupted in between."""
    for _ in range(_TRIES):
        before = time.monotonic_ns()
        boot, wall = time.clock_gettime_ns(time.CLOCK_BOOTTIME), time.time_ns()
        after = time.monotonic_ns()
        if after - before < _QUICK_NS:
            break
    return Moment(before, boot, wall)


class Clocks:
    """Watches for jumps from its beginning on."""

    def __init__(self, read: Callable[[], Moment] = now) -> None:
        self._read = read
        self._slept_ns, self._stepped_ns = _apart(read())
        self.clock_jumps: list[ClockJump] = []

    def look(self) -> None:
        """Note what has jumped since the last look."""
        moment = self._read()
        slept_ns, stepped_ns = _apart(moment)
        if abs(slept_ns - self._slept_ns) / NS_A_SECOND >= LEAST_S:
            self._note(ClockJump(kind="slept", at_ns=moment.monotonic_ns, seconds=_s(slept_ns - self._slept_ns)))
            self._slept_ns = slept_ns
        if abs(stepped_ns - self._stepped_ns) / NS_A_SECOND >= LEAST_S:
            self._note(ClockJump(kind="stepped", at_ns=moment.monotonic_ns, seconds=_s(stepped_ns - self._stepped_ns)))
            self._stepped_ns = stepped_ns

    def _note(self, jump: ClockJump) -> None:
        if len(self.clock_jumps) < MOST:
            self.clock_jumps.append(jump)


def _apart(moment: Moment) -> tuple[int, int]:
    """Return how long the machine has slept since it was booted, and how far the wall clock is from its beginning."""
    return moment.boot_ns - moment.monotonic_ns, moment.wall_ns - moment.boot_ns


def _s(ns: int) -> float:
    return round(ns / NS_A_SECOND, 3)
