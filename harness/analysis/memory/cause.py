"""What a growing subject's growth comes from: its judged resources to one id of a closed list. Pure.

The table is read from above, and the first line that holds names the cause. What a program leaks as a whole (threads,
descriptors, children) comes before the memory that each of them takes, since that is what has to be mended.
"""

from collections.abc import Callable, Sequence

from harness.analysis.memory.resources import change, grows, share
from harness.model import Cause, Resource

_MOST = 0.5  # of the growth: what explains more than half of it is its cause
# A thread's stack has 8 MiB by default (ulimit -s), and touches a few pages of them; with a larger growth for each new
# thread it is something else that grows.
_STACK_BYTES = 8 * 2**20
# The buffers, the table entries and the objects around one descriptor: stdio takes 4 KiB, a Go connection some 16.
_DESCRIPTOR_BYTES = 64 * 2**10
SOCKETS = ("netlink_sockets", "inet_sockets", "unix_sockets")
KERNEL = ("charged_kernel", "socket_buffers")  # version 2 of control groups counts the latter apart

Resources = Sequence[Resource]


def cause(resources: Resources) -> Cause | None:
    """Return what grows; None where no resource was shown to climb."""
    return next((name for name, holds in _TABLE if holds(resources)), None)


def _memory(resources: Resources) -> float:
    return change(resources, "rss")


def _each_takes_at_most(name: str, limit: float, resources: Resources) -> bool:
    """Return whether a count grows, and explains the growth of memory by so many bytes each."""
    return grows(resources, name) and _memory(resources) <= limit * change(resources, name)


def _sockets(resources: Resources) -> bool:
    sockets = sum(change(resources, name) for name in SOCKETS)
    return _descriptors(resources) and sockets > _MOST * change(resources, "descriptors")


def _descriptors(resources: Resources) -> bool:
    return _each_takes_at_most("descriptors", _DESCRIPTOR_BYTES, resources)


def _grows_fast(resources: Resources) -> bool:
    return any(one.name == "rss" and one.verdict == "growing" for one in resources)


def _swap(resources: Resources) -> bool:
    return change(resources, "swap") > _memory(resources)


def _kernel(resources: Resources) -> bool:
    return sum(change(resources, name) for name in KERNEL) > _memory(resources)


def _part(name: str) -> Callable[[Resources], bool]:
    return lambda resources: grows(resources, "rss") and share(resources, name) > _MOST


_TABLE: tuple[tuple[Cause, Callable[[Resources], bool]], ...] = (
    ("children", lambda found: grows(found, "children") or _part("of_children")(found)),
    ("sockets", _sockets),
    ("descriptors", _descriptors),
    ("threads", lambda found: grows(found, "threads") and not _grows_fast(found)),
    ("thread_stacks", lambda found: _part("anonymous")(found) and _each_takes_at_most("threads", _STACK_BYTES, found)),
    ("swap", _swap),
    ("lazily_freed", _part("lazily_freed")),
    ("huge_pages", _part("huge_pages")),
    ("anonymous", _part("anonymous")),
    ("file_mapped", _part("file_mapped")),
    ("shared_memory", lambda found: _part("shared_memory")(found) or grows(found, "charged_shared_memory")),
    ("kernel", _kernel),
    ("mixed", lambda found: grows(found, "rss") and any(one.name == "anonymous" for one in found)),
)
