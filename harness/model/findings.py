"""What was derived from the facts of a run: numbers, verdicts and warnings."""

from typing import Annotated, Literal

from msgspec import Meta

from harness.model.plan import Plan
from harness.model.record import DumpResult, Environment, Executable, GoroutineChange, NamespaceInfo, StormResult
from harness.model.terms import (
    Cause,
    ClaimVerdict,
    CodeOrigin,
    DoseVerdict,
    GrowthVerdict,
    Keeping,
    KeepingUnit,
    Language,
    LoadPhase,
    MemoryPart,
    Model,
    RecordingEnd,
    Role,
    RunOutcome,
    Seen,
    Stimulus,
    Verdict,
    WorkUnit,
)
from harness.model.warning import DataWarning


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


class Cpu(Model, frozen=True, kw_only=True):
    """Processor use, switches and faults between the first and the last sample."""

    user_s: Annotated[float | None, Meta(description="processor seconds in user mode, first to last sample")]
    system_s: Annotated[float | None, Meta(description="processor seconds in the kernel, first to last sample")]
    voluntary_switches: Annotated[int | None, Meta(description="voluntary context switches, first to last sample")]
    involuntary_switches: Annotated[int | None, Meta(description="involuntary context switches, first to last sample")]
    minor_faults: Annotated[int | None, Meta(description="minor page faults, first to last sample")]


class Detection(Model, frozen=True, kw_only=True):
    """What a subject saw of what happened."""

    expected: Annotated[int, Meta(description="events that the subject should have detected")]
    detected: Annotated[int, Meta(description="events that it reported with a correct reason, late ones included")]
    missed: Annotated[int, Meta(description="events that it should have reported and did not")]
    false_positives: Annotated[int, Meta(description="restarts that it asked for without a reason")]
    latency_p50_s: Annotated[float | None, Meta(description="median seconds from the change to the report")]
    latency_p99_s: Annotated[float | None, Meta(description="99th percentile of seconds from the change to the report")]
    latency_max_s: Annotated[float | None, Meta(description="most seconds from the change to the report")]
    not_asked: Annotated[int, Meta(description="storms that ended it, so that nothing was expected of it")] = 0


class Loss(Model, frozen=True, kw_only=True):
    """What the kernel dropped on a subject's socket."""

    dropped: Annotated[int, Meta(description="events that the kernel dropped on its netlink sockets")]
    reported: Annotated[bool, Meta(description="the subject reported a loss")]


class Dumps(Model, frozen=True, kw_only=True):
    """What one subject made of tables that changed at one rate, judged."""

    measured: Annotated[DumpResult, Meta(description="what was counted")]
    wrong: Annotated[int, Meta(description="answers that the kernel contradicts: the interface reported gone is there")]
    aborted: Annotated[int, Meta(description="watches that ended without an answer about the interface")]
    lost_s: Annotated[float, Meta(description="seconds in discarded dumps, and from a false end to the next watch")]


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


