"""Ctrl-C and its relatives as something to look at, so that what was measured is always put away first."""

import os
import signal
from contextlib import suppress
from types import FrameType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """The run was asked to end before its time."""


class Interrupt:
    """While entered, the first signal sets ``asked`` and wakes whoever waits on ``fileno``; a second SIGINT raises."""

    def __init__(self, *, heeds_hangup: bool = True) -> None:
        """Not asked yet. ``heeds_hangup``: the end of a terminal is the end of the run, unless it began by nohup(1)."""
        self._heeds_hangup = heeds_hangup
        self.asked = False
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._before: dict[signal.Signals, object] = {}

    def fileno(self) -> int:
        """Readable once the run was asked to end."""
        return self._fd

    def heard(self) -> bool:
        """Clear the wake-up, so that waiting blocks again; ``asked`` stays."""
        with suppress(BlockingIOError):  # of two groups that listen to it, the other has read it
            os.eventfd_read(self._fd)
        return True

    def check(self) -> None:
        """Raise Interrupted if the run was asked to end."""
        if self.asked:
            raise Interrupted

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        if number == signal.SIGHUP and not self._heeds_hangup:
            return  # and not SIG_IGN, which whoever is started would inherit
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True
        os.eventfd_write(self._fd, 1)

    def __enter__(self) -> Self:
        self._heeds_hangup &= signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
        self._before = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal gave us
