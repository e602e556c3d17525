"""Bytes allocated per unit of work, from the difference of two counts, at less and at more work: start-up cancels.

Rates are exact to about 0.001 %, so they carry no interval. A day is 86,400 s / interval polls, plus the unrelated
link events a day at the rate that the sampling phase saw. Source of the method: the slope and not
the total, as pyperf and Go's benchmarks take it.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from scipy.special import stdtrit

from harness.analysis.facts import Facts
from harness.model import Capture, Churn, GoHeap, LinkCost, Recording, Reference, SubjectPlan, Work
from harness.units import NS_A_SECOND, SECONDS_A_DAY, per_day, polls_a_day

SELF_COUNTED = "self-reported"
SIZE_CLASSES = "go:size-classes"
RECORDED = {"memray": "python:all-objects", "heaptrack": "native:all-malloc"}
LEAST_BYTES = 8192.0
"""What two visits of an idle program may differ by at least.

Each fetch is a connection, for which Go's net/http takes a reader and a writer of 4 KiB from a sync.Pool, or makes them
anew where a collection has emptied it: ``bufioReaderPool`` and ``bufioWriter4kPool`` in net/http/server.go. Whether one
comes between is not the same from visit to visit. A program that only served pprof showed -7,904 to 6,408 bytes.
"""
FEWEST_LINKS = 2  # lo and the watched interface
_INDEPENDENT_SHARE = 0.01  # a cost that moves by less than this over the ladder does not depend on links


class Rate(NamedTuple):
    """Allocated per one unit of work, and the units of work that the difference was taken over."""

    bytes: float
    allocations: float
    units: float


def rate(captures: list[Capture], unit: str) -> Rate | None:
    """Divide the difference of the first and the last capture by that of their work; None without two.

    ``unit`` is the work: ``polls``, ``events`` or ``live_s``.
    """
    if len(captures) < 2:  # noqa: PLR2004 - a difference takes two
        return None
    first, last = captures[0], captures[-1]
    units = getattr(last, unit) - getattr(first, unit)
    if units <= 0:
        return None
    return Rate((last.bytes - first.bytes) / units, (last.allocations - first.allocations) / units, units)


def churn(facts: Facts, subject: SubjectPlan) -> Churn | None:
    """Derive what a subject allocates; None where nothing was profiled."""
    if subject.source != "builtin":
        return _self_counted(facts, subject.name)
    if subject.accounting is None:
        return None
    return _poller(facts, subject) if subject.polls else _subscriber(facts, subject)


def repeats(facts: Facts, subject: SubjectPlan) -> list[float]:
    """List what was allocated per poll, per event, or a day, in each trial in which that was counted."""
    if subject.source != "builtin":
        name = subject.name
        return [one.bytes_per_day for one in _served(facts, name) or _reported(facts, name) or _recorded(facts, name)]
    kind, unit = ("idle", "polls") if subject.polls else ("events", "events")
    each = [rate(facts.captures(subject, kind, trial=trial), unit) for trial in range(facts.result.plan.trials)]
    return [one.bytes for one in each if one is not None]


def falls(counts: Sequence[Work]) -> bool:
    """Return whether any of a program's own counts falls where it can only rise."""
    fields = ("at_ns", "polls", "events", "allocated_bytes", "allocations")
    told = [tuple(getattr(one, name) or 0 for name in fields) for one in counts]
    return any(before > after for one, other in pairwise(told) for before, after in zip(one, other, strict=True))


class _Counted(NamedTuple):
    """What a program of the user's own allocated in one trial, by its own count or its runtime's."""

    bytes: int
    allocations: int | None
    seconds: float
    polls: int = 0
    events: int = 0
    resolution: float | None = None  # bytes

    @property
    def bytes_per_day(self) -> float:
        return per_day(max(0, self.bytes) / self.seconds)


def resolution(heap: GoHeap) -> float:
    """Return how far the bytes between two visits may be off, by how far visits straight after one another differ.

    What the program allocates anyway is taken off by its rate. Of the rest it is half of the interval that holds the
    next such difference with 95 %: Student's t on the root mean square, since the true value is known to be 0. Never
    less than ``LEAST_BYTES``, which a few visits in a row need not show.
    """
    rate = heap.bytes / heap.seconds
    rests = [gap.bytes - rate * gap.seconds for gap in heap.noise]
    if not rests:
        return LEAST_BYTES
    number = len(rests)
    spread = math.sqrt(sum(rest * rest for rest in rests) / number)
    return max(LEAST_BYTES, float(stdtrit(number, 0.975)) * spread * math.sqrt(1 + 1 / number))


