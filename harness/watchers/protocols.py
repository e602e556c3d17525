"""The seams of a watcher: where its events come from, who may stop it, and who wants to know what it does."""

import os
import select
from typing import Protocol

from harness.watchers.classify import LinkEvent
from harness.watchers.outcome import Link, Outcome


class Subscription(Protocol):
    """Where link events come from: pyroute2's socket, our own raw one, or a test."""

    def fileno(self) -> int:
        """Readable when there is something to receive."""

    def receive(self) -> list[LinkEvent]:
        """Return one datagram's events; OSError when the subscription has ended."""

    def close(self) -> None:
        """Return the descriptor back."""


class Observer:
    """Told of a watcher's progress, on the watcher's own thread. Must return at once; this one does nothing."""

    def found(self, link: Link) -> None:
        """Told once, when the name was resolved and nothing is watched yet."""

    def ready(self, link: Link) -> None:
        """Told once, when nothing that happens from now on can be missed."""

    def polled(self) -> None:
        """Told after each look-up."""

    def dumped(self, *, marked: bool | None, discarded_ns: int | None = None) -> None:
        """Told after each dump of a kernel table that the watcher asked for.

        ``marked``: the kernel set NLM_F_DUMP_INTR, because the table changed meanwhile; None where the library that
        made the dump does not look. ``discarded_ns``: how long a dump took that is not used, and asked for again.
        """

    def received(self) -> None:
        """Told after each link event, ours or not."""

    def lost(self, dropped: int) -> None:
        """Told after an overrun that the watcher survived, with the events that the kernel dropped."""

    def decided(self, outcome: Outcome) -> None:
        """Told when a subscription's outcome is known and its sockets are still open: closing them takes time."""


class Stop:
    """A request to stop that a blocked watcher can wait on: it becomes readable, so it wakes ``poll`` at once.

    Safe to set from any thread and from a signal handler. Once set it stays set.
    """

    def __init__(self, asked_by: int | None = None) -> None:
        """Open the descriptors; OSError if the process has none left.

        ``asked_by`` is a pipe or socket that asks to stop as well, by becoming readable or by its end; it is not read.
        """
        self._event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._any = select.epoll()
        self._any.register(self._event, select.EPOLLIN)
        if asked_by is not None:
            self._any.register(asked_by, select.EPOLLIN)

    def fileno(self) -> int:
        """Readable from the moment that stop was asked for."""
        return self._any.fileno()

    def set(self) -> None:
        os.eventfd_write(self._event, 1)

    def wait(self, timeout_s: float) -> bool:
        """Block until asked to stop (True) or until the seconds are over (False)."""
        return bool(self._any.poll(max(0.0, timeout_s), 1))

    def close(self) -> None:
        self._any.close()
        os.close(self._event)
