"""What was derived from a run about cost: churn, processor time, and how both rise with the number of links."""

from typing import Annotated, Literal

from msgspec import Meta

from harness.model.terms import (
    GrowthVerdict,
    Model,
    WorkUnit,
)


class Churn(Model, frozen=True, kw_only=True):
    """Bytes allocated per unit of work, freed or not."""

    bytes_per_poll: Annotated[float | None, Meta(description="bytes allocated a poll; null: not measured")]
    bytes_per_event: Annotated[float | None, Meta(description="bytes allocated a link event; null: not measured")]
    idle_bytes_per_day: Annotated[float | None, Meta(description="bytes allocated an idle day; null: not measured")]
    bytes_per_day: Annotated[float | None, Meta(description="bytes a day at the plan's interval; null: not measured")]
    allocations_per_day: Annotated[
        float | None, Meta(description="allocations a day at that interval; null: not measured")
    ]
    accounting: Annotated[str, Meta(description="how allocations are counted; rates of two are never divided")]
    polls: Annotated[int, Meta(description="polls in the difference that the rate is taken from")]
    events: Annotated[int, Meta(description="events in the difference that the rate is taken from")]
    idle_allocations: Annotated[int | None, Meta(description="of a subscription: objects allocated within idle_s")] = (
        None
    )
    idle_s: Annotated[float | None, Meta(description="of a subscription: seconds that its idle rate is taken from")] = (
        None
    )
    resolution_bytes_per_day: Annotated[
        float | None, Meta(description="how far bytes_per_day may be off by the method (95 %); null: exact")
    ] = None
    by_trial_bytes_per_day: Annotated[
        tuple[float, ...], Meta(description="rate of each trial, where a program of the user's was counted in several")
    ] = ()


class Compressed(Model, frozen=True, kw_only=True):
    """A day of polls back to back. Rates are bytes a poll, and a day of polls at the plan's interval.

    What compression cannot show: timers, and what an allocator gives back while it is idle.
    """

    polls: Annotated[int, Meta(description="polls made, back to back")]
    seconds: Annotated[float, Meta(description="seconds that they took")]
    links: Annotated[int, Meta(description="number of links")]
    rss_first_bytes: Annotated[int, Meta(description="first resident memory, in bytes")]
    rss_last_bytes: Annotated[int, Meta(description="last resident memory, in bytes")]
    rss_peak_bytes: Annotated[int, Meta(description="largest resident memory, in bytes")]
    verdict: Annotated[GrowthVerdict, Meta(description="verdict on growth over polls")]
    bytes_per_poll: Annotated[float | None, Meta(description="growth in bytes a poll; null: no line could be fitted")]
    low_per_poll: Annotated[float | None, Meta(description="lower end of its interval")]
    high_per_poll: Annotated[float | None, Meta(description="upper end of its interval")]
    bytes_per_day: Annotated[float | None, Meta(description="the same in bytes a day of polls at the plan's interval")]
    low_per_day: Annotated[float | None, Meta(description="lower end of its interval")]
    high_per_day: Annotated[float | None, Meta(description="upper end of its interval")]
    delta_per_poll: Annotated[float, Meta(description="threshold of the verdict, in bytes a poll")]
    confidence: Annotated[float, Meta(description="confidence of the intervals")]
    explanation: Annotated[str, Meta(description="sentence to quote behind the name of the subject")]


class Cpu(Model, frozen=True, kw_only=True):
    """Processor use, switches and faults between the first and the last sample."""

    user_s: Annotated[float | None, Meta(description="processor seconds in user mode, first to last sample")]
    system_s: Annotated[float | None, Meta(description="processor seconds in the kernel, first to last sample")]
    voluntary_switches: Annotated[int | None, Meta(description="voluntary context switches, first to last sample")]
    involuntary_switches: Annotated[int | None, Meta(description="involuntary context switches, first to last sample")]
    minor_faults: Annotated[int | None, Meta(description="minor page faults, first to last sample")]


class Reference(Model, frozen=True, kw_only=True):
    """Where a poll costs what the pull request said. The fewest links there can be are lo and the watched one."""

    bytes_per_day: Annotated[float, Meta(description="the amount that a day of polls is said to allocate, in bytes")]
    answer: Annotated[
        Literal["at", "more_expensive", "independent", "not_measured"],
        Meta(description="more_expensive: even with the fewest links; independent: the cost does not depend on links"),
    ]
    links: Annotated[float | None, Meta(description="number of links at which a poll costs that; null: see answer")]


class LinkCost(Model, frozen=True, kw_only=True):
    """Bytes a poll at a number of links."""

    links: Annotated[int, Meta(description="number of links")]
    bytes_per_poll: Annotated[float, Meta(description="bytes allocated a poll")]


class Fit(Model, frozen=True, kw_only=True):
    """Bytes a poll = ``intercept`` + ``slope`` x links, by least squares.

    The interval holds if what is beside the line is independent and alike at all numbers of links.
    """

    intercept: Annotated[float, Meta(description="bytes a poll at no link")]
    slope: Annotated[float, Meta(description="bytes a poll and link")]
    low: Annotated[float, Meta(description="lower end of the interval of the slope")]
    high: Annotated[float, Meta(description="upper end of the interval of the slope")]
    confidence: Annotated[float, Meta(description="confidence of the interval")]
    r2: Annotated[float | None, Meta(description="share of the variance that the line explains; null: none")]
    miss: Annotated[float, Meta(description="largest share of a cost by which the line misses it")]
    miss_links: Annotated[int, Meta(description="number of links at which it does")]


class UnitCost(Model, frozen=True, kw_only=True):
    """What one poll, or one unrelated link event, costs at a number of links: bytes profiled, times not."""

    links: Annotated[int, Meta(description="number of links")]
    unit: Annotated[WorkUnit, Meta(description="unit of work")]
    bytes: Annotated[float | None, Meta(description="bytes allocated a unit; null: not measured")]
    allocations: Annotated[float | None, Meta(description="allocations a unit; null: not measured")]
    seconds: Annotated[float | None, Meta(description="elapsed seconds a unit; null: of events not measured")]
    cpu_s: Annotated[float | None, Meta(description="processor seconds a unit by the scheduler; null: not measured")]
    user_s: Annotated[float | None, Meta(description="processor seconds a unit in user mode; null: not measured")]
    system_s: Annotated[float | None, Meta(description="processor seconds a unit in the kernel; null: not measured")]


class Crossover(Model, frozen=True, kw_only=True):
    """The rates of unrelated link events at which a subscription costs what a poll does, at a number of links."""

    before: Annotated[str, Meta(description="subject that polls")]
    after: Annotated[str, Meta(description="subject that subscribes")]
    links: Annotated[int, Meta(description="number of links")]
    by_bytes: Annotated[
        float | None,
        Meta(description="events a second at which both allocate the same; null: not measured, or events cost nothing"),
    ]
    by_cpu: Annotated[
        float | None,
        Meta(description="events a second at which both use the same processor time; null: as for by_bytes"),
    ]
