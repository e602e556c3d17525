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
    Stimulus,
    SubjectSource,
)


class Build(Model, frozen=True, kw_only=True):
    """How a program was built from a commit."""

    commit: Annotated[str, Meta(description="full id of the commit, of the working tree's HEAD where that was built")]
    dirty: Annotated[bool, Meta(description="the working tree had changes that are not in the commit")]
    command: Annotated[str, Meta(description="the build command as given, {out} not filled in")]
    toolchains: Annotated[dict[str, str], Meta(description="compilers on PATH and what each says of its version")]


class ArmPlan(Model, frozen=True, kw_only=True):
    """What makes one copy of a subject differ from the others."""

    of: Annotated[str, Meta(description="the subject that this is a copy of")]
    dose: Annotated[float | None, Meta(description="stimuli a second; null: cycles, as fast as they come back")]
    role: Annotated[Role, Meta(description="the role of the subject itself")] = "alternative"
    allocator: Annotated[str | None, Meta(description="setting of the allocator that it has; null: its own")] = None
    uncollected_bytes: Annotated[
        float,
        Meta(description="what it may grow by before a collector of garbage first runs; 0: it has none, or unknown"),
    ] = 0.0


class DosePlan(Model, frozen=True, kw_only=True):
    """What is blamed for growth, and how much of it each copy of a subject gets."""

    stimulus: Annotated[Stimulus, Meta(description="what is done to the copies, or around them")]
    doses: Annotated[tuple[float, ...], Meta(description="stimuli a second, ascending; empty with cycles")] = ()
    cycles: Annotated[int | None, Meta(description="stimuli in all, as fast as they come back; null: doses")] = None
    max_growth_bytes: Annotated[float, Meta(description="growth a stimulus that matters, in bytes")] = 100.0
    command: Annotated[tuple[str, ...], Meta(description="of the stimulus command: what is run")] = ()


class SubjectPlan(Model, frozen=True, kw_only=True):
    """One subject of the plan, as the registry knew it when the plan was made, or as the user gave it.

    A subject that this package does not bring is measured from outside: memory, CPU, switches, faults and kernel
    drops, its living children and the CPU of those it waited for included. It may speak the protocol; then its own
    counts are taken as well.
    """

    name: Annotated[str, Meta(description="unique name of the subject in this run")]
    role: Annotated[
        Role, Meta(description="before and after are compared; control: of known truth; alternative: neither")
    ]
    language: Annotated[Language, Meta(description="language of the program; unknown: measured from outside only")]
    accounting: Annotated[str | None, Meta(description="how its allocations are counted; null: nothing counts them")]
    polls: Annotated[bool, Meta(description="it looks at intervals; otherwise it waits for events")]
    source: Annotated[
        SubjectSource, Meta(description="builtin: of netchurn; exec: a command of the user's; pid: it ran already")
    ] = "builtin"
    duplicate_of: Annotated[str | None, Meta(description="subject that this one repeats under another name")] = None
    command: Annotated[tuple[str, ...], Meta(description="argument list of an exec, {ifname} not filled in")] = ()
    pid: Annotated[int | None, Meta(description="process id of a pid, as the host counts")] = None
    pprof: Annotated[str | None, Meta(description="URL on loopback where a Go program serves its profiles")] = None
    environment: Annotated[dict[str, str], Meta(description="variables that a program gets beside the caller's")] = (
        field(default_factory=dict)
    )
    ready: Annotated[str | None, Meta(description="regular expression; ready once a line of its output matches")] = None
    detect: Annotated[
        str | None,
        Meta(description="how a program reports an event: exit, protocol, or a regular expression on its output"),
    ] = None
    build: Annotated[Build | None, Meta(description="how netchurn built the program; null: it did not")] = None
    record: Annotated[
        tuple[Recorder, ...], Meta(description="recorders, each of a copy of the program of its own")
    ] = ()
    arm: Annotated[ArmPlan | None, Meta(description="of a copy that gets a dose: of what, and how much")] = None


