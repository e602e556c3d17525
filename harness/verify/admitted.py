"""What ``verify`` cannot see, in the words that its help and the documents print. Pure.

``tests/unit/verify/test_tampering.py`` changes every field of a result, and holds what goes unseen against this list.
"""

from typing import NamedTuple

FIRST = (
    "verify cannot detect a wholly fabricated result, nor one whose files and checksums were changed together so that "
    "nothing in it contradicts the rest. Each of these can be changed alone, with the checksums written anew, and "
    "verify will not see it:"
)


class Admitted(NamedTuple):
    """One kind of change: what it is, and the fields of ``result.json`` that it is a change of."""

    words: str
    fields: tuple[str, ...] = ()


ADMITTED = (
    Admitted(
        "The machine: its host name, the number of its processors, memory and load, the version of Go.",
        (
            "run_id",
            "environment.cpus",
            "environment.go",
            "environment.load_average_1m",
            "environment.memory_bytes",
            "environment_after.cpus",
            "environment_after.load_average_1m",
            "environment_after.memory_bytes",
        ),
    ),
    Admitted(
        "How netchurn's own subjects were started: process ids and arguments.",
        ("trials[].runs[].argv", "trials[].runs[].argv[]", "trials[].runs[].pid"),
    ),
    Admitted(
        "Notes, why Go was not measured, and what a subject wrote on its standard error. A note may excuse that a "
        "visit to pprof is missing.",
        ("notes", "notes[]", "skipped[]", "trials[].runs[].stderr_tail"),
    ),
    Admitted(
        "What a Go subject counted of itself under profiling: polls, bytes and allocations, within their order.",
        ("captures[].allocations", "captures[].bytes", "captures[].polls"),
    ),
    Admitted(
        "How long a profiled process lived beyond the time of the plan.",
        ("captures[].live_s",),
    ),
    Admitted(
        "What a subject counted during a trial, within the order of its counts and below the most that its interval "
        "allows; counts between the first and the last left out.",
        (
            "trials[].runs[].marks",
            "trials[].runs[].marks[]",
            "trials[].runs[].marks[].allocated_bytes",
            "trials[].runs[].marks[].allocations",
            "trials[].runs[].marks[].at_ns",
            "trials[].runs[].marks[].events",
            "trials[].runs[].marks[].polls",
        ),
    ),
    Admitted(
        "Times within their order: when a trial began and ended, when a subject was ready, when it ended early.",
        (
            "environment_after.started_at",
            "trials[].began_ns",
            "trials[].ended_ns",
            "trials[].runs[].early_s",
            "trials[].runs[].ready_ns",
        ),
    ),
    Admitted(
        "Why a trial ended, where several reasons fit or it is left out; what was known of growth meanwhile; clocks "
        "that jumped; how many pairs came and went, below the most that the plan's rate allows.",
        (
            "trials[].churned_pairs",
            "trials[].ended",
            "trials[].jumps",
            "trials[].jumps[]",
            "trials[].jumps[].at_ns",
            "trials[].jumps[].kind",
            "trials[].jumps[].seconds",
            "trials[].looks",
            "trials[].looks[]",
            "trials[].looks[].at_s",
            "trials[].looks[].verdicts",
            "trials[].looks[].verdicts[]",
        ),
    ),
    Admitted(
        "What a subject said of its interface, and when; that it was killed; what the kernel dropped on its sockets; "
        "lines that are not of the protocol; how a program that netchurn does not bring ended, or answered.",
        (
            "trials[].runs[].deaf",
            "trials[].runs[].dropped",
            "trials[].runs[].exit_status",
            "trials[].runs[].garbage",
            "trials[].runs[].killed",
            "trials[].runs[].said",
            "trials[].runs[].said[].at_ns",
            "trials[].runs[].said[].message",
            "trials[].runs[].said[].reason",
            "trials[].runs[].said[].restart",
        ),
    ),
    Admitted(
        "The index of the watched interface and the number of links in later trials, beside a program of --exec; the "
        "links and the kind of the namespace where nothing was measured but scripts and storms.",
        ("trials[].world.ifindex",),
    ),
    Admitted(
        "Time and processor of a timing, and how many polls it took, from the least of the plan on.",
        ("timings[].count", "timings[].cpu_s", "timings[].seconds", "timings[].system_s", "timings[].user_s"),
    ),
    Admitted(
        "What was seen of an episode and when; an episode left out whose interface wireguard-go makes.",
        (
            "episodes",
            "episodes[]",
            "episodes[].began_ns",
            "episodes[].done_ns",
            "episodes[].observations",
            "episodes[].observations[]",
            "episodes[].observations[].dropped",
            "episodes[].observations[].lost",
            "episodes[].observations[].said.at_ns",
            "episodes[].observations[].said.message",
            "episodes[].observations[].said.reason",
            "episodes[].observations[].said.restart",
        ),
    ),
    Admitted(
        "How a subject lived through a storm; whose events, and how many, is held against the plan.",
        (
            "storms[].agrees",
            "storms[].dropped",
            "storms[].heard",
            "storms[].lost",
            "storms[].said",
            "storms[].said.at_ns",
            "storms[].said.message",
            "storms[].said.reason",
            "storms[].said.restart",
            "storms[].seconds",
            "storms[].system_s",
            "storms[].user_s",
            "storms[].voluntary_switches",
        ),
    ),
    Admitted(
        "Any value in samples/ that fits between the rows before and after it, and one row left out of every file of a "
        "trial alike."
    ),
    Admitted(
        "Whose allocations they were: functions and stacks in a capture, or in what stands for it in a thinned result, "
        "with the same sums; files in captures/ that nothing was counted from."
    ),
    Admitted("Files that somebody changes while verify reads them."),
    Admitted("Size and digest of what THINNED.json says was left out."),
    Admitted(
        "The plan, where verify says that it was not compared with its scenario: the result names another version of "
        "netchurn, a scenario that this one does not bring, or a scenario file."
    ),
    Admitted(
        "What a report shows, where verify says that it was not compared: pages by memray; drawings, on a machine that "
        "draws otherwise; the last digits of long numbers."
    ),
)


def lines() -> list[str]:
    """Give the list as it is printed: a sentence, and the fields that it is about."""
    return [f"{one.words} [{', '.join(one.fields)}]" if one.fields else one.words for one in ADMITTED]
