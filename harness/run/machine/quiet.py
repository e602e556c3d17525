"""How busy the machine is: read while something is measured, and waited for before what it would change."""

import os
import time
from collections.abc import Callable

from harness.errors import LabFault
from harness.model import LoadReading
from harness.run.interrupt import Interrupt
from harness.run.watching.progress import Listener
from harness.subprocesses import await_readable
from harness.units import NS_A_SECOND, duration

EVERY_S = 30.0  # half of the time that the kernel averages over: no minute goes unseen
PATIENCE_S = 900.0
LOOK_S = 5.0  # the kernel's own pace: LOAD_FREQ in its include/linux/sched/loadavg.h


def load() -> float:
    """Return the load average over one minute."""
    return os.getloadavg()[0]


class Loads:
    """Reads the load now and then."""

    def __init__(self, read: Callable[[], float] = load, now: Callable[[], int] = time.monotonic_ns) -> None:
        self._read = read
        self._now = now
        self.readings: list[LoadReading] = []

    def look(self, *, last: bool = False) -> None:
        """Read it, if that is due, or nothing comes after."""
        at = self._now()
        if last or not self.readings or at - self.readings[-1].at_ns >= EVERY_S * NS_A_SECOND:
            self.readings.append(LoadReading(at_ns=at, load_average_1m=self._read()))


def wait(
    below: float,
    listener: Listener,
    interrupt: Interrupt,
    read: Callable[[], float] = load,
    look_s: float = LOOK_S,
) -> None:
    """Wait until the load is below a number. LabFault after a quarter of an hour."""
    looks = int(PATIENCE_S / LOOK_S)
    for done in range(looks):
        found = read()
        if found < below:
            return
        listener.step(f"waiting for a load below {below:g}", done, looks)
        await_readable(interrupt, seconds=look_s)
        interrupt.check()
    raise LabFault(
        "too_busy",
        f"the load of the machine is {found:.2f}, and was never below {below:g} in {duration(PATIENCE_S)}",
        "end what else runs here, or leave --max-load out",
    )
