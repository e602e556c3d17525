"""The thresholds that mean something, and every word that goes with a verdict."""

import re

import pytest

from harness.analysis.growth.jumps import Jump
from harness.analysis.growth.slope import Slope
from harness.analysis.growth.thresholds import Thresholds, confidence, describe_jump, interval, moment, rate, shown

PER_HOUR = Thresholds()
PER_POLL = Thresholds(delta=64.0, per="poll", confidence=0.999)
MIB = 1024.0 * 1024.0


def line(value: float, half: float = 1.0) -> Slope:
    return Slope(value=value, noise=half, error=1.0, drifting=0.0)


def jump(x: float) -> Jump:
    return Jump(index=1, x=x, height=2 * MIB, clear=True, sizable=True)


def test_what_nobody_chose_is_as_the_documentation_has_it() -> None:
    assert Thresholds(delta=4 * MIB, confidence=0.95, per="hour", batches=30, least=30) == PER_HOUR


def test_thresholds_at_their_very_edge_are_taken() -> None:
    assert Thresholds(delta=0.5).delta == 0.5
    assert Thresholds(confidence=0.001).confidence == 0.001
    assert Thresholds(batches=20, least=20).batches == 20


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"delta": 0.0}, "delta: 0.0 is not a number of bytes above 0"),
        ({"delta": float("inf")}, "delta: inf is not a number of bytes above 0"),
        ({"confidence": 0}, "confidence: 0 does not lie between 0 and 1"),
        ({"confidence": 1}, "confidence: 1 does not lie between 0 and 1"),
        ({"batches": 19}, "batches: 19 is not from 20 to the fewest readings, 30"),
        ({"batches": 31}, "batches: 31 is not from 20 to the fewest readings, 30"),
    ],
)
def test_thresholds_beyond_it_are_refused_in_whole_sentences(given: dict[str, float], why: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
        Thresholds(**given)  # type: ignore[arg-type]  # ints and floats in one table


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (MIB, "climbs by 1 MiB an hour (1 MiB to 1 MiB, 95 %)"),
        (0.5, "climbs by 0.5 B an hour (-0.5 B to 1.5 B, 95 %)"),
        (0.0, "changes by 0 B an hour (-1 B to 1 B, 95 %)"),
        (-3.0, "changes by -3 B an hour (-4 B to -2 B, 95 %)"),
    ],
)
def test_an_interval_says_whether_it_climbs(value: float, words: str) -> None:
    assert interval(line(value), PER_HOUR) == words


def test_what_is_shown_is_said_with_its_threshold() -> None:
    assert shown("flat", line(3.0), PER_POLL) == "grows by at most 4 B a poll (99.9 %), less than 64 B a poll"
    assert shown("flat", line(-3.0), PER_POLL) == "falls by at least 2 B a poll (99.9 %)"
    assert (
        shown("growing", line(70.0), PER_POLL) == "climbs by 70 B a poll (69 B to 71 B, 99.9 %), more than 64 B a poll"
    )


def test_rates_and_confidence_are_said_in_the_units_of_the_thresholds() -> None:
    assert (rate(2048, PER_HOUR), rate(2048, PER_POLL)) == ("2 KiB an hour", "2 KiB a poll")
    assert (confidence(PER_HOUR), confidence(PER_POLL)) == ("95 %", "99.9 %")


def test_a_jump_is_said_with_its_time_or_its_poll() -> None:
    assert describe_jump(jump(2.0), PER_HOUR) == "2 MiB at 2h"
    assert moment(0.2501, PER_HOUR) == "15m"
    assert describe_jump(jump(45_000.0), PER_POLL) == "2 MiB at poll 45,000"
