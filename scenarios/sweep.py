"""sweep: how does the cost of a poll, and of an event, rise with the number of links, from 1 pair to 10,000?"""

from harness.model import ClaimPlan, Quantity, Relation, Role, SweepPlan
from harness.scenario import PR, Scenario

DUMPS = ("poll", "poll-psutil", "go-poll")
CONSTANT = ("poll-name", "netlink", "netlink-filtered", "go-netlink")
FEW_LINKS, PROFILED_LINKS = 4, 75  # where the pull request's own two numbers belong
SUBJECTS: dict[str, Role] = {
    "go-poll": "before",
    "go-netlink": "after",
    "poll": "before",
    "netlink": "after",
    "netlink-filtered": "alternative",
    "poll-name": "alternative",
    "poll-psutil": "alternative",
}


def shaped(subject: str, quantity: Quantity, relation: Relation, claimed: float, text: str) -> ClaimPlan:
    """State the shape of a cost over links."""
    return ClaimPlan(
        id=f"{subject}-{quantity.replace('_', '-')}",
        text=f"{text} ({subject}).",
        source="netchurn",
        subject=subject,
        quantity=quantity,
        relation=relation,
        claimed=claimed,
        unit="R²" if quantity == "links_r2" else "of the largest",
    )


def said(name: str, text: str, links: int, bytes_per_poll: float) -> ClaimPlan:
    """State one of the pull request's numbers, at the number of links that it belongs to."""
    return ClaimPlan(
        id=name,
        text=text,
        source=f"{PR}; at {links} links",
        subject="go-poll",
        quantity="bytes_per_poll",
        relation="about",
        claimed=bytes_per_poll,
        unit="bytes/poll",
        tolerance=0.5,
        gates=False,
        links=links,
    )


SCENARIO = Scenario(
    name="sweep",
    question="How does the cost of a poll, and of an event, rise with the number of links?",
    pairs=10_000,
    duration_s=0.0,
    subjects=SUBJECTS,
    step_pairs=(1, 3, 10, 30, 100, 300, 1000, 3000),
    step_links=(FEW_LINKS, PROFILED_LINKS),
    max_pairs={"poll": 1000},  # a dump of 10,000 pairs through pyroute2 takes 9 s and 600 MB, under memray far more
    sweep=SweepPlan(seconds=1.0, min_polls=4, events=1000),
    claims=(
        *(shaped(one, "links_r2", "at_least", 0.99, "A dump's bytes rise linearly with links") for one in DUMPS),
        *(shaped(one, "links_spread", "at_most", 0.05, "It allocates the same at any number") for one in CONSTANT),
        said("a-call-allocates-30-kb", "About 30 KB a call.", FEW_LINKS, 30_000),
        said(
            "513-mb-in-20-minutes",
            "513,712.69 kB in about 20 minutes: 856 KiB in each of 600 calls.",
            PROFILED_LINKS,
            513_712.69 * 1024 / 600,
        ),
    ),
)

if __name__ == "__main__":
    from harness.cli import run_file

    run_file(__file__)
