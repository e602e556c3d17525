"""What a subject keeps of each of many stimuli, once they have stopped and memory has settled.

The cycles are made in rounds, with a rest after each. What counts are the levels in the rests: what was queued while
the stimuli came, and is let go when they stop, is a backlog and no leak. An idle copy that lives beside it is taken
off, so that growth by the clock is not blamed on the cycles. The first round is a warm-up: its rest is the first level.
"""

from typing import NamedTuple

import numpy as np

from harness.analysis.doses.dose import EVENLY, PAGE_BYTES, TILT, uncollected
from harness.analysis.facts import Readings, column
from harness.analysis.growth.batches import Series
from harness.analysis.growth.slope import slope, theil_sen
from harness.model import CycleRound, Cycles, DosePlan, DoseVerdict, StimulusRun
from harness.units import NS_A_SECOND, memory_bytes

_FEWEST = 6  # levels, as a slope needs
# Levels that wander from rest to rest exceed the interval of 95 % in 7 of 1,000 made-up runs, and this one in none; a
# leak adds the same each round, and keeps far above both.
_CERTAINLY = 0.999
_BACKLOG_BYTES = 16 * PAGE_BYTES  # a fall that is worth a word


class Watched(NamedTuple):
    """A copy that got cycles, what was done to it, and the idle copy beside it; ``left_out``: why it is not judged."""

    run: StimulusRun
    series: Readings
    idle: Readings
    left_out: str | None = None
    uncollected_bytes: float = 0.0


def judged(subject: str, plan: DosePlan, watched: Watched | None, confidence: float) -> Cycles:
    """Judge what one subject keeps a cycle; not decided where the cycles did not come to their end."""
    rounds = watched.run.rounds if watched else ()
    if watched is None or watched.left_out or len(rounds) < _FEWEST:
        why = watched.left_out if watched and watched.left_out else "the cycles did not come to their end"
        return _unjudged(subject, plan, why)
    levels = _levels(watched)
    value, low, high, verdict = decided(levels, plan.max_growth_bytes, confidence)
    released = released_bytes(rounds[-1], watched.series)
    explanation = _explanation(verdict, (value, low, high), released, plan.max_growth_bytes)
    if verdict == "caused" and value * levels.span < watched.uncollected_bytes:
        verdict = "not_decided"
        explanation = f"{explanation}; {uncollected(value * levels.span, watched.uncollected_bytes)}"
    return Cycles(
        subject=subject,
        stimulus=plan.stimulus,
        cycles=int(levels.span),
        kept_bytes_per_cycle=value,
        low=low,
        high=high,
        released_bytes=released,
        verdict=verdict,
        explanation=explanation,
        max_growth_bytes=plan.max_growth_bytes,
        seconds=(rounds[-1].rested_ns - rounds[0].began_ns) / NS_A_SECOND,
    )


def _unjudged(subject: str, plan: DosePlan, why: str) -> Cycles:
    return Cycles(
        subject=subject,
        stimulus=plan.stimulus,
        cycles=0,
        kept_bytes_per_cycle=None,
        low=None,
        high=None,
        released_bytes=None,
        verdict="not_decided",
        explanation=why,
        max_growth_bytes=plan.max_growth_bytes,
    )


def _levels(watched: Watched) -> Series:
    made = [one.cycles for one in watched.run.rounds]
    at_rest = [_level(one, watched.series) - _level(one, watched.idle) for one in watched.run.rounds]
    return Series(x=np.array(made, dtype=float), y=np.array(at_rest), resolution=PAGE_BYTES)


def _level(one: CycleRound, series: Readings) -> float:
    """Return the median of what was read in the rest after a round; 0 of a copy that was never read."""
    at, rss = column(series, "at_ns"), column(series, "rss_bytes")
    there = rss[(at >= one.settled_ns) & (at <= one.rested_ns)]
    return float(np.median(there)) if there.size else float(rss[at <= one.rested_ns][-1]) if rss.size else 0.0


def released_bytes(last: CycleRound, series: Readings) -> float:
    """Return by how much memory fell after the last cycle: from the peak of the round to its rest, 0 or more."""
    at, rss = column(series, "at_ns"), column(series, "rss_bytes")
    busy = rss[(at >= last.began_ns) & (at <= last.settled_ns)]
    return max(0.0, float(busy.max()) - _level(last, series)) if busy.size else 0.0


def decided(levels: Series, most: float, confidence: float) -> tuple[float, float, float, DoseVerdict]:
    """Return what a cycle keeps, the ends of its interval, and the verdict on levels at rest against cycles."""
    value = theil_sen(levels)
    page = TILT * PAGE_BYTES / levels.span
    half, surely = (max(slope(levels, one).half, page) for one in (confidence, _CERTAINLY))
    even = theil_sen(levels.since(levels.x.size // 2)) > EVENLY * value
    verdict: DoseVerdict = "not_decided"
    if value + half < most:
        verdict = "not_caused"
    elif value - surely > most and even:
        verdict = "caused"
    return value, value - half, value + half, verdict


def _open(low: float, most: float) -> str:
    if low > most:
        return "not evenly or not surely enough, as a cache would that fills"
    return f"which leaves {memory_bytes(most)} open"


def _explanation(verdict: DoseVerdict, rate: tuple[float, float, float], released: float, most: float) -> str:
    value, low, high = map(memory_bytes, rate)
    held = {
        "caused": f"keeps {value} a cycle ({low} to {high}), more than {memory_bytes(most)}",
        "not_caused": f"keeps at most {memory_bytes(max(0.0, rate[2]))} a cycle, less than {memory_bytes(most)}",
        "not_decided": f"keeps {value} a cycle ({low} to {high}), {_open(rate[1], most)}: more cycles",
    }[verdict]
    backlog = f"; {memory_bytes(released)} fell at release: a backlog, not a leak"
    return held + backlog * (released > _BACKLOG_BYTES)
