"""Runs that end as soon as growth is decided: how often that makes the verdict err, over all looks together."""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.analysis.growth import interim, schedule
from harness.analysis.growth.thresholds import Verdict
from harness.analysis.growth.verdict import Thresholds, judge

sys.path.append(str(Path(__file__).parent))  # the tests are no package
if TYPE_CHECKING:
    from tests.calibration.rates import PROMISES, Rates, told, verdicts
    from tests.calibration.shapes import Case, Floats, sample
else:
    from rates import PROMISES, Rates, told, verdicts
    from shapes import Case, Floats, sample

MOST_MINUTES = 160  # --duration: four looks, at 10, 20, 40 and 80 minutes, and the end
SERIES = 400  # at most, of each shape: a run of 160 minutes is judged up to ten times
SCALES: tuple[float | None, ...] = (10, None)  # what sizes are shares of: the first look, or the whole duration


@dataclass(frozen=True, kw_only=True)
class Stopped(Rates):
    """The same counts, of runs that could end at any look. ``minutes`` is what sizes are shares of."""

    lasted: float  # minutes, on average


def stopped(case: Case, run_minutes: float | None, numbers: Iterable[int], seed: int) -> Stopped:
    """Let runs of one shape end when they may."""
    series = [sample(case, MOST_MINUTES, number, seed, run_minutes) for number in numbers]
    ends = [_end(*one) for one in series]
    return Stopped(
        name=case.name,
        kind=case.kind,
        rate=case.rate,
        minutes=round(run_minutes or MOST_MINUTES),
        verdicts=Counter(verdict for verdict, _ in ends),
        covered=0,
        lasted=sum(minutes for _, minutes in ends) / len(ends),
    )


def _end(x: Floats, y: Floats) -> tuple[Verdict, float]:
    """Give the verdict that the report of such a run gives, and the minutes that it lasted."""
    whole = Thresholds()
    look = Thresholds(confidence=interim.CONFIDENCE)
    for at_s in schedule.looks(MOST_MINUTES * 60):
        seen = x * 3600 <= at_s
        if judge(x[seen], y[seen], look).verdict in schedule.SETTLED:
            return judge(x[seen], y[seen], whole).verdict, at_s / 60
    return judge(x, y, whole).verdict, float(MOST_MINUTES)


def promised(one: Stopped) -> bool:
    """Say whether something is promised of it: of what is no longer than a share of the first look, all that is."""
    return bool(PROMISES[one.kind]) and one.minutes != MOST_MINUTES


def table(found: Iterable[Stopped]) -> str:
    """Give Markdown: a row a shape, first with sizes that are shares of the first look, then of the whole duration."""
    rows = ["| shape | promised | kept | sizes of the first look | sizes of the whole run |", "| --- |" + " --- |" * 4]
    by_name: dict[str, list[Stopped]] = {}
    for one in found:
        by_name.setdefault(one.name, []).append(one)
    for name, (first, whole) in by_name.items():
        kept = "–" if not PROMISES[first.kind] else "yes" if first.kept else "**no**"
        rows.append(f"| {name} | {told(first.kind)} | {kept} | {_cell(first)} | {_cell(whole)} |")
    return "\n".join(rows) + "\n"


def _cell(one: Stopped) -> str:
    return f"{verdicts(one)}, {one.lasted:.0f} min"