class DoseTrialPlan(Model, frozen=True, kw_only=True):
    """A trial of doses within the run of a scenario: copies of some of its subjects, each in a namespace of its own."""

    subjects: Annotated[tuple[str, ...], Meta(description="names of the subjects that are copied")]
    dose: Annotated[DosePlan, Meta(description="what is blamed for growth, in which doses")]
    pairs: Annotated[int, Meta(description="veth pairs in the namespace of each copy")]
    duration_s: Annotated[float, Meta(description="length of the trial in seconds; never above the sampling phase")]
    copies: Annotated[
        tuple[SubjectPlan, ...],
        Meta(max_length=MOST_SUBJECTS, description="the copies; a scenario leaves them to its plan"),
    ] = ()


class ProfilePlan(Model, frozen=True, kw_only=True):
    """How much the profiled processes do: less and more of each kind of work, so that start-up cancels."""

    polls: Annotated[
        tuple[int, int],
        Meta(description="polls of the shorter and the longer process; their difference cancels start-up"),
    ]
    idle_s: Annotated[tuple[float, float], Meta(description="idle seconds of the shorter and the longer process")]
    events: Annotated[tuple[int, int], Meta(description="unrelated link events of the shorter and the longer process")]
    step_pairs: Annotated[tuple[int, ...], Meta(description="veth pairs to profile at, ascending; last: of sampling")]
    step_links: Annotated[
        tuple[int, ...], Meta(description="further numbers of links to profile at, lo and the watched one included")
    ] = ()
    profile_at_every_step: Annotated[
        bool, Meta(description="subscriptions are profiled at every number of links, and not at the largest only")
    ] = False
    max_pairs: Annotated[
        dict[str, int], Meta(description="most veth pairs to profile at, by subject that is too slow beyond")
    ] = field(default_factory=dict)


class SweepPlan(Model, frozen=True, kw_only=True):
    """How time and processor use by number of links are measured, in processes that nothing profiles."""

    seconds: Annotated[float, Meta(description="seconds for which a poller polls back to back at each number of links")]
    min_polls: Annotated[int, Meta(description="fewest polls of a poller at each number of links")]
    events: Annotated[int, Meta(description="unrelated link events that subscriptions receive at each number of links")]


class ControlsPlan(Model, frozen=True, kw_only=True):
    """What the controls of a run do, and how well that must be found."""

    leak_bytes_per_hour: Annotated[float, Meta(description="bytes an hour that the control leaker leaks")]
    leak_tolerance: Annotated[float, Meta(description="share of it by which the measured growth may differ")]
    churn_bytes_per_poll: Annotated[
        dict[str, float], Meta(description="bytes that a control allocates a poll, by name")
    ]
    churn_tolerance: Annotated[float, Meta(description="share of it by which the measured churn may differ")]


class CompressedPlan(Model, frozen=True, kw_only=True):
    """A day of polls back to back."""

    links: Annotated[int, Meta(description="number of links at which the day is compressed")]
    polls: Annotated[int, Meta(description="polls of each subject, back to back")]
    subjects: Annotated[tuple[str, ...], Meta(description="names of the subjects that live side by side")]


