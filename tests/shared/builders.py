"""Values that tests build with: plans, environments, facts, findings. Values, not mocks."""

import msgspec

from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.model import (
    RESULT_SCHEMA,
    Capture,
    Churn,
    Compressed,
    Environment,
    Finding,
    Growth,
    LinkCost,
    NamespaceInfo,
    Plan,
    ProfilePlan,
    Result,
    Sample,
    SubjectPlan,
    SubjectRun,
    Work,
)

SECOND = 1_000_000_000
ACCOUNTING = "python:all-objects"

POLL = SubjectPlan(name="poll", role="before", language="python", accounting=ACCOUNTING, polls=True)
NETLINK = SubjectPlan(name="netlink", role="after", language="python", accounting=ACCOUNTING, polls=False)

PLAN = Plan(
    id="0",
    scenario="docker-host",
    question="?",
    pairs=200,
    duration_s=60.0,
    interval_s=2.0,
    polls=None,
    seed=0,
    sample_interval_s=0.5,
    churn_pairs_per_s=0.0,
    subjects=(POLL, NETLINK),
    profile=ProfilePlan(polls=(2, 5), idle_s=(1.0, 4.0), events=(32, 128), step_pairs=(0, 200)),
    claims=(),
    reference_bytes_per_day=1.3e9,
)
ENVIRONMENT = Environment(
    netchurn="0",
    commit=None,
    kernel="6.12.0",
    machine="x86_64",
    cpu="Example",
    cpus=2,
    memory_bytes=1,
    python="3.11.0",
    packages={},
    privilege="rootless",
    load_average_1m=0.0,
    started_at="2026-05-04T10:15:00+00:00",
)
WORLD = NamespaceInfo(links=402, pairs=200, ifname="wt0", ifindex=2, kind="wireguard", fresh_sysfs=True)


def capture(  # noqa: PLR0913 - the numbers of one capture, each with its plain default
    subject: str,
    total: int,
    *,
    polls: int = 0,
    events: int = 0,
    live_s: float = 1.0,
    links: int = 402,
    allocations: int = 0,
) -> Capture:
    """Build one capture; it is one of events where it counted some."""
    return Capture(
        subject=subject,
        kind="events" if events else "idle",
        pairs=links // 2 - 1,
        links=links,
        polls=polls,
        events=events,
        live_s=live_s,
        bytes=total,
        allocations=allocations,
        accounting=ACCOUNTING,
        file="captures/x.bin",
    )


def sample(at_s: float, rss: int, **given: float | None) -> Sample:
    """Build one sample; what is not given is 0, shares are not measured."""
    plain = Sample(
        at_ns=int(at_s * SECOND),
        rss_bytes=rss,
        pss_bytes=None,
        uss_bytes=None,
        rss_peak_bytes=rss,
        user_s=0.0,
        system_s=0.0,
        voluntary_switches=0,
        involuntary_switches=0,
        minor_faults=0,
        major_faults=0,
        polls=None,
        events=None,
    )
    return msgspec.structs.replace(plain, **given)


def work(at_s: float, polls: int = 0, events: int = 0) -> Work:
    """Build one count."""
    return Work(at_ns=int(at_s * SECOND), polls=polls, events=events, allocated_bytes=None, allocations=None)


def process(name: str, *marks: Work, **given: object) -> SubjectRun:
    """Build one process of the sampling phase that ended as it should."""
    plain = SubjectRun(
        name=name,
        argv=("python3",),
        pid=1,
        outcome="completed",
        exit_status=0,
        ready_ns=0,
        marks=marks,
        reported_outcome=(),
        stderr_tail="",
    )
    return msgspec.structs.replace(plain, **given)


MIB = 1024 * 1024.0
NOTHING = Result(
    schema=RESULT_SCHEMA,
    run_id="run",
    command="netchurn run docker-host",
    plan=PLAN,
    environment=ENVIRONMENT,
    environment_after=None,
    captures=(),
    trials=(),
    limitations=(),
)


def measured(*, complete: bool = True, series: dict[str, tuple[Sample, ...]] | None = None, **given: object) -> Facts:
    """Build the facts of a run of which only what is given was measured; keywords replace fields of its result."""
    result = msgspec.structs.replace(NOTHING, **given)
    return Facts(result=result, complete=complete, series=series or {}, compressed={})


BARE = analyse(measured())
FLAT = Growth(
    verdict="flat",
    bytes_per_hour=MIB,
    low=0.5 * MIB,
    high=1.5 * MIB,
    confidence=0.95,
    delta_bytes_per_hour=4 * MIB,
    minimal_detectable_bytes_per_hour=5 * MIB,
    additional_seconds=None,
    bytes_per_poll=None,
    steady_from_s=60.0,
    step_at_s=None,
    explanation="grows by at most 1.5 MiB an hour (95 %), less than 4 MiB an hour",
)
OPEN = msgspec.structs.replace(
    FLAT,
    verdict="inconclusive",
    low=-9 * MIB,
    high=9 * MIB,
    additional_seconds=480.07,
    explanation="climbs by 1 MiB an hour (-9 MiB to 9 MiB, 95 %), which leaves open whether it grows by 4 MiB an hour",
)
STILL = msgspec.structs.replace(OPEN, bytes_per_hour=0.0, low=0.0, high=0.0, explanation="grows by at most 0 B an hour")
DAY = Compressed(
    polls=43_196,
    seconds=20.6,
    links=75,
    rss_first_bytes=int(8 * MIB),
    rss_last_bytes=int(10 * MIB),
    rss_peak_bytes=int(31 * MIB),
    verdict="flat",
    bytes_per_poll=75.5,
    low_per_poll=-374.0,
    high_per_poll=525.0,
    bytes_per_day=3 * MIB,
    low_per_day=-15 * MIB,
    high_per_day=22 * MIB,
    delta_per_poll=2330.0,
    confidence=0.95,
    explanation="grows by at most 525 B a poll (95 %), less than 2.28 KiB a poll",
)


def churn(a_day: float, accounting: str) -> Churn:
    """Build what a subject allocates, in bytes a day."""
    return Churn(
        bytes_per_poll=a_day / 43_200,
        bytes_per_event=None,
        idle_bytes_per_day=a_day,
        bytes_per_day=a_day,
        allocations_per_day=1.0,
        accounting=accounting,
        polls=3,
        events=0,
    )


def finding(name: str, role: str = "before", language: str = "go", **given: object) -> Finding:
    """Build a finding of which only what is given was measured."""
    bare = BARE.subjects[0]
    return msgspec.structs.replace(bare, name=name, role=role, language=language, outcome="completed", **given)


def costs(*steps: tuple[int, float]) -> tuple[LinkCost, ...]:
    """Build the cost of a poll by links."""
    return tuple(LinkCost(links=links, bytes_per_poll=cost) for links, cost in steps)
