"""storm: what do unrelated link events do to each watcher, when there are more of them than it can read?"""

from harness.model import ClaimPlan, StormPlan
from harness.scenario import ONLY_FOR_THE_TRACKED_INTERFACE, Scenario

SCENARIO = Scenario(
    name="storm",
    question="What does a storm of unrelated link events do to a watcher whose interface is never touched?",
    pairs=50,
    duration_s=0.0,
    subjects={
        "poll": "before",
        "netlink": "after",
        "netlink-filtered": "alternative",
        "poll-name": "alternative",
        "go-netlink": "after",
        "go-netlink-resilient": "alternative",
    },
    storm=StormPlan(overrun=20.0, live_events=10_000, rates=(100.0, 1000.0), seconds_a_rate=3.0),
    claims=(
        ClaimPlan(
            id="filtered-is-untouched",
            text="A subscription filtered in the kernel allocates nothing for events of others.",
            source="netchurn",
            subject="netlink-filtered",
            quantity="bytes_per_event",
            relation="at_most",
            claimed=0,
            unit="bytes/event",
        ),
        ClaimPlan(
            id="a-storm-restarts-nothing-filtered",
            text="A burst of unrelated events does not restart the client (netlink-filtered).",
            source="netchurn",
            subject="netlink-filtered",
            quantity="false_positives",
            relation="at_most",
            claimed=0,
            unit="restarts",
        ),
        ClaimPlan(
            id="a-storm-restarts-nothing",
            text="A burst of unrelated events does not restart the client (netlink).",
            source="netchurn",
            subject="netlink",
            quantity="false_positives",
            relation="at_most",
            claimed=0,
            unit="restarts",
            gates=False,
        ),
        ONLY_FOR_THE_TRACKED_INTERFACE,
    ),
)

if __name__ == "__main__":
    from harness.cli import run_file

    run_file(__file__)
