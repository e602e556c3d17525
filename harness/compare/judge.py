"""Results held against each other: what changed beyond the noise. Pure.

Churn is exact: a change of more than 0.1 % within one accounting mode is one. Growth differs where two decided
intervals do not overlap. Memory and processor time differ from run to run, so they are judged over trials, by the
two-sided Mann-Whitney test; at 5 % it needs four trials a side before it can find anything.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from harness.analysis.cost.pair import TOLERANCE, alike
from harness.analysis.facts import Readings
from harness.analysis.growth.schedule import SETTLED
from harness.compare.comparability import Side, notes, shared
from harness.compare.rows import SCHEMA, Compared, Interval, Measure, Row, RunComparison, Verdict
from harness.model import Churn, Finding, Growth
from harness.units import NS_A_SECOND, SECONDS_AN_HOUR, churn_bytes
from harness.wording import COMPARED

ALPHA = 0.05


def compared(base: Side, others: Sequence[Side], allowed: Sequence[str] = ()) -> Compared:
    """Compare each with the base; who calls has looked at ``comparability.refusals``."""
    found = tuple(compare_run(base, other) for other in others)
    return Compared(
        schema=SCHEMA,
        verdict=_verdict(found),
        scenario=base.analysis.scenario,
        base=base.analysis.run_id,
        others=found,
        allowed=tuple(allowed),
    )


def _verdict(found: Sequence[RunComparison]) -> str:
    number = sum(one.differences for one in found)
    if number:
        return "1 difference" if number == 1 else f"{number} differences"
    judged = [row.verdict for one in found for row in one.rows if row.verdict != "shown"]
    undecided = judged.count("undecided")
    if undecided == len(judged):
        return "nothing could be judged"
    return f"{undecided} of {len(judged)} undecided" if undecided else COMPARED["same"]


def compare_run(base: Side, other: Side) -> RunComparison:
    """Compare one result with the base, subject by subject."""
    rows = tuple(row for pair in shared(base, other) for row in _rows(base, other, *pair))
    return RunComparison(
        run_id=other.analysis.run_id,
        differences=sum(row.verdict == "different" for row in rows),
        rows=rows,
        notes=(*notes(base, other), *_chance(rows)),
    )


def _rows(base: Side, other: Side, before: Finding, after: Finding) -> Iterator[Row]:
    yield from _churn(before, after)
    yield from _growth(before, after)
    yield from _over_trials(base, other, before.name)


# --- churn ----------------------------------------------------------------------------------------------------------

_RATES = (
    ("bytes_per_poll", "per poll", "bytes"),
    ("bytes_per_event", "per event", "bytes"),
    ("idle_bytes_per_day", "idle", "bytes/day"),
    ("bytes_per_day", "a day", "bytes/day"),
)
_A_UNIT = {"bytes_per_poll": "a poll", "bytes_per_event": "an event"}
_Sides = tuple[Churn | None, Churn | None]


def _churn(before: Finding, after: Finding) -> Iterator[Row]:
    mine, theirs = before.churn, after.churn
    for field, quantity, unit in _RATES:
        one, two = (getattr(churn, field) if churn else None for churn in (mine, theirs))
        if (one is None and two is None) or (field == "idle_bytes_per_day" and _polls(mine, theirs)):
            continue  # what a poller allocates while idle is what it allocates a day
        verdict, why = _exact(one, two, (mine, theirs), field)
        if field == "bytes_per_day" and verdict in {"same", "different"}:
            verdict, why = "shown", "depends on how often there was work"
        yield Row(
            subject=before.name,
            measure="churn",
            quantity=quantity,
            unit=unit,
            base=one,
            other=two,
            change=None if verdict == "undecided" else _change(one, two),
            verdict=verdict,
            why=why,
        )


def _polls(mine: Churn | None, theirs: Churn | None) -> bool:
    return any(one is not None and one.bytes_per_poll is not None for one in (mine, theirs))


def _exact(one: float | None, two: float | None, sides: _Sides, field: str) -> tuple[Verdict, str]:
    mine, theirs = sides
    if one is None or two is None or mine is None or theirs is None:
        return "undecided", "measured on one side only"
    if mine.accounting != theirs.accounting:
        return "undecided", f"two units: {mine.accounting} and {theirs.accounting}"
    within, per = _within(mine, theirs, field)
    if within and abs(two - one) <= within:
        return "undecided", f"within what visits can tell, {churn_bytes(within)} {per}"
    if alike(one, two):
        return "same", f"within {100 * TOLERANCE:g} %, {mine.accounting}"
    return "different", f"more than {100 * TOLERANCE:g} %, {mine.accounting}"


def _within(mine: Churn, theirs: Churn, field: str) -> tuple[float, str]:
    """Return how far apart two rates may be by the method alone, 0 where both are exact, and in bytes per what.

    A day's resolution, divided by each side's polls a day, is that of a poll. A side that allocated nothing tells no
    pace, and is taken to have worked at the other's.
    """
    a_day = [one.resolution_bytes_per_day or 0.0 for one in (mine, theirs)]
    paces = [_units_a_day(one, field) for one in (mine, theirs)] if field in _A_UNIT else []
    known = next((pace for pace in paces if pace), None)
    if known is None:
        return math.hypot(*a_day), "a day"
    return math.hypot(*(one / (pace or known) for one, pace in zip(a_day, paces, strict=True))), _A_UNIT[field]


def _units_a_day(churn: Churn, field: str) -> float | None:
    """Return how many polls, or events, a day its rates were taken at; None where they do not tell."""
    a_unit = getattr(churn, field)
    return churn.bytes_per_day / a_unit if churn.bytes_per_day and a_unit else None


def _change(one: float | None, two: float | None) -> float | None:
    return (two - one) / one if one and two is not None else None


# --- growth ---------------------------------------------------------------------------------------------------------


class _GrowthRate(NamedTuple):
    """A rate of growth with its interval and its verdict."""

    value: float | None
    low: float | None
    high: float | None
    verdict: str

    @property
    def interval(self) -> Interval:
        return None if self.low is None or self.high is None else (self.low, self.high)


def _growth(before: Finding, after: Finding) -> Iterator[Row]:
    mine, theirs = before.growth, after.growth
    if mine and theirs:
        pair = [_hourly(one) for one in (mine, theirs)]
        yield _growth_rate(before.name, "real pace", "bytes/hour", *pair)
    day, other = before.compressed, after.compressed
    if day and other:
        pair = [
            _GrowthRate(one.bytes_per_poll, one.low_per_poll, one.high_per_poll, one.verdict) for one in (day, other)
        ]
        yield _growth_rate(before.name, "compressed", "bytes/poll", *pair)


def _hourly(one: Growth) -> _GrowthRate:
    if one.too_short:
        return _GrowthRate(None, None, None, "not judged")
    return _GrowthRate(one.bytes_per_hour, one.low, one.high, one.verdict)


def _growth_rate(subject: str, quantity: str, unit: str, mine: _GrowthRate, theirs: _GrowthRate) -> Row:
    verdict, why = _apart(mine, theirs)
    return Row(
        subject=subject,
        measure="growth",
        quantity=quantity,
        unit=unit,
        base=mine.value,
        other=theirs.value,
        base_interval=mine.interval,
        other_interval=theirs.interval,
        verdict=verdict,
        why=why,
    )


def _apart(mine: _GrowthRate, theirs: _GrowthRate) -> tuple[Verdict, str]:
    undecided = sorted({mine.verdict, theirs.verdict} - SETTLED)
    if undecided:
        return "undecided", f"{' and '.join(undecided).replace('_', ' ')} by itself"
    one, two = mine.interval, theirs.interval
    if one is None or two is None:
        return "undecided", "no interval on one side"
    if {mine.verdict, theirs.verdict} == {"growing", "flat"}:
        return "different", f"{mine.verdict} became {theirs.verdict}"
    if one[0] > two[1] or two[0] > one[1]:
        return "different", _moved(mine, theirs, slower=one[0] > two[1])
    if mine.verdict == theirs.verdict == "flat":
        return "same", "both flat"
    verdicts = f"both {mine.verdict}" if mine.verdict == theirs.verdict else f"{mine.verdict} and {theirs.verdict}"
    return "undecided", f"{verdicts}, and the intervals overlap"


def _moved(mine: _GrowthRate, theirs: _GrowthRate, *, slower: bool) -> str:
    """Return how a rate changed whose interval does not overlap with what it was."""
    if "flat" in {mine.verdict, theirs.verdict}:
        return (
            f"{mine.verdict} became {theirs.verdict}"
            if mine.verdict != theirs.verdict
            else "slower"
            if slower
            else "faster"
        )
    return "slower, still growing" if slower else "faster, and was growing before"


# --- memory and processor time --------------------------------------------------------------------------------------


def _last_rss(series: Readings) -> float:
    return float(series[-1].rss_bytes)


def _cpu(series: Readings) -> float | None:
    first, last = series[0], series[-1]
    seconds = (last.at_ns - first.at_ns) / NS_A_SECOND
    used = round(last.user_s + last.system_s - first.user_s - first.system_s, 6)  # the kernel counts in hundredths
    return used / seconds * SECONDS_AN_HOUR if seconds > 0 else None


_TAKEN: tuple[tuple[Measure, str, str, Callable[[Readings], float | None]], ...] = (
    ("memory", "RSS at the end", "bytes", _last_rss),
    ("cpu", "processor time", "s/hour", _cpu),
)


def _over_trials(base: Side, other: Side, name: str) -> Iterator[Row]:
    for measure, quantity, unit, take in _TAKEN:
        mine, theirs = (_each(side, name, take) for side in (base, other))
        if not mine or not theirs:
            continue
        verdict, p, why = ranked(mine, theirs)
        one, two = median(mine), median(theirs)
        yield Row(
            subject=name,
            measure=measure,
            quantity=quantity,
            unit=unit,
            base=one,
            other=two,
            change=_change(one, two),
            p=p,
            verdict=verdict,
            why=why,
        )


def _each(side: Side, name: str, take: Callable[[Readings], float | None]) -> list[float]:
    values = [take(series) for trial in side.trials if (series := trial.get(name))]
    return [value for value in values if value is not None]


def ranked(mine: list[float], theirs: list[float]) -> tuple[Verdict, float | None, str]:
    """Judge by ranks: the verdict, p, and words. Too few trials decide nothing, and the number needed is said."""
    counts = f"{len(mine)} and {len(theirs)} trials"
    if _least_p(len(mine), len(theirs)) >= ALPHA:
        few = "one trial each" if len(mine) == len(theirs) == 1 else counts
        return "undecided", None, f"{few}: {needed()} trials a side would tell"
    if len({*mine, *theirs}) == 1:
        return "same", 1.0, f"all equal, {counts}"
    from scipy import stats  # noqa: PLC0415 - it takes half a second to load, and few comparisons come here

    p = float(stats.mannwhitneyu(mine, theirs, alternative="two-sided").pvalue)
    if p < ALPHA:
        return "different", p, f"Mann-Whitney p = {p:.3f}, {counts}"
    return "undecided", p, f"no difference found, which shows none: Mann-Whitney p = {p:.3f}, {counts}"


def _least_p(mine: int, theirs: int) -> float:
    """Return the smallest two-sided p that the exact test can come to."""
    return 2 / math.comb(mine + theirs, mine)


def needed() -> int:
    """Return the fewest trials a side at which the exact test can find a difference."""
    return next(number for number in range(1, 100) if _least_p(number, number) < ALPHA)


def _chance(rows: tuple[Row, ...]) -> list[str]:
    """Return how many differences of many are to be expected where there are none."""
    tested = sum(row.p is not None for row in rows)
    if tested < 1 / ALPHA / 4:
        return []
    level = f"{100 * ALPHA:g} %"
    return [f"of {tested} comparisons over trials at {level}, {tested * ALPHA:.1f} differ by chance where nothing does"]
