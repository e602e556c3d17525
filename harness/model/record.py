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


class Environment(Model, frozen=True, kw_only=True):
    """Facts of the machine that the numbers depend on."""

    netchurn: str
    commit: str | None
    kernel: str
    machine: str
    cpu: str
    cpus: int
    memory_bytes: int
    python: str
    packages: dict[str, str]
    privilege: Literal["root", "sudo", "rootless"]
    go: str | None = None  # the toolchain that built the Go subjects
    load_average_1m: float
    started_at: str  # UTC, ISO 8601


class NamespaceInfo(Model, frozen=True, kw_only=True):
    """The private namespace as it stood when measuring began."""

    links: int  # every link in the namespace, lo and the watched one included
    pairs: int
    ifname: str
    ifindex: int
    kind: str  # wireguard, wireguard-go, or the kind of link that stands in
    fresh_sysfs: bool


class Work(Model, frozen=True, kw_only=True):
    """A subject's own count, as it told it at ``at_ns``."""

    at_ns: int
    polls: int
    events: int
    allocated_bytes: int | None
    allocations: int | None


class ReportedOutcome(Model, frozen=True, kw_only=True):
    """A subject's verdict about its interface."""

    at_ns: int
    restart: bool
    reason: str
    message: str | None


class SubjectRun(Model, frozen=True, kw_only=True):
    """One process of the sampling phase, from start to end."""

    name: str
    argv: tuple[str, ...]  # of our own without the folder of its program, which is the user's affair
    pid: int  # as the host counts
    outcome: RunOutcome
    exit_status: int | None
    ready_ns: int | None
    marks: tuple[Work, ...]  # its first count and its last; of those between, evenly, as many as are bounded
    reported_outcome: tuple[ReportedOutcome, ...]
    stderr_tail: str
    exited_after_s: float | None = (
        None  # after how many seconds of the trial it ended by itself; None: it lived to its end
    )
    sigkilled: bool = False  # it was asked to end, and ended by SIGKILL only
    dropped: int | None = None  # events that the kernel dropped on its netlink sockets during the trial
    unresponsive: bool = False  # it said ready, and left a mark unanswered
    malformed_lines: int = (
        0  # lines on its standard output that are not of the protocol; counting ends at the first thousand
    )


class Executable(Model, frozen=True, kw_only=True):
    """What a program of the user's is, as its process showed it once it was ready; None where nobody could tell."""

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
    """The machine slept for so many seconds, or its wall clock was stepped by them; noticed at the next tick."""

    kind: Literal["slept", "stepped"]
    at_ns: int
    seconds: float


class LinkChange(Model, frozen=True, kw_only=True):
    """What became of the watched interface in a trial, which itself leaves it alone.

    It happened between two looks at it: at ``after_ns`` it was as it had been, at ``at_ns`` it was not.
    """

    kind: Literal["deleted", "renamed", "recreated"]
    after_ns: int
    at_ns: int


class InterimLook(Model, frozen=True, kw_only=True):
    """What was known of each living subject's growth while the trial went on; no verdicts where a look failed."""

    at_s: float  # of the samples that it saw
    verdicts: dict[str, GrowthVerdict]


class Trial(Model, frozen=True, kw_only=True):
    """All subjects living at the same time in the same namespace. A compressed one polls back to back.

    ``stop_reason`` is why it ended: its time was over, the polls of the plan were made, every verdict on growth was
    settled, no subject lived any more, or it was interrupted.
    """

    index: int
    pace: Pace = "real"
    began_ns: int  # the first tick
    ended_ns: int
    namespace: NamespaceInfo
    churned_pairs: int  # pairs that appeared and vanished between began and ended
    runs: tuple[SubjectRun, ...]
    stop_reason: StopReason | None = None  # None: by a version that did not say
    interim_looks: tuple[InterimLook, ...] = ()
    clock_jumps: tuple[ClockJump, ...] = ()  # of clocks; the first thousand
    link_change: LinkChange | None = None  # the first of the watched interface; None: it stood to the end


class GoFunction(Model, frozen=True, kw_only=True):
    """What one function of a Go program allocated between two profiles: itself, and with all that it called."""

    name: str
    flat: int
    cumulative: int


class Capture(Model, frozen=True, kw_only=True):
    """What one process allocated until one moment: a memray capture of its life after it was ready, or a Go mark.

    A Go process counts by itself, from its start: the captures of one are marks, and their difference is exact.
    """

    subject: str
    kind: CaptureKind
    pairs: int
    links: int
    polls: int
    events: int
    live_s: float
    bytes: int
    allocations: int
    accounting: str
    file: str  # relative to the result folder
    sampled_bytes: int | None = None  # by Go's profiles, since the process's first mark; ``functions`` are its parts
    functions: tuple[GoFunction, ...] = ()  # the largest cumulative ones
    trial: int = 0


