"""The decision, apart from sockets: (tracked link, link event) to an outcome, or nothing.

A pure table with the semantics of netbird's Linux watcher after pull request 5857, its faults included: an event is
read by index and name alone, so a bridge releasing a living port, and a move to another namespace, both of which are
RTM_DELLINK of our index, read as "deleted". Not included: anything that needs a look at the kernel.
"""

from dataclasses import dataclass
from typing import Literal

from harness.watchers.outcome import Link, Outcome, Reason

Kind = Literal["RTM_NEWLINK", "RTM_DELLINK"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkEvent:
    """What the decision needs of an rtnetlink link message; ``name`` is empty where the message has none."""

    kind: str
    index: int
    name: str


def deleted(link: Link, cause: str | None = None) -> Outcome:
    """Build the outcome of an interface that is gone."""
    message = f"interface {link.name} deleted" + (f": {cause}" if cause else "")
    return Outcome(restart=True, reason=Reason.DELETED, message=message)


def recreated() -> Outcome:
    """Build the outcome of a name that now belongs to another index: a restart without an error."""
    return Outcome(restart=True, reason=Reason.RECREATED)


def stopped() -> Outcome:
    """Build the outcome of a watcher that was asked to stop."""
    return Outcome(restart=False, reason=Reason.STOPPED, message="wg interface monitor stopped: asked to stop")


def classify(link: Link, event: LinkEvent) -> Outcome | None:
    """Decide what one event means for the tracked link; None: keep watching."""
    ours = event.index == link.index
    if event.kind == "RTM_DELLINK":
        return deleted(link) if ours else None
    if event.kind != "RTM_NEWLINK":
        return None
    if event.name == link.name:
        return None if ours else recreated()
    if ours and event.name:
        return Outcome(restart=True, reason=Reason.RENAMED, message=f"interface {link.name} renamed to {event.name}")
    return None
