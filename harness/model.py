"""The frozen types that cross a boundary: raw facts of a run, and what was derived from them.

Base units are in the names (``_bytes``, ``_s``, ``_ns``); ``at_ns`` is CLOCK_MONOTONIC. ``None`` means "not
measured" and is never 0. Unknown fields are refused when a document is read.
"""

from typing import Literal

from msgspec import Struct

RESULT_SCHEMA = "netchurn.result/1"
COMPRESSED_TRIAL = 100  # trials of a compressed day are numbered from here, those at the real pace from 0
ANALYSIS_SCHEMA = "netchurn.analysis/1"

Role = Literal["before", "after", "alternative", "control"]
Language = Literal["python", "go", "unknown"]
RunOutcome = Literal["completed", "crashed", "timed_out", "interrupted", "skipped"]
Verdict = Literal["pass", "fail", "inconclusive", "invalid"]
ClaimVerdict = Literal["reproduced", "not_reproduced", "inconclusive", "not_measured"]
Quantity = Literal[
    "bytes_per_poll",
    "bytes_per_event",
    "idle_bytes_per_day",
    "bytes_per_day",
    "missed",
    "false",
    "latency_p99_s",
    "function_share",
    "rss_bytes_per_day",
    "links_r2",
    "links_spread",
]
Origin = Literal["builtin", "exec", "pid"]
"""Where a subject comes from: this package, a command of the user's, or a process that runs already."""
Relation = Literal["at_most", "at_least", "about"]
Pace = Literal["real", "compressed"]
CaptureKind = Literal["idle", "events"]
LinkKind = Literal["veth", "wireguard-go"]
WorkUnit = Literal["poll", "event"]
Trick = Literal["hold", "refuse", "limit", "kill-daemon", "stop"]
"""What ip cannot do: change things before the subscription stands (hold), leave no descriptor for it (refuse) or for
later look-ups (limit), kill the daemon behind the interface, ask to stop."""
CodeOrigin = Literal["own", "library", "standard", "other"]
"""Whose a function is: the watcher's, a library's, the language's own, or unknown."""
Seen = Literal["detected", "late", "missed", "false", "quiet"]


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value that crosses a boundary."""


# --- the plan -------------------------------------------------------------------------------------------------------


class SubjectPlan(Model, frozen=True, kw_only=True):
    """One subject of the plan, as the registry knew it when the plan was made, or as the user gave it.

    A subject that this package does not bring is measured from outside: memory, CPU, switches, faults and kernel
    drops, its living children and the CPU of those it waited for included. It may speak the protocol; then its own
    counts are taken as well.
    """

    name: str
    role: Role
    language: Language
    accounting: str | None  # None: nothing counts its allocations
    polls: bool  # it looks at intervals; otherwise it waits for events
    origin: Origin = "builtin"
    twin_of: str | None = None  # it is this subject once more, to be compared with itself
    command: tuple[str, ...] = ()  # of an "exec"
    pid: int | None = None  # of a "pid", as this process counts
    pprof: str | None = None  # where it serves Go's profiles, on loopback


class ProfilePlan(Model, frozen=True, kw_only=True):
    """How long the profiled processes live: two durations each, so that start-up cancels."""

    polls: tuple[int, int]
    idle_s: tuple[float, float]
    events: tuple[int, int]
    ladder_pairs: tuple[int, ...]  # ascending; the last is the number of pairs of the clean arm
    ladder_links: tuple[int, ...] = ()  # numbers of links, lo and the watched one included, to profile at as well
    everywhere: bool = False  # subscriptions at every rung, and not at the top one only
    most_pairs: dict[str, int] = {}  # subjects that are measured up to so many pairs, being too dear beyond


class SweepPlan(Model, frozen=True, kw_only=True):
    """How time and processor are taken at every rung of the ladder, in processes that nothing profiles.

    A poller looks back to back for about ``seconds``, ``least_polls`` times at least; subscriptions live through
    ``events`` unrelated link events.
    """

    seconds: float
    least_polls: int
    events: int


class ControlsPlan(Model, frozen=True, kw_only=True):
    """What the controls of a run do, and how well that must be found."""

    leak_bytes_per_hour: float
    leak_tolerance: float  # a share
    churn_bytes_per_poll: dict[str, float]  # by control
    churn_tolerance: float


class CompressedPlan(Model, frozen=True, kw_only=True):
    """A day of polls back to back: ``subjects`` live side by side at ``links`` links until ``polls`` are made."""

    links: int  # one of the ladder
    polls: int
    subjects: tuple[str, ...]


class ClaimPlan(Model, frozen=True, kw_only=True):
    """A statement under test, as data. ``tolerance`` is a share of ``claimed``, used by ``about``.

    ``allowed`` is how far beyond ``claimed`` a value may lie and still be it, in the claim's unit: what the instrument
    or a language's runtime does by itself. It is used by ``at_most`` and ``at_least``.

    ``links`` asks for the value at that number of links, one of the ladder; without it, at the most there were.
    ``function`` names the function whose share of all allocated bytes is meant.
    """

    id: str
    text: str
    source: str
    subject: str
    quantity: Quantity
    relation: Relation
    claimed: float
    unit: str
    tolerance: float = 0.0
    allowed: float = 0.0
    gates: bool = True
    links: int | None = None
    function: str | None = None
    needs: str | None = None  # the claim that shows the problem which this one says is solved


class Happening(Model, frozen=True, kw_only=True):
    """One event of a script: what is done to the watched interface, what is true of it, and what is expected.

    ``steps`` are lines for ``ip -batch`` with ``{ifname}``, ``{index}`` and ``{away}`` (a process in another
    namespace) filled in; a line that begins with ``away:`` runs over there. ``truth`` are the reasons that a watcher
    may rightly give; empty where nothing happened that asks for a restart. ``contract`` is what each subject is
    expected to show by its own design; a subject that it does not name is not asked.
    """

    name: str
    text: str
    steps: tuple[str, ...]
    truth: tuple[str, ...]
    contract: dict[str, Seen]
    link: LinkKind = "veth"
    trick: Trick | None = None


class ScriptPlan(Model, frozen=True, kw_only=True):
    """Happenings that subjects live through, all of them in order, ``rounds`` times.

    ``groups`` watched interfaces live side by side, each with its own set of the subjects that the happenings name.
    Each change waits a seeded random time up to ``phase_s``, 0 for none. A detection later than ``late_s`` is late.
    """

    happenings: tuple[Happening, ...]
    rounds: int = 1
    groups: int = 1
    late_s: float = 0.05
    phase_s: float = 0.0


class StormPlan(Model, frozen=True, kw_only=True):
    """Unrelated link events, more than a reader can hold.

    First ``overrun`` times what a default buffer holds, while the reader is stopped; then ``seconds_a_rate`` seconds of
    each of ``rates`` (events a second, rising), and at last ``live_events`` as fast as the kernel goes.
    """

    overrun: float  # of what a default buffer was calibrated to hold
    live_events: int
    rates: tuple[float, ...]
    seconds_a_rate: float


class Plan(Model, frozen=True, kw_only=True):
    """Everything decided before the run starts. ``id`` is a hash over the rest."""

    id: str
    scenario: str
    question: str
    pairs: int
    duration_s: float
    interval_s: float
    polls: int | None
    seed: int
    sample_interval_s: float
    churn_pairs_per_s: float
    subjects: tuple[SubjectPlan, ...]
    profile: ProfilePlan | None
    compressed: CompressedPlan | None = None
    sweep: SweepPlan | None = None
    controls: ControlsPlan | None = None
    lab: bool = True  # False: processes are observed where they run, and nothing is made
    trials: int = 1  # so many times the clean arm, and what is profiled at the most links
    claims: tuple[ClaimPlan, ...]
    scripts: tuple[ScriptPlan, ...] = ()
    storm: StormPlan | None = None
    delta_bytes_per_hour: float = 4 * 1024.0 * 1024.0  # the climb that matters
    confidence: float = 0.95  # of every interval
    reference_bytes_per_day: float  # what a pull request said the poll costs: the line drawn in pictures


# --- raw facts ------------------------------------------------------------------------------------------------------


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


class World(Model, frozen=True, kw_only=True):
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


class Said(Model, frozen=True, kw_only=True):
    """A subject's verdict about its interface."""

    at_ns: int
    restart: bool
    reason: str
    message: str | None


