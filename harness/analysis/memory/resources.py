"""What grows beside resident memory, and what the growth of memory is made of.

Each resource of a subject passes the same procedure as its RSS, against its own threshold. Pure.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from harness.analysis.facts import Facts, Readings, measured
from harness.analysis.growth.samples import at_least
from harness.analysis.growth.verdict import Thresholds, judge
from harness.model import Growth, Plan, Resource
from harness.units import NS_A_SECOND, SECONDS_AN_HOUR

Counts = npt.NDArray[np.int64]
_ENDS = 5  # a change is the mean of the last fifth less that of the first: means of parts add up, medians do not


class Kind(NamedTuple):
    """A resource: its name in documents, the column of a sample that it is, and what it counts."""

    name: str
    column: str
    unit: Literal["bytes", "count"]
    part: bool = False  # of RSS


KINDS = (
    Kind("rss", "rss_bytes", "bytes", part=True),
    Kind("anonymous", "rss_anon_bytes", "bytes", part=True),
    Kind("file_mapped", "rss_file_bytes", "bytes", part=True),
    Kind("shared_memory", "rss_shmem_bytes", "bytes", part=True),
    Kind("huge_pages", "huge_pages_bytes", "bytes", part=True),
    Kind("lazily_freed", "lazily_freed_bytes", "bytes", part=True),
    Kind("of_children", "children_rss_bytes", "bytes", part=True),
    Kind("swap", "swap_bytes", "bytes"),
    Kind("pss", "pss_bytes", "bytes"),
    Kind("uss", "uss_bytes", "bytes"),
    Kind("threads", "threads", "count"),
    Kind("descriptors", "descriptors", "count"),
    Kind("netlink_sockets", "netlink_sockets", "count"),
    Kind("inet_sockets", "inet_sockets", "count"),
    Kind("unix_sockets", "unix_sockets", "count"),
    Kind("files", "files", "count"),
    Kind("pipes", "pipes", "count"),
    Kind("event_descriptors", "event_descriptors", "count"),
    Kind("children", "children", "count"),
    Kind("charged", "charged_bytes", "bytes"),
    Kind("charged_anonymous", "charged_anon_bytes", "bytes"),
    Kind("charged_file", "charged_file_bytes", "bytes"),
    Kind("charged_shared_memory", "charged_shmem_bytes", "bytes"),
    Kind("charged_kernel", "charged_kernel_bytes", "bytes"),
    Kind("kernel_stacks", "kernel_stack_bytes", "bytes"),
    Kind("slab", "slab_bytes", "bytes"),
    Kind("socket_buffers", "socket_buffer_bytes", "bytes"),
)


NAMES = {
    "rss": "resident memory",
    "anonymous": "anonymous memory",
    "file_mapped": "mapped files",
    "shared_memory": "shared memory",
    "huge_pages": "huge pages",
    "lazily_freed": "lazily freed memory",
    "of_children": "memory of children",
    "swap": "swap",
    "pss": "PSS",
    "uss": "USS",
    "threads": "threads",
    "descriptors": "descriptors",
    "netlink_sockets": "netlink sockets",
    "inet_sockets": "inet sockets",
    "unix_sockets": "unix sockets",
    "files": "open files",
    "pipes": "pipes",
    "event_descriptors": "event descriptors",
    "children": "children",
    "charged": "charged memory",
    "charged_anonymous": "charged anonymous memory",
    "charged_file": "charged page cache",
    "charged_shared_memory": "charged shared memory",
    "kernel_stacks": "kernel stacks",
    "slab": "slab",
    "socket_buffers": "socket buffers",
    "charged_kernel": "kernel memory",
}
_COUNTED = ("threads", "descriptors", "children")  # whose growth is a finding of the run, whatever memory does
_UNSEEN = ("charged_shared_memory", "charged_kernel", "swap")  # the same, where RSS does not show it


def resources(trials: Sequence[Readings], growth: Growth | None, plan: Plan) -> tuple[Resource, ...]:
    """Judge every resource of one subject that was measured, RSS first; none where nothing was sampled."""
    lived = [series for series in trials if series]
    if not lived or growth is None:
        return ()
    each = [[_judged(series, kind, growth, plan) for series in lived] for kind in KINDS]
    judged = [_over_trials([one for one in trials if one is not None]) for trials in each]
    found = tuple(one for one in judged if one is not None)
    if grows(found, "rss"):
        return found
    return tuple(msgspec.structs.replace(one, share_of_rss_growth=None) for one in found)


def _judged(series: Readings, kind: Kind, growth: Growth, plan: Plan) -> Resource | None:
    at, values = measured(series, kind.column)
    if not values.size:
        return None
    share = _share(series, kind, growth) if kind.part else None
    return msgspec.structs.replace(_trend(at, values, kind, plan), share_of_rss_growth=share)


def _trend(at: Counts, values: Counts, kind: Kind, plan: Plan) -> Resource:
    delta = plan.delta_bytes_per_hour if kind.unit == "bytes" else plan.delta_counts_per_hour
    hours = (at - at[0]) / NS_A_SECOND / SECONDS_AN_HOUR
    trend = judge(hours, values, Thresholds(delta=delta, confidence=plan.confidence, unit=kind.unit))
    trend = at_least(trend, float(hours[-1]))
    return Resource(
        name=kind.name,
        unit=kind.unit,
        first=int(values[0]),
        last=int(values[-1]),
        verdict=trend.verdict,
        per_hour=trend.slope,
        low=trend.low,
        high=trend.high,
        share_of_rss_growth=None,
        delta_per_hour=delta,
    )


def _share(series: Readings, kind: Kind, growth: Growth) -> float | None:
    """Return which part of the growth of RSS a part of RSS explains, over what RSS was judged by."""
    begin = series[0].at_ns + int((growth.steady_from_s or 0.0) * NS_A_SECOND)
    whole, part = (_change(series, name, begin) for name in ("rss_bytes", kind.column))
    return part / whole if whole and part is not None else None


def _change(series: Readings, name: str, begin: int) -> float | None:
    at, values = measured(series, name)
    steady = values[at >= begin]
    size = steady.size // _ENDS
    return float(steady[-size:].mean() - steady[:size].mean()) if size else None


def outgrows(one: str, other: str, name: str, facts: Facts) -> Resource | None:
    """Judge by how much a resource of one subject outgrows that of another, in all trials; None where not measured."""
    kind = next(kind for kind in KINDS if kind.name == name)
    each = [_apart(trial.get(one, ()), trial.get(other, ()), kind, facts.result.plan) for trial in facts.trials]
    found = [trial for trial in each if trial is not None]
    return _over_trials(found) if len(found) == len(each) else None


def _apart(one: Readings, other: Readings, kind: Kind, plan: Plan) -> Resource | None:
    """Judge the difference on the ticks at which both were read: the sampler reads all subjects on one tick."""
    ticks = min(len(one), len(other))
    (at, mine), (_, theirs) = measured(one[:ticks], kind.column), measured(other[:ticks], kind.column)
    return _trend(at, mine - theirs, kind, plan) if mine.size and mine.size == theirs.size else None


def _over_trials(each: list[Resource]) -> Resource | None:
    """Combine several trials, as ``growth.samples.over_trials`` does."""
    if not each:
        return None
    verdicts = Counter(one.verdict for one in each)
    known = sorted((one for one in each if one.per_hour is not None), key=lambda one: one.per_hour or 0.0)
    middle = known[len(known) // 2] if known else each[0]
    return middle if len(verdicts) == 1 else msgspec.structs.replace(middle, verdict="inconclusive")


def change(resources: Sequence[Resource], name: str) -> float:
    """Return by how much a resource climbs an hour; 0 where it does not, or was not measured."""
    found = next((one for one in resources if one.name == name and one.verdict in {"growing", "slow"}), None)
    return max(found.per_hour or 0.0, 0.0) if found else 0.0


def leaked(resources: Sequence[Resource]) -> tuple[Resource, ...]:
    """List what was shown to leak besides resident memory: what is counted, and else memory that RSS does not show."""
    growing = [one for one in resources if one.verdict == "growing"]
    counted = tuple(one for one in growing if one.name in _COUNTED)
    if counted or any(one.name == "rss" for one in growing):
        return counted
    return tuple(one for one in growing if one.name in _UNSEEN)


def grows(resources: Sequence[Resource], name: str) -> bool:
    return change(resources, name) > 0


def share(resources: Sequence[Resource], name: str) -> float:
    """Return which share of the growth of RSS a part explains; 0 where that is not known."""
    return next((one.share_of_rss_growth or 0.0 for one in resources if one.name == name), 0.0)
