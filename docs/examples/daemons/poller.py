#!/usr/bin/env python3
"""A watcher that polls: it looks its interface up twice a second, and ends when the interface is gone.

It keeps a page of every look, which nothing ever reads. With --fixed it keeps the latest one.
"""

import socket
import sys
import time
from argparse import ArgumentParser

PAGE_BYTES = 4096


def index(ifname: str) -> int:
    """Look an interface up; 0 if there is none."""
    try:
        return socket.if_nametoindex(ifname)
    except OSError:
        return 0


def main() -> int:
    """Look until the interface is another one."""
    parser = ArgumentParser()
    parser.add_argument("ifname", nargs="?", default="wt0")
    parser.add_argument("interval", nargs="?", type=float, default=0.5)
    parser.add_argument("--fixed", action="store_true")
    arguments = parser.parse_args()
    watched = index(arguments.ifname)
    sys.stdout.write(f"watching {arguments.ifname}\n")
    sys.stdout.flush()
    history: list[bytearray] = []
    while index(arguments.ifname) == watched:
        if arguments.fixed:
            history.clear()
        history.append(bytearray(PAGE_BYTES))
        time.sleep(arguments.interval)
    sys.stdout.write(f"{arguments.ifname} is gone\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
