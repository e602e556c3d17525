"""A Python watcher that watches again and again in one process, so that hundreds of events need no restart.

Standard input holds words, one a line: ``again`` begins a round; ``hold`` begins one that waits, after the name was
resolved and before anything is watched, for ``go``; anything else while a round lasts ends it, as ``stop`` does. The
end of the input ends the process. There is no second thread: the watcher's own ``poll`` waits on the input.
"""

import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence

from harness.subjects.subject_main import say
from harness.watchers.monitor import WATCHERS, monitor
from harness.watchers.outcome import Link, Outcome
from harness.watchers.protocols import Observer, Stop


def words(descriptor: int) -> Iterator[str]:
    """Return the words of the input as they come, until it ends.

    Not a byte is read beyond the word: the next one must find the input readable, or it would not end a round.
    """
    word = b""
    while data := os.read(descriptor, 1):
        if not data.isspace():
            word += data
        elif word:
            yield word.decode(errors="replace")
            word = b""
    if word:
        yield word.decode(errors="replace")


class DumpTally:
    """Counts the dumps of kernel tables that this process asked for, in all of its rounds."""

    def __init__(self) -> None:
        self.made = 0
        self.marked: int | None = 0  # None: of some nobody knows
        self.retried = 0
        self.discarded_ns = 0

    def add(self, *, marked: bool | None, discarded_ns: int | None) -> None:
        self.made += 1
        self.marked = None if marked is None or self.marked is None else self.marked + marked
        if discarded_ns is not None:
            self.retried += 1
            self.discarded_ns += discarded_ns

    def tell(self) -> None:
        """Report them. Where no mark is seen, none can be a reason to ask again."""
        say(
            event="dumps",
            made=self.made,
            marked=self.marked,
            retried=self.retried,
            discarded_ns=self.discarded_ns,
        )


class Round(Observer):
    """Tells of one round."""

    def __init__(self, orders: Iterator[str], stop: Stop, dumps: DumpTally, *, hold: bool) -> None:
        self._orders = orders
        self._stop = stop
        self._dumps = dumps
        self._hold = hold
        self.polls = 0
        self.events = 0
        self.decided_ns: int | None = None

    def found(self, link: Link) -> None:
        """Wait for the word to go on, where this round is held; any other ends it."""
        if self._hold:
            say(event="found", ifname=link.name, ifindex=link.index)
            if next(self._orders, None) != "go":
                self._stop.set()

    def ready(self, link: Link) -> None:
        say(event="ready", ifname=link.name, ifindex=link.index)

    def polled(self) -> None:
        self.polls += 1

    def dumped(self, *, marked: bool | None, discarded_ns: int | None = None) -> None:
        self._dumps.add(marked=marked, discarded_ns=discarded_ns)

    def received(self) -> None:
        self.events += 1

    def lost(self, dropped: int) -> None:
        """Report what an overrun cost."""
        say(event="lost", dropped=dropped)

    def decided(self, outcome: Outcome) -> None:  # noqa: ARG002 - when, not what: all outcomes are said in one place
        """Read the time, before sockets are closed and anything is written."""
        self.decided_ns = time.monotonic_ns()


def main(argv: Sequence[str] | None = None) -> None:
    """Watch one round after the other until the input ends."""
    parser = ArgumentParser(description="Watch one interface in rounds; speak JSON lines on standard output.")
    parser.add_argument("watcher", choices=WATCHERS)
    parser.add_argument("--ifname", default="wt0")
    parser.add_argument("--interval", type=float, default=2.0, metavar="SECONDS")
    arguments = parser.parse_args(argv)
    orders, dumps = words(sys.stdin.fileno()), DumpTally()
    for word in orders:
        if word in {"again", "hold"}:
            stop = Stop(asked_by=sys.stdin.fileno())
            told = Round(orders, stop, dumps, hold=word == "hold")
            outcome = monitor(
                arguments.ifname, watcher=arguments.watcher, interval_s=arguments.interval, stop=stop, observer=told
            )
            at_ns = told.decided_ns or time.monotonic_ns()
            stop.close()
            say(event="work", polls=told.polls, events=told.events, allocated_bytes=None, allocations=None)
            dumps.tell()
            say(event="outcome", restart=outcome.restart, reason=outcome.reason, message=outcome.message, at_ns=at_ns)


if __name__ == "__main__":
    main()
