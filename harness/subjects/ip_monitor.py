"""``ip-monitor``: what iproute2's own monitor reports, and when, as a yardstick for latency.

It takes the words of ``repeated_watch``.
"""

import os
import re
import select
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.subjects.repeated_watch import words
from harness.subjects.subject_main import say

_LINE = re.compile(r"(Deleted )?(\d+): ([^:@\s]+)")
_NETLINK_TABLE = Path("/proc/net/netlink")
_READ_BYTES = 65_536


def reason(line: str, ifname: str, index: int) -> str | None:
    """Read one line of ``ip -o monitor link``; None where it says nothing of this interface's end."""
    found = _LINE.match(line)
    if found is None:
        return None
    deleted, about, name = bool(found[1]), int(found[2]), found[3]
    if about == index:
        return "deleted" if deleted else ("renamed" if name != ifname else None)
    later = about > index  # a line of an earlier round may still be in the pipe
    return "recreated" if name == ifname and later and not deleted else None


class Monitor:
    """A running ``ip monitor link``."""

    def __init__(self) -> None:
        self._rest = b""
        self._out, theirs = os.pipe()
        process = subprocess.Popen(["ip", "-o", "monitor", "link"], stdin=subprocess.DEVNULL, stdout=theirs)
        os.close(theirs)
        while str(process.pid) not in {row.split()[2] for row in _NETLINK_TABLE.read_text().splitlines()}:
            time.sleep(0.001)

    def fileno(self) -> int:
        """Readable when it has said something."""
        return self._out

    def lines(self) -> list[str]:
        """Read what it has said, as far as the lines are whole; SystemExit when it has ended."""
        data = os.read(self._out, _READ_BYTES)
        if not data:
            sys.exit("ip monitor has ended")
        *whole, self._rest = (self._rest + data).split(b"\n")
        return [line.decode(errors="replace") for line in whole]


def watch(monitor: Monitor, ifname: str, index: int) -> str:
    """Wait for the line that tells of this interface's end, or for a word on standard input."""
    poll = select.poll()
    poll.register(monitor, select.POLLIN)
    poll.register(sys.stdin, select.POLLIN)
    say(event="ready", ifname=ifname, ifindex=index)
    while True:
        if sys.stdin.fileno() in {descriptor for descriptor, _ in poll.poll()}:
            return "stopped"
        for line in monitor.lines():
            found = reason(line, ifname, index)
            if found is not None:
                return found


def main(argv: Sequence[str] | None = None) -> None:
    """Watch one round after the other until the input ends."""
    parser = ArgumentParser(description="Tell what `ip monitor link` tells, as JSON lines.")
    parser.add_argument("--ifname", default="wt0")
    ifname = parser.parse_args(argv).ifname
    monitor = Monitor()
    orders: Iterator[str] = words(sys.stdin.fileno())
    for word in orders:
        if word == "again":
            ended = watch(monitor, ifname, socket.if_nametoindex(ifname))
            say(event="outcome", restart=ended != "stopped", reason=ended, message=None)


if __name__ == "__main__":
    main()
