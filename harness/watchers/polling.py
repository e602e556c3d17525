"""The "before" and its relatives: look the name up every two seconds.

Three look-ups differ in what one look costs, and in nothing else: a full RTM_GETLINK dump through pyroute2
(what ``net.InterfaceByName`` does in Go), the dump that a Python program usually makes (``psutil.net_if_addrs``),
and the one-name question that the kernel answers in constant time (SIOCGIFINDEX). A fourth heeds the mark of a dump
that changed while it was made: ``harness.watchers.retried_dump``.
"""

import socket
import time
from collections.abc import Callable
from typing import Any

from harness.watchers.classify import deleted, recreated, stopped
from harness.watchers.outcome import Link, Outcome
from harness.watchers.protocols import Observer, Stop

NLM_F_DUMP_INTR = 0x10  # linux/netlink.h: the table changed while it was dumped
LookUp = Callable[[str], int]
"""Name to ifindex; OSError when it cannot be had, for whatever reason."""
_SILENT = Observer()


def dump_lookup(observer: Observer = _SILENT) -> LookUp:
    """Look up by a full dump of the link table through pyroute2, scanned for the name.

    pyroute2 0.9 hands out the messages of a marked dump like any others; the mark is read here only to be counted. A
    mark on the closing NLMSG_DONE, which pyroute2 keeps to itself, is not.

    One socket serves all look-ups; opening one a look-up, as Go does, would add some 0.5 MB to each.
    """
    return _Dump(observer)


class _Dump:
    def __init__(self, observer: Observer) -> None:
        from pyroute2 import IPRoute, NetlinkError  # noqa: PLC0415 - a subject loads only what its own watcher needs

        self._observer = observer
        self._ipr: Any = IPRoute()
        self._refusal: type[Exception] = NetlinkError

    def __call__(self, name: str) -> int:
        try:
            links = tuple(self._ipr.get_links())
        except self._refusal as cause:
            raise OSError(*cause.args) from None
        self._observer.dumped(marked=any(message["header"]["flags"] & NLM_F_DUMP_INTR for message in links))
        for message in links:
            if message.get_attr("IFLA_IFNAME") == name:
                return int(message["index"])
        raise OSError(f"no such network interface: {name}")

    def close(self) -> None:
        self._ipr.close()


def psutil_lookup(observer: Observer = _SILENT) -> LookUp:
    """Look up by psutil's table of all addresses; it holds no index, so the kernel is asked for that by name.

    It comes from ``getifaddrs``, which makes two dumps, of links and of addresses, and tells nobody of a mark.
    """
    import psutil  # noqa: PLC0415 - a subject loads only what its own watcher needs

    def look(name: str) -> int:
        addresses = psutil.net_if_addrs()
        for _ in ("RTM_GETLINK", "RTM_GETADDR"):
            observer.dumped(marked=None)
        if name not in addresses:
            raise OSError(f"no such network interface: {name}")
        return socket.if_nametoindex(name)

    return look


def name_lookup(_: Observer = _SILENT) -> LookUp:
    """Look up one name: SIOCGIFINDEX, the same cost at ten links or ten thousand, and no dump."""
    return socket.if_nametoindex


def watch_by_polling(link: Link, look_up: LookUp, stop: Stop, observer: Observer, *, interval_s: float) -> Outcome:
    """Look every ``interval_s`` seconds on a fixed grid, first after one interval, until the link is another or gone.

    A look-up that takes longer than the interval is followed by another at once, and then by the grid again: Go's
    ticker keeps one tick for a slow reader and drops the rest. Any
    failure to look up reads as "deleted", EMFILE included: that is the behaviour under study.
    """
    began = time.monotonic()
    tick = 0
    observer.ready(link)
    while True:
        tick += 1
        if stop.wait(began + tick * interval_s - time.monotonic()):
            return stopped()
        try:
            index = look_up(link.name)
        except OSError as cause:
            return deleted(link, str(cause))
        observer.polled()
        if index != link.index:
            return recreated()
        if interval_s:
            kept = int((time.monotonic() - began) / interval_s) - 1
            tick = max(tick, kept)
