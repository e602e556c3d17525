"""Thresholds, the verdict on one series, and the words that go with it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.analysis.growth.jumps import Jump
from harness.analysis.growth.slope import Slope
from harness.model import GrowthVerdict
from harness.units import MAX_GROWTH, count, duration, figures, growth_rate, memory_bytes

Verdict = GrowthVerdict
Per = Literal["hour", "poll", "unit"]
Unit = Literal["bytes", "count"]
_PER: dict[Per, str] = {"hour": "an hour", "poll": "a poll", "unit": "a unit of work"}

HOURS_A_WEEK = 168


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """What is fixed before a run and printed with its verdict.

    ``delta``: the growth that matters, in bytes per unit of x; ``confidence``: of the two-sided interval, between 0 and
    1; ``per``: what x counts; ``unit``: what y counts; ``batches``: of how many medians the series is made, at least
    20; ``least``: the fewest
    readings that are judged at all.
    """

    # A choice, fixed before any run: 96 MiB a day, a ninth of the 920 MB a day that netbird pull request 5857 reports.
    delta: float = growth_rate(MAX_GROWTH)
    # Two-sided, so that each end is exceeded in 2.5 %: flat tests one end only, as a test of non-inferiority does.
    confidence: float = 0.95
    per: Per = "hour"
    unit: Unit = "bytes"
    # Few enough that batches of a ten-minute run, of 20 s each, are nearly independent for noise that forgets within
    # seconds. Schmeiser 1982 finds 10 to 30 batches enough, and little to gain from more.
    batches: int = 30
    least: int = 30

    def __post_init__(self) -> None:
        """Refuse what means nothing; ValueError."""
        if not (np.isfinite(self.delta) and self.delta > 0):
            raise ValueError(f"delta: {self.delta!r} is not a number of bytes above 0")
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence: {self.confidence!r} does not lie between 0 and 1")
        if not 20 <= self.batches <= self.least:  # noqa: PLR2004 - half may be warm-up, and ten carry an interval
            raise ValueError(f"batches: {self.batches!r} is not from 20 to the fewest readings, {self.least}")


@dataclass(frozen=True, kw_only=True)
class Trend:
    """A verdict on one series. Rates in bytes per unit of x; ``low`` to ``high`` holds the rate with ``confidence``.

    ``slope``, ``low`` and ``high`` are None where no line was fitted. ``minimal_detectable``: the steady leak that a
    run like this calls growing four times in five. ``additional``: how much longer, in units of x, would probably
    decide; None where it is decided, or where that cannot be foreseen. ``steady_from``: where the warm-up ended; None
    when it did not. ``step_at``: where a jump is that keeps the series from being judged, or was taken out of its
    slope. ``explanation``: what to quote, a sentence that begins with the subject's name, which is not in it.
    """

    verdict: Verdict
    slope: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float
    delta: float
    minimal_detectable: float | None = None
    additional: float | None = None
    steady_from: float | None = None
    step_at: float | None = None
    explanation: str


def shown(verdict: Verdict, line: Slope, thresholds: Thresholds) -> str:
    """Return what was shown, of what is growing, slow or flat."""
    delta = rate(thresholds.delta, thresholds)
    if verdict == "flat":
        known = f"{bounded(line.high, lambda value: rate(value, thresholds))} ({confidence(thresholds)})"
        return known if line.high < 0 else f"{known}, less than {delta}"
    if verdict == "slow":
        week = f"; {amount(line.value * HOURS_A_WEEK, thresholds)} in a week" if thresholds.per == "hour" else ""
        return f"{interval(line, thresholds)}, less than {delta}{week}"
    return f"{interval(line, thresholds)}, more than {delta}"


def bounded(high: float, said: Callable[[float], str]) -> str:
    """Return what an upper end of the rate proves; ``said`` prints a rate."""
    return f"falls by at least {said(-high)}" if high < 0 else f"grows by at most {said(high)}"


def interval(line: Slope, thresholds: Thresholds) -> str:
    """Return how fast it climbs, and how well that is known."""
    ends = f"{amount(line.low, thresholds)} to {amount(line.high, thresholds)}"
    verb = "climbs" if line.value > 0 else "changes"
    return f"{verb} by {rate(line.value, thresholds)} ({ends}, {confidence(thresholds)})"


def rate(value: float, thresholds: Thresholds) -> str:
    """Return a rate per unit of x."""
    return f"{amount(value, thresholds)} {_PER[thresholds.per]}"


def amount(value: float, thresholds: Thresholds) -> str:
    return memory_bytes(value) if thresholds.unit == "bytes" else figures(value)


def confidence(thresholds: Thresholds) -> str:
    return f"{figures(100 * thresholds.confidence)} %"


def describe_jump(jump: Jump, thresholds: Thresholds) -> str:
    """Return how high a jump is, and where."""
    return f"{amount(jump.height, thresholds)} at {moment(jump.x, thresholds)}"


def moment(x: float, thresholds: Thresholds) -> str:
    return duration(round(3600 * x)) if thresholds.per == "hour" else f"{thresholds.per} {count(x)}"
