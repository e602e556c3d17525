"""Raw facts of a run, as they were seen: nothing here was derived from anything else."""

from typing import Annotated, Literal

from msgspec import Meta, field

from harness.model.plan import Plan
from harness.model.terms import (
    CaptureKind,
    CodeOrigin,
    GrowthVerdict,
    Model,
    Pace,
    Recorder,
    RecordingEnd,
    RunOutcome,
    StopReason,
    WorkUnit,
)
from harness.model.warning import DataWarning


class Environment(Model, frozen=True, kw_only=True):
    """Facts of the machine that the numbers depend on."""

    netchurn: Annotated[str, Meta(description="version of netchurn")]
    commit: Annotated[str | None, Meta(description="commit of netchurn's source; null: not known")]
    kernel: Annotated[str, Meta(description="release of the kernel")]
    machine: Annotated[str, Meta(description="machine architecture")]
    cpu: Annotated[str, Meta(description="model of the processor")]
    cpus: Annotated[int, Meta(description="processors that may be used")]
    memory_bytes: Annotated[int, Meta(description="memory of the machine")]
    python: Annotated[str, Meta(description="version of Python")]
    packages: Annotated[dict[str, str], Meta(description="versions of the packages that the numbers depend on")]
    privilege: Annotated[Literal["root", "sudo", "rootless"], Meta(description="how netchurn was started")]
    go: Annotated[str | None, Meta(description="version of the Go that built the Go subjects; null: none")] = None
    load_average_1m: Annotated[float, Meta(description="load average over one minute")]
    started_at: Annotated[str, Meta(description="UTC, ISO 8601")]


class NamespaceInfo(Model, frozen=True, kw_only=True):
    """The private namespace as it stood when measuring began."""

    links: Annotated[int, Meta(description="every link in the namespace, lo and the watched one included")]
    pairs: Annotated[int, Meta(description="veth pairs")]
    ifname: Annotated[str, Meta(description="name of the watched interface")]
    ifindex: Annotated[int, Meta(description="index of the watched interface")]
    kind: Annotated[
        str, Meta(description="wireguard, wireguard-go, the kind that stands in, or host: nothing was made")
    ]
    fresh_sysfs: Annotated[bool, Meta(description="sysfs shows this namespace, and not the host's")]


class Work(Model, frozen=True, kw_only=True):
    """A subject's own counts."""

    at_ns: Annotated[int, Meta(description="CLOCK_MONOTONIC, in nanoseconds")]
    polls: Annotated[int, Meta(description="polls since the start")]
    events: Annotated[int, Meta(description="events received since the start")]
    allocated_bytes: Annotated[
        int | None, Meta(description="bytes allocated since the start, freed or not; null: not counted")
    ]
    allocations: Annotated[int | None, Meta(description="objects allocated since the start; null: not counted")]


class ReportedOutcome(Model, frozen=True, kw_only=True):
    """A subject's verdict about its interface."""

    at_ns: Annotated[int, Meta(description="CLOCK_MONOTONIC, in nanoseconds")]
    restart: Annotated[bool, Meta(description="the subject asks for a restart")]
    reason: Annotated[str, Meta(description="why, in one word")]
    message: Annotated[str | None, Meta(description="more words; null: none")]


class SubjectRun(Model, frozen=True, kw_only=True):
    """One process of the sampling phase, from start to end."""

    name: Annotated[str, Meta(description="name of the subject")]
    argv: Annotated[tuple[str, ...], Meta(description="argument list; of netchurn's own without the program's folder")]
    pid: Annotated[int, Meta(description="process id, as the host counts")]
    outcome: Annotated[RunOutcome, Meta(description="how the process ended")]
    exit_status: Annotated[int | None, Meta(description="exit status, negative for a signal; null: not known")]
    ready_ns: Annotated[int | None, Meta(description="CLOCK_MONOTONIC when it was ready, in nanoseconds; null: never")]
    marks: Annotated[tuple[Work, ...], Meta(description="its own counts: first, last, and a bounded number between")]
    reported_outcome: Annotated[tuple[ReportedOutcome, ...], Meta(description="every outcome that it reported")]
    stderr_tail: Annotated[str, Meta(description="the end of its standard error")]
    exited_after_s: Annotated[
        float | None, Meta(description="seconds of the trial after which it ended by itself; null: it lived to the end")
    ] = None
    sigkilled: Annotated[bool, Meta(description="it did not end when asked to; SIGKILL ended it")] = False
    dropped: Annotated[
        int | None, Meta(description="events that the kernel dropped on its netlink sockets; null: not measured")
    ] = None
    unresponsive: Annotated[bool, Meta(description="it said ready, and left a mark unanswered")] = False
    malformed_lines: Annotated[
        int, Meta(description="lines on its standard output that are not of the protocol; counted up to 1,000")
    ] = 0


