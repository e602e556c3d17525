"""Analyses built by hand for the sections: values, not mocks."""

from collections.abc import Callable
from importlib import util
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.model import Analysis, Churn, Compressed, Finding, Growth, LinkCost, Result, Sample

spec = util.spec_from_file_location("analysis_values", Path(__file__).parents[2] / "analysis" / "conftest.py")
assert spec is not None
assert spec.loader is not None
values = util.module_from_spec(spec)
spec.loader.exec_module(values)

MIB = 1024 * 1024.0
BARE = analyse(
    Facts(
        result=Result(
            schema="netchurn.result/1",
            run_id="run",
            command="netchurn run",
            plan=values.PLAN,
            environment=values.ENVIRONMENT,
            environment_after=None,
            captures=(),
            trials=(),
            limitations=(),
        ),
        complete=True,
        series={},
        compressed={},
    )
)
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


def costs(*rungs: tuple[int, float]) -> tuple[LinkCost, ...]:
    """Build the cost of a poll by links."""
    return tuple(LinkCost(links=links, bytes_per_poll=cost) for links, cost in rungs)


Make = Callable[..., Analysis]


@pytest.fixture
def made() -> SimpleNamespace:
    """Give the values above: a test is no package, and cannot import them."""
    return SimpleNamespace(
        churn=churn, finding=finding, costs=costs, FLAT=FLAT, OPEN=OPEN, STILL=STILL, DAY=DAY, values=values
    )


@pytest.fixture
def analysis() -> Make:
    """Build an analysis of the findings given; other keywords replace its fields, ``plan`` those of its plan."""

    def build(*subjects: Finding, plan: dict[str, object] | None = None, **given: object) -> Analysis:
        changed = msgspec.structs.replace(BARE.plan, **(plan or {}))
        return msgspec.structs.replace(BARE, subjects=subjects, plan=changed, **given)

    return build


@pytest.fixture
def facts() -> Callable[..., Facts]:
    """Build the facts of a run; keywords replace fields of its result."""

    def build(series: dict[str, tuple[Sample, ...]] | None = None, **given: object) -> Facts:
        plan = msgspec.structs.replace(BARE.plan, **given.pop("plan", {}))  # type: ignore[arg-type] # fields by name
        result = Result(
            schema="netchurn.result/1",
            run_id="run",
            command="netchurn run",
            plan=plan,
            environment=values.ENVIRONMENT,
            environment_after=None,
            captures=(),
            trials=(),
            limitations=(),
        )
        return Facts(result=msgspec.structs.replace(result, **given), complete=True, series={}, compressed=series or {})

    return build
