"""container-churn: what does a subscription cost when containers come and go, and the watched interface rests?"""

from harness.scenario import ONLY_FOR_THE_TRACKED_INTERFACE, SUBSCRIPTION_IS_SILENT, Scenario

SCENARIO = Scenario(
    name="container-churn",
    question="What does watching one interface cost while containers come and go, one a second?",
    pairs=50,
    subjects={"poll": "before", "netlink": "after", "poll-name": "alternative", "poll-psutil": "alternative"},
    churn_pairs_per_s=1.0,
    step_pairs=(0,),
    claims=(
        SUBSCRIPTION_IS_SILENT,
        ONLY_FOR_THE_TRACKED_INTERFACE,
    ),
)

if __name__ == "__main__":
    from harness.cli import run_file

    run_file(__file__)