class Executable(Model, frozen=True, kw_only=True):
    """What a program of the user's is, as its process showed it once it was ready; null: nobody could tell."""

    argv: Annotated[tuple[str, ...] | None, Meta(description="argument list of the process, from /proc/PID/cmdline")]
    sha256: Annotated[str | None, Meta(description="SHA-256 of the executable, from /proc/PID/exe")]
    script: Annotated[str | None, Meta(description="path of the script behind an interpreter")] = None
    script_sha256: Annotated[str | None, Meta(description="SHA-256 of that script")] = None
    commit: Annotated[str | None, Meta(description="git commit that the executable was built from")] = None
    dirty: Annotated[bool | None, Meta(description="that working tree had uncommitted changes")] = None
    build: Annotated[str | None, Meta(description="command that built it")] = None
    toolchains: Annotated[dict[str, str], Meta(description="compilers and their versions when it was built")] = field(
        default_factory=dict
    )


class ClockJump(Model, frozen=True, kw_only=True):
    """A suspend or a change of the wall clock."""

    kind: Annotated[Literal["slept", "stepped"], Meta(description="slept: suspended; stepped: the wall clock was set")]
    at_ns: Annotated[int, Meta(description="CLOCK_MONOTONIC when it was noticed, in nanoseconds")]
    seconds: Annotated[float, Meta(description="by how many seconds")]


class LinkChange(Model, frozen=True, kw_only=True):
    """What became of the watched interface in a trial, which itself leaves it alone."""

    kind: Annotated[Literal["deleted", "renamed", "recreated"], Meta(description="what became of the interface")]
    after_ns: Annotated[int, Meta(description="CLOCK_MONOTONIC when it was last seen unchanged, in nanoseconds")]
    at_ns: Annotated[int, Meta(description="CLOCK_MONOTONIC when it was first seen changed, in nanoseconds")]


class InterimLook(Model, frozen=True, kw_only=True):
    """What was known of each living subject's growth while the trial went on."""

    at_s: Annotated[float, Meta(description="seconds of samples that it saw")]
    verdicts: Annotated[
        dict[str, GrowthVerdict], Meta(description="verdict on growth by living subject; empty: it failed")
    ]


class CycleRound(Model, frozen=True, kw_only=True):
    """A part of the cycles, and the rest after it."""

    cycles: Annotated[int, Meta(description="stimuli made since the first round began")]
    began_ns: Annotated[int, Meta(description="the first stimulus of the round")]
    ended_ns: Annotated[int, Meta(description="the last one came back")]
    settled_ns: Annotated[int, Meta(description="memory no longer changed from here on")]
    rested_ns: Annotated[int, Meta(description="the rest ended; the level is read from settled to here")]


class StimulusRun(Model, frozen=True, kw_only=True):
    """What really happened to one copy of a subject."""

    subject: Annotated[str, Meta(description="the copy, by its name in the plan")]
    began_ns: Annotated[int, Meta(description="the stimuli began")]
    ended_ns: Annotated[int, Meta(description="the stimuli were stopped")]
    performed: Annotated[int, Meta(description="stimuli that were made")]
    failed: Annotated[int, Meta(description="stimuli that failed: a command that ended with another status than 0")] = 0
    last_status: Annotated[int | None, Meta(description="exit status of the last command that failed")] = None
    fault: Annotated[str, Meta(description="why the stimuli ended before their time; empty where they did not")] = ""
    behind_s: Annotated[float, Meta(description="by how much the latest stimulus came later than it was due")] = 0.0
    busy_s: Annotated[float, Meta(description="seconds that all stimuli together took")] = 0.0
    rounds: Annotated[tuple[CycleRound, ...], Meta(description="of cycles: the parts, each with its rest")] = ()


