"""What a watcher ends with: restart or not, and why."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why watching ended."""

    UNSUPPORTED = "unsupported"  # mobile platform
    NETSTACK = "netstack"  # the tunnel lives in user space: there is no kernel interface to watch
    NO_NAME = "no_name"
    NOT_FOUND = "not_found"  # at start
    SUBSCRIBE_FAILED = "subscribe_failed"
    DELETED = "deleted"
    RECREATED = "recreated"
    RENAMED = "renamed"
    MOVED = "moved"  # to another network namespace, where it lives on
    STOPPED = "stopped"
    CLOSED = "closed"  # the subscription ended by itself


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The verdict of one watch.

    ``restart`` asks the owner to build its tunnel again. ``message`` is the error in words, or None where the
    watcher under study reports none (recreation, netstack mode).
    """

    restart: bool
    reason: Reason
    message: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """The identity that is tracked: what the name resolved to at start."""

    name: str
    index: int
