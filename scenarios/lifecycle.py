"""lifecycle: what does each watcher see, miss and imagine of everything that a kernel does to an interface?"""

from typing import TypedDict

from harness.model import ClaimPlan, Injection, LinkKind, Quantity, ScriptedEvent, ScriptPlan, Seen
from harness.scenario import PR, Scenario

POLLERS = ("poll", "poll-name", "poll-psutil")
GONE = ("deleted",)


def scripted_event(  # noqa: PLR0913 - the columns of the table
    name: str,
    text: str,
    *steps: str,
    valid_reasons: tuple[str, ...] = (),
    poll: Seen | None = None,
    netlink: Seen | None = None,
    filtered: Seen | None = None,
    link: LinkKind = "veth",
    injection: Injection | None = None,
    pollers: dict[str, Seen] | None = None,
) -> ScriptedEvent:
    """Write one row: what is done, what is true, and what each watcher shows by its own design.

    A column that is None leaves its watchers out. By default all see what happened, a poll too late to call it prompt.
    """
    columns = {"netlink": netlink, "netlink-filtered": filtered, **dict.fromkeys(POLLERS, poll), **(pollers or {})}
    expected_outcomes = {subject: seen for subject, seen in columns.items() if seen is not None}
    return ScriptedEvent(
        name=name,
        text=text,
        steps=steps,
        valid_reasons=valid_reasons,
        expected_outcomes=expected_outcomes,
        link=link,
        injection=injection,
    )


class Columns(TypedDict):
    """What the watchers show."""

    poll: Seen
    netlink: Seen
    filtered: Seen


SEEN: Columns = {"poll": "late", "netlink": "detected", "filtered": "detected"}
SEEN_BUT_BY_POLLS: Columns = {"poll": "missed", "netlink": "detected", "filtered": "detected"}
QUIET: Columns = {"poll": "true_negative", "netlink": "true_negative", "filtered": "true_negative"}

SCRIPTED_EVENTS = (
    scripted_event("delete", "the interface is deleted", "link delete {ifname}", valid_reasons=GONE, **SEEN),
    scripted_event(
        "recreate",
        "deleted, and made again with another index",
        "link delete {ifname}\nlink add {ifname} type veth peer name {ifname}p",
        valid_reasons=("recreated", "deleted"),
        **SEEN,
    ),
    scripted_event(
        "recreate-same-index",
        "deleted, and made again with the same index",
        "link delete {ifname}\nlink add {ifname} index {index} type veth peer name {ifname}p",
        valid_reasons=("recreated", "deleted"),
        **SEEN_BUT_BY_POLLS,
    ),
    scripted_event(
        "rename", "given another name", "link set {ifname} name {ifname}x", valid_reasons=("renamed", "deleted"), **SEEN
    ),
    scripted_event(
        "rename-and-back",
        "given another name, and its own again",
        "link set {ifname} name {ifname}x\nlink set {ifname}x name {ifname}",
        valid_reasons=("renamed",),
        **SEEN_BUT_BY_POLLS,
    ),
    scripted_event(
        "move",
        "moved to another namespace, where it lives on",
        "link set {ifname} netns {away}",
        valid_reasons=("moved",),
        poll="false_positive",
        netlink="false_positive",
        filtered="detected",
    ),
    scripted_event(
        "out-and-back",
        "moved to another namespace and back",
        "link set {ifname} netns {away}",
        "away: link set {ifname} netns 1",
        valid_reasons=("moved",),
        poll="missed",
        netlink="false_positive",
        filtered="detected",
    ),
    scripted_event(
        "delete-before-subscription",
        "deleted between the first look and the subscription",
        "link delete {ifname}",
        valid_reasons=GONE,
        injection="hold",
        **SEEN,
    ),
    scripted_event(
        "bridge-release",
        "made the port of a bridge, and released",
        "link add {ifname}b type bridge\nlink set {ifname} master {ifname}b\nlink set {ifname} nomaster",
        poll="true_negative",
        netlink="false_positive",
        filtered="true_negative",
    ),
    scripted_event("mtu", "its mtu is changed", "link set {ifname} mtu 1300", **QUIET),
    scripted_event("flags", "taken down and up again", "link set {ifname} down\nlink set {ifname} up", **QUIET),
    scripted_event("alias", "given an alias", "link set {ifname} alias changed", **QUIET),
    scripted_event(
        "others",
        "1000 unrelated pairs are made, and deleted as a group",
        "\n".join(f"link add u{number}a group 77 type veth peer name u{number}b" for number in range(1000)),
        "link delete group 77",
        poll="true_negative",
        netlink="false_positive",  # its buffer overruns, and an overrun ends it
        filtered="true_negative",
    ),
    scripted_event(
        "daemon-killed",
        "wireguard-go, which made it, is killed",
        valid_reasons=GONE,
        link="wireguard-go",
        injection="kill-daemon",
        **SEEN,
    ),
    scripted_event(
        "subscription-refused",
        "no descriptor is left to subscribe with",
        injection="refuse",
        netlink="false_positive",
        filtered="true_negative",
    ),
    scripted_event(
        "no-descriptors",
        "no descriptor is left to look up with",
        injection="limit",
        netlink="true_negative",
        filtered="true_negative",
        pollers={"poll": "true_negative", "poll-name": "false_positive", "poll-psutil": "false_positive"},
    ),
    scripted_event("stop", "the watcher is asked to stop", injection="stop", **QUIET),
)


def counted(subject: str, quantity: Quantity, text: str, source: str, *, gates: bool) -> ClaimPlan:
    """State that there is none of something."""
    return ClaimPlan(
        id=f"{subject}-{quantity.replace('_', '-')}",
        text=text,
        source=source,
        subject=subject,
        quantity=quantity,
        relation="at_most",
        claimed=0,
        unit="events",
        gates=gates,
    )


SCENARIO = Scenario(
    name="lifecycle",
    question="What does each watcher see, miss and imagine of everything that happens to an interface?",
    pairs=2,
    duration_s=0.0,
    profiled=False,
    subjects={
        "poll": "before",
        "netlink": "after",
        "netlink-filtered": "alternative",
        "poll-name": "alternative",
        "poll-psutil": "alternative",
    },
    claims=(
        counted("netlink", "missed", "Deletion, recreation and renaming are still seen.", PR, gates=True),
        counted(
            "netlink",
            "false_positives",
            "The subscription restarts the client only when it must.",
            "netchurn",
            gates=False,
        ),
        counted("netlink-filtered", "missed", "A careful watcher misses nothing.", "netchurn", gates=True),
        counted("netlink-filtered", "false_positives", "A careful watcher imagines nothing.", "netchurn", gates=True),
    ),
    scripts=(ScriptPlan(scripted_events=SCRIPTED_EVENTS),),
)

if __name__ == "__main__":
    from harness.cli import run_file

    run_file(__file__)