class LoadReading(Model, frozen=True, kw_only=True):
    """How busy the machine was, the run itself included."""

    at_ns: Annotated[int, Meta(description="CLOCK_MONOTONIC when it was read, in nanoseconds")]
    load_average_1m: Annotated[float, Meta(ge=0, description="load average over one minute")]


class Trial(Model, frozen=True, kw_only=True):
    """All subjects living at the same time in the same namespace."""

    index: Annotated[int, Meta(description="number of the trial; that of a compressed day is 100, that of doses 200")]
    pace: Annotated[
        Pace,
        Meta(description="real: polls at the plan's interval; compressed: back to back; dosed: by its dose"),
    ] = "real"
    began_ns: Annotated[int, Meta(description="CLOCK_MONOTONIC at the first sample, in nanoseconds")]
    ended_ns: Annotated[int, Meta(description="CLOCK_MONOTONIC at the end, in nanoseconds")]
    namespace: Annotated[NamespaceInfo, Meta(description="the namespace during the trial")]
    churned_pairs: Annotated[int, Meta(description="veth pairs that appeared and vanished during the trial")]
    runs: Annotated[tuple[SubjectRun, ...], Meta(description="the process of each subject")]
    stop_reason: Annotated[StopReason | None, Meta(description="why the trial ended; null: not recorded")] = None
    interim_looks: Annotated[tuple[InterimLook, ...], Meta(description="interim verdicts on growth")] = ()
    clock_jumps: Annotated[
        tuple[ClockJump, ...], Meta(description="suspends and wall-clock changes; the first 1,000")
    ] = ()
    link_change: Annotated[
        LinkChange | None, Meta(description="the first change of the watched interface by somebody else; null: none")
    ] = None
    loads: Annotated[
        tuple[LoadReading, ...], Meta(description="the machine's load at the beginning, every 30 s and at the end")
    ] = ()
    stimuli: Annotated[tuple[StimulusRun, ...], Meta(description="what was done to each copy of a subject")] = ()


class GoFunction(Model, frozen=True, kw_only=True):
    """What one function of a Go program allocated between two profiles."""

    name: Annotated[str, Meta(description="function with its package")]
    flat: Annotated[int, Meta(description="bytes allocated by itself")]
    cumulative: Annotated[int, Meta(description="bytes allocated by itself and all that it called")]


class Capture(Model, frozen=True, kw_only=True):
    """What one process allocated until one moment: a memray capture of its life after it was ready, or a Go mark.

    A Go process counts by itself, from its start: the captures of one are marks, and their difference is exact.
    """

    subject: Annotated[str, Meta(description="name of the subject")]
    kind: Annotated[CaptureKind, Meta(description="what it lived through: nothing (idle), or unrelated link events")]
    pairs: Annotated[int, Meta(description="veth pairs")]
    links: Annotated[int, Meta(description="all links in the namespace")]
    polls: Annotated[int, Meta(description="polls until then")]
    events: Annotated[int, Meta(description="events received until then")]
    live_s: Annotated[float, Meta(description="seconds that the process lived after it was ready")]
    bytes: Annotated[int, Meta(description="bytes allocated, freed or not")]
    allocations: Annotated[int, Meta(description="allocations, freed or not")]
    accounting: Annotated[str, Meta(description="how allocations are counted")]
    file: Annotated[str, Meta(description="path below the result folder")]
    sampled_bytes: Annotated[
        int | None, Meta(description="bytes in Go's sampled profiles since the process's first mark; null: not sampled")
    ] = None
    functions: Annotated[tuple[GoFunction, ...], Meta(description="largest of Go's profiles, by cumulative bytes")] = ()
    trial: Annotated[int, Meta(description="number of the trial")] = 0


class Timing(Model, frozen=True, kw_only=True):
    """What one process that nothing profiles used for so many polls, or while so many unrelated events were sent.

    What the kernel spends on making a notification is charged to whoever caused it, and is not in here.
    """

    subject: Annotated[str, Meta(description="name of the subject")]
    unit: Annotated[WorkUnit, Meta(description="unit of work")]
    pairs: Annotated[int, Meta(description="veth pairs")]
    links: Annotated[int, Meta(description="all links in the namespace")]
    count: Annotated[int, Meta(description="units of work")]
    seconds: Annotated[float, Meta(description="elapsed seconds")]
    cpu_s: Annotated[
        float | None,
        Meta(description="processor seconds by the scheduler, user and kernel; null: a thread ended meanwhile"),
    ]
    user_s: Annotated[float, Meta(description="processor seconds in user mode, in ticks of 10 ms")]
    system_s: Annotated[float, Meta(description="processor seconds in the kernel, in ticks of 10 ms")]


