"""What is promised of the growth verdict, and how often simulated series keep it."""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scipy.stats import binomtest

from harness.analysis.growth.verdict import Thresholds, judge

sys.path.append(str(Path(__file__).parent))  # the tests are no package
if TYPE_CHECKING:
    from tests.calibration.shapes import Case, Kind, sample
else:
    from shapes import Case, Kind, sample


@dataclass(frozen=True, kw_only=True)
class Promise:
    """The share of series with this ``verdict`` lies between ``least`` and ``most``."""

    verdict: str
    least: float = 0.0
    most: float = 1.0

    def __str__(self) -> str:
        if self.most == 0:
            return f"never {self.verdict}"
        bound = f"at most {100 * self.most:g}" if self.most < 1 else f"at least {100 * self.least:g}"
        return f"{self.verdict} {bound} %"


PROMISES: dict[Kind, tuple[Promise, ...]] = {  # the first is the one whose interval a table shows
    "flat": (Promise(verdict="growing", most=0.01), Promise(verdict="slow", most=0.01)),
    "rough": (Promise(verdict="growing", most=0.025),),
    "step": (Promise(verdict="growing", most=0.0),),
    "delta": (Promise(verdict="flat", most=0.05), Promise(verdict="slow", most=0.05)),
    "leak": (Promise(verdict="growing", least=0.99),),
    "slow": (Promise(verdict="slow", least=0.99), Promise(verdict="flat", most=0.0)),
    "teeth": (Promise(verdict="growing", most=0.01), Promise(verdict="slow", most=0.01)),
    "falls": (Promise(verdict="flat", least=0.95), Promise(verdict="growing", most=0.01)),
    "shown": (),
}


@dataclass(frozen=True, kw_only=True)
class Rates:
    """How many series of one shape and length came to each verdict, and how many intervals hold the true rate."""

    name: str
    kind: Kind
    rate: float
    minutes: int
    verdicts: Counter[str]
    covered: int

    @property
    def series(self) -> int:
        return self.verdicts.total()

    def share(self, verdict: str) -> float:
        return self.verdicts[verdict] / self.series

    def interval(self, verdict: str) -> tuple[float, float]:
        """Give Clopper and Pearson's interval of a share, 95 %."""
        found = binomtest(self.verdicts[verdict], self.series).proportion_ci()
        return float(found.low), float(found.high)

    @property
    def kept(self) -> bool:
        return all(one.least <= self.share(one.verdict) <= one.most for one in PROMISES[self.kind])


def told(kind: Kind) -> str:
    """Print what is promised of a kind of shape."""
    return ", ".join(map(str, PROMISES[kind])) or "–"


def verdicts(one: Rates) -> str:
    """Print the shares of growing, slow and flat in percent, with the interval of what is promised first."""
    first = next((promise.verdict for promise in PROMISES[one.kind]), "growing")
    low, high = one.interval(first)
    cells = {verdict: f"{verdict} {100 * one.share(verdict):.3g}" for verdict in ("growing", "slow", "flat")}
    cells[first] += f" ({100 * low:.1f} to {100 * high:.1f})"
    return ", ".join(
        text for verdict, text in cells.items() if verdict != "slow" or one.verdicts["slow"] or first == "slow"
    )


def rates(case: Case, minutes: int, numbers: Iterable[int], seed: int) -> Rates:
    """Judge series of one shape and length with the thresholds that are default."""
    thresholds = Thresholds()
    trends = [judge(*sample(case, minutes, number, seed), thresholds) for number in numbers]
    return Rates(
        name=case.name,
        kind=case.kind,
        rate=case.rate,
        minutes=minutes,
        verdicts=Counter(trend.verdict for trend in trends),
        covered=sum(
            trend.low <= case.rate <= trend.high for trend in trends if trend.low is not None and trend.high is not None
        ),
    )
