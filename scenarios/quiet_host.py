"""quiet-host: where does a poll cost what the pull request says, about 1.3 GB/day?"""

from harness.model import ClaimPlan
from harness.scenario import PR, PR_BYTES_PER_DAY, SUBSCRIPTION_IS_SILENT, Scenario

SAID = "43,200 calls a day at about 30 KB a call allocate about 1.3 GB/day"


def said_of(subject: str) -> ClaimPlan:
    """State the pull request's number of one subject: half as much to half as much again counts as about."""
    return ClaimPlan(
        id=f"about-1.3-gb-a-day-{subject}",
        text=f"{SAID} ({subject}).",
        source=PR,
        subject=subject,
        quantity="idle_bytes_per_day",
        relation="about",
        claimed=PR_BYTES_PER_DAY,
        tolerance=0.5,
        unit="bytes/day",
        gates=False,
    )


SCENARIO = Scenario(
    name="quiet-host",
    question="On a host with few links, where does a poll cost the 1.3 GB/day that the pull request says?",
    pairs=2,
    reference_bytes_per_day=PR_BYTES_PER_DAY,
    subjects={"poll": "before", "netlink": "after", "poll-psutil": "alternative", "poll-name": "alternative"},
    step_pairs=(0, 1),
    claims=(
        said_of("poll"),
        said_of("poll-psutil"),
        SUBSCRIPTION_IS_SILENT,
    ),
)

if __name__ == "__main__":
    from harness.cli import run_file

    run_file(__file__)