class GoGap(Model, frozen=True, kw_only=True):
    """What a Go program seemed to allocate between two visits straight after one another, their cost taken off."""

    bytes: Annotated[int, Meta(description="bytes allocated between two fetches in a row, without their cost")]
    seconds: Annotated[float, Meta(description="seconds between the two fetches")]


class Keeper(Model, frozen=True, kw_only=True):
    """Memory by who allocated it: what was allocated after the warm-up, and is still alive at the end.

    The function is the innermost of the stack that is not of the language itself; of native memory in a Python program
    the innermost that is not of the interpreter.
    """

    function: Annotated[str, Meta(description="function that allocated it")]
    file: Annotated[str, Meta(description="its source file, the last two parts of the path; empty where unknown")]
    line: Annotated[int | None, Meta(description="line of that file; null where unknown")]
    origin: Annotated[CodeOrigin, Meta(description="own: the program's own code; else whose it is")]
    caller: Annotated[str, Meta(description="innermost function of the program's own that called it, with its place")]
    bytes: Annotated[int, Meta(description="bytes still alive")]
    allocations: Annotated[int, Meta(description="allocations still alive")]
    first_half_bytes: Annotated[int, Meta(description="of these bytes, allocated in the first half of the time")]


class GoMemory(Model, frozen=True, kw_only=True):
    """What Go's runtime says of its memory at one moment, from runtime.MemStats."""

    live_bytes: Annotated[int, Meta(description="HeapAlloc: objects alive, and garbage that is not yet collected")]
    free_bytes: Annotated[int, Meta(description="free in spans and idle spans that are not given back to the kernel")]
    released_bytes: Annotated[int, Meta(description="HeapReleased: given back to the kernel")]
    stacks_bytes: Annotated[int, Meta(description="stacks of goroutines and of the runtime's threads")]
    overhead_bytes: Annotated[int, Meta(description="the runtime's own tables, from the rest of Sys")]


class GoroutineChange(Model, frozen=True, kw_only=True):
    """Goroutines that wait alike, and became more between two visits."""

    creator: Annotated[str, Meta(description="function that created them, or begins in and their first function")]
    stands_in: Annotated[str, Meta(description="innermost function that is not of the runtime")]
    state: Annotated[str, Meta(description="what they wait for")]
    first: Annotated[int, Meta(description="their number at the first visit")]
    last: Annotated[int, Meta(description="their number at the second")]


class GoHeap(Model, frozen=True, kw_only=True):
    """What a Go program allocated between two visits of a trial: exact in sum, sampled by function."""

    subject: Annotated[str, Meta(description="name of the subject")]
    trial: Annotated[int, Meta(description="number of the trial")]
    bytes: Annotated[int, Meta(description="bytes allocated between the fetches, without the cost of a fetch")]
    allocations: Annotated[int, Meta(description="objects allocated between the fetches")]
    seconds: Annotated[float, Meta(description="seconds between the fetches")]
    collections: Annotated[int, Meta(description="garbage collections between the fetches")]
    fetch_cost_bytes: Annotated[int, Meta(description="bytes that a fetch itself allocates")]
    accounting: Annotated[str, Meta(description="how allocations are counted")]
    sampled_bytes: Annotated[
        int | None,
        Meta(description="bytes in the sampled profiles, of which functions are parts; null: not comparable"),
    ]
    functions: Annotated[tuple[GoFunction, ...], Meta(description="largest functions, by cumulative bytes")]
    files: Annotated[tuple[str, str], Meta(description="prefixes in captures/ of the first and the second fetch")]
    rehearsals: Annotated[tuple[str, ...], Meta(description="prefixes in captures/ of fetches before the first")] = ()
    noise: Annotated[
        tuple[GoGap, ...],
        Meta(description="what seems to be allocated between rehearsals, and from the last to the first fetch"),
    ] = ()
    since_start_s: Annotated[
        float | None, Meta(description="age of the program at the first fetch, in seconds; null: it ran before")
    ] = None
    work: Annotated[
        tuple[Work, Work] | None,
        Meta(description="what the program had counted after the first fetch and before the second; null: not told"),
    ] = None
    kept_bytes: Annotated[
        int | None, Meta(description="bytes in use at the second visit less those at the first, by samples")
    ] = None
    kept_error_bytes: Annotated[float | None, Meta(description="standard error of kept_bytes")] = None
    keepers: Annotated[tuple[Keeper, ...], Meta(description="who keeps them, the largest first")] = ()
    memory: Annotated[
        tuple[GoMemory, GoMemory] | None, Meta(description="what the runtime's memory is made of, at both visits")
    ] = None
    goroutines: Annotated[
        tuple[GoroutineChange, ...], Meta(description="goroutines that became more, the most first")
    ] = ()


