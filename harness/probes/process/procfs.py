"""Text of /proc files to numbers: pure, one function a file.

Source: proc(5). Sizes in /proc are KiB where they say kB.
"""

from collections.abc import Iterable
from typing import NamedTuple

KIB = 1024


class Switches(NamedTuple):
    """Context switches of one thread since it began."""

    voluntary: int
    involuntary: int


class Waited(NamedTuple):
    """What the children that a process has waited for used in all: page faults, and processor time in clock ticks."""

    minor: int
    major: int
    user_ticks: int
    system_ticks: int


class Shares(NamedTuple):
    """What a process has resident, in bytes: pages shared with others by their share, and what it has to itself."""

    pss: int
    uss: int


class Faults(NamedTuple):
    """Page faults of a process since it began, its waited-for children not included."""

    minor: int
    major: int


class Used(NamedTuple):
    """What a process used since it began, and what the children that it waited for used."""

    faults: Faults
    user_ticks: int
    system_ticks: int
    waited: Waited


class Status(NamedTuple):
    """Memory in bytes, and counts, from /proc/PID/status; ``switches`` are those of the main thread."""

    peak: int
    rss: int
    anon: int
    file: int
    shmem: int
    swap: int
    threads: int
    switches: Switches


class Rollup(NamedTuple):
    """Bytes of all mappings of a process, from smaps_rollup."""

    pss: int
    uss: int
    huge_pages: int
    lazily_freed: int


# In the order in which the kernel writes them (fs/proc/array.c and task_mmu.c), so that one pass finds all.
_STATUS = (
    *("VmHWM", "VmRSS", "RssAnon", "RssFile", "RssShmem", "VmSwap", "Threads"),
    *("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"),
)
_STATUS_LINES = tuple(f"\n{name}:" for name in _STATUS)


def status(text: str) -> Status | None:
    """Read /proc/PID/status; None for a process that has no memory: a zombie, or a thread of the kernel."""
    numbers = []
    at = 0
    for line in _STATUS_LINES:
        at = text.find(line, at)
        if at < 0:
            return None
        at += len(line)
        numbers.append(int(text[at : text.index("\n", at)].removesuffix(" kB")))
    *sizes, threads, voluntary, involuntary = numbers
    peak, rss, anon, file, shmem, swap = (size * KIB for size in sizes)
    return Status(peak, rss, anon, file, shmem, swap, threads, Switches(voluntary, involuntary))


def rollup(text: str) -> Rollup:
    """Read /proc/PID/smaps_rollup; what an older kernel does not tell counts as nothing."""
    pss, clean, dirty, huge_tlb, huge_pages, lazily_freed = (
        kib_field(text, name) or 0
        for name in ("Pss", "Private_Clean", "Private_Dirty", "Private_Hugetlb", "AnonHugePages", "LazyFree")
    )
    return Rollup(pss, clean + dirty + huge_tlb, huge_pages, lazily_freed)


def kib_field(text: str, name: str) -> int | None:
    """Return a field such as ``VmHWM:  1234 kB`` in bytes; None where the file does not have it."""
    value = _value(text, name)
    return int(value.split()[0]) * KIB if value else None


def _value(text: str, name: str) -> str:
    """Find the value of one line, empty where there is none."""
    _, found, rest = f"\n{text}".partition(f"\n{name}:")
    return rest.partition("\n")[0].strip() if found else ""


def switches(status: str) -> Switches:
    """Read the context switches in /proc/PID/task/TID/status."""
    counts = [_value(status, f"{kind}voluntary_ctxt_switches") for kind in ("", "non")]
    return Switches(*(int(count) for count in counts))


def total_switches(statuses: Iterable[str]) -> Switches:
    """Add the switches of all threads. Threads that have ended are not included: the kernel forgets them."""
    each = [switches(status) for status in statuses]
    return Switches(sum(one.voluntary for one in each), sum(one.involuntary for one in each))


def used(stat: str) -> Used:
    """Read faults and processor time from /proc/PID/stat; the name may hold brackets, so count from the last one."""
    found = stat[stat.rindex(")") + 2 :].split(maxsplit=15)
    minor, waited_minor, major, waited_major, user, system, waited_user, waited_system = map(int, found[7:15])
    waited = Waited(waited_minor, waited_major, waited_user, waited_system)
    return Used(Faults(minor, major), user, system, waited)


def began_ticks(stat: str) -> int:
    """Read when a process began, in clock ticks since boot, from /proc/PID/stat."""
    return int(stat[stat.rindex(")") + 2 :].split()[19])
