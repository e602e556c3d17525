"""Who keeps memory: what was allocated after the warm-up and is still alive, by unit of work and by the hour. Pure.

Somebody is named only where both halves of the time keep as much as the threshold of growth asks for. What a program
keeps once, after its warm-up, lies in one half; what it is working on as it ends lies in the second.
"""

from collections.abc import Sequence
from typing import NamedTuple

from harness.analysis.cost.churn import recorded_share, worked
from harness.analysis.facts import Facts
from harness.model import GoHeap, Keeper, Keeping, KeepingUnit, Plan, Recording, Retained, Retention
from harness.units import NS_A_SECOND, SECONDS_AN_HOUR

LEAST_BYTES = 64 * 1024
"""What has to be kept for anybody to be named: less is buffers and free lists of the language."""
SURE = 2.0
"""Standard errors that the bytes of a sampled heap must be above, for anybody to be named."""


class _Work(NamedTuple):
    """What was done in the time that a recording counts."""

    unit: KeepingUnit | None
    units: float


def retention(facts: Facts, name: str) -> tuple[Retention, ...]:
    """Return what a program keeps, by each recording of it."""
    plan = facts.result.plan
    recorded = tuple(_of_recording(one, plan) for one in facts.result.recordings if one.subject == name)
    return (*recorded, *(_of_heap(facts, one) for one in _heaps(facts, name)))


def retained(facts: Facts, name: str) -> tuple[Retained, ...]:
    """Return who keeps it, of each recording the largest first."""
    recordings = [one for one in facts.result.recordings if one.subject == name]
    found = [_rows(one.keepers, one.kept_bytes, _seconds(one), one.recorder, _work(one)) for one in recordings]
    for heap in _heaps(facts, name):
        work = _work_between_visits(facts, heap)
        found.append(_rows(heap.keepers, heap.kept_bytes or 0, heap.seconds, "pprof", work))
    return tuple(row for rows in found for row in rows)


def _heaps(facts: Facts, name: str) -> list[GoHeap]:
    """List the visits of the first trial from which it is known what a Go program keeps."""
    heaps = [one for one in facts.result.heaps if one.subject == name and one.seconds > 0]
    return [one for one in heaps[:1] if one.kept_bytes is not None]


def _of_heap(facts: Facts, one: GoHeap) -> Retention:
    size, error, work = one.kept_bytes or 0, one.kept_error_bytes or 0.0, _work_between_visits(facts, one)
    plan = facts.result.plan
    return Retention(
        recorder="pprof",
        seconds=one.seconds,
        end="asked",
        unit=work.unit,
        units=work.units,
        bytes=size,
        per_hour=_per_hour(size, one.seconds),
        per_unit=_per_unit(size, work),
        keeps=_enough(size, one.seconds, plan) and size > SURE * error,
        standard_error_bytes=error,
        allocated_per_unit=_per_unit(one.bytes, work),
        allocated_per_hour=_per_hour(one.bytes, one.seconds),
    )


def _work_between_visits(facts: Facts, heap: GoHeap) -> _Work:
    """Return the work between two visits: what the program counted, else the containers that came and went."""
    polls, events = worked(heap)
    return _first((("poll", polls), ("event", events), ("cycle", facts.trial.churned_pairs if facts.trial else 0)))


def _first(counts: Sequence[tuple[KeepingUnit, int]]) -> _Work:
    return next((_Work(unit, float(number)) for unit, number in counts if number > 0), _Work(None, 0.0))


def _of_recording(one: Recording, plan: Plan) -> Retention:
    seconds, work = _seconds(one), _work(one)
    halves = (one.kept_first_half_bytes, one.kept_bytes - one.kept_first_half_bytes)
    return Retention(
        recorder=one.recorder,
        seconds=seconds,
        end=one.end,
        unit=work.unit,
        units=work.units,
        bytes=one.kept_bytes,
        per_hour=_per_hour(one.kept_bytes, seconds),
        per_unit=_per_unit(one.kept_bytes, work),
        keeps=_keeps(halves, seconds, plan),
        allocated_per_unit=_per_unit(one.allocated_bytes, work),
        allocated_per_hour=_per_hour(one.allocated_bytes, seconds),
    )


def _keeps(halves: Sequence[int], seconds: float, plan: Plan) -> bool:
    return _enough(min(halves) * len(halves), seconds, plan)


def _enough(size: int, seconds: float, plan: Plan) -> bool:
    least = max(plan.delta_bytes_per_hour * seconds / SECONDS_AN_HOUR, LEAST_BYTES)
    return seconds > 0 and size >= least


def _seconds(one: Recording) -> float:
    return max(0, one.ended_ns - one.began_ns) / NS_A_SECOND


def _work(one: Recording) -> _Work:
    """Return the work of a recording: counted between two moments near its own, and scaled to those."""
    done = _first((("poll", one.polls), ("event", one.events), ("cycle", one.cycles)))
    return done._replace(units=done.units * recorded_share(one))


def _rows(
    keepers: Sequence[Keeper], whole: int, seconds: float, recorder: Keeping, work: _Work
) -> tuple[Retained, ...]:
    whole = max(whole, sum(one.bytes for one in keepers))  # in Go's heap others may have let go of as much meanwhile
    return tuple(
        Retained(
            function=one.function,
            file=one.file,
            line=one.line,
            bytes=one.bytes,
            share=one.bytes / whole if whole else 0.0,
            per_hour=_per_hour(one.bytes, seconds),
            per_unit=_per_unit(one.bytes, work),
            origin=one.origin,
            caller=one.caller,
            recorder=recorder,
        )
        for one in keepers
    )


def _per_hour(size: int, seconds: float) -> float:
    return size / seconds * SECONDS_AN_HOUR if seconds else 0.0


def _per_unit(size: int, work: _Work) -> float | None:
    return size / work.units if work.units else None
