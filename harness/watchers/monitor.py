"""The entry point: preconditions, the choice of watcher, and the watch itself.

Semantics of netbird's ``WGIfaceMonitor``: what cannot be watched ends without a restart and says why.
"""

import os
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from harness.watchers.classify import stopped
from harness.watchers.filtered import watch_filtered
from harness.watchers.outcome import Link, Outcome, Reason
from harness.watchers.polling import LookUp, dump_lookup, name_lookup, psutil_lookup, watch_by_polling
from harness.watchers.protocols import Observer, Stop
from harness.watchers.retried_dump import RetriedDump
from harness.watchers.subscription import watch_by_subscription

NETSTACK_VARIABLE = "NB_USE_NETSTACK_MODE"
DEFAULT_INTERVAL_S = 2.0

LOOK_UPS: Mapping[str, Callable[[Observer], LookUp]] = {
    "poll": dump_lookup,
    "poll-psutil": psutil_lookup,
    "poll-name": name_lookup,
    "poll-retry": RetriedDump,
}
SUBSCRIPTIONS: Mapping[str, Callable[[Link, Stop, Observer], Outcome]] = {
    "netlink": watch_by_subscription,
    "netlink-filtered": watch_filtered,
}
WATCHERS = (*LOOK_UPS, *SUBSCRIPTIONS)


def default_watcher(platform: str = sys.platform) -> str:
    """Name the watcher that the fix runs on this platform: the subscription on Linux, polling elsewhere."""
    return "netlink" if platform == "linux" else "poll"


@dataclass(frozen=True, kw_only=True)
class Host:
    """What the preconditions look at, so that a test can be another host."""

    platform: str = sys.platform
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @property
    def netstack(self) -> bool:
        """Return whether the tunnel lives in user space, where there is no kernel interface to watch."""
        return self.environment.get(NETSTACK_VARIABLE, "") == "true"  # this word alone, as netbird reads it


def refusal(name: str, host: Host) -> Outcome | None:
    """Return why this host or this name cannot be watched; None if it can."""
    if host.platform in {"android", "ios"}:
        return Outcome(restart=False, reason=Reason.UNSUPPORTED, message="not supported on mobile platforms")
    if host.netstack:
        return Outcome(restart=False, reason=Reason.NETSTACK)
    if not name:
        return Outcome(restart=False, reason=Reason.NO_NAME, message="empty interface name")
    return None


def _resolve(name: str) -> Link:
    """Find an interface by its name; OSError if there is none, or if this is only another name of it.

    The kernel resolves alternative names as well, but its events tell the first name: each would read as a rename.
    """
    link = Link(name=name, index=socket.if_nametoindex(name))
    first = socket.if_indextoname(link.index)
    if first != name:
        raise OSError(f"it is an alternative name of {first}")
    return link


def monitor(  # noqa: PLR0913 - everything but the name has a default
    name: str,
    *,
    watcher: str | None = None,
    interval_s: float = DEFAULT_INTERVAL_S,
    stop: Stop | None = None,
    observer: Observer | None = None,
    host: Host | None = None,
) -> Outcome:
    """Watch the interface ``name`` until it is deleted, recreated or renamed, or until stop is set.

    ``watcher`` is one of ``WATCHERS`` (KeyError otherwise); by default, what the fix would run here. Polling looks
    every ``interval_s`` seconds, first after one interval; the subscription ignores it. Blocks the calling thread.
    """
    host = host or Host()
    refused = refusal(name, host)
    if refused is not None:
        return refused
    observer = observer or Observer()
    chosen = watcher or default_watcher(host.platform)
    with ExitStack() as ours:
        if stop is None:
            stop = Stop()
            ours.callback(stop.close)
        look_up = None if chosen in SUBSCRIPTIONS else LOOK_UPS[chosen](observer)
        if close := getattr(look_up, "close", None):
            ours.callback(close)
        try:
            link = _resolve(name)
        except OSError as cause:
            return Outcome(restart=False, reason=Reason.NOT_FOUND, message=f"interface {name} not found: {cause}")
        observer.found(link)
        if stop.wait(0):
            return stopped()
        if look_up is None:
            return SUBSCRIPTIONS[chosen](link, stop, observer)
        return watch_by_polling(link, look_up, stop, observer, interval_s=interval_s)
