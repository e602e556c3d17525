"""Raw facts of a run: what was allocated and what it cost, by captures, counts, timings and recordings."""

from typing import Annotated

from msgspec import Meta

from harness.model.record_events import Work
from harness.model.terms import (
    CaptureKind,
    CodeOrigin,
    Model,
    Recorder,
    RecordingEnd,
    WorkUnit,
)


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
