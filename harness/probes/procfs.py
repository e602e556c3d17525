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


def kib_field(text: str, name: str) -> int | None:
    """Give a field such as ``VmHWM:  1234 kB`` in bytes; None where the file does not have it."""
    value = _value(text, name)
    return int(value.split()[0]) * KIB if value else None


def _value(text: str, name: str) -> str:
    """Find the value of one line, empty where there is none: a sampler reads two of sixty, ten times a second."""
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


def shares(smaps_rollup: str) -> Shares | None:
    """Read PSS and USS in /proc/PID/smaps_rollup; None where it has none, as for a process that has no memory."""
    pss = kib_field(smaps_rollup, "Pss")
    private = [kib_field(smaps_rollup, f"Private_{kind}") or 0 for kind in ("Clean", "Dirty", "Hugetlb")]
    return None if pss is None else Shares(pss, sum(private))


def faults(stat: str) -> Faults:
    """Read the page faults in /proc/PID/stat; the name may hold brackets, so count from the last one."""
    after_name = stat[stat.rindex(")") + 2 :].split()
    return Faults(int(after_name[7]), int(after_name[9]))


def began_ticks(stat: str) -> int:
    """Read when a process began, in clock ticks since boot, from /proc/PID/stat."""
    return int(stat[stat.rindex(")") + 2 :].split()[19])


def waited(stat: str) -> Waited:
    """Read what ended and waited-for children used from /proc/PID/stat."""
    after_name = stat[stat.rindex(")") + 2 :].split()
    return Waited(int(after_name[8]), int(after_name[10]), int(after_name[13]), int(after_name[14]))
