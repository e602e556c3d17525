"""lifecycle: what does each watcher see, miss and imagine of everything that a kernel does to an interface?"""

from typing import TypedDict

from harness.model import ClaimPlan, Happening, LinkKind, Quantity, ScriptPlan, Seen, Trick
from harness.scenario import PR, Scenario

POLLERS = ("poll", "poll-name", "poll-psutil")
GONE = ("deleted",)


def happening(  # noqa: PLR0913 - the columns of the table
    name: str,
    text: str,
    *steps: str,
    truth: tuple[str, ...] = (),
    poll: Seen | None = None,
    netlink: Seen | None = None,
    filtered: Seen | None = None,
    link: LinkKind = "veth",
    trick: Trick | None = None,
    pollers: dict[str, Seen] | None = None,
) -> Happening:
    """Write one row: what is done, what is true, and what each watcher shows by its own contract.

    A column that is None leaves its watchers out. By default all see what happened, a poll too late to call it prompt.
    """
    columns = {"netlink": netlink, "netlink-filtered": filtered, **dict.fromkeys(POLLERS, poll), **(pollers or {})}
    contract = {subject: seen for subject, seen in columns.items() if seen is not None}
    return Happening(name=name, text=text, steps=steps, truth=truth, contract=contract, link=link, trick=trick)


class Columns(TypedDict):
    """What the watchers show."""

    poll: Seen
    netlink: Seen
    filtered: Seen


SEEN: Columns = {"poll": "late", "netlink": "detected", "filtered": "detected"}
SEEN_BUT_BY_POLLS: Columns = {"poll": "missed", "netlink": "detected", "filtered": "detected"}
QUIET: Columns = {"poll": "quiet", "netlink": "quiet", "filtered": "quiet"}

HAPPENINGS = (
    happening("delete", "the interface is deleted", "link delete {ifname}", truth=GONE, **SEEN),
    happening(
        "recreate",
        "deleted, and made again with another index",
        "link delete {ifname}\nlink add {ifname} type veth peer name {ifname}p",
        truth=("recreated", "deleted"),
        **SEEN,
    ),
    happening(
        "recreate-same-index",
        "deleted, and made again with the same index",
        "link delete {ifname}\nlink add {ifname} index {index} type veth peer name {ifname}p",
        truth=("recreated", "deleted"),
        **SEEN_BUT_BY_POLLS,
    ),
    happening("rename", "given another name", "link set {ifname} name {ifname}x", truth=("renamed", "deleted"), **SEEN),
    happening(
        "rename-and-back",
        "given another name, and its own again",
        "link set {ifname} name {ifname}x\nlink set {ifname}x name {ifname}",
        truth=("renamed",),
        **SEEN_BUT_BY_POLLS,
    ),
    happening(
        "move",
        "moved to another namespace, where it lives on",
        "link set {ifname} netns {away}",
        truth=("moved",),
        poll="false",
        netlink="false",
        filtered="detected",
    ),
    happening(
        "out-and-back",
        "moved to another namespace and back",
        "link set {ifname} netns {away}",
        "away: link set {ifname} netns 1",
        truth=("moved",),
        poll="missed",
        netlink="false",
        filtered="detected",
    ),
    happening(
        "delete-before-subscription",
        "deleted between the first look and the subscription",
        "link delete {ifname}",
        truth=GONE,
        trick="hold",
        **SEEN,
    ),
    happening(
        "bridge-release",
        "made the port of a bridge, and released",
        "link add {ifname}b type bridge\nlink set {ifname} master {ifname}b\nlink set {ifname} nomaster",
        poll="quiet",
        netlink="false",
        filtered="quiet",
    ),
    happening("mtu", "its mtu is changed", "link set {ifname} mtu 1300", **QUIET),
    happening("flags", "taken down and up again", "link set {ifname} down\nlink set {ifname} up", **QUIET),
    happening("alias", "given an alias", "link set {ifname} alias changed", **QUIET),
    happening(
        "others",
        "1000 unrelated pairs are made, and deleted as a group",
        "\n".join(f"link add u{number}a group 77 type veth peer name u{number}b" for number in range(1000)),
        "link delete group 77",
        poll="quiet",
        netlink="false",  # its buffer overruns, and an overrun ends it
        filtered="quiet",
    ),
    happening(
        "daemon-killed",
        "wireguard-go, which made it, is killed",
        truth=GONE,
        link="wireguard-go",
        trick="kill-daemon",
        **SEEN,
    ),
    happening(
        "subscription-refused",
        "no descriptor is left to subscribe with",
        trick="refuse",
        netlink="false",
        filtered="quiet",
    ),
    happening(
        "no-descriptors",
        "no descriptor is left to look up with",
        trick="limit",
        netlink="quiet",
        filtered="quiet",
        pollers={"poll": "quiet", "poll-name": "false", "poll-psutil": "false"},
    ),
    happening("stop", "the watcher is asked to stop", trick="stop", **QUIET),
)


def counted(subject: str, quantity: Quantity, text: str, source: str, *, gates: bool) -> ClaimPlan:
    """State that there is none of something."""
    return ClaimPlan(
        id=f"{subject}-{quantity}",
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
        counted("netlink", "false", "The subscription restarts the client only when it must.", "netchurn", gates=False),
        counted("netlink-filtered", "missed", "A careful watcher misses nothing.", "netchurn", gates=True),
        counted("netlink-filtered", "false", "A careful watcher imagines nothing.", "netchurn", gates=True),
    ),
    scripts=(ScriptPlan(happenings=HAPPENINGS),),
)

if __name__ == "__main__":
    from harness.cli import run_file

    run_file(__file__)