def _served(facts: Facts, name: str) -> list[_Counted]:
    """List what a Go program's own runtime counted between the two visits of each trial."""
    return [
        _Counted(one.bytes, one.allocations, one.seconds, *worked(one), resolution=resolution(one))
        for one in facts.result.heaps
        if one.subject == name and one.seconds > 0
    ]


def worked(heap: GoHeap) -> tuple[int, int]:
    """Return the polls and events that a program counted itself between its visits."""
    if heap.work is None or falls(heap.work):
        return 0, 0
    first, last = heap.work
    return last.polls - first.polls, last.events - first.events


def _reported(facts: Facts, name: str) -> list[_Counted]:
    """List what a program counted and told by itself in each trial; nothing where its counts fall in any."""
    found = []
    for trial, run in facts.runs_of(name):
        told = [one for one in run.marks if one.allocated_bytes is not None]
        seconds = (told[-1].at_ns - told[0].at_ns) / NS_A_SECOND if told else 0
        if falls(told):
            return []
        if trial.pace == "real" and seconds > 0:
            found.append(_between(told[0], told[-1], seconds))
    return found


def _recorded(facts: Facts, name: str) -> list[_Counted]:
    """List what was recorded of a copy, by the recorder that was asked first; its work is that of the same time."""
    recordings = [one for one in facts.result.recordings if one.subject == name and one.ended_ns > one.began_ns]
    return [
        _Counted(
            bytes=one.allocated_bytes,
            allocations=one.allocations,
            seconds=(one.ended_ns - one.began_ns) / NS_A_SECOND,
            polls=round(one.polls * recorded_share(one)),
            events=round(one.events * recorded_share(one)),
        )
        for one in recordings[:1]
    ]


def recorded_share(one: Recording) -> float:
    """Return how much of the work of a copy lies in its recording, which may end before the copy does."""
    return (one.ended_ns - one.began_ns) / NS_A_SECOND / one.work_s if one.work_s > 0 else 1.0


def _accounting(facts: Facts, name: str) -> str:
    recorder = next(one.recorder for one in facts.result.recordings if one.subject == name)
    return RECORDED[recorder]


def _between(first: Work, last: Work, seconds: float) -> _Counted:
    return _Counted(
        bytes=(last.allocated_bytes or 0) - (first.allocated_bytes or 0),
        allocations=None if last.allocations is None else last.allocations - (first.allocations or 0),
        seconds=seconds,
        polls=last.polls - first.polls,
        events=last.events - first.events,
    )


def _self_counted(facts: Facts, name: str) -> Churn | None:
    """Return the counts of a program that serves them by pprof, or speaks the protocol and counts; else None.

    All trials together: a rate of one trial alone would leave out what the others found.
    """
    served, reported = _served(facts, name), _reported(facts, name)
    each = served or reported or _recorded(facts, name)
    if not each:
        return None
    seconds = sum(one.seconds for one in each)
    allocated = max(0, sum(one.bytes for one in each))
    allocations = [one.allocations for one in each if one.allocations is not None]
    polls, events = sum(one.polls for one in each), sum(one.events for one in each)
    return Churn(
        bytes_per_poll=allocated / polls if polls else None,
        bytes_per_event=allocated / events if events and not polls else None,
        idle_bytes_per_day=None if served or polls or events else per_day(allocated / seconds),
        bytes_per_day=per_day(allocated / seconds),
        allocations_per_day=per_day(max(0, sum(allocations)) / seconds) if len(allocations) == len(each) else None,
        accounting=SIZE_CLASSES if served else SELF_COUNTED if reported else _accounting(facts, name),
        polls=polls,
        events=events,
        resolution_bytes_per_day=per_day(math.hypot(*(one.resolution or 0 for one in each)) / seconds)
        if served
        else None,
        by_trial_bytes_per_day=tuple(one.bytes_per_day for one in each) if len(each) > 1 else (),
    )


def _poller(facts: Facts, subject: SubjectPlan) -> Churn | None:
    a_poll = rate(facts.captures(subject, "idle"), "polls")
    if a_poll is None:
        return None
    polls = polls_a_day(facts.result.plan.interval_s)
    bytes_a_day = a_poll.bytes * polls if polls else None
    return Churn(
        bytes_per_poll=a_poll.bytes,
        bytes_per_event=None,
        idle_bytes_per_day=bytes_a_day,
        bytes_per_day=bytes_a_day,  # link events do not reach a poller
        allocations_per_day=a_poll.allocations * polls if polls else None,
        accounting=subject.accounting or "",
        polls=int(a_poll.units),
        events=0,
    )


