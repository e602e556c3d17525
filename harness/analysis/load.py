"""How busy the machine was, by what was measured meanwhile."""

from collections.abc import Iterator
from statistics import median

from harness.analysis.facts import Facts
from harness.model import Load, LoadPhase, Pace, Result


def loads(facts: Facts) -> tuple[Load, ...]:
    """Return the load of each phase that has readings."""
    result = facts.result
    events = [one.load_average_1m for one in result.event_runs if one.load_average_1m is not None]
    found: tuple[tuple[LoadPhase, list[float]], ...] = (
        ("sampling", list(_readings(result, "real"))),
        ("doses", list(_readings(result, "dosed"))),
        ("events", events),
    )
    return tuple(
        Load(phase=phase, readings=len(all_), least=min(all_), median=median(all_), most=max(all_))
        for phase, all_ in found
        if all_
    )


def _readings(result: Result, pace: Pace) -> Iterator[float]:
    for trial in result.trials:
        if trial.pace == pace:
            yield from (one.load_average_1m for one in trial.loads)