class Finding(Model, frozen=True, kw_only=True):
    """Everything derived about one subject."""

    name: Annotated[str, Meta(description="name of the subject")]
    role: Annotated[Role, Meta(description="its role")]
    language: Annotated[Language, Meta(description="its language")]
    outcome: Annotated[RunOutcome, Meta(description="how its processes ended")]
    death: Annotated[str | None, Meta(description="how it crashed or hung, with its last output; null: neither")] = None
    churn: Annotated[Churn | None, Meta(description="allocations, freed or not; null: not measured")]
    growth: Annotated[Growth | None, Meta(description="verdict on growth; null: not sampled, or back to back")]
    trials: Annotated[
        tuple[Growth | None, ...], Meta(description="verdict of each trial, where there were several")
    ] = ()
    compressed: Annotated[Compressed | None, Meta(description="a day of polls back to back; null: none")] = None
    resources: Annotated[tuple[Resource, ...], Meta(description="growth of each resource that was measured")] = ()
    cause: Annotated[Cause | None, Meta(description="what grows; null: nothing does")] = None
    retention: Annotated[tuple[Retention, ...], Meta(description="what it keeps, by each recorder that was asked")] = ()
    balance: Annotated[tuple[Balance, ...], Meta(description="what resident memory is made of")] = ()
    goroutines: Annotated[
        tuple[GoroutineChange, ...], Meta(description="goroutines that accumulate, by what created them")
    ] = ()
    retained: Annotated[tuple[Retained, ...], Meta(description="who keeps it, the largest first")] = ()
    memory: Annotated[Memory, Meta(description="resident memory over the sampling phase")]
    cpu: Annotated[Cpu, Meta(description="processor use over the sampling phase")]
    detection: Annotated[Detection | None, Meta(description="what it detected; null: nothing was asked")]
    loss: Annotated[Loss | None, Meta(description="events that the kernel dropped; null: not measured")]
    cost_by_links: Annotated[tuple[LinkCost, ...], Meta(description="bytes a poll by number of links")]
    line: Annotated[Fit | None, Meta(description="line through cost_by_links; null: fewer than three")] = None
    reference: Annotated[
        Reference | None,
        Meta(description="where a poll costs what the plan's reference says; null: it does not poll, or there is none"),
    ]
    sweep: Annotated[tuple[UnitCost, ...], Meta(description="cost of a unit of work by number of links")] = ()
    break_even: Annotated[
        tuple[Reference, ...], Meta(description="as reference, for other amounts a day, in a sweep")
    ] = ()
    program: Annotated[
        Executable | None, Meta(description="of a subject of the user's: what was executed; null: netchurn's own")
    ] = None


class Cell(Model, frozen=True, kw_only=True):
    """One subject at one scripted event, over all rounds."""

    subject: Annotated[str, Meta(description="name of the subject")]
    scripted_event: Annotated[str, Meta(description="name of the event")]
    expected: Annotated[Seen, Meta(description="what its design promises")]
    seen: Annotated[Seen, Meta(description="what it showed, the worst of all rounds")]
    reported_outcome: Annotated[str | None, Meta(description="reason that it reported; null: none")]
    why: Annotated[str, Meta(description="why that counts as it does")]
    latencies_s: Annotated[tuple[float, ...], Meta(description="seconds from the change to the report, of each round")]


class Comparison(Model, frozen=True, kw_only=True):
    """Two subjects side by side."""

    before: Annotated[str, Meta(description="subject compared with")]
    after: Annotated[str, Meta(description="subject that is compared")]
    unit: Annotated[WorkUnit | None, Meta(description="unit of work at the pace of before; null: by the day")] = None
    same: Annotated[bool, Meta(description="per unit of work they differ no more than repeats do")] = False
    churn_removed_bytes_per_day: Annotated[
        float | None, Meta(description="bytes a day that after allocates less; null: not comparable")
    ]
    churn_after_over_before: Annotated[float | None, Meta(description="share of before's churn; null: not comparable")]
    break_even_events_per_s: Annotated[
        float | None, Meta(description="link events a second at which after costs what before does; null: not measured")
    ] = None
    churn_resolution_bytes_per_day: Annotated[
        float | None, Meta(description="how far churn_removed may be off by the method (95 %); null: exact")
    ] = None
    growth_difference_bytes_per_hour: Annotated[float | None, Meta(description="growth of before less that of after")]
    growth_difference: Annotated[
        Growth | None,
        Meta(description="verdict on the paired series: by how much before outgrows after; null: not judged"),
    ] = None


class PairVerdict(Model, frozen=True, kw_only=True):
    """Is the fix a fix: the verdict on the growth of a before and an after that lived side by side."""

    before: Annotated[str, Meta(description="subject with the problem")]
    after: Annotated[str, Meta(description="subject with the fix")]
    verdict: Annotated[
        Literal["fix_verified", "regressed", "no_difference", "not_decided"],
        Meta(description="fix_verified: before grows, after does not, and the paired difference agrees"),
    ]
    explanation: Annotated[str, Meta(description="what the verdict rests on, or what is missing, in one sentence")]
    resource: Annotated[
        str | None, Meta(description="the resource that decided, rss or a name of resources[]; null: none was compared")
    ] = None
    bound_bytes_per_hour: Annotated[
        float | None, Meta(description="of no_difference: the largest difference that the data leave open")
    ] = None
    additional_seconds: Annotated[
        float | None, Meta(description="of not_decided: how much longer would probably decide; null: unknown")
    ] = None


