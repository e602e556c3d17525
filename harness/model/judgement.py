"""What ``judge --json`` prints: the verdict on series of memory that somebody recorded."""

from typing import Annotated

from msgspec import Meta

from harness.model.findings_memory import Growth
from harness.model.terms import GrowthVerdict, Model, Verdict
from harness.model.warning import DataWarning

JUDGEMENT_SCHEMA = "netchurn.judge/1"


class WorkGrowth(Model, frozen=True, kw_only=True):
    """Growth over a counter of work in place of time."""

    verdict: Annotated[GrowthVerdict, Meta(description="verdict on growth over a counter of work")]
    bytes_per_unit: Annotated[float | None, Meta(description="growth in bytes a unit of work; null: no fit")]
    low_per_unit: Annotated[float | None, Meta(description="lower end of its interval")]
    high_per_unit: Annotated[float | None, Meta(description="upper end of its interval")]
    confidence: Annotated[float, Meta(description="confidence of the interval")]
    delta_per_unit: Annotated[float, Meta(description="threshold of the verdict, in bytes a unit")]
    units: Annotated[float, Meta(description="units of work in the judged stretch")]
    explanation: Annotated[str, Meta(description="sentence to quote behind the name of the series")]


class JudgedSeries(Model, frozen=True, kw_only=True):
    """One series: what was read, what was left out, and one verdict."""

    name: Annotated[str, Meta(description="name of the series")]
    file: Annotated[str, Meta(description="file that it was read from")]
    kind: Annotated[str, Meta(description="format of the file")]
    unit: Annotated[str, Meta(description="unit of the file's values, and how it is known")]
    clock: Annotated[str, Meta(description="unit of the file's times, and how it is known")]
    readings: Annotated[int, Meta(description="readings in the file")]
    judged_readings: Annotated[int, Meta(description="readings that the verdict is on")]
    seconds: Annotated[float | None, Meta(description="seconds that the judged stretch lasts; null: no times")]
    restarts: Annotated[int, Meta(description="restarts of the process that were found")]
    first_bytes: Annotated[float | None, Meta(description="first value of the judged stretch, in bytes")]
    last_bytes: Annotated[float | None, Meta(description="last value of the judged stretch, in bytes")]
    peak_bytes: Annotated[float | None, Meta(description="largest value of the judged stretch, in bytes")]
    growth: Annotated[Growth | None, Meta(description="verdict on growth over time; null: see work_growth")]
    work_growth: Annotated[WorkGrowth | None, Meta(description="verdict over a counter of work; null: see growth")] = (
        None
    )
    warnings: Annotated[tuple[DataWarning, ...], Meta(description="what was found wrong, and how it was handled")] = ()


class PairedDifference(Model, frozen=True, kw_only=True):
    """The difference of two series at the times that both have."""

    first: Annotated[str, Meta(description="name of the first series")]
    second: Annotated[str, Meta(description="name of the second series")]
    readings: Annotated[int, Meta(description="readings at times that both series have")]
    growth: Annotated[Growth | None, Meta(description="by how much the first outgrows the second; null: not judged")]
    warnings: Annotated[tuple[DataWarning, ...], Meta(description="how their readings were paired")] = ()


class Judgement(Model, frozen=True, kw_only=True):
    """The document."""

    schema: Annotated[str, Meta(description="schema of this document")]
    netchurn: Annotated[str, Meta(description="version of netchurn")]
    verdict: Annotated[Verdict, Meta(description="verdict on all series; decides the exit status")]
    sentence: Annotated[str, Meta(description="the verdict in words")]
    max_growth_bytes_per_hour: Annotated[
        float | None, Meta(description="bound asked for, in bytes an hour; null: none")
    ]
    series: Annotated[tuple[JudgedSeries, ...], Meta(description="each series with its verdict")]
    difference: Annotated[
        PairedDifference | None, Meta(description="the second series against the first; null: not asked for")
    ] = None