def _subscriber(facts: Facts, subject: SubjectPlan) -> Churn | None:
    idle = _marked_idle(facts, subject) or rate(facts.captures(subject, "idle"), "live_s")
    an_event = rate(facts.captures(subject, "events"), "events")
    if idle is None:
        return None
    events = events_per_day(facts, subject.name)
    lived = (an_event.bytes * events, an_event.allocations * events) if an_event and events is not None else None
    if events == 0:
        lived = (0.0, 0.0)
    return Churn(
        bytes_per_poll=None,
        bytes_per_event=an_event.bytes if an_event else None,
        idle_bytes_per_day=per_day(idle.bytes),
        bytes_per_day=per_day(idle.bytes) + lived[0] if lived else None,
        allocations_per_day=per_day(idle.allocations) + lived[1] if lived else None,
        accounting=subject.accounting or "",
        polls=0,
        events=int(an_event.units) if an_event else 0,
        idle_allocations=round(idle.allocations * idle.units),
        idle_s=idle.units,
    )


def _marked_idle(facts: Facts, subject: SubjectPlan) -> Rate | None:
    """Return a subscription's idle bytes a second by its own exact counts while sampled; None if it woke."""
    run, seconds = facts.run_of(subject.name), facts.watched_s(subject.name)
    if run is None or not seconds or run.marks[-1].events != run.marks[0].events:
        return None
    first, last = run.marks[0], run.marks[-1]
    if first.allocated_bytes is None or last.allocated_bytes is None:
        return None
    allocations = (last.allocations or 0) - (first.allocations or 0)
    return Rate((last.allocated_bytes - first.allocated_bytes) / seconds, allocations / seconds, seconds)


def events_per_day(facts: Facts, name: str) -> float | None:
    """Return the link events a day that a subject counted in the sampling phase; None without two counts."""
    run, seconds = facts.run_of(name), facts.watched_s(name)
    if run is None or not seconds:
        return None
    return (run.marks[-1].events - run.marks[0].events) / seconds * SECONDS_A_DAY


def cost_by_links(facts: Facts, subject: SubjectPlan) -> tuple[LinkCost, ...]:
    """List the bytes a poll at each number of links that was profiled, fewest first; empty for a subscription."""
    steps = sorted({one.links for one in facts.result.captures if one.subject == subject.name and one.polls})
    rates = [(links, rate(facts.captures(subject, "idle", links), "polls")) for links in steps]
    return tuple(LinkCost(links=links, bytes_per_poll=found.bytes) for links, found in rates if found)


def reference(costs: tuple[LinkCost, ...], bytes_per_day: float, interval_s: float) -> Reference:
    """Find the number of links at which a poll costs ``bytes_per_day``: on the line between the two nearest steps.

    One line through all steps would be ruled by the longest of them, and wrong by a multiple at the shortest. Below
    the first step and beyond the last one the nearest line goes on.
    """
    polls = polls_a_day(interval_s)
    if len(costs) < 2 or polls is None:  # noqa: PLR2004 - a line takes two points
        return Reference(bytes_per_day=bytes_per_day, answer="not_measured", links=None)
    wanted = bytes_per_day / polls
    if _at(costs[0], costs[1], FEWEST_LINKS) > wanted:
        return Reference(bytes_per_day=bytes_per_day, answer="more_expensive", links=None)
    if abs(costs[-1].bytes_per_poll - costs[0].bytes_per_poll) <= _INDEPENDENT_SHARE * costs[-1].bytes_per_poll:
        return Reference(bytes_per_day=bytes_per_day, answer="independent", links=None)
    links = _crossing(costs, wanted)
    answer: Literal["at", "independent"] = "independent" if links is None else "at"
    return Reference(bytes_per_day=bytes_per_day, answer=answer, links=links)


def _at(low: LinkCost, high: LinkCost, links: float) -> float:
    """Read the line through two steps at a number of links."""
    slope = (high.bytes_per_poll - low.bytes_per_poll) / (high.links - low.links)
    return low.bytes_per_poll + slope * (links - low.links)


def _crossing(costs: tuple[LinkCost, ...], wanted: float) -> float | None:
    """Return the fewest links at which the broken line through all steps reaches ``wanted``; None if it never does."""
    last = len(costs) - 2
    for number, (low, high) in enumerate(pairwise(costs)):
        if high.bytes_per_poll <= low.bytes_per_poll:
            continue
        if wanted <= high.bytes_per_poll or number == last:
            slope = (high.bytes_per_poll - low.bytes_per_poll) / (high.links - low.links)
            return low.links + (wanted - low.bytes_per_poll) / slope
    return None
