"""The words that documents use, and how strict all of them are."""

from typing import Literal

from msgspec import Struct

RESULT_SCHEMA = "netchurn.result/1"
COMPRESSED_TRIAL = 100  # trials of a compressed day are numbered from here, those at the real pace from 0
MOST_TRIALS = COMPRESSED_TRIAL
DOSE_TRIAL = 200  # the trial of doses within a scenario's run
GO_HEAP_BYTES = 4 * 2**20  # the heap at which Go's collector first runs with GOGC=100: ``heapMinimum``, mgcpacer.go
MOST_SUBJECTS = 256  # processes of one run; the work of a report rises with their number
ANALYSIS_SCHEMA = "netchurn.analysis/1"

Role = Literal["before", "after", "alternative", "control"]
Language = Literal["python", "go", "unknown"]
RunOutcome = Literal["completed", "crashed", "timed_out", "interrupted", "skipped", "running"]
Verdict = Literal["pass", "fail", "inconclusive", "invalid"]
GrowthVerdict = Literal["growing", "slow", "flat", "inconclusive", "no_steady_state"]
Cause = Literal[
    "anonymous",
    "file_mapped",
    "shared_memory",
    "swap",
    "huge_pages",
    "lazily_freed",
    "thread_stacks",
    "threads",
    "descriptors",
    "sockets",
    "kernel",
    "children",
    "mixed",
]
"""What a growing subject's growth is made of, or comes from."""
ClaimVerdict = Literal["reproduced", "exceeded", "not_reproduced", "inconclusive", "not_measured"]
Quantity = Literal[
    "bytes_per_poll",
    "bytes_per_event",
    "idle_bytes_per_day",
    "bytes_per_day",
    "missed",
    "false_positives",
    "latency_p99_s",
    "function_share",
    "rss_bytes_per_day",
    "links_r2",
    "links_spread",
    "growth",
    "compressed_growth",
    "bytes_per_stimulus",
    "resource",
    "rss_first_bytes",
    "rss_last_bytes",
    "rss_peak_bytes",
    "pss_last_bytes",
    "uss_last_bytes",
    "allocations_per_day",
    "user_s",
    "system_s",
    "voluntary_switches",
    "involuntary_switches",
    "minor_faults",
    "detected",
    "latency_p50_s",
    "latency_max_s",
    "dropped",
]
SubjectSource = Literal["builtin", "exec", "pid"]
"""Where a subject comes from: this package, a command of the user's, or a process that runs already."""
Relation = Literal["at_most", "at_least", "about", "flat", "growing"]
Pace = Literal["real", "compressed", "dosed"]
LoadPhase = Literal["sampling", "doses", "events"]
StopReason = Literal["time", "polls", "decided", "deaths", "cycles", "interrupt"]
CaptureKind = Literal["idle", "events"]
LinkKind = Literal["veth", "wireguard-go"]
WorkUnit = Literal["poll", "event"]
Stimulus = Literal[
    "link-events", "containers", "recreate", "addresses", "routes", "neighbours", "overrun", "polls", "command"
]
"""What is done to a program, or around it, to find out whether it grows because of that."""
DoseVerdict = Literal["caused", "not_caused", "not_decided"]
Injection = Literal["hold", "refuse", "limit", "kill-daemon", "stop"]
"""What ip cannot do: change things before the subscription stands (hold), leave no descriptor for it (refuse) or for
later look-ups (limit), kill the daemon behind the interface, ask to stop."""
Recorder = Literal["memray", "heaptrack"]
"""What records the allocations of a program in a copy of its own."""
Keeping = Literal["memray", "heaptrack", "pprof"]
"""Where it is known from who keeps memory: a recording of a copy, or the samples of Go's own heap."""
MemoryPart = Literal["live_heap", "free_heap", "stacks", "runtime", "native", "mapped_files", "shared_memory", "rest"]
"""What resident memory is made of; the rest is anonymous memory that nothing tells apart."""
KeepingUnit = Literal["poll", "event", "cycle"]
"""What memory is kept by: units of a program's own work, or containers that came and went."""
RecordingEnd = Literal["asked", "bound", "exit", "killed"]
"""Why a recording ended: with the sampling phase, at its bound, with its program, or with one that left no mark."""
CodeOrigin = Literal["own", "library", "standard", "other"]
"""Whose a function is: the watcher's, a library's, the language's own, or unknown."""
Seen = Literal["detected", "late", "missed", "false_positive", "true_negative"]


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value that crosses a boundary."""