class DoseArm(Model, frozen=True, kw_only=True):
    """One dose of one subject: how much it really was, and how the copy that got it grew."""

    copy: Annotated[str, Meta(description="the copy of the subject, by its name in the plan")]
    dose: Annotated[float, Meta(description="stimuli a second, as planned")]
    reached: Annotated[float, Meta(description="stimuli a second, as they were made")]
    bytes_per_hour: Annotated[float | None, Meta(description="growth of resident memory; null: no line was fitted")]
    low: Annotated[float | None, Meta(description="lower end of its interval")]
    high: Annotated[float | None, Meta(description="upper end of its interval")]
    left_out: Annotated[str | None, Meta(description="why it is not in the line; null: it is")] = None
    allocator: Annotated[str | None, Meta(description="setting of the allocator; null: the program's own")] = None


class Dose(Model, frozen=True, kw_only=True):
    """Whether a subject grows because of a stimulus."""

    subject: Annotated[str, Meta(description="the subject whose copies got the doses")]
    stimulus: Annotated[Stimulus, Meta(description="what is blamed")]
    doses: Annotated[tuple[DoseArm, ...], Meta(description="the copies, the smallest dose first")]
    bytes_per_stimulus: Annotated[float | None, Meta(description="slope of growth against dose; null: no line")]
    low: Annotated[float | None, Meta(description="lower end of its interval, in bytes a stimulus")]
    high: Annotated[float | None, Meta(description="upper end of its interval, in bytes a stimulus")]
    verdict: Annotated[
        DoseVerdict,
        Meta(description="caused: the slope lies above the threshold; not_caused: it is shown to lie below it"),
    ]
    explanation: Annotated[str, Meta(description="what the verdict rests on, or what is missing, in one sentence")]
    max_growth_bytes: Annotated[float, Meta(description="the threshold, in bytes a stimulus")]
    without: Annotated[DoseArm | None, Meta(description="the copy without any stimulus; null: there was none")] = None
    allocator: Annotated[
        str | None, Meta(description="setting with which the growth goes away: the allocator kept it; null: none")
    ] = None


class Cycles(Model, frozen=True, kw_only=True):
    """What a subject keeps of each of many stimuli once they have stopped."""

    subject: Annotated[str, Meta(description="the subject")]
    stimulus: Annotated[Stimulus, Meta(description="what was done, as fast as it came back")]
    cycles: Annotated[int, Meta(description="stimuli between the first level that counts and the last")]
    kept_bytes_per_cycle: Annotated[
        float | None, Meta(description="what stays after release, a cycle; what an idle copy gains is taken off")
    ]
    low: Annotated[float | None, Meta(description="lower end of its interval")]
    high: Annotated[float | None, Meta(description="upper end of its interval")]
    released_bytes: Annotated[float | None, Meta(description="what memory fell by after the last cycle: a backlog")]
    verdict: Annotated[DoseVerdict, Meta(description="caused: a cycle keeps more than the threshold")]
    explanation: Annotated[str, Meta(description="what the verdict rests on, or what is missing, in one sentence")]
    max_growth_bytes: Annotated[float, Meta(description="the threshold, in bytes a cycle")]
    seconds: Annotated[float | None, Meta(description="how long cycles and rests took")] = None


