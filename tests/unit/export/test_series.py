"""Samples with their times, by the wall clock as far as a run tells it."""

from dataclasses import replace
from datetime import datetime

import msgspec
import pytest

import builders
from harness.analysis.facts import Facts
from harness.export import series
from harness.model import ClockJump, EventRun, Trial

SECOND = builders.SECOND
BEGAN = "20260504T101500Z-host-1a2b3c4d"
TRIAL = Trial(
    index=0,
    began_ns=1000 * SECOND,
    ended_ns=1060 * SECOND,
    namespace=builders.WORLD,
    churned_pairs=0,
    runs=(builders.process("poll"),),
)
EVENT = EventRun(
    scripted_event="down", round=0, group=0, began_ns=1069 * SECOND, done_ns=1070 * SECOND, observations=()
)
SLEPT = ClockJump(kind="slept", at_ns=1001 * SECOND, seconds=9.0)


def at(clock: str) -> float:
    return datetime.fromisoformat(f"2026-05-04T{clock}+00:00").timestamp()


def facts(ended: str | None = "10:25:01", **given: object) -> Facts:
    """Build a run that began at 10:15:00, of which a trial of a minute is the last thing."""
    after = ended and msgspec.structs.replace(builders.ENVIRONMENT, started_at=f"2026-05-04T{ended}+00:00")
    read = (builders.sample(1000.0, 7), builders.sample(1060.0, 8))
    bare = builders.measured(series={"poll": read}, run_id=BEGAN, trials=(TRIAL,), environment_after=after or None)
    return replace(bare, result=msgspec.structs.replace(bare.result, **given))


def test_the_first_trial_is_placed_by_the_end_of_the_run_and_not_by_what_came_before_it() -> None:
    assert series.began_s(facts()) == at("10:24:01")


def test_events_after_the_trial_are_counted_too() -> None:
    assert series.began_s(facts(event_runs=(EVENT,))) == at("10:23:51")


@pytest.mark.parametrize(
    "given",
    [
        {"ended": None},
        {"ended": "10:14:00"},  # the clock was set back
        {"trials": (msgspec.structs.replace(TRIAL, clock_jumps=(SLEPT,)),)},
        {"storms": (None,)},
        {"dumps": (None,)},
    ],
)
def test_where_the_end_tells_nothing_the_beginning_of_the_run_is_taken(given: dict[str, object]) -> None:
    assert series.began_s(facts(**given)) == at("10:15:00")  # type: ignore[arg-type]  # ended is a text


def test_samples_and_what_was_derived_have_times_that_fit() -> None:
    lines = series.openmetrics(facts(), builders.BARE).decode().splitlines()
    times = [float(line.split()[-1]) for line in lines if line.startswith("netchurn_resident_memory_bytes{")]

    assert times == [at("10:24:01"), at("10:25:01")]
