"""What was derived from the facts of a run: numbers, verdicts and warnings."""

from typing import Annotated, Literal

from msgspec import Meta

from harness.model.plan import Plan
from harness.model.record import Environment, Executable, GoroutineChange, NamespaceInfo, StormResult
from harness.model.terms import (
    Cause,
    ClaimVerdict,
    CodeOrigin,
    GrowthVerdict,
    Keeping,
    KeepingUnit,
    Language,
    MemoryPart,
    Model,
    RecordingEnd,
    Role,
    RunOutcome,
    Seen,
    Verdict,
    WorkUnit,
)


class Churn(Model, frozen=True, kw_only=True):
    """Bytes allocated per unit of work, freed or not. Rates of two accounting modes are never divided.

    ``resolution_bytes_per_day`` is how far ``bytes_per_day`` may be off by the way it was taken (95 %), and None where
    the count is exact. ``by_trial_bytes_per_day`` has the rate of each trial, where a program of the user's own was
    counted in several; the other numbers are of all trials together.
    """

    bytes_per_poll: float | None
    bytes_per_event: float | None
    idle_bytes_per_day: float | None
    bytes_per_day: float | None
    allocations_per_day: float | None
    accounting: str
    polls: int  # polls in the difference that the rate was taken from
    events: int
    idle_allocations: int | None = None  # of a subscription: objects in ``idle_s``, which its idle rate is taken from
    idle_s: float | None = None
    resolution_bytes_per_day: float | None = None
    by_trial_bytes_per_day: tuple[float, ...] = ()


class Growth(Model, frozen=True, kw_only=True):
    """Does memory climb: a verdict on RSS, never on churn. ``low`` to ``high`` holds the rate with ``confidence``.

    Rates are bytes an hour, and None where no line could be fitted. ``bytes_per_poll`` is the same rate by the polls
    that the subject made. ``explanation`` is a sentence to quote that begins with the subject's name, which is not in
    it. ``too_short``: it lived less than a verdict takes; its rate and interval mean nothing, and no document prints
    them.
    """

    verdict: GrowthVerdict
    bytes_per_hour: float | None
    low: float | None
    high: float | None
    confidence: float
    delta_bytes_per_hour: float
    minimal_detectable_bytes_per_hour: float | None
    additional_seconds: float | None
    bytes_per_poll: float | None
    steady_from_s: float | None  # where the warm-up ended, from the first sample
    step_at_s: float | None
    explanation: str
    too_short: bool = False


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


class Compressed(Model, frozen=True, kw_only=True):
    """A day of polls back to back. Rates are bytes a poll, and a day of polls at the plan's interval.

    What compression cannot show: timers, and what an allocator gives back while it is idle.
    """

    polls: int
    seconds: float
    links: int
    rss_first_bytes: int
    rss_last_bytes: int
    rss_peak_bytes: int
    verdict: GrowthVerdict
    bytes_per_poll: float | None
    low_per_poll: float | None
    high_per_poll: float | None
    bytes_per_day: float | None
    low_per_day: float | None
    high_per_day: float | None
    delta_per_poll: float
    confidence: float
    explanation: str


class Resource(Model, frozen=True, kw_only=True):
    """One resource of a subject over the sampling phase, judged by the growth procedure against its own threshold.

    ``first`` and ``last`` are readings. Rates are per hour, in ``unit``, and None where no line could be fitted.
    ``share_of_rss_growth`` is the part of the growth of RSS that this part of RSS explains, below 0 where it falls;
    None where RSS does not grow, or this is no part of it.
    """

    name: str
    unit: Literal["bytes", "count"]
    first: int
    last: int
    verdict: GrowthVerdict
    per_hour: float | None
    low: float | None
    high: float | None
    share_of_rss_growth: float | None
    delta_per_hour: float  # the threshold that it was judged by


