"""The two seams of a watcher: who may stop it, and who wants to know what it does."""

import os
import select
from typing import Protocol

from harness.watchers.outcome import Link


class Observer(Protocol):
    """Told of a watcher's progress, on the watcher's own thread. Must return at once."""

    def ready(self, link: Link) -> None:
        """Told once, when nothing that happens from now on can be missed."""

    def polled(self) -> None:
        """Told after each look-up."""

    def received(self) -> None:
        """Told after each link event, ours or not."""


class Silent:
    """The observer of a watcher that nobody looks at."""

    def ready(self, link: Link) -> None:
        """Do nothing."""

    def polled(self) -> None:
        """Do nothing."""

    def received(self) -> None:
        """Do nothing."""


class Stop:
    """A request to stop that a blocked watcher can wait on: an eventfd, so it wakes ``poll`` at once.

    Safe to set from any thread and from a signal handler. Once set it stays set.
    """

    def __init__(self) -> None:
        """Open the descriptor; OSError if the process has none left."""
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def fileno(self) -> int:
        """Readable from the moment that stop was asked for."""
        return self._fd

    def set(self) -> None:
        """Ask to stop."""
        os.eventfd_write(self._fd, 1)

    def wait(self, timeout_s: float) -> bool:
        """Block until asked to stop (True) or until the seconds are over (False)."""
        return bool(self._poll.poll(max(0.0, timeout_s) * 1000))

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._fd)
