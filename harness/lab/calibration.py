"""Count the link events that a socket with a default buffer holds, in a network namespace made for nothing else.

Run as ``unshare --net python -P -m harness.lab.calibration HOST_NAMESPACE``: the storm that it takes would cost every
reader of the lab's own namespace events, and the calibration would be the fault that a test looks for.
"""

import errno
import socket
import sys

from harness.lab.actions.faults import Faults
from harness.lab.links import Links
from harness.lab.namespace import HostGuard

_RTMGRP_LINK = 1
_EVENTS = 2000  # a default buffer of 208 KiB holds some 92
_MESSAGE_BYTES = 8192


def held(faults: Faults) -> int:
    """Count the events of a storm that a reader with a default buffer holds, if it does not read at all."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE) as idle:
        idle.bind((0, _RTMGRP_LINK))
        faults.storm(_EVENTS, None)
        count = 0
        while True:
            try:
                idle.recv(_MESSAGE_BYTES)
                count += 1
            except BlockingIOError:
                return count
            except OSError as error:  # reported once, ahead of what is queued
                if error.errno != errno.ENOBUFS:
                    raise


def main() -> None:
    """Make a veth pair, whose events are those of a lab's storm, and print the number."""
    guard = HostGuard(sys.argv[1])
    links = Links(guard)
    links.add_pairs(0, 1)
    sys.stdout.write(str(held(Faults(guard, links))))


if __name__ == "__main__":
    main()
