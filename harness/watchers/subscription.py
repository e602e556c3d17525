"""The "after": subscribe to RTNLGRP_LINK through pyroute2, look once more, then wait for events.

Faithful to netbird's Linux watcher after pull request 5857: any error of the socket ends the subscription, ENOBUFS
included, and an ended subscription asks for a restart.
"""

import select
import socket
from typing import Any

from harness.watchers.classify import LinkEvent, classify, deleted, recreated, stopped
from harness.watchers.outcome import Link, Outcome, Reason
from harness.watchers.seam import Observer, Stop

RTMGRP_LINK = 1  # the bit of RTNLGRP_LINK, linux/rtnetlink.h


def closed() -> Outcome:
    """Build the outcome of a subscription that ended by itself, for whatever reason."""
    return Outcome(restart=True, reason=Reason.CLOSED, message="link subscription channel closed unexpectedly")


def subscribe() -> Any:
    """Open pyroute2's select-compatible netlink socket, bound to RTNLGRP_LINK; OSError if refused."""
    from pyroute2 import IPRSocket  # noqa: PLC0415 - a subject loads only what its own watcher needs

    sock = IPRSocket(rcvbuf=_default_buffer() // 2)  # the kernel doubles it; left alone, pyroute2 asks for a megabyte
    try:
        sock.bind(groups=RTMGRP_LINK)
    except (OSError, KeyError) as cause:  # KeyError: what pyroute2 makes of a refused bind
        sock.close()
        raise OSError(*cause.args) from None
    return sock


def _default_buffer() -> int:
    """Ask for the receive buffer that a socket has by itself, which is what netbird's has."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as plain:
        return plain.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


def recheck(link: Link) -> Outcome | None:
    """Look by name after subscribing: what happened before the subscription stood sent no event to it."""
    try:
        index = socket.if_nametoindex(link.name)
    except OSError as cause:
        return deleted(link, str(cause))
    return None if index == link.index else recreated()


def events(sock: Any) -> list[LinkEvent]:
    """Receive one datagram and decode it as pyroute2 does, every message of it, wanted or not."""
    return [
        LinkEvent(kind=message["event"], index=message["index"], name=message.get_attr("IFLA_IFNAME") or "")
        for message in sock.get()
        if message["event"] in {"RTM_NEWLINK", "RTM_DELLINK"}
    ]


def watch_by_subscription(link: Link, stop: Stop, observer: Observer) -> Outcome:
    """Wait for link events until one concerns the tracked link, the subscription ends, or stop is set."""
    try:
        sock = subscribe()
    except OSError as cause:
        return Outcome(restart=True, reason=Reason.SUBSCRIBE_FAILED, message=f"subscribe to link updates: {cause}")
    try:
        return recheck(link) or _listen(link, sock, stop, observer)
    finally:
        sock.close()


def _listen(link: Link, sock: Any, stop: Stop, observer: Observer) -> Outcome:
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    poll.register(stop.fileno(), select.POLLIN)
    observer.ready(link)
    while True:
        readable = [descriptor for descriptor, _ in poll.poll()]
        if stop.fileno() in readable:
            return stopped()
        try:
            received = events(sock)
        except OSError:
            return closed()
        for event in received:
            observer.received()
            outcome = classify(link, event)
            if outcome is not None:
                return outcome