class SubjectRun(Model, frozen=True, kw_only=True):
    """One process of the clean arm, from start to end."""

    name: str
    argv: tuple[str, ...]
    pid: int  # as the host counts
    outcome: RunOutcome
    exit_status: int | None
    ready_ns: int | None
    marks: tuple[Work, ...]  # its first count and its last; of those between, evenly, as many as are bounded
    said: tuple[Said, ...]
    stderr_tail: str
    early_s: float | None = None  # after how many seconds of the trial it ended by itself; None: it lived to its end
    killed: bool = False  # it was asked to end, and ended by SIGKILL only
    dropped: int | None = None  # events that the kernel dropped on its netlink sockets during the trial
    deaf: bool = False  # it said ready, and left a mark unanswered
    garbage: int = 0  # lines on its standard output that are not of the protocol; counting ends at the first thousand


class Trial(Model, frozen=True, kw_only=True):
    """All subjects living at the same time in the same namespace. A compressed one polls back to back."""

    index: int
    pace: Pace = "real"
    began_ns: int  # the first tick
    ended_ns: int
    world: World
    churned_pairs: int  # pairs that appeared and vanished between began and ended
    runs: tuple[SubjectRun, ...]


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


class Observation(Model, frozen=True, kw_only=True):
    """What one subject said of one episode; who kept watching until it was asked to stop says ``stopped``."""

    subject: str
    said: Said | None
    dropped: int  # by the kernel, on this subject's netlink sockets, during the episode
    lost: int | None  # what the subject itself said was lost; None where it said nothing of losses


