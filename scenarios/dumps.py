"""dumps: who still answers rightly while the tables that are dumped change?"""

from harness.model import ClaimPlan, DumpsPlan
from harness.scenario import Scenario


def never_wrong(subject: str, *, gates: bool = True) -> ClaimPlan:
    """State that a subject never ends without cause."""
    return ClaimPlan(
        id=f"{subject}-is-never-wrong",
        text=f"While links come and go, {subject} neither reports a living interface gone nor ends.",
        source="netchurn",
        subject=subject,
        quantity="false_positives",
        relation="at_most",
        claimed=0,
        unit="false ends",
        gates=gates,
    )


SCENARIO = Scenario(
    name="dumps",
    question="Who answers wrongly, gives up or loses time while the tables that it dumps change?",
    pairs=249,
    duration_s=0.0,
    profiled=False,
    subjects={
        "poll": "before",
        "netlink": "after",
        "netlink-filtered": "alternative",
        "poll-retry": "alternative",
        "poll-psutil": "alternative",
        "poll-name": "alternative",
        "go-poll": "before",
        "go-netlink": "after",
        "go-netlink-resilient": "alternative",
    },
    dumps=DumpsPlan(rates=(10.0, 100.0, 1000.0), seconds=15.0, interval_s=0.1, restart_every_s=0.2),
    claims=(
        never_wrong("netlink-filtered"),
        never_wrong("go-netlink-resilient"),
        never_wrong("poll-retry"),
        never_wrong("poll", gates=False),
        never_wrong("netlink", gates=False),
        never_wrong("go-poll", gates=False),
        never_wrong("go-netlink", gates=False),
    ),
)

if __name__ == "__main__":
    from harness.cli import run_file

    run_file(__file__)