class Frame(Model, frozen=True, kw_only=True):
    """One function of a stack."""

    name: Annotated[str, Meta(description="name of the function")]
    place: Annotated[str, Meta(description="module or package")]
    origin: Annotated[CodeOrigin, Meta(description="whose code it is")]


class FoldedStack(Model, frozen=True, kw_only=True):
    """What was allocated by one stack."""

    frames: Annotated[tuple[int, ...], Meta(description="indexes into the document's frames, the outermost first")]
    bytes: Annotated[int, Meta(description="bytes allocated by this stack, freed or not")]
    allocations: Annotated[int, Meta(description="allocations by this stack")]


class Folded(Model, frozen=True, kw_only=True):
    """Everything allocated in one memray capture, or between two Go profiles, by stack; freed or not."""

    frames: Annotated[tuple[Frame, ...], Meta(description="every function that occurs")]
    stacks: Annotated[tuple[FoldedStack, ...], Meta(description="what each stack allocated")]
    standard_error_bytes: Annotated[
        float | None, Meta(description="standard error of the sum, in bytes; null: every allocation was counted")
    ] = None
    period: Annotated[int | None, Meta(description="mean bytes between samples; null: all were counted")] = None


class Recording(Model, frozen=True, kw_only=True):
    """The allocations of a copy of a program, from the end of its warm-up to the end of its recording.

    Work is what the copy counted, and container cycles are what the run made, in the same time. Live bytes are of all
    that was recorded since the program began.
    """

    subject: Annotated[str, Meta(description="the program; the copy ran beside it")]
    trial: Annotated[int, Meta(description="trial that the copy lived in")]
    recorder: Annotated[Recorder, Meta(description="what recorded it")]
    file: Annotated[str, Meta(description="the recording, in captures/; stacks lie beside it")]
    bound_bytes: Annotated[int, Meta(description="size at which recording ends")]
    end: Annotated[RecordingEnd, Meta(description="why it ended")]
    began_ns: Annotated[int, Meta(description="end of the warm-up, CLOCK_MONOTONIC")]
    ended_ns: Annotated[int, Meta(description="end of the recording, CLOCK_MONOTONIC")]
    work_s: Annotated[float, Meta(description="seconds between the counts of work, for polls and events")]
    polls: Annotated[int, Meta(description="polls that the copy counted")]
    events: Annotated[int, Meta(description="events that the copy counted")]
    cycles: Annotated[int, Meta(description="pairs of links that the run made and deleted")]
    allocated_bytes: Annotated[int, Meta(description="all bytes allocated, freed or not")]
    allocations: Annotated[int, Meta(description="all allocations, freed or not")]
    kept_bytes: Annotated[int, Meta(description="bytes of them that are alive at the end")]
    kept_first_half_bytes: Annotated[int, Meta(description="of these, allocated in the first half of the time")]
    managed_first_bytes: Annotated[int, Meta(description="live bytes of Python's allocators when it began")]
    managed_last_bytes: Annotated[int, Meta(description="the same when it ended")]
    native_first_bytes: Annotated[int, Meta(description="live bytes of malloc and mmap when it began")]
    native_last_bytes: Annotated[int, Meta(description="the same when it ended")]
    keepers: Annotated[tuple[Keeper, ...], Meta(description="what is kept by who allocated it, the largest first")]


