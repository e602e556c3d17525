"""A Python watcher as a process of its own: JSON lines out, ``mark`` and ``stop`` in.

This is what is measured, so it carries the watcher and nothing else of this package: no plotting, no statistics, no
command line library. With ``--capture`` it is a profiled process instead: memray traces every Python allocation from
the moment the watcher is ready, so that what is counted is the watching and not the start, and it tells its work once,
at the end, and knows ``stop`` and the end of its input, but no ``mark``.

Standard output is the protocol; ``work`` lines ride on the watcher's own wake-ups, at most one a second, so an idle
subscription stays idle. A ``mark`` is answered by a second thread that sleeps in ``read`` otherwise. It also ends the
process where ``stop`` finds the watcher in a look-up that takes long: among 10,000 pairs a dump takes nine seconds.
"""

import json
import os
import sys
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from harness.watchers.classify import stopped
from harness.watchers.monitor import WATCHERS, monitor
from harness.watchers.outcome import Link, Outcome
from harness.watchers.protocols import Observer, Stop

TELL_EVERY_S = 1.0
CUT_SHORT_S = 0.5
"""So long a watcher that waits has to end by itself; one that looks up is cut short, and that look-up not counted."""


def say(**line: object) -> None:
    """Write one line of the protocol in one system call, so that two threads never mix theirs. ``at_ns`` is now."""
    os.write(sys.stdout.fileno(), (json.dumps({"at_ns": time.monotonic_ns(), **line}) + "\n").encode())


class Tally(Observer):
    """Counts the watcher's work; ends it after ``limit`` polls when there is a limit."""

    def __init__(
        self, stop: Stop, *, limit: int | None, tell: bool, on_ready: Callable[[], None] = lambda: None
    ) -> None:
        """Start from nothing. ``on_ready`` runs on the watcher's thread, after the ready line."""
        self._stop = stop
        self._limit = limit
        self._tell = tell
        self._on_ready = on_ready
        self._told = time.monotonic()
        self.polls = 0
        self.events = 0

    def found(self, link: Link) -> None:
        """Go on at once."""

    def ready(self, link: Link) -> None:
        """Send `ready`, then let the profiler in."""
        say(event="ready", ifname=link.name, ifindex=link.index)
        self._on_ready()

    def polled(self) -> None:
        """Count one look-up."""
        self.polls += 1
        if self.polls == self._limit:
            self._stop.set()
        elif self._tell:
            self._tell_sometimes()

    def dumped(self, *, marked: bool | None, discarded_ns: int | None = None) -> None:
        """Go on: dumps are counted in rounds."""

    def received(self) -> None:
        """Count one link event."""
        self.events += 1
        if self._tell:
            self._tell_sometimes()

    def lost(self, dropped: int) -> None:
        """Report that an overrun was survived, and what it cost."""
        say(event="lost", dropped=dropped)

    def decided(self, outcome: Outcome) -> None:
        """Go on: here nobody waits for the word."""

    def tell(self) -> None:
        """Report how much was done so far. Bytes stay unknown: only a profiler could count them."""
        say(event="work", polls=self.polls, events=self.events, allocated_bytes=None, allocations=None)

    def _tell_sometimes(self) -> None:
        now = time.monotonic()
        if now - self._told >= TELL_EVERY_S:
            self._told = now
            self.tell()


class KnownStop(Stop):
    """A request to stop that knows whether the watcher is in a look-up, between two waits for it."""

    busy = False

    def fileno(self) -> int:
        """As ever; who waits on it is a subscription, which is never in a look-up."""
        self.busy = False
        return super().fileno()

    def wait(self, timeout_s: float) -> bool:
        self.busy = False
        asked = super().wait(timeout_s)
        self.busy = True
        return asked


class Orders:
    """What arrives on standard input: ``mark``, ``stop``, or its end, which means the same as stop."""

    def __init__(self, stop: KnownStop, mark: Callable[[], None]) -> None:
        self._stop = stop
        self._mark = mark
        self.ended = threading.Event()
        self.last_words = threading.Lock()  # held by the thread that says how the process ends
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            if line.strip() == "mark":
                self._mark()
            elif line.strip() == "stop":
                break
        self.ended.set()
        self._stop.set()
        if not self._stop.busy:
            time.sleep(CUT_SHORT_S)
        if self.last_words.acquire(blocking=False):
            self._mark()
            tell_end(stopped())
            os._exit(0)


Watch = Callable[[Stop, Observer], Outcome]


def add_options(parser: ArgumentParser) -> None:
    """Add what every subject of ours understands."""
    parser.add_argument("--ifname", default="wt0")
    parser.add_argument("--interval", type=float, default=2.0, metavar="SECONDS")
    parser.add_argument("--polls", type=int, metavar="N", help="stop looking after N polls")
    parser.add_argument("--capture", metavar="FILE", help="trace all Python allocations into FILE with memray")


def main(argv: Sequence[str] | None = None) -> None:
    """Run one watcher to its end."""
    parser = ArgumentParser(description="Watch one interface; speak JSON lines on standard output.")
    parser.add_argument("watcher", choices=WATCHERS)
    add_options(parser)
    arguments = parser.parse_args(argv)

    def watch(stop: Stop, observer: Observer) -> Outcome:
        return monitor(
            arguments.ifname,
            watcher=arguments.watcher,
            interval_s=arguments.interval,
            stop=stop,
            observer=observer,
        )

    run(arguments, watch)


def run(arguments: Namespace, watch: Watch) -> None:
    """Watch to the end, clean or profiled, and say the outcome."""
    tell_end(_profiled(arguments, watch) if arguments.capture else _clean(arguments, watch))


def tell_end(outcome: Outcome) -> None:
    """Report how the watching ended."""
    say(event="outcome", restart=outcome.restart, reason=outcome.reason, message=outcome.message)


def _clean(arguments: Namespace, watch: Watch) -> Outcome:
    """Watch with nothing else in the process; after a bounded number of polls stay alive, idle, until told to stop."""
    stop = KnownStop()
    tally = Tally(stop, limit=arguments.polls, tell=True)
    orders = Orders(stop, tally.tell)
    outcome = watch(stop, tally)
    orders.last_words.acquire()
    tally.tell()
    if tally.polls == arguments.polls:
        orders.ended.wait()
    return outcome


def _profiled(arguments: Namespace, watch: Watch) -> Outcome:
    """Watch under memray, without a second thread: its allocations would be counted, at moments of their own choice."""
    with ExitStack() as profiler:

        def trace() -> None:
            from memray import Tracker  # noqa: PLC0415 - never loaded in a process whose RSS is read

            profiler.enter_context(Tracker(arguments.capture, trace_python_allocators=True))

        stop = Stop(asked_by=sys.stdin.fileno())
        tally = Tally(stop, limit=arguments.polls, tell=False, on_ready=trace)
        outcome = watch(stop, tally)
    tally.tell()
    return outcome


if __name__ == "__main__":
    main()
