"""What was derived from a run about memory: whether it grows, what grows, and who keeps it."""

from typing import Annotated, Literal

from msgspec import Meta

from harness.model.terms import (
    CodeOrigin,
    GrowthVerdict,
    Keeping,
    KeepingUnit,
    MemoryPart,
    Model,
    RecordingEnd,
)


class Growth(Model, frozen=True, kw_only=True):
    """Whether memory grows: a verdict on RSS, never on churn."""

    verdict: Annotated[GrowthVerdict, Meta(description="verdict on resident memory, never on churn")]
    bytes_per_hour: Annotated[float | None, Meta(description="growth in bytes an hour; null: no line could be fitted")]
    low: Annotated[float | None, Meta(description="lower end of the interval of bytes_per_hour")]
    high: Annotated[float | None, Meta(description="upper end of the interval of bytes_per_hour")]
    confidence: Annotated[float, Meta(description="confidence of the interval")]
    delta_bytes_per_hour: Annotated[float, Meta(description="threshold of the verdict, in bytes an hour")]
    minimal_detectable_bytes_per_hour: Annotated[
        float | None, Meta(description="smallest growth that these samples could show, in bytes an hour")
    ]
    additional_seconds: Annotated[
        float | None,
        Meta(description="further seconds of sampling that would probably decide; null: unknown, or decided"),
    ]
    bytes_per_poll: Annotated[float | None, Meta(description="the same in bytes a poll; null: it does not poll")]
    steady_from_s: Annotated[float | None, Meta(description="seconds from the first sample to the end of warm-up")]
    step_at_s: Annotated[float | None, Meta(description="seconds from the first sample to a jump; null: none")]
    explanation: Annotated[str, Meta(description="sentence to quote behind the name of the subject")]
    too_short: Annotated[bool, Meta(description="it lived too briefly; rate and interval mean nothing")] = False


class Retained(Model, frozen=True, kw_only=True):
    """Memory that a program allocated after its warm-up and still had at the end, by who allocated it.

    Alive is not leaked: a cache that fills looks the same.
    """

    function: Annotated[str, Meta(description="function that allocated it, of the program's own or of a library")]
    file: Annotated[str, Meta(description="its source file; empty where unknown")]
    line: Annotated[int | None, Meta(description="line of that file")]
    bytes: Annotated[int, Meta(description="bytes still alive at the end")]
    share: Annotated[float, Meta(description="of all that was kept")]
    per_hour: Annotated[float, Meta(description="bytes an hour")]
    per_unit: Annotated[float | None, Meta(description="bytes a unit of work, see retention.unit")]
    origin: Annotated[CodeOrigin, Meta(description="own: the program's own code; else whose it is")]
    caller: Annotated[str, Meta(description="of code that is not the program's own: what of it called it")]
    recorder: Annotated[Keeping, Meta(description="where this is known from")]


class Retention(Model, frozen=True, kw_only=True):
    """What a program keeps, altogether. ``keeps``: enough to be named, in both halves of the time."""

    recorder: Annotated[Keeping, Meta(description="where this is known from")]
    seconds: Annotated[float, Meta(description="from the end of the warm-up to the end of the recording")]
    end: Annotated[RecordingEnd, Meta(description="why the recording ended")]
    unit: Annotated[KeepingUnit | None, Meta(description="unit of work; null where nothing counted any")]
    units: Annotated[float, Meta(description="units of work in that time")]
    bytes: Annotated[int, Meta(description="allocated after the warm-up and alive at the end")]
    per_hour: Annotated[float, Meta(description="bytes an hour")]
    per_unit: Annotated[float | None, Meta(description="bytes a unit of work")]
    keeps: Annotated[bool, Meta(description="the bytes of both halves of the time are above the threshold of growth")]
    standard_error_bytes: Annotated[
        float | None, Meta(description="of ``bytes``, where it is known by samples; null: every allocation was counted")
    ] = None
    allocated_per_unit: Annotated[
        float | None, Meta(description="bytes allocated a unit of work, freed or not; null where it was not recorded")
    ] = None
    allocated_per_hour: Annotated[
        float | None, Meta(description="bytes allocated an hour, freed or not; null where it was not recorded")
    ] = None


class Balance(Model, frozen=True, kw_only=True):
    """One part of resident memory, at the beginning and at the end. Parts that are known add up to RSS."""

    part: Annotated[MemoryPart, Meta(description="what it is")]
    first_bytes: Annotated[
        int | None, Meta(description="at the beginning; null: it cannot be told from outside, and is in the rest")
    ]
    last_bytes: Annotated[int | None, Meta(description="at the end")]


class Resource(Model, frozen=True, kw_only=True):
    """One resource of a subject over the sampling phase, judged by the growth procedure against its own threshold."""

    name: Annotated[str, Meta(description="name of the resource")]
    unit: Annotated[Literal["bytes", "count"], Meta(description="unit of its readings")]
    first: Annotated[int, Meta(description="first reading, in unit")]
    last: Annotated[int, Meta(description="last reading, in unit")]
    verdict: Annotated[GrowthVerdict, Meta(description="verdict on its growth, by its own threshold")]
    per_hour: Annotated[float | None, Meta(description="growth in unit an hour; null: no line could be fitted")]
    low: Annotated[float | None, Meta(description="lower end of the interval of per_hour")]
    high: Annotated[float | None, Meta(description="upper end of the interval of per_hour")]
    share_of_rss_growth: Annotated[
        float | None,
        Meta(description="part of the growth of RSS that it explains, below 0 where it falls; null: not a part of it"),
    ]
    delta_per_hour: Annotated[float, Meta(description="threshold of the verdict, in unit an hour")]


class Memory(Model, frozen=True, kw_only=True):
    """Resident memory over the sampling phase, from outside."""

    rss_first_bytes: Annotated[int | None, Meta(description="resident memory of the first sample, in bytes")]
    rss_last_bytes: Annotated[int | None, Meta(description="resident memory of the last sample, in bytes")]
    rss_peak_bytes: Annotated[int | None, Meta(description="VmHWM: the peak of its life in bytes, start-up included")]
    pss_last_bytes: Annotated[int | None, Meta(description="proportional set size, the last one read, in bytes")]
    uss_last_bytes: Annotated[int | None, Meta(description="unique set size, the last one read, in bytes")]