class Observation(Model, frozen=True, kw_only=True):
    """What one subject reported of one event."""

    subject: Annotated[str, Meta(description="name of the subject")]
    reported_outcome: Annotated[
        ReportedOutcome | None,
        Meta(description="what it reported; reason stopped: it watched until it was asked to stop; null: nothing"),
    ]
    dropped: Annotated[int, Meta(description="events that the kernel dropped on its netlink sockets")]
    lost: Annotated[int | None, Meta(description="events that the subject says were lost; null: it did not say")]


class EventRun(Model, frozen=True, kw_only=True):
    """One event of a script, played once."""

    scripted_event: Annotated[str, Meta(description="name of the event")]
    round: Annotated[int, Meta(description="number of the round")]
    group: Annotated[int, Meta(description="number of the group")]
    began_ns: Annotated[int, Meta(description="CLOCK_MONOTONIC when the kernel got the change, in nanoseconds")]
    done_ns: Annotated[int, Meta(description="CLOCK_MONOTONIC when ip had returned, in nanoseconds")]
    observations: Annotated[tuple[Observation, ...], Meta(description="what each subject reported")]
    load_average_1m: Annotated[
        float | None, Meta(description="load average over one minute when it was over; null: not recorded")
    ] = None


class StormResult(Model, frozen=True, kw_only=True):
    """How one subject lived through one storm of unrelated events."""

    subject: Annotated[str, Meta(description="name of the subject")]
    kind: Annotated[
        Literal["overrun", "live"], Meta(description="overrun: while all were stopped; live: while they ran")
    ]
    rate: Annotated[float | None, Meta(description="events a second aimed at; null: as fast as the kernel goes")]
    sent: Annotated[int, Meta(description="events sent")]
    seconds: Annotated[float, Meta(description="seconds that sending took")]
    events_received: Annotated[int | None, Meta(description="link events that it counted; null: it does not count")]
    dropped: Annotated[
        int | None,
        Meta(description="events that the kernel dropped; null: it has no netlink socket, or closed it too early"),
    ]
    lost: Annotated[int | None, Meta(description="events that the subject says were lost; null: it did not say")]
    reported_outcome: Annotated[
        ReportedOutcome | None,
        Meta(description="an outcome is a false restart: the interface was not touched; null: none"),
    ]
    state_correct: Annotated[
        bool | None, Meta(description="its state agrees with the kernel's after the storm; null: it watches no more")
    ]
    voluntary_switches: Annotated[int, Meta(description="voluntary context switches during the storm")]
    user_s: Annotated[float, Meta(description="processor seconds in user mode during the storm")]
    system_s: Annotated[float, Meta(description="processor seconds in the kernel during the storm")]


class DumpResult(Model, frozen=True, kw_only=True):
    """What one subject made of kernel tables that changed at one rate, while its interface was never touched.

    Counts of dumps are the subject's own, by the protocol; None where it does not know them. ``ends`` counts by reason
    how often it said that its watch is over while the kernel had the interface with the name and index of the start;
    an end without a word is ``exit``.
    """

    subject: Annotated[str, Meta(description="name of the subject")]
    rate: Annotated[float, Meta(description="links that appear or vanish a second, as planned")]
    seconds: Annotated[float, Meta(description="length of the phase, as it was")]
    links: Annotated[int, Meta(description="links of the namespace while nothing comes or goes")]
    link_changes: Annotated[int, Meta(description="links that appeared or vanished, as the lab made them")]
    address_changes: Annotated[int, Meta(description="addresses that appeared or vanished")]
    route_changes: Annotated[int, Meta(description="routes that appeared or vanished")]
    starts: Annotated[int, Meta(description="watches begun, each with its look-up at start")]
    polls: Annotated[int | None, Meta(description="look-ups of a poller; None where it counts none")]
    made: Annotated[int | None, Meta(description="dumps asked for")]
    marked: Annotated[int | None, Meta(description="dumps with NLM_F_DUMP_INTR set in any part")]
    retried: Annotated[int | None, Meta(description="dumps that were not used, and asked for again")]
    discarded_s: Annotated[float | None, Meta(description="seconds that those took")]
    ends: Annotated[dict[str, int], Meta(description="false ends of a watch, by reason")]
    unwatched_s: Annotated[float, Meta(description="seconds from false ends to the next moment at which it was ready")]
    state_correct: Annotated[
        bool | None, Meta(description="told of the interface's deletion afterwards; None: it watched no more")
    ]