class Claim(Model, frozen=True, kw_only=True):
    """A claim with what was measured of it."""

    id: Annotated[str, Meta(description="stable name of the claim")]
    text: Annotated[str, Meta(description="the claim in words")]
    source: Annotated[str, Meta(description="who claims it, and where")]
    gates: Annotated[bool, Meta(description="the run fails where the claim is not reproduced")]
    verdict: Annotated[ClaimVerdict, Meta(description="what became of the claim")]
    claimed: Annotated[float, Meta(description="the value claimed, in unit")]
    measured: Annotated[float | None, Meta(description="the value measured, in unit; null: not measured")]
    unit: Annotated[str, Meta(description="unit of the values")]
    low: Annotated[float | None, Meta(description="lower end of the interval of measured; null: exact")] = None
    high: Annotated[float | None, Meta(description="upper end of the interval of measured; null: exact")] = None
    times: Annotated[float | None, Meta(description="measured as a multiple of claimed, where it was exceeded")] = None


class Control(Model, frozen=True, kw_only=True):
    """A process of known truth, and what was measured of it."""

    name: Annotated[str, Meta(description="name of the control")]
    what: Annotated[str, Meta(description="what was measured of it")]
    expected: Annotated[float, Meta(description="the truth, in unit")]
    measured: Annotated[float, Meta(description="the value measured, in unit")]
    unit: Annotated[str, Meta(description="unit of the values")]
    ok: Annotated[bool, Meta(description="measured agrees with expected within the tolerance")]


class Load(Model, frozen=True, kw_only=True):
    """How busy the machine was while something was measured: load averages over one minute, the run itself included."""

    phase: Annotated[
        LoadPhase,
        Meta(description="sampling: all trials at the real pace; doses: the trial of doses; events: scripts"),
    ]
    readings: Annotated[int, Meta(description="number of readings")]
    least: Annotated[float, Meta(description="smallest reading")]
    median: Annotated[float, Meta(description="median of the readings")]
    most: Annotated[float, Meta(description="largest reading")]


class Analysis(Model, frozen=True, kw_only=True):
    """``run --json`` and ``report --format json``."""

    schema: Annotated[str, Meta(description="schema of this document")]
    run_id: Annotated[str, Meta(description="name of the result folder")]
    scenario: Annotated[str, Meta(description="name of the scenario")]
    status: Annotated[
        Literal["complete", "interrupted", "running"],
        Meta(description="complete: sealed; interrupted: it ended before that; running: it goes on"),
    ]
    verdict: Annotated[Verdict, Meta(description="verdict on the whole run; decides the exit status")]
    plan: Annotated[Plan, Meta(description="everything decided before the run")]
    environment: Annotated[Environment, Meta(description="facts of the machine")]
    namespace: Annotated[NamespaceInfo | None, Meta(description="the namespace before subjects were started")]
    loads: Annotated[tuple[Load, ...], Meta(description="how busy the machine was, by phase")] = ()
    lasted_s: Annotated[float | None, Meta(description="real seconds of sampling; null: it never ended")] = None
    warnings: Annotated[
        tuple[DataWarning, ...], Meta(description="what a reader must know before trusting the numbers")
    ]
    subjects: Annotated[tuple[Finding, ...], Meta(description="what was derived about each subject")]
    matrix: Annotated[tuple[Cell, ...], Meta(description="each subject at each scripted event")] = ()
    storms: Annotated[tuple[StormResult, ...], Meta(description="how each subject lived through each storm")] = ()
    dumps: Annotated[tuple[Dumps, ...], Meta(description="each subject at each rate of changes of kernel tables")] = ()
    crossovers: Annotated[
        tuple[Crossover, ...], Meta(description="rates of events at which a subscription costs what a poll does")
    ] = ()
    comparisons: Annotated[tuple[Comparison, ...], Meta(description="pairs of subjects side by side")]
    pairs: Annotated[tuple[PairVerdict, ...], Meta(description="verdict on each before and after of the user's")] = ()
    doses: Annotated[tuple[Dose, ...], Meta(description="whether subjects grow because of a stimulus")] = ()
    cycles: Annotated[tuple[Cycles, ...], Meta(description="what subjects keep of stimuli that have stopped")] = ()
    claims: Annotated[tuple[Claim, ...], Meta(description="what became of each claim")]
    controls: Annotated[tuple[Control, ...], Meta(description="what was measured of the controls")]
