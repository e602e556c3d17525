#!/usr/bin/env python3
"""A watcher that speaks netchurn's protocol: it looks every tenth of a second whether its interface is there."""

import json
import select
import socket
import sys
import time

INTERVAL_S = 0.1


def say(**line: object) -> None:
    """Write one line of the protocol; the moment is CLOCK_MONOTONIC."""
    sys.stdout.write(json.dumps({**line, "at_ns": time.monotonic_ns()}) + "\n")
    sys.stdout.flush()


def index(ifname: str) -> int:
    """Look an interface up; 0 if there is none."""
    try:
        return socket.if_nametoindex(ifname)
    except OSError:
        return 0


def main(ifname: str) -> None:
    """Look until the interface is another one, or until it is asked to stop."""
    found = index(ifname)
    say(event="ready", ifname=ifname, ifindex=found)
    polls = 0
    while True:
        if select.select([sys.stdin], [], [], INTERVAL_S)[0]:
            word = sys.stdin.readline().strip()
            say(event="work", polls=polls, events=0, allocated_bytes=None, allocations=None)
            if word != "mark":  # stop, or the end of the input
                return
        polls += 1
        if index(ifname) != found:
            say(event="outcome", restart=True, reason="deleted", message=f"{ifname} is not what it was")
            return


if __name__ == "__main__":
    main(sys.argv[-1])