class Timing(Model, frozen=True, kw_only=True):
    """What one process that nothing profiles used for so many polls, or while so many unrelated events were sent.

    What the kernel spends on making a notification is charged to whoever caused it, and is not in here.
    """

    subject: str
    unit: WorkUnit
    pairs: int
    links: int
    count: int
    seconds: float  # by the clock
    cpu_s: float | None  # by the scheduler's own count, program and kernel; None where a thread ended meanwhile
    user_s: float  # in ticks of 10 ms
    system_s: float


class GoGap(Model, frozen=True, kw_only=True):
    """What a Go program seemed to allocate between two visits straight after one another, their cost taken off."""

    bytes: int
    seconds: float


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

    subject: str
    trial: int
    bytes: int  # what the visits themselves cost is taken off
    allocations: int
    seconds: float
    collections: int  # garbage collections between the visits
    fetch_cost_bytes: int
    accounting: str
    sampled_bytes: int | None  # the whole of which ``functions`` are the largest parts; None: not comparable
    functions: tuple[GoFunction, ...]
    files: tuple[str, str]  # prefixes in ``captures/``, of the first visit and of the second
    rehearsals: tuple[str, ...] = ()  # prefixes of visits just before the first one
    noise: tuple[GoGap, ...] = ()  # between the rehearsals, and from the last of them to the first visit
    since_start_s: float | None = None  # the program's age at the first visit; None: it ran before
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
    """One function of a stack: its name, the module or package that it is in, and whose it is."""

    name: str
    place: str
    origin: CodeOrigin


class FoldedStack(Model, frozen=True, kw_only=True):
    """What was allocated by one stack, the outermost function first; numbers are places in ``Folded.frames``."""

    frames: tuple[int, ...]
    bytes: int
    allocations: int


class Folded(Model, frozen=True, kw_only=True):
    """Everything allocated in one memray capture, or between two Go profiles, by stack; freed or not."""

    frames: tuple[Frame, ...]
    stacks: tuple[FoldedStack, ...]
    standard_error_bytes: float | None = None  # of the sum; None: every allocation was counted
    period: int | None = None  # bytes between samples


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
    """What one subject said of one episode; who kept watching until it was asked to stop says ``stopped``."""

    subject: str
    reported_outcome: ReportedOutcome | None
    dropped: int  # by the kernel, on this subject's netlink sockets, during the episode
    lost: int | None  # what the subject itself said was lost; None where it said nothing of losses


class EventRun(Model, frozen=True, kw_only=True):
    """One happening, once. ``began_ns`` is when the change was handed to the kernel, ``done_ns`` when ip came back."""

    scripted_event: str
    round: int
    group: int
    began_ns: int
    done_ns: int
    observations: tuple[Observation, ...]


class StormResult(Model, frozen=True, kw_only=True):
    """How one subject lived through one storm of unrelated events."""

    subject: str
    kind: Literal["overrun", "live"]
    rate: float | None  # events a second that were aimed at; None: as fast as the kernel goes
    sent: int
    seconds: float
    events_received: int | None  # link events that the subject counted
    dropped: int | None  # None: it has no netlink socket, or had closed it before it could be read
    lost: int | None
    reported_outcome: ReportedOutcome | None  # an outcome means a false restart: the interface was never touched
    state_correct: bool | None  # after the storm, what it watches is what the kernel has; None: it watches no more
    voluntary_switches: int
    user_s: float
    system_s: float


class Result(Model, frozen=True, kw_only=True):
    """``result.json``: raw facts, no statistics."""

    schema: str
    run_id: str
    command: str  # what repeats the run
    plan: Plan
    environment: Environment
    environment_after: Environment | None
    namespace: NamespaceInfo | None = None  # as it stood before subjects were started
    captures: tuple[Capture, ...]
    trials: tuple[Trial, ...]
    timings: tuple[Timing, ...] = ()
    heaps: tuple[GoHeap, ...] = ()
    recordings: Annotated[tuple[Recording, ...], Meta(description="allocations of copies of the user's programs")] = ()
    episodes: tuple[EventRun, ...] = ()
    storms: tuple[StormResult, ...] = ()
    buffer_events: int | None = None  # what a default receive buffer held, calibrated
    skipped: dict[str, str] = field(default_factory=dict)  # subjects of the plan that could not be, and why
    programs: Annotated[
        dict[str, Executable], Meta(description="programs of the user's, by subject, as their processes showed them")
    ] = field(default_factory=dict)
    limitations: tuple[str, ...]


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