class Memory(Model, frozen=True, kw_only=True):
    """Resident memory over the sampling phase, from outside."""

    rss_first_bytes: int | None
    rss_last_bytes: int | None
    rss_peak_bytes: int | None  # VmHWM: the peak of the process's life, start-up included
    pss_last_bytes: int | None
    uss_last_bytes: int | None


class Cpu(Model, frozen=True, kw_only=True):
    """Differences between the first and the last sample of the sampling phase."""

    user_s: float | None
    system_s: float | None
    voluntary_switches: int | None
    involuntary_switches: int | None
    minor_faults: int | None


class Detection(Model, frozen=True, kw_only=True):
    """What a subject saw of what happened. ``not_asked``: storms that ended it, so that nothing was expected of it."""

    expected: int
    detected: int
    missed: int
    false_positives: int
    latency_p50_s: float | None
    latency_p99_s: float | None
    latency_max_s: float | None
    not_asked: int = 0


class Loss(Model, frozen=True, kw_only=True):
    """What the kernel dropped on a subject's socket, and whether the subject said so."""

    dropped: int
    reported: bool


class Reference(Model, frozen=True, kw_only=True):
    """Where a poll costs what the pull request said: at ``links`` links, or why at no number of them.

    ``dearer`` means that even the fewest links there can be (lo and the watched one) cost more; ``independent``
    that the cost does not depend on links.
    """

    bytes_per_day: float
    answer: Literal["at", "more_expensive", "independent", "not_measured"]
    links: float | None


class LinkCost(Model, frozen=True, kw_only=True):
    """Bytes a poll at a number of links: one rung of the ladder."""

    links: int
    bytes_per_poll: float


class Fit(Model, frozen=True, kw_only=True):
    """Bytes a poll = ``intercept`` + ``slope`` x links, by least squares.

    ``low`` to ``high`` holds the slope with ``confidence``, if what is beside the line is independent and alike at all
    numbers of links. ``r2`` is the share of the variance that the line explains; None where there is none.
    ``miss`` is the largest share of a cost by which the line passes it, at ``miss_links``.
    """

    intercept: float
    slope: float
    low: float
    high: float
    confidence: float
    r2: float | None
    miss: float
    miss_links: int


class UnitCost(Model, frozen=True, kw_only=True):
    """What one poll, or one unrelated link event, costs at a number of links; one rung of a sweep.

    Bytes and allocations come from profiled processes, times from others. ``seconds`` is by the clock, polls back to
    back; of an event there is none, for between events a subscription waits.
    """

    links: int
    unit: WorkUnit
    bytes: float | None
    allocations: float | None
    seconds: float | None
    cpu_s: float | None
    user_s: float | None
    system_s: float | None


class Crossover(Model, frozen=True, kw_only=True):
    """The rates of unrelated link events at which a subscription costs what a poll does, at a number of links.

    Events a second, by bytes allocated and by processor time; None where an event costs nothing, or was not measured.
    """

    before: str
    after: str
    links: int
    by_bytes: float | None
    by_cpu: float | None


class Finding(Model, frozen=True, kw_only=True):
    """Everything derived about one subject."""

    name: str
    role: Role
    language: Language
    outcome: RunOutcome
    death: str | None = None  # how it crashed or hung, with its last words; None: it did neither
    churn: Churn | None
    growth: Growth | None  # None: nothing was sampled, or the sampling phase polled back to back, see ``compressed``
    trials: tuple[Growth | None, ...] = ()  # the verdict of each trial, where there were several
    compressed: Compressed | None = None
    resources: tuple[Resource, ...] = ()  # those that were measured
    cause: Cause | None = None  # what grows; None where nothing does
    retention: Annotated[tuple[Retention, ...], Meta(description="what it keeps, by each recorder that was asked")] = ()
    balance: Annotated[tuple[Balance, ...], Meta(description="what resident memory is made of")] = ()
    goroutines: Annotated[
        tuple[GoroutineChange, ...], Meta(description="goroutines that accumulate, by what created them")
    ] = ()
    retained: Annotated[tuple[Retained, ...], Meta(description="who keeps it, the largest first")] = ()
    memory: Memory
    cpu: Cpu
    detection: Detection | None
    loss: Loss | None
    cost_by_links: tuple[LinkCost, ...]
    line: Fit | None = None  # through ``cost_by_links``; None where there are fewer than three
    reference: Reference | None  # None for a subject that does not poll, and where the plan names no amount
    sweep: tuple[UnitCost, ...] = ()
    break_even: tuple[Reference, ...] = ()  # the same for other amounts a day, in a sweep
    program: Executable | None = None  # of a subject that the user brought; None of netchurn's own