class Skipped(Model, frozen=True, kw_only=True):
    """Why a subject of the plan was not measured."""

    id: Annotated[str, Meta(description="id of the error that was in the way: docs/messages.md")]
    text: Annotated[str, Meta(description="the error in words, and what to do about it")]


class Result(Model, frozen=True, kw_only=True):
    """``result.json``: raw facts, no statistics."""

    schema: Annotated[str, Meta(description="schema of this document")]
    run_id: Annotated[str, Meta(description="name of the result folder")]
    command: Annotated[str, Meta(description="command that repeats the run")]
    plan: Annotated[Plan, Meta(description="everything decided before the run")]
    environment: Annotated[Environment, Meta(description="facts of the machine when the run began")]
    environment_after: Annotated[
        Environment | None, Meta(description="facts of the machine when the run ended; null: it was interrupted")
    ]
    namespace: Annotated[NamespaceInfo | None, Meta(description="the namespace before subjects were started")] = None
    captures: Annotated[tuple[Capture, ...], Meta(description="what each profiled process allocated")]
    trials: Annotated[tuple[Trial, ...], Meta(description="the sampling phases")]
    timings: Annotated[tuple[Timing, ...], Meta(description="time by unit of work, in processes not profiled")] = ()
    heaps: Annotated[tuple[GoHeap, ...], Meta(description="allocations of the user's Go programs, by trial")] = ()
    recordings: Annotated[tuple[Recording, ...], Meta(description="allocations of copies of the user's programs")] = ()
    event_runs: Annotated[
        tuple[EventRun, ...], Meta(description="each event of a script, each time it was played")
    ] = ()
    storms: Annotated[tuple[StormResult, ...], Meta(description="how each subject lived through each storm")] = ()
    dumps: Annotated[
        tuple[DumpResult, ...], Meta(description="each subject at each rate of changes of kernel tables")
    ] = ()
    buffer_events: Annotated[
        int | None, Meta(description="events that a default receive buffer held, calibrated; null: not calibrated")
    ] = None
    skipped: Annotated[
        dict[str, Skipped], Meta(description="why a subject of the plan was not measured, by subject")
    ] = field(default_factory=dict)
    programs: Annotated[
        dict[str, Executable], Meta(description="programs of the user's, by subject, as their processes showed them")
    ] = field(default_factory=dict)
    limitations: Annotated[tuple[DataWarning, ...], Meta(description="what restricts the numbers")]


class Sample(Model, frozen=True, kw_only=True):
    """One reading of one process on one tick; a row of ``samples/<trial>-<subject>.csv``."""

    at_ns: int
    rss_bytes: int
    pss_bytes: int | None
    uss_bytes: int | None
    rss_peak_bytes: int
    user_s: float
    system_s: float
    voluntary_switches: int | None  # of all living threads; of a process with several, in the sparse readings only
    involuntary_switches: int | None
    minor_faults: int
    major_faults: int
    polls: int | None
    events: int | None
    # Added later: a file of an older version ends with ``events``.
    rss_anon_bytes: int | None = None
    rss_file_bytes: int | None = None
    rss_shmem_bytes: int | None = None
    swap_bytes: int | None = None
    threads: int | None = None
    descriptors: int | None = None
    children: int | None = None  # living descendants, zombies included; None where children are not looked for
    children_rss_bytes: int | None = None  # their part of ``rss_bytes``
    # Sparse, as PSS and USS are.
    huge_pages_bytes: int | None = None  # anonymous memory in transparent huge pages
    lazily_freed_bytes: int | None = None  # given back by MADV_FREE, and still resident
    netlink_sockets: int | None = None
    inet_sockets: int | None = None
    unix_sockets: int | None = None
    files: int | None = None
    pipes: int | None = None
    event_descriptors: int | None = None  # eventfd, epoll, timerfd, inotify and other anonymous inodes
    # Sparse too, and only of a subject with a control group of its own: what the kernel charges to it.
    charged_bytes: int | None = None
    charged_anon_bytes: int | None = None
    charged_file_bytes: int | None = None  # page cache
    charged_shmem_bytes: int | None = None  # shared memory, mapped or not
    charged_kernel_bytes: int | None = None  # all kernel memory, the next two included
    kernel_stack_bytes: int | None = None
    slab_bytes: int | None = None
    socket_buffer_bytes: int | None = None
