"""Controls: processes of known truth that live beside the watchers. If one is measured wrong, nothing else is right.

``sleeper`` does nothing: no churn, no growth. ``leaker`` touches pages at a known rate and keeps them; they are mapped
page by page by itself, so that no allocator stands between. ``churner`` allocates a known number of bytes a poll and
drops them. All speak the protocol of ``subject_main``, and are profiled like a watcher.
"""

import mmap
import socket
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from functools import partial

from harness.subjects import subject_main
from harness.watchers.classify import stopped
from harness.watchers.outcome import Link, Outcome
from harness.watchers.protocols import Observer, Stop

CHURN_BYTES = 1_000_000
STEP_S = 0.05
_CHUNK_BYTES = 1 << 20


class Leak:
    """Pages that are touched and kept; huge pages are declined, as they would come by the two megabytes."""

    def __init__(self) -> None:
        self._chunks: list[mmap.mmap] = []
        self._touched = 0

    def grow_to(self, wanted_bytes: int) -> None:
        """Touch pages until at least that many bytes are held."""
        while self._touched < wanted_bytes:
            at = self._touched % _CHUNK_BYTES
            if at == 0:
                self._chunks.append(mmap.mmap(-1, _CHUNK_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
                self._chunks[-1].madvise(mmap.MADV_NOHUGEPAGE)
            self._chunks[-1][at] = 1
            self._touched += mmap.PAGESIZE


def sleep(link: Link, stop: Stop, observer: Observer) -> Outcome:
    """Do nothing until asked to stop."""
    observer.ready(link)
    while not stop.wait(3600.0):
        continue
    return stopped()


def leak(link: Link, stop: Stop, observer: Observer, *, bytes_per_s: float) -> Outcome:
    """Grow at a steady rate until asked to stop."""
    held = Leak()
    observer.ready(link)
    began = time.monotonic()
    while not stop.wait(STEP_S):
        held.grow_to(int(bytes_per_s * (time.monotonic() - began)))
    return stopped()


def churn(link: Link, stop: Stop, observer: Observer, *, interval_s: float) -> Outcome:
    """Allocate ``CHURN_BYTES`` every ``interval_s`` seconds, drop them, and count that as a poll."""
    observer.ready(link)
    while not stop.wait(interval_s):
        bytes(CHURN_BYTES)
        observer.polled()
    return stopped()


def watch(name: str, *, interval_s: float, bytes_per_s: float) -> Callable[[Link, Stop, Observer], Outcome]:
    """Return the control of that name; KeyError if there is none."""
    controls: dict[str, Callable[[Link, Stop, Observer], Outcome]] = {
        "sleeper": sleep,
        "leaker": partial(leak, bytes_per_s=bytes_per_s),
        "churner": partial(churn, interval_s=interval_s),
    }
    return controls[name]


def main(argv: Sequence[str] | None = None) -> None:
    parser = ArgumentParser(description="A process of known truth; speaks JSON lines on standard output.")
    parser.add_argument("control", choices=("sleeper", "leaker", "churner"))
    parser.add_argument("--leak", type=float, default=0.0, metavar="BYTES_PER_S")
    subject_main.add_options(parser)
    arguments = parser.parse_args(argv)
    control = watch(arguments.control, interval_s=arguments.interval, bytes_per_s=arguments.leak)
    link = Link(name=arguments.ifname, index=socket.if_nametoindex(arguments.ifname))
    subject_main.run(arguments, lambda stop, observer: control(link, stop, observer))


if __name__ == "__main__":
    main()