class Cell(Model, frozen=True, kw_only=True):
    """One subject at one happening: expected by its own contract, seen, and why; latencies of all rounds."""

    subject: str
    scripted_event: str
    expected: Seen
    seen: Seen
    reported_outcome: str | None
    why: str
    latencies_s: tuple[float, ...]


class Comparison(Model, frozen=True, kw_only=True):
    """Two subjects side by side. ``unit``: both were compared by one of it, at the pace of the first; None: by the day.

    ``same``: per unit of work they differ by no more than repeats of one subject do.
    """

    before: str
    after: str
    unit: WorkUnit | None = None
    same: bool = False
    churn_removed_bytes_per_day: float | None
    churn_after_over_before: float | None
    break_even_events_per_s: float | None = None  # unrelated link events at which the second costs as much as the first
    churn_resolution_bytes_per_day: float | None = None  # of what was removed (95 %); None: exact
    growth_difference_bytes_per_hour: float | None
    growth_difference: Growth | None = None  # of the paired series: by how much the first outgrows the second


class PairVerdict(Model, frozen=True, kw_only=True):
    """Is the fix a fix: the verdict on the growth of a before and an after that lived side by side."""

    before: str
    after: str
    verdict: Annotated[
        Literal["fix_verified", "regressed", "no_difference", "not_decided"],
        Meta(description="fix_verified: before grows, after does not, and the paired difference agrees"),
    ]
    because: Annotated[str, Meta(description="what the verdict rests on, or what is missing, in one sentence")]
    bound_bytes_per_hour: Annotated[
        float | None, Meta(description="of no_difference: the largest difference that the data leave open")
    ] = None
    additional_seconds: Annotated[
        float | None, Meta(description="of not_decided: how much longer would probably decide; null: unknown")
    ] = None


class Claim(Model, frozen=True, kw_only=True):
    """A claim with what was measured beside it. ``times``: so many times what was claimed, where it was exceeded."""

    id: str
    text: str
    source: str
    gates: bool
    verdict: ClaimVerdict
    claimed: float
    measured: float | None
    unit: str
    low: float | None = None  # of the interval around ``measured``; None where it is exact
    high: float | None = None
    times: float | None = None


class Control(Model, frozen=True, kw_only=True):
    """A process of known truth, and what was measured of it."""

    name: str
    what: str
    expected: float
    measured: float
    unit: str
    ok: bool


class Analysis(Model, frozen=True, kw_only=True):
    """``run --json`` and ``report --format json``."""

    schema: str
    run_id: str
    scenario: str
    status: Literal["complete", "interrupted", "running"]
    verdict: Verdict
    plan: Plan
    environment: Environment
    namespace: NamespaceInfo | None
    lasted_s: float | None = None  # the sampling phase, really; None when it never came to an end
    warnings: tuple[str, ...]
    subjects: tuple[Finding, ...]
    matrix: tuple[Cell, ...] = ()
    storms: tuple[StormResult, ...] = ()
    crossovers: tuple[Crossover, ...] = ()
    comparisons: tuple[Comparison, ...]
    pairs: tuple[PairVerdict, ...] = ()
    claims: tuple[Claim, ...]
    controls: tuple[Control, ...]
