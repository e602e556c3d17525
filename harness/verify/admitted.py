"""What ``verify`` cannot see, in the words that its help and the documents print. Pure.

``tests/unit/verify/test_tampering.py`` changes every field of a result, and holds what goes unseen against this list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

FIRST = (
    "verify cannot detect a wholly fabricated result, nor one whose files and checksums were changed together so that "
    "nothing in it contradicts the rest. Each of these can be changed alone, with the checksums regenerated, and "
    "verify will not see it:"
)


@dataclass(frozen=True)
class Admitted:
    """One kind of change: what it is, and the fields of ``result.json`` that it is a change of, by what has them."""

    words: str
    of: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(f"{owner}.{name}".lstrip(".") for owner, names in self.of.items() for name in names.split())

    def line(self) -> str:
        parts = [", ".join(names.split()) + f" of {owner}" * bool(owner) for owner, names in self.of.items()]
        return f"{self.words} [{'; '.join(parts)}]" if parts else self.words


ADMITTED = (
    Admitted(
        "The machine: its host name, the number of its processors, memory and load, the version of Go; the commit of "
        "netchurn.",
        {
            "": "run_id",
            "environment": "commit cpus go load_average_1m memory_bytes",
            "environment_after": "commit cpus load_average_1m memory_bytes",
            "trials[]": "loads loads[] loads[].at_ns loads[].load_average_1m",
            "event_runs[]": "load_average_1m",
        },
    ),
    Admitted(
        "How netchurn's own subjects were started: process ids and arguments.",
        {"trials[].runs[]": "argv argv[] pid"},
    ),
    Admitted(
        "Notes, why Go was not measured, and what a subject wrote on its standard error. A note may excuse that a "
        "visit to pprof is missing.",
        {
            "": "limitations limitations[] limitations[].id limitations[].subject limitations[].text skipped[]",
            "trials[].runs[]": "stderr_tail",
        },
    ),
    Admitted(
        "What a Go subject counted of itself under profiling: polls, bytes and allocations, within their order.",
        {"captures[]": "allocations bytes polls"},
    ),
    Admitted(
        "How long a profiled process lived beyond the time of the plan.",
        {"captures[]": "live_s"},
    ),
    Admitted(
        "What a subject counted during a trial, within the order of its counts and below the most that its "
        "interval allows; counts between the first and the last left out.",
        {
            "trials[].runs[]": "marks marks[] marks[].allocated_bytes marks[].allocations marks[].at_ns marks[].events "
            "marks[].polls",
        },
    ),
    Admitted(
        "Times within their order: when a trial began and ended, when a subject was ready, when it ended early.",
        {
            "environment_after": "started_at",
            "trials[]": "began_ns ended_ns",
            "trials[].runs[]": "exited_after_s ready_ns",
        },
    ),
    Admitted(
        "Why a trial ended, where several reasons fit or it is left out; what was known of growth meanwhile; "
        "clocks that jumped; how many pairs came and went, below the most that the plan's rate allows.",
        {
            "trials[]": "churned_pairs stop_reason clock_jumps clock_jumps[] clock_jumps[].at_ns "
            "clock_jumps[].kind clock_jumps[].seconds interim_looks interim_looks[] "
            "interim_looks[].at_s interim_looks[].verdicts interim_looks[].verdicts[]",
        },
    ),
    Admitted(
        "What a subject said of its interface, and when; that it was killed; what the kernel dropped on its "
        "sockets; lines that are not of the protocol; how a program that netchurn does not bring ended, or "
        "answered.",
        {
            "trials[].runs[]": "dropped exit_status malformed_lines sigkilled reported_outcome "
            "reported_outcome[].at_ns reported_outcome[].message reported_outcome[].reason "
            "reported_outcome[].restart",
        },
    ),
    Admitted(
        "Whether the watched interface was lost during a trial, when, and how.",
        {"trials[]": "link_change link_change.after_ns link_change.at_ns"},
    ),
    Admitted(
        "What a stimulus of netchurn dose did, within the rate of its plan and the order of its times: how many there "
        "were, how many failed and why, how late they came and how long they took.",
        {
            "trials[].stimuli[]": "began_ns ended_ns performed failed last_status fault behind_s busy_s rounds "
            "rounds[] rounds[].began_ns rounds[].ended_ns rounds[].settled_ns rounds[].rested_ns rounds[].cycles",
        },
    ),
    Admitted(
        "How old a program was at the first visit to its pprof address, and the work that it counted at both visits.",
        {
            "heaps[]": "since_start_s work work[].allocated_bytes work[].allocations work[].at_ns work[].events "
            "work[].polls",
        },
    ),
    Admitted(
        "The work that a copy counted while it was recorded, and containers that came and went meanwhile, up to those "
        "of its trial.",
        {"recordings[]": "cycles events polls work_s"},
    ),
    Admitted(
        "The index of the watched interface and the number of links in later trials, beside a program of --exec; "
        "the links and the kind of the namespace where nothing was measured but scripts and storms.",
        {"trials[]": "namespace.ifindex"},
    ),
    Admitted(
        "Time and processor of a timing, and how many polls it took, from the least of the plan on.",
        {"timings[]": "count cpu_s seconds system_s user_s"},
    ),
    Admitted(
        "What was seen of an event and when; an event left out whose interface wireguard-go makes.",
        {
            "": "event_runs event_runs[]",
            "event_runs[]": "began_ns done_ns observations observations[] observations[].dropped observations[].lost "
            "observations[].reported_outcome.at_ns observations[].reported_outcome.message "
            "observations[].reported_outcome.reason "
            "observations[].reported_outcome.restart",
        },
    ),
    Admitted(
        "How a subject lived through a storm; whose events, and how many, is held against the plan.",
        {
            "storms[]": "state_correct dropped events_received lost reported_outcome reported_outcome.at_ns "
            "reported_outcome.message reported_outcome.reason reported_outcome.restart seconds "
            "system_s user_s voluntary_switches",
        },
    ),
    Admitted(
        "What a subject made of changing tables, and how many changes there were; whose row, and the rate, is held "
        "against the plan.",
        {
            "dumps[]": "address_changes discarded_s ends ends.exit link_changes links made marked polls retried "
            "route_changes seconds starts state_correct unwatched_s",
        },
    ),
    Admitted(
        "Any value in samples/ that fits between the rows before and after it, and one row left out of every file "
        "of a trial alike.",
    ),
    Admitted(
        "Whose allocations they were: functions and stacks in a capture, or in what stands for it in a thinned "
        "result, with the same sums; files in captures/ that nothing was counted from.",
    ),
    Admitted(
        "Files that somebody changes while verify reads them.",
    ),
    Admitted(
        "Size and digest of what THINNED.json says was left out.",
    ),
    Admitted(
        "The plan, where verify says that it was not compared with its scenario: the result names another version "
        "of netchurn, a scenario that this one does not bring, or a scenario file, or was made by netchurn ab or dose.",
    ),
    Admitted(
        "What a report shows, where verify says that it was not compared: pages by memray; drawings, on a machine "
        "that draws otherwise; the last digits of long numbers.",
    ),
)
