"""Who keeps memory: what was allocated after the warm-up and is still alive, by unit of work and by the hour. Pure.

Somebody is named only where both halves of the time keep as much as the threshold of growth asks for. What a program
keeps once, after its warm-up, lies in one half; what it is working on as it ends lies in the second.
"""

from collections.abc import Sequence
from typing import NamedTuple

from harness.analysis.facts import Facts
from harness.model import Keeper, Keeping, KeepingUnit, Plan, Recording, Retained, Retention
from harness.units import NS_A_SECOND

LEAST_BYTES = 64 * 1024
"""What has to be kept for anybody to be named: less is buffers and free lists of the language."""
SECONDS_AN_HOUR = 3600.0


class _Work(NamedTuple):
    """What was done in the time that a recording counts."""

    unit: KeepingUnit | None
    units: float


def retention(facts: Facts, name: str) -> tuple[Retention, ...]:
    """Return what a program keeps, by each recording of it."""
    plan = facts.result.plan
    return tuple(_of_recording(one, plan) for one in facts.result.recordings if one.subject == name)


def retained(facts: Facts, name: str) -> tuple[Retained, ...]:
    """Return who keeps it, of each recording the largest first."""
    recordings = [one for one in facts.result.recordings if one.subject == name]
    return tuple(row for one in recordings for row in _rows(one.keepers, one.kept_bytes, _seconds(one), one.recorder, _work(one)))


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
    least = max(plan.delta_bytes_per_hour * seconds / SECONDS_AN_HOUR, LEAST_BYTES)
    return bool(seconds) and min(halves) * len(halves) >= least


def _seconds(one: Recording) -> float:
    return max(0, one.ended_ns - one.began_ns) / NS_A_SECOND


def _work(one: Recording) -> _Work:
    """Return the work of a recording: counted between two moments near its own, and scaled to those."""
    counts: tuple[tuple[KeepingUnit, int], ...] = (("poll", one.polls), ("event", one.events), ("cycle", one.cycles))
    unit, units = next(((unit, count) for unit, count in counts if count > 0), (None, 0))
    return _Work(unit, units * _seconds(one) / one.work_s if one.work_s > 0 else float(units))


def _rows(
    keepers: Sequence[Keeper], whole: int, seconds: float, recorder: Keeping, work: _Work
) -> tuple[Retained, ...]:
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
