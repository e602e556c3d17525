"""latency: how soon does each watcher report that its interface was deleted, renamed, or recreated?"""

from harness.model import ClaimPlan, ScriptPlan, Seen
from harness.scenario import Scenario, changes

WOKEN: dict[str, Seen] = {"netlink": "detected", "netlink-filtered": "detected", "ip-monitor": "detected"}
POLLING: dict[str, Seen] = {"poll": "late"}

SCENARIO = Scenario(
    name="latency",
    question="How soon does each watcher report that its interface was deleted, renamed, or recreated?",
    pairs=2,
    duration_s=0.0,
    profiled=False,
    subjects={"poll": "before", "netlink": "after", "netlink-filtered": "alternative", "ip-monitor": "control"},
    claims=tuple(
        ClaimPlan(
            id=f"{subject}-is-prompt",
            text=f"{subject} tells within 50 ms, in 99 of 100 cases.",
            source="netchurn",
            subject=subject,
            quantity="latency_p99_s",
            relation="at_most",
            claimed=0.05,
            unit="s",
        )
        for subject in ("netlink", "netlink-filtered")
    ),
    scripts=(
        ScriptPlan(scripted_events=changes(WOKEN), rounds=100, phase_s=0.05),
        # A poll keeps its two seconds, so ten interfaces are changed side by side, each at a phase of its own.
        ScriptPlan(scripted_events=changes(POLLING), rounds=10, groups=10, phase_s=2.0),
    ),
)

if __name__ == "__main__":
    from harness.cli import run_file

    run_file(__file__)
