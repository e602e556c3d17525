"""docker-host: what does watching one interface cost on a host with hundreds of veth pairs, while nothing happens?"""

from harness.model import ClaimPlan
from harness.scenario import PR, SUBSCRIPTION_IS_SILENT, Scenario

SCENARIO = Scenario(
    name="docker-host",
    question="What does watching one interface cost among hundreds of veth pairs, while nothing happens?",
    pairs=200,
    subjects={"poll": "before", "netlink": "after", "poll-name": "alternative", "poll-psutil": "alternative"},
    step_pairs=(0, 50),
    claims=(
        ClaimPlan(
            id="polling-churns",
            text="On hosts with many veth interfaces the ticker generates roughly 1 GB/day of allocation churn.",
            source=PR,
            subject="poll",
            quantity="idle_bytes_per_day",
            relation="at_least",
            claimed=1e9,
            unit="bytes/day",
        ),
        SUBSCRIPTION_IS_SILENT,
    ),
)

if __name__ == "__main__":
    from harness.cli import run_file

    run_file(__file__)
