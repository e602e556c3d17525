"""The "after": subscribe to RTNLGRP_LINK through pyroute2, look once more, then wait for events.

Faithful to netbird's Linux watcher after pull request 5857: any error of the socket ends the subscription, ENOBUFS
included, and an ended subscription asks for a restart.
"""

import select
import socket
from collections.abc import Callable
from typing import Any

from harness.watchers.classify import LinkEvent, classify, closed, deleted, recreated, stopped, subscribe_failed
from harness.watchers.outcome import Link, Outcome
from harness.watchers.protocols import Observer, Stop, Subscription

RTMGRP_LINK = 1  # the bit of RTNLGRP_LINK, linux/rtnetlink.h


class PyrouteSubscription:
    """pyroute2's select-compatible netlink socket, bound to RTNLGRP_LINK; OSError if refused."""

    def __init__(self) -> None:
        from pyroute2 import IPRSocket  # noqa: PLC0415 - a subject loads only what its own watcher needs

        # The kernel doubles what it is given; left alone, pyroute2 asks for a megabyte.
        self._socket: Any = IPRSocket(rcvbuf=_default_buffer() // 2)
        try:
            self._socket.bind(groups=RTMGRP_LINK)
        except (OSError, KeyError) as cause:  # KeyError: what pyroute2 makes of a refused bind
            self._socket.close()
            raise OSError(*cause.args) from None

    def fileno(self) -> int:
        """Readable when there is something to receive."""
        return int(self._socket.fileno())

    def receive(self) -> list[LinkEvent]:
        """Receive one datagram and decode it as pyroute2 does, every message of it, wanted or not."""
        return [
            LinkEvent(kind=message["event"], index=message["index"], name=message.get_attr("IFLA_IFNAME") or "")
            for message in self._socket.get()
            if message["event"] in {"RTM_NEWLINK", "RTM_DELLINK"}
        ]

    def close(self) -> None:
        self._socket.close()


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


def watch_by_subscription(
    link: Link, stop: Stop, observer: Observer, subscribe: Callable[[], Subscription] = PyrouteSubscription
) -> Outcome:
    """Wait for link events until one concerns the tracked link, the subscription ends, or stop is set."""
    try:
        subscription = subscribe()
    except OSError as cause:
        return subscribe_failed(cause)
    try:
        outcome = recheck(link) or _listen(link, subscription, stop, observer)
        observer.decided(outcome)
    finally:
        subscription.close()
    return outcome


def _listen(link: Link, subscription: Subscription, stop: Stop, observer: Observer) -> Outcome:
    poll = select.poll()
    poll.register(subscription.fileno(), select.POLLIN)
    poll.register(stop.fileno(), select.POLLIN)
    observer.ready(link)
    while True:
        readable = [descriptor for descriptor, _ in poll.poll()]
        if stop.fileno() in readable:
            return stopped()
        try:
            received = subscription.receive()
        except OSError:
            return closed()
        for event in received:
            observer.received()
            outcome = classify(link, event)
            if outcome is not None:
                return outcome