class Episode(Model, frozen=True, kw_only=True):
    """One happening, once. ``began_ns`` is when the change was handed to the kernel, ``done_ns`` when ip came back."""

    happening: str
    round: int
    group: int
    began_ns: int
    done_ns: int
    observations: tuple[Observation, ...]


class Weather(Model, frozen=True, kw_only=True):
    """How one subject lived through one storm of unrelated events."""

    subject: str
    kind: Literal["overrun", "live"]
    rate: float | None  # events a second that were aimed at; None: as fast as the kernel goes
    sent: int
    seconds: float
    heard: int | None  # link events that the subject counted
    dropped: int | None  # None: it has no netlink socket, or had closed it before it could be read
    lost: int | None
    said: Said | None  # an outcome means a false restart: the interface was never touched
    agrees: bool | None  # after the storm, what it watches is what the kernel has; None: it watches no more
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
    world: World | None = None  # as it stood before subjects were started
    captures: tuple[Capture, ...]
    trials: tuple[Trial, ...]
    timings: tuple[Timing, ...] = ()
    heaps: tuple[GoHeap, ...] = ()
    episodes: tuple[Episode, ...] = ()
    storms: tuple[Weather, ...] = ()
    buffer_events: int | None = None  # what a default receive buffer held, calibrated
    skipped: dict[str, str] = {}  # subjects of the plan that could not be, and why
    notes: tuple[str, ...]


class Sample(Model, frozen=True, kw_only=True):
    """One reading of one process on one tick; a row of ``samples/<trial>-<subject>.csv``."""

    at_ns: int
    rss_bytes: int
    pss_bytes: int | None
    uss_bytes: int | None
    rss_peak_bytes: int
    user_s: float
    system_s: float
    voluntary_switches: int
    involuntary_switches: int
    minor_faults: int
    major_faults: int
    polls: int | None
    events: int | None


# --- what was derived -----------------------------------------------------------------------------------------------


class Churn(Model, frozen=True, kw_only=True):
    """Bytes allocated per unit of work, freed or not. Rates of two accounting modes are never divided."""

    bytes_per_poll: float | None
    bytes_per_event: float | None
    idle_bytes_per_day: float | None
    bytes_per_day: float | None
    allocations_per_day: float | None
    accounting: str
    polls: int  # polls in the difference that the rate was taken from
    events: int


