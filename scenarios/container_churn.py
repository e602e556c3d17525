"""container-churn: what does a subscription cost when containers come and go, and the watched interface rests?"""

from harness.model import ClaimPlan
from harness.scenario import Scenario

PR = "netbird pull request 5857"

SCENARIO = Scenario(
    name="container-churn",
    question="What does watching one interface cost while containers come and go, one a second?",
    pairs=50,
    subjects={"poll": "before", "netlink": "after", "poll-name": "alternative", "poll-psutil": "alternative"},
    churn_pairs_per_s=1.0,
    ladder_pairs=(0,),
    claims=(
        ClaimPlan(
            id="subscription-is-silent",
            text="Allocations between events drop to zero.",
            source=PR,
            subject="netlink",
            quantity="idle_bytes_per_day",
            relation="at_most",
            claimed=0,
            unit="bytes/day",
        ),
        ClaimPlan(
            id="only-for-the-tracked-interface",
            text="The subscription allocates only for events of the tracked interface.",
            source=f"{PR}, a comment in its code",
            subject="netlink",
            quantity="bytes_per_event",
            relation="at_most",
            claimed=0,
            unit="bytes/event",
            gates=False,
        ),
    ),
)

if __name__ == "__main__":
    from harness.cli import run_file

    run_file(__file__)
