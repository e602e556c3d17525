"""latency: how soon does each watcher tell that its interface was deleted, renamed, or made anew?"""

from harness.model import Happening, ScriptPlan, Seen
from harness.scenario import Scenario

WATCHERS: dict[str, Seen] = {
    "poll": "late",
    "netlink": "detected",
    "netlink-filtered": "detected",
    "ip-monitor": "detected",
}

SCENARIO = Scenario(
    name="latency",
    question="How soon does each watcher tell that its interface was deleted, renamed, or made anew?",
    pairs=2,
    duration_s=0.0,
    profiled=False,
    subjects={"poll": "before", "netlink": "after", "netlink-filtered": "alternative", "ip-monitor": "control"},
    script=ScriptPlan(
        happenings=(
            Happening(
                name="delete",
                text="the interface is deleted",
                steps=("strike: delete",),
                truth=("deleted",),
                contract=WATCHERS,
            ),
            Happening(
                name="rename",
                text="given another name",
                steps=("strike: rename",),
                truth=("renamed", "deleted"),
                contract=WATCHERS,
            ),
            Happening(
                name="recreate",
                text="deleted, and made again with another index",
                steps=("strike: delete", "link add {ifname} type veth peer name {ifname}p"),
                truth=("recreated", "deleted"),
                contract=WATCHERS,
            ),
        ),
        rounds=10,
        groups=10,
        late_s=0.05,
        random_phase=True,
    ),
)

if __name__ == "__main__":
    from harness.cli import run_file

    run_file(__file__)
