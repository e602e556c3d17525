"""What is going to be done and held against what, fixed before a run begins."""

from typing import Annotated

from msgspec import Meta, field

from harness.model.terms import (
    MOST_SUBJECTS,
    MOST_TRIALS,
    Injection,
    Language,
    LinkKind,
    Model,
    Quantity,
    Recorder,
    Relation,
    Role,
    Seen,
    SubjectSource,
)


class Build(Model, frozen=True, kw_only=True):
    """How a program was built from a commit. ``dirty``: the working tree had changes that the commit does not have."""

    commit: Annotated[str, Meta(description="full id of the commit, of the working tree's HEAD where that was built")]
    dirty: Annotated[bool, Meta(description="the working tree had changes that are not in the commit")]
    command: Annotated[str, Meta(description="the build command as given, {out} not filled in")]
    toolchains: Annotated[dict[str, str], Meta(description="compilers on PATH and what each says of its version")]


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
    source: SubjectSource = "builtin"
    duplicate_of: str | None = None  # it is this subject once more, to be compared with itself
    command: tuple[str, ...] = ()  # of an "exec"
    pid: int | None = None  # of a "pid", as this process counts
    pprof: str | None = None  # where it serves Go's profiles, on loopback
    environment: Annotated[dict[str, str], Meta(description="variables that a program gets beside the caller's")] = (
        field(default_factory=dict)
    )
    ready: Annotated[
        str | None, Meta(description="regular expression; the program is ready once a line of its output matches")
    ] = None
    detect: Annotated[
        str | None,
        Meta(description="how a program reports an event: exit, protocol, or a regular expression on its output"),
    ] = None
    build: Build | None = None
    record: Annotated[
        tuple[Recorder, ...], Meta(description="recorders, each of a copy of the program of its own")
    ] = ()


class ProfilePlan(Model, frozen=True, kw_only=True):
    """How long the profiled processes live: two durations each, so that start-up cancels."""

    polls: tuple[int, int]
    idle_s: tuple[float, float]
    events: tuple[int, int]
    step_pairs: tuple[int, ...]  # ascending; the last is the number of pairs of the sampling phase
    step_links: tuple[int, ...] = ()  # numbers of links, lo and the watched one included, to profile at as well
    profile_at_every_step: bool = False  # subscriptions at every rung, and not at the top one only
    max_pairs: dict[str, int] = field(
        default_factory=dict
    )  # subjects that are measured up to so many pairs, being too slow beyond


class SweepPlan(Model, frozen=True, kw_only=True):
    """How time and processor are taken at every rung of the ladder, in processes that nothing profiles.

    A poller looks back to back for about ``seconds``, ``min_polls`` times at least; subscriptions live through
    ``events`` unrelated link events.
    """

    seconds: float
    min_polls: int
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

    ``absolute_tolerance`` is how far beyond ``claimed`` a value may lie and still be it, in the claim's unit: what the
    instrument or a language's runtime does by itself. It is used by ``at_most`` and ``at_least``.

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
    absolute_tolerance: float = 0.0
    gates: bool = True
    links: int | None = None
    function: str | None = None
    resource: Annotated[str | None, Meta(description="of the quantity resource: which one")] = None
    share_of: Annotated[
        str | None,
        Meta(description="subject whose value of the same quantity is the whole of which a share is claimed"),
    ] = None
    depends_on: str | None = None  # the claim that shows the problem which this one says is solved


class ScriptedEvent(Model, frozen=True, kw_only=True):
    """One event of a script: what is done to the watched interface, what is true of it, and what is expected.

    ``steps`` are lines for ``ip -batch`` with ``{ifname}``, ``{index}`` and ``{away}`` (a process in another
    namespace) filled in; a line that begins with ``away:`` runs over there. ``valid_reasons`` are the reasons that a
    watcher may rightly give; empty where nothing happened that asks for a restart. ``expected_outcomes`` is what each
    subject is expected to show by its own design; a subject that it does not name is not asked.
    """

    name: str
    text: str
    steps: tuple[str, ...]
    valid_reasons: tuple[str, ...]
    expected_outcomes: dict[str, Seen]
    link: LinkKind = "veth"
    injection: Injection | None = None


class ScriptPlan(Model, frozen=True, kw_only=True):
    """Happenings that subjects live through, all of them in order, ``rounds`` times.

    ``groups`` watched interfaces live side by side, each with its own set of the subjects that the happenings name.
    Each change waits a seeded random time up to ``phase_s``, 0 for none. A detection later than ``late_s`` is late.
    """

    scripted_events: tuple[ScriptedEvent, ...]
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
    subjects: Annotated[tuple[SubjectPlan, ...], Meta(max_length=MOST_SUBJECTS)]
    profile: ProfilePlan | None
    compressed: CompressedPlan | None = None
    sweep: SweepPlan | None = None
    controls: ControlsPlan | None = None
    lab: bool = True  # False: processes are observed where they run, and nothing is made
    own_interface: Annotated[
        bool, Meta(description="the programs make the interface that they watch; the lab makes none")
    ] = False
    until_decided: bool = False  # the sampling phase ends as soon as every verdict on growth is settled
    trials: Annotated[int, Meta(ge=1, le=MOST_TRIALS)] = (
        1  # so many times the sampling phase, and what is profiled at the most links
    )
    claims: tuple[ClaimPlan, ...]
    scripts: tuple[ScriptPlan, ...] = ()
    storm: StormPlan | None = None
    delta_bytes_per_hour: float = 4 * 1024.0 * 1024.0  # the climb that matters
    # Compressed time has a threshold of its own: what leaks at each poll does so at any pace. 100 MB a day of one poll
    # every 2 s, the ticker of netbird pull request 5857.
    delta_bytes_per_poll: float = 4 * 1024.0 * 1024.0 / 1800
    # Of threads, descriptors and children. 12 an hour reach the usual limit of 1,024 descriptors in three and a half
    # days; a pool that is resized once in a while stays below.
    delta_counts_per_hour: float = 12.0
    confidence: float = 0.95  # of every interval
    reference_bytes_per_day: float | None  # what was said of the poll by whom the scenario is about: a line in pictures