class ClaimPlan(Model, frozen=True, kw_only=True):
    """A statement under test, as data."""

    id: Annotated[str, Meta(description="stable name of the claim")]
    text: Annotated[str, Meta(description="the claim in words")]
    source: Annotated[str, Meta(description="who claims it, and where")]
    subject: Annotated[str, Meta(description="name of the subject that the claim is about")]
    quantity: Annotated[Quantity, Meta(description="what is measured")]
    relation: Annotated[Relation, Meta(description="how the measured value must stand to the claimed one")]
    claimed: Annotated[float, Meta(description="the value claimed, in unit")]
    unit: Annotated[str, Meta(description="unit of the claimed and the measured value")]
    tolerance: Annotated[float, Meta(description="of about: share of claimed by which measured may differ")] = 0.0
    absolute_tolerance: Annotated[
        float, Meta(description="of at_most and at_least: how far beyond the claimed value counts as it, in unit")
    ] = 0.0
    gates: Annotated[bool, Meta(description="the run fails where the claim is not reproduced")] = True
    links: Annotated[int | None, Meta(description="number of links at which it is claimed; null: the largest")] = None
    function: Annotated[
        str | None, Meta(description="of function_share: the function whose share of all allocated bytes is meant")
    ] = None
    resource: Annotated[str | None, Meta(description="of the quantity resource: which one")] = None
    share_of: Annotated[
        str | None,
        Meta(description="subject whose value of the same quantity is the whole of which a share is claimed"),
    ] = None
    depends_on: Annotated[str | None, Meta(description="id of the claim that shows the problem solved here")] = None


class ScriptedEvent(Model, frozen=True, kw_only=True):
    """One event of a script: what is done to the watched interface, what is true of it, and what is expected.

    In ``steps`` ``{ifname}``, ``{index}`` and ``{away}`` (a process in another namespace) are filled in; a line that
    begins with ``away:`` runs over there.
    """

    name: Annotated[str, Meta(description="unique name of the event")]
    text: Annotated[str, Meta(description="the event in words")]
    steps: Annotated[tuple[str, ...], Meta(description="lines for ip -batch; away: runs one in another namespace")]
    valid_reasons: Annotated[
        tuple[str, ...],
        Meta(description="reasons for a restart that a watcher may rightly give; empty: nothing asks for a restart"),
    ]
    expected_outcomes: Annotated[
        dict[str, Seen],
        Meta(description="what each subject shows by its own design, by name; who is not named is not asked"),
    ]
    link: Annotated[LinkKind, Meta(description="kind of the watched link")] = "veth"
    injection: Annotated[Injection | None, Meta(description="what is done besides, which ip cannot; null: nothing")] = (
        None
    )


class ScriptPlan(Model, frozen=True, kw_only=True):
    """Events that subjects live through, all of them in order, ``rounds`` times."""

    scripted_events: Annotated[tuple[ScriptedEvent, ...], Meta(description="the events, in order")]
    rounds: Annotated[int, Meta(description="how often all events are played")] = 1
    groups: Annotated[int, Meta(description="watched interfaces side by side, each with its own set of subjects")] = 1
    late_s: Annotated[float, Meta(description="seconds after which a detection is late")] = 0.05
    phase_s: Annotated[float, Meta(description="largest seeded random wait before each change, in seconds")] = 0.0


class StormPlan(Model, frozen=True, kw_only=True):
    """Unrelated link events, more than a reader can hold: an overrun, storms of rising rates, and one at full speed."""

    overrun: Annotated[float, Meta(description="events sent to stopped readers; 1: what a default buffer holds")]
    live_events: Annotated[int, Meta(description="events of the last storm, sent as fast as the kernel goes")]
    rates: Annotated[tuple[float, ...], Meta(description="events a second of each further storm, ascending")]
    seconds_a_rate: Annotated[float, Meta(description="seconds for which each rate is held")]


class DumpsPlan(Model, frozen=True, kw_only=True):
    """Links, addresses and routes that come and go while subjects dump kernel tables and look their interface up."""

    rates: Annotated[tuple[float, ...], Meta(description="links that appear or vanish a second, one phase each")]
    seconds: Annotated[float, Meta(description="length of the phase of one rate")]
    interval_s: Annotated[float, Meta(description="seconds between two looks of a poller")]
    restart_every_s: Annotated[float, Meta(description="seconds after which a subscription is ended and begun again")]


