"""Raw facts of a run, as they were seen: nothing here was derived from anything else."""

from typing import Annotated, Literal

from msgspec import Meta, field

from harness.model.plan import Plan
from harness.model.record_allocations import Capture, GoHeap, Recording, Timing
from harness.model.record_events import DumpResult, EventRun, ReportedOutcome, StormResult, Work
from harness.model.terms import (
    GrowthVerdict,
    Model,
    Pace,
    RunOutcome,
    StopReason,
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
