"""A series of readings made ready to be judged: its batches, its warm-up, its largest jump, and how steadily it climbs.

``x`` are hours, polls, or whatever work is counted in; ``y`` are bytes. Nothing here knows a threshold of memory.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

Floats = npt.NDArray[np.float64]

_LEAST = 6  # batches: fewer carry no interval
_WORTH = 4.0  # so much smaller must a later beginning make the squared error of the slope: a walk always offers some
_CLEAR = 8.0  # times the usual change between two batches: a jump, not noise
_SIZABLE = 0.25  # of the whole range: smaller jumps are stairs of the climb itself
_PAIR = 2  # batches: their mean is quieter than each
_PARTS = 5  # each of which must be above the one before, in a climb
_SMOOTHED = np.sqrt(1.5)  # changes between means of a walk's stretches are correlated: 1/4 between neighbours


@dataclass(frozen=True, kw_only=True)
class Series:
    """Batch medians, oldest first. ``grain`` is the smallest difference between two readings, in bytes."""

    x: Floats
    y: Floats
    grain: float

    @property
    def span(self) -> float:
        """Give the distance between the first and the last batch, in units of x."""
        return float(self.x[-1] - self.x[0])

    @property
    def constant(self) -> bool:
        """Say whether all batches are at one level."""
        return bool(np.ptp(self.y) == 0)

    def since(self, first: int) -> "Series":
        """Leave out the batches before ``first``."""
        return Series(x=self.x[first:], y=self.y[first:], grain=self.grain)


@dataclass(frozen=True, kw_only=True)
class Jump:
    """The largest rise within two batches: ``height`` bytes more than usual, at ``x``.

    ``clear`` when it stands out from the noise; ``sizable`` when it makes up a good part of all that the series does.
    """

    index: int
    x: float
    height: float
    clear: bool
    sizable: bool


def batched(x: Floats, y: Floats, count: int) -> Series:
    """Reduce readings to medians of ``count`` batches of equal size; readings left over at the start are not used."""
    size = x.size // count
    kept = size * count
    levels = np.unique(y)
    return Series(
        x=np.median(x[-kept:].reshape(count, size), axis=1),
        y=np.median(y[-kept:].reshape(count, size), axis=1),
        grain=float(np.diff(levels).min()) if levels.size > 1 else 0.0,
    )


def warm_up(series: Series) -> int | None:
    """Count the batches to leave out, at most half; None when even so nothing has settled.

    The rule is MSER's, which leaves out what makes the mean less exact, with a line in place of the mean: a steady
    climb is not a warm-up. Only what makes the line much more exact is left out, or noise would choose its best window.
    """
    costs = [_inexactness(series.since(cut)) for cut in range(series.x.size - _LEAST)]
    half = series.x.size // 2
    best = int(np.argmin(costs[: half + 1]))
    cut = best if costs[best] * _WORTH < costs[0] else 0
    unsettled = min(costs[half + 1 :], default=np.inf) * _WORTH < costs[cut]
    return None if unsettled else cut


def _inexactness(series: Series) -> float:
    dx, dy = series.x - series.x.mean(), series.y - series.y.mean()
    squares = dx @ dx
    rounding = dx.size * series.grain**2 / 12
    residual = max(float(dy @ dy - (dx @ dy) ** 2 / squares), 0.0) + rounding
    return float(residual / (dx.size - 2) / squares)


def largest_jump(series: Series) -> Jump:
    """Find the largest rise within two batches."""
    rises = np.diff(series.y)
    usual = float(np.median(rises))
    pairs = series.y[2:] - series.y[:-2] - 2 * usual
    index = int(np.argmax(pairs))
    height = float(pairs[index])
    noise = 1.4826 * float(np.median(np.abs(rises - usual)))
    return Jump(
        index=index,
        x=float(series.x[index + 1]),
        height=height,
        clear=height > _CLEAR * noise,
        sizable=height > _SIZABLE * float(np.ptp(series.y)),
    )


def without(series: Series, jump: Jump) -> Series:
    """Take a jump out: what comes after it is lowered, and the rise through it is as usual."""
    y = series.y.copy()
    middle = jump.index + 1
    y[middle + 1 :] -= jump.height
    y[middle] = (y[middle - 1] + y[middle + 1]) / 2
    return Series(x=series.x, y=y, grain=series.grain)


def insistence(series: Series) -> float:
    """Give the probability, from 0 to 1, that a random walk without drift would have climbed less steadily than this.

    It is Student's distribution of the mean change between neighbouring pairs of batches. However rough a walk is, it
    exceeds 0.985 in one or two of a hundred. A single jump gives some 0.8; noise around a line makes it less.
    """
    count = series.y.size // _PAIR
    changes = np.diff(series.y[-count * _PAIR :].reshape(count, _PAIR).mean(axis=1))
    error = float(changes.std(ddof=1)) * _SMOOTHED / np.sqrt(changes.size)
    mean = float(changes.mean())
    return float(stdtr(changes.size - 1, mean / error)) if error else float(mean > 0)


def keeps_climbing(series: Series) -> bool:
    """Say whether each fifth is above the one before."""
    return bool(np.all(np.diff([part.mean() for part in np.array_split(series.y, _PARTS)]) > 0))