class Growth(Model, frozen=True, kw_only=True):
    """Does memory climb: a verdict on RSS, never on churn. ``low`` to ``high`` holds the rate with ``confidence``.

    Rates are bytes an hour, and None where no line could be fitted. ``bytes_per_poll`` is the same rate by the polls
    that the subject made. ``because`` is a sentence to quote that begins with the subject's name, which is not in it.
    """

    verdict: Literal["growing", "flat", "inconclusive", "no_steady_state"]
    bytes_per_hour: float | None
    low: float | None
    high: float | None
    confidence: float
    delta_bytes_per_hour: float
    minimal_detectable_bytes_per_hour: float | None
    more_seconds_needed: float | None
    bytes_per_poll: float | None
    steady_from_s: float | None  # where the warm-up ended, from the first sample
    step_at_s: float | None
    because: str


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
    verdict: Literal["growing", "flat", "inconclusive", "no_steady_state"]
    bytes_per_poll: float | None
    low_per_poll: float | None
    high_per_poll: float | None
    bytes_per_day: float | None
    low_per_day: float | None
    high_per_day: float | None
    delta_per_poll: float
    confidence: float
    because: str


class Memory(Model, frozen=True, kw_only=True):
    """Resident memory over the clean arm, from outside."""

    rss_first_bytes: int | None
    rss_last_bytes: int | None
    rss_peak_bytes: int | None  # VmHWM: the peak of the process's life, start-up included
    pss_last_bytes: int | None
    uss_last_bytes: int | None


class Cpu(Model, frozen=True, kw_only=True):
    """Differences between the first and the last sample of the clean arm."""

    user_s: float | None
    system_s: float | None
    voluntary_switches: int | None
    involuntary_switches: int | None
    minor_faults: int | None


class Detection(Model, frozen=True, kw_only=True):
    """What a subject saw of what happened."""

    expected: int
    detected: int
    missed: int
    false: int
    latency_p50_s: float | None
    latency_p99_s: float | None
    latency_max_s: float | None


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
    answer: Literal["at", "dearer", "independent", "not_measured"]
    links: float | None


class LinkCost(Model, frozen=True, kw_only=True):
    """Bytes a poll at a number of links: one rung of the ladder."""

    links: int
    bytes_per_poll: float


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
    churn: Churn | None
    growth: Growth | None
    compressed: Compressed | None = None
    memory: Memory
    cpu: Cpu
    detection: Detection | None
    loss: Loss | None
    cost_by_links: tuple[LinkCost, ...]
    reference: Reference | None  # None for a subject that does not poll
    sweep: tuple[UnitCost, ...] = ()
    crossings: tuple[Reference, ...] = ()  # the same for other amounts a day, in a sweep


class Cell(Model, frozen=True, kw_only=True):
    """One subject at one happening: expected by its own contract, seen, and why; latencies of all rounds."""

    subject: str
    happening: str
    expected: Seen
    seen: Seen
    said: str | None
    why: str
    latencies_s: tuple[float, ...]


class Comparison(Model, frozen=True, kw_only=True):
    """Two subjects side by side."""

    before: str
    after: str
    churn_removed_bytes_per_day: float | None
    churn_after_over_before: float | None
    break_even_events_per_s: float | None = None  # unrelated link events at which the second costs as much as the first
    growth_difference_bytes_per_hour: float | None
    growth_difference: Growth | None = None  # of the paired series: by how much the first outgrows the second


class Claim(Model, frozen=True, kw_only=True):
    """A claim with what was measured beside it."""

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
    status: Literal["complete", "interrupted"]
    verdict: Verdict
    plan: Plan
    environment: Environment
    world: World | None
    warnings: tuple[str, ...]
    subjects: tuple[Finding, ...]
    matrix: tuple[Cell, ...] = ()
    storms: tuple[Weather, ...] = ()
    crossovers: tuple[Crossover, ...] = ()
    comparisons: tuple[Comparison, ...]
    claims: tuple[Claim, ...]
    controls: tuple[Control, ...]
