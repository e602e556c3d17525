"""What was derived from the facts of a run: each subject, pair, claim and control, and the verdict of the whole."""

from typing import Annotated, Literal

from msgspec import Meta

from harness.model.findings_cost import Churn, Compressed, Cpu, Crossover, Fit, LinkCost, Reference, UnitCost
from harness.model.findings_doses import Cycles, Dose
from harness.model.findings_memory import Balance, Growth, Memory, Resource, Retained, Retention
from harness.model.plan import Plan
from harness.model.record import Environment, Executable, NamespaceInfo
from harness.model.record_allocations import GoroutineChange
from harness.model.record_events import DumpResult, StormResult
from harness.model.terms import (
    Cause,
    ClaimVerdict,
    Language,
    LoadPhase,
    Model,
    Role,
    RunOutcome,
    Seen,
    Verdict,
    WorkUnit,
)
from harness.model.warning import DataWarning


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
