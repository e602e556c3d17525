"""netbird-5857: the pull request on trial. Does its fix do what it says, and does what it says follow?"""

from harness.model import ClaimPlan, CompressedPlan, DosePlan, DoseTrialPlan, ScriptPlan, Seen, StormPlan
from harness.scenario import PR, PR_BYTES_PER_DAY, Scenario, changes

FEW_LINKS, PROFILED_LINKS = 4, 75  # where the pull request's own two numbers belong: 30 KB a call, and its profile
WOKEN: Seen = "detected"
RUNTIME_BYTES_PER_DAY = (
    1e6  # Go's scheduler makes a wait queue entry of 112 B now and then; in a minute that is 160 kB/day
)
DAILY_POLLS = 43_200
CLAIMED_BYTES_PER_POLL = 920e6 / DAILY_POLLS
CONTRACT: dict[str, Seen] = {"go-poll": "late", "go-netlink": WOKEN, "go-netlink-resilient": WOKEN}
DELETE, RENAME, RECREATE = changes(CONTRACT)

SCENARIO = Scenario(
    name="netbird-5857",
    question="Does replacing the poll by a subscription do what netbird pull request 5857 says?",
    pairs=250,
    duration_s=60.0,
    reference_bytes_per_day=PR_BYTES_PER_DAY,
    subjects={
        "go-poll": "before",
        "go-netlink": "after",
        "go-netlink-resilient": "alternative",
        "poll": "before",
        "netlink": "after",
    },
    step_links=(FEW_LINKS, 11, 51, PROFILED_LINKS, 101, 501),
    step_pairs=(200,),
    compressed=CompressedPlan(links=PROFILED_LINKS, polls=DAILY_POLLS, subjects=("go-poll", "go-netlink")),
    dose_trial=DoseTrialPlan(
        subjects=("go-poll",),
        pairs=(PROFILED_LINKS - 3) // 2,  # beside lo, the watched interface and its peer
        duration_s=600.0,
        dose=DosePlan(  # none, the real pace, 10 and 100 times it
            stimulus="polls", doses=(0.0, 0.5, 5.0, 50.0), max_growth_bytes=CLAIMED_BYTES_PER_POLL
        ),
    ),
    scripts=(
        ScriptPlan(
            scripted_events=(DELETE, RECREATE, RENAME),
            rounds=3,
        ),
    ),
    storm=StormPlan(overrun=20.0, live_events=0, rates=(), seconds_a_rate=0.0),
    claims=(
        ClaimPlan(
            id="a-call-allocates-30-kb",
            text="About 30 KB a call.",
            source=f"{PR}; no number of links is given: at {FEW_LINKS} links",
            subject="go-poll",
            quantity="bytes_per_poll",
            relation="about",
            claimed=30_000,
            unit="bytes/poll",
            tolerance=0.25,
            gates=False,
            links=FEW_LINKS,
        ),
        ClaimPlan(
            id="1.3-gb-a-day",
            text="43,200 calls a day make about 1.3 GB/day.",
            source=f"{PR}; at {FEW_LINKS} links",
            subject="go-poll",
            quantity="bytes_per_day",
            relation="about",
            claimed=1.3e9,
            unit="bytes/day",
            tolerance=0.25,
            gates=False,
            links=FEW_LINKS,
        ),
        ClaimPlan(
            id="513-mb-in-20-minutes",
            text="513,712.69 kB in about 20 minutes: 856 KiB in each of 600 calls.",
            source=f"{PR}, its allocs profile; at {PROFILED_LINKS} links",
            subject="go-poll",
            quantity="bytes_per_poll",
            relation="about",
            claimed=513_712.69 * 1024 / 600,
            unit="bytes/poll",
            tolerance=0.25,
            gates=False,
            links=PROFILED_LINKS,
        ),
        ClaimPlan(
            id="it-is-the-dump",
            text="syscall.NetlinkRIB, the dump of the link table, is the largest allocator: at least half of a call.",
            source=f"{PR}, its allocs profile; at {PROFILED_LINKS} links",
            subject="go-poll",
            quantity="function_share",
            relation="at_least",
            claimed=0.5,
            unit="of the bytes",
            gates=False,
            links=PROFILED_LINKS,
            function="syscall.NetlinkRIB",
        ),
        ClaimPlan(
            id="1-gb-a-day-on-a-docker-host",
            text="On hosts with many veth interfaces the ticker generates 1 GB/day of allocation churn, or more.",
            source=PR,
            subject="go-poll",
            quantity="bytes_per_day",
            relation="at_least",
            claimed=1e9,
            unit="bytes/day",
        ),
        ClaimPlan(
            id="nothing-between-events",
            text="Allocations between events drop to zero.",
            source=PR,
            subject="go-netlink",
            quantity="idle_bytes_per_day",
            relation="at_most",
            claimed=0,
            absolute_tolerance=RUNTIME_BYTES_PER_DAY,
            unit="bytes/day",
            depends_on="1-gb-a-day-on-a-docker-host",
        ),
        ClaimPlan(
            id="still-seen",
            text="Deletion, recreation and rename are still seen.",
            source=PR,
            subject="go-netlink",
            quantity="missed",
            relation="at_most",
            claimed=0,
            unit="missed",
        ),
        ClaimPlan(
            id="rss-climbs-920-mb-a-day",
            text="RSS climbs by about 920 MB/day because of it.",
            source=f"{PR}; a day of polls back to back at {PROFILED_LINKS} links",
            subject="go-poll",
            quantity="rss_bytes_per_day",
            relation="at_least",
            claimed=920e6,
            unit="bytes/day",
            gates=False,
        ),
        ClaimPlan(
            id="rss-climbs-with-polls",
            text="RSS climbs because of it: 920 MB/day are 21.3 kB in each of 43,200 polls.",
            source=f"{PR}; none, 0.5, 5 and 50 polls a second side by side at {PROFILED_LINKS} links",
            subject="go-poll",
            quantity="bytes_per_stimulus",
            relation="at_least",
            claimed=CLAIMED_BYTES_PER_POLL,
            unit="bytes/poll",
            gates=False,
            links=PROFILED_LINKS,
        ),
        ClaimPlan(
            id="a-burst-restarts-nothing",
            text="A burst of unrelated events does not restart the client (go-netlink).",
            source="netchurn",
            subject="go-netlink",
            quantity="false_positives",
            relation="at_most",
            claimed=0,
            unit="restarts",
            gates=False,
        ),
        ClaimPlan(
            id="a-burst-restarts-nothing-resilient",
            text="A burst of unrelated events does not restart the client (go-netlink-resilient).",
            source="netchurn",
            subject="go-netlink-resilient",
            quantity="false_positives",
            relation="at_most",
            claimed=0,
            unit="restarts",
        ),
    ),
)

if __name__ == "__main__":
    from harness.cli import run_file

    run_file(__file__)
