"""Facts of a run, built by hand: values, not mocks."""

from collections.abc import Callable

import msgspec
import pytest

from harness.analysis.facts import Facts
from harness.model import (
    RESULT_SCHEMA,
    Capture,
    Environment,
    NamespaceInfo,
    Plan,
    ProfilePlan,
    Result,
    Sample,
    SubjectPlan,
    SubjectRun,
    Trial,
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


Build = Callable[..., Facts]


@pytest.fixture
def facts() -> Build:
    """Build facts from captures, processes and series; the sampling phase lasts a minute."""

    def build(
        *captures: Capture,
        runs: tuple[SubjectRun, ...] = (),
        series: dict[str, tuple[Sample, ...]] | None = None,
        complete: bool = True,
        **plan: object,
    ) -> Facts:
        trial = Trial(index=0, began_ns=0, ended_ns=60 * SECOND, namespace=WORLD, churned_pairs=0, runs=runs)
        result = Result(
            schema=RESULT_SCHEMA,
            run_id="run",
            command="netchurn run docker-host",
            plan=msgspec.structs.replace(PLAN, **plan),
            environment=ENVIRONMENT,
            environment_after=None,
            captures=captures,
            trials=(trial,) if runs else (),
            limitations=(),
        )
        return Facts(result=result, complete=complete, series=series or {}, compressed={})

    return build
