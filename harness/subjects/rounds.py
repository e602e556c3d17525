"""A Python watcher that watches again and again in one process, so that hundreds of events need no restart.

Standard input holds words, one a line: ``again`` begins a round; ``hold`` begins one that waits, after the name was
resolved and before anything is watched, for ``go``; anything else while a round lasts ends it, as ``stop`` does. The
end of the input ends the process. There is no second thread: the watcher's own ``poll`` waits on the input.
"""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence

from harness.subjects.program import say
from harness.watchers.monitor import WATCHERS, monitor
from harness.watchers.outcome import Link
from harness.watchers.seam import Silent, Stop

_READ_BYTES = 4096


def words(descriptor: int) -> Iterator[str]:
    """Give the words of the input as they come, until it ends; nothing is read before it is asked for."""
    while data := os.read(descriptor, _READ_BYTES):
        yield from data.decode(errors="replace").split()


class Round(Silent):
    """Tells of one round."""

    def __init__(self, orders: Iterator[str], *, hold: bool) -> None:
        """Count from nothing."""
        self._orders = orders
        self._hold = hold
        self.polls = 0
        self.events = 0

    def found(self, link: Link) -> None:
        """Wait for the word to go on, where this round is held."""
        if self._hold:
            say(event="found", ifname=link.name, ifindex=link.index)
            next(self._orders, None)

    def ready(self, link: Link) -> None:
        """Say ready."""
        say(event="ready", ifname=link.name, ifindex=link.index)

    def polled(self) -> None:
        """Count."""
        self.polls += 1

    def received(self) -> None:
        """Count."""
        self.events += 1

    def lost(self, dropped: int) -> None:
        """Say what an overrun cost."""
        say(event="lost", dropped=dropped)


def main(argv: Sequence[str] | None = None) -> None:
    """Watch one round after the other until the input ends."""
    parser = ArgumentParser(description="Watch one interface in rounds; speak JSON lines on standard output.")
    parser.add_argument("watcher", choices=WATCHERS)
    parser.add_argument("--ifname", default="wt0")
    parser.add_argument("--interval", type=float, default=2.0, metavar="SECONDS")
    arguments = parser.parse_args(argv)
    orders = words(sys.stdin.fileno())
    for word in orders:
        if word in {"again", "hold"}:
            told = Round(orders, hold=word == "hold")
            stop = Stop(asked_by=sys.stdin.fileno())
            outcome = monitor(
                arguments.ifname, watcher=arguments.watcher, interval_s=arguments.interval, stop=stop, observer=told
            )
            stop.close()
            say(event="work", polls=told.polls, events=told.events, allocated_bytes=None, allocations=None)
            say(event="outcome", restart=outcome.restart, reason=outcome.reason, message=outcome.message)


if __name__ == "__main__":
    main()