class Plan(Model, frozen=True, kw_only=True):
    """Everything decided before the run starts. ``id`` is a hash over the rest."""

    id: Annotated[str, Meta(description="the first 8 hex digits of the SHA-256 over the rest of the plan")]
    scenario: Annotated[str, Meta(description="name of the scenario")]
    question: Annotated[str, Meta(description="the question that the scenario answers")]
    pairs: Annotated[int, Meta(description="veth pairs in the namespace")]
    duration_s: Annotated[float, Meta(description="longest sampling phase, in seconds; 0: there is none")]
    interval_s: Annotated[float, Meta(description="seconds between polls; 0: back to back")]
    polls: Annotated[int | None, Meta(description="the sampling phase ends after so many polls; null: by time")]
    seed: Annotated[int, Meta(description="seed of everything random, such as the order in which subjects start")]
    sample_interval_s: Annotated[float, Meta(description="seconds between samples")]
    churn_pairs_per_s: Annotated[float, Meta(description="veth pairs that appear and vanish a second while sampled")]
    subjects: Annotated[
        tuple[SubjectPlan, ...],
        Meta(max_length=MOST_SUBJECTS, description="everything that is measured, controls included"),
    ]
    profile: Annotated[ProfilePlan | None, Meta(description="how churn is profiled; null: it is not")]
    compressed: Annotated[CompressedPlan | None, Meta(description="a day of polls back to back; null: none")] = None
    sweep: Annotated[SweepPlan | None, Meta(description="how time by number of links is measured; null: not")] = None
    controls: Annotated[ControlsPlan | None, Meta(description="what the controls do; null: there are none")] = None
    lab: Annotated[bool, Meta(description="true: a namespace is made; false: processes are observed in place")] = True
    own_interface: Annotated[bool, Meta(description="the programs make the interface that they watch")] = False
    max_load: Annotated[
        float | None,
        Meta(description="sampling and scripts begin once the machine's load is below this; null: at once"),
    ] = None
    until_decided: Annotated[bool, Meta(description="sampling ends once every verdict on growth is settled")] = False
    trials: Annotated[
        int,
        Meta(
            ge=1,
            le=MOST_TRIALS,
            description="how often the sampling phase, and profiling at the most links, are repeated",
        ),
    ] = 1
    claims: Annotated[tuple[ClaimPlan, ...], Meta(description="what is claimed, fixed before the run")]
    scripts: Annotated[tuple[ScriptPlan, ...], Meta(description="scripts of events to play")] = ()
    storm: Annotated[StormPlan | None, Meta(description="storms of unrelated events; null: none")] = None
    dose: Annotated[DosePlan | None, Meta(description="what is blamed for growth, in which doses")] = None
    dose_trial: Annotated[DoseTrialPlan | None, Meta(description="doses within the run of a scenario; null: none")] = (
        None
    )
    dumps: Annotated[DumpsPlan | None, Meta(description="kernel tables dumped while they change; null: none")] = None
    delta_bytes_per_hour: Annotated[float, Meta(description="threshold of growth of memory, in bytes an hour")] = (
        4 * 1024.0 * 1024.0
    )
    # Compressed time has a threshold of its own: what leaks at each poll does so at any pace. 100 MB a day of one poll
    # every 2 s, the ticker of netbird pull request 5857.
    delta_bytes_per_poll: Annotated[
        float, Meta(description="threshold of growth in compressed time, in bytes a poll")
    ] = 4 * 1024.0 * 1024.0 / 1800
    # Of threads, descriptors and children. 12 an hour reach the usual limit of 1,024 descriptors in three and a half
    # days; a pool that is resized once in a while stays below.
    delta_counts_per_hour: Annotated[
        float, Meta(description="threshold of growth of threads, descriptors and children, an hour")
    ] = 12.0
    confidence: Annotated[float, Meta(description="confidence of every interval")] = 0.95
    reference_bytes_per_day: Annotated[
        float | None,
        Meta(description="bytes a day that the poll is said to allocate by whom the scenario is about; null: none"),
    ]
