"""my-question: among ten pairs, what does asking for one name cost beside dumping all links?"""

from harness.model import ClaimPlan
from harness.scenario import Scenario

SCENARIO = Scenario(
    name="my-question",
    question="Among ten pairs, what does asking for one name cost beside dumping all links?",
    pairs=10,
    subjects={"poll": "before", "poll-name": "after"},
    claims=(
        ClaimPlan(
            id="one-name-is-cheap",
            text="Asking for one name allocates at most 1 kB.",
            source="this file",
            subject="poll-name",
            quantity="bytes_per_poll",
            relation="at_most",
            claimed=1000,
            unit="bytes/poll",
        ),
    ),
)

if __name__ == "__main__":
    from harness.cli import run_file

    run_file(__file__)
