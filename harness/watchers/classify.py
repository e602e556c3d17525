"""The decision, apart from sockets: (tracked link, link event) to an outcome, or nothing. Pure tables.

``classify`` has the semantics of netbird's Linux watcher after pull request 5857, its faults included: an event is
read by index and name alone, so a bridge releasing a living port, and a move to another namespace, both of which are
RTM_DELLINK of our index, read as "deleted". ``classify_strict`` tells those apart. Not included in either: anything
that needs a look at the kernel.
"""

from dataclasses import dataclass

from harness.watchers.outcome import Link, Outcome, Reason

AF_UNSPEC = 0  # the family of a message about the device itself


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkEvent:
    """What the decision needs of an rtnetlink link message; ``name`` is empty where the message has none.

    ``family`` is of the header (a bridge speaks of its ports as AF_BRIDGE); ``moved`` says that RTM_DELLINK named the
    namespace that the link went to.
    """

    kind: str
    index: int
    name: str
    family: int = AF_UNSPEC
    moved: bool = False


def deleted(link: Link, cause: str | None = None) -> Outcome:
    message = f"interface {link.name} deleted" + (f": {cause}" if cause else "")
    return Outcome(restart=True, reason=Reason.DELETED, message=message)


def moved(link: Link) -> Outcome:
    """Build the outcome of an interface that lives on in another namespace."""
    return Outcome(restart=True, reason=Reason.MOVED, message=f"interface {link.name} moved to another namespace")


def renamed(link: Link, name: str) -> Outcome:
    """Build the outcome of an interface that has another name now."""
    return Outcome(restart=True, reason=Reason.RENAMED, message=f"interface {link.name} renamed to {name}")


def recreated() -> Outcome:
    """Build the outcome of a name that now belongs to another index: a restart without an error."""
    return Outcome(restart=True, reason=Reason.RECREATED)


def stopped() -> Outcome:
    """Build the outcome of a watcher that was asked to stop."""
    return Outcome(restart=False, reason=Reason.STOPPED, message="wg interface monitor stopped: asked to stop")


def closed() -> Outcome:
    """Build the outcome of a subscription that ended by itself, for whatever reason."""
    return Outcome(restart=True, reason=Reason.CLOSED, message="link subscription channel closed unexpectedly")


def subscribe_failed(cause: Exception) -> Outcome:
    return Outcome(restart=True, reason=Reason.SUBSCRIBE_FAILED, message=f"subscribe to link updates: {cause}")


def classify(link: Link, event: LinkEvent) -> Outcome | None:
    """Decide what one event means for the tracked link; None: keep watching."""
    ours = event.index == link.index
    if event.kind == "RTM_DELLINK":
        return deleted(link) if ours else None
    if event.kind != "RTM_NEWLINK":
        return None
    if event.name == link.name:
        return None if ours else recreated()
    return renamed(link, event.name) if ours and event.name else None


def classify_strict(link: Link, event: LinkEvent) -> Outcome | None:
    """Decide as ``classify`` does, but leave other families alone, and know a move from a deletion."""
    if event.family != AF_UNSPEC:
        return None
    if event.moved and event.index == link.index:
        return moved(link)
    return classify(link, event)
