"""A series of readings made ready to be judged: its batches, its warm-up, its largest jump, and how steadily it climbs.

``x`` are hours, polls, or whatever work is counted in; ``y`` are bytes. Nothing here knows a threshold of memory.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

Floats = npt.NDArray[np.float64]

# A line through n batches leaves n - 2 degrees of freedom; at 6 Student's 97.5 % quantile is 2.8, at 4 it is 4.3.
_LEAST = 6  # batches: fewer carry no interval
# MSER itself cuts at the minimum (White 1997). A factor of 4 on the squared standard error halves the standard error.
# Of 1,000 simulated random walks it cuts 7, of 1,000 series of white noise none.
_WORTH = 4.0  # so much smaller must a later beginning make the squared error of the slope: a walk always offers some
# The change over two batches of a walk has 1.6 times the standard deviation of the change over one, so that 8 is 5 of
# its own; the estimate of the noise makes it 3 false jumps in 1,000 walks.
_CLEAR = 8.0  # times the usual change between two batches: a jump, not noise
# A choice. It decides what an undecided verdict says, and whether no_steady_state becomes inconclusive; never growing
# or flat.
_SIZABLE = 0.25  # of the whole range: smaller jumps are stairs of the climb itself
# Half: two falls of one saw-tooth differ by how a batch cuts them.
_ALIKE = 0.5  # of the height of the largest fall: a fall of the same kind
_MOST_FALLS = 5  # as many as are taken out; what falls more often is a saw-tooth
_PAIR = 2  # batches: their mean is quieter than each
# Where no order is preferred, five parts rise by chance once in 5! = 120. The saw-teeth of tests/calibration have five
# periods or more in a run; with fewer this rule does not help.
_PARTS = 5  # each of which must be above the one before, in a climb
# The changes between averages of successive stretches of a walk have a correlation of 1/4 at lag 1 and of 0 beyond
# (Working 1960, Econometrica 28:916), so that the variance of their mean is 1 + 2/4 times that of independent ones.
_SMOOTHED = np.sqrt(1.5)  # changes between means of a walk's stretches are correlated: 1/4 between neighbours


@dataclass(frozen=True, kw_only=True)
class Series:
    """Batch medians, oldest first. ``resolution`` is the smallest difference between two readings, in bytes."""

    x: Floats
    y: Floats
    resolution: float

    @property
    def span(self) -> float:
        """Return the distance between the first and the last batch, in units of x."""
        return float(self.x[-1] - self.x[0])

    @property
    def constant(self) -> bool:
        """Return whether all batches are at one level."""
        return bool(np.ptp(self.y) == 0)

    def since(self, first: int) -> "Series":
        """Leave out the batches before ``first``."""
        return Series(x=self.x[first:], y=self.y[first:], resolution=self.resolution)


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


def batched(x: Floats, y: Floats, count: int, *, lowest: bool = False) -> Series:
    """Reduce readings to medians of ``count`` batches of equal size; readings left over at the start are not used.

    ``lowest``: to the lowest reading of each, the troughs of a collector, whose peaks say nothing of what is kept.
    """
    # Medians and not means: a reading that is 4 MiB off for one tick does not move them. Leftovers are dropped from the
    # start, which may be warm-up anyway, and never from the end.
    size = x.size // count
    kept = size * count
    levels = np.unique(y)
    return Series(
        x=np.median(x[-kept:].reshape(count, size), axis=1),
        y=(np.min if lowest else np.median)(y[-kept:].reshape(count, size), axis=1),
        resolution=float(np.diff(levels).min()) if levels.size > 1 else 0.0,
    )


def warm_up(series: Series) -> int | None:
    """Count the batches to leave out, at most half; None when even so nothing has settled.

    The rule is MSER's, which leaves out what makes the mean less exact, with a line in place of the mean: a steady
    climb is not a warm-up. Only what makes the line much more exact is left out, or noise would choose its best window.
    """
    # Cuts of more than half are computed only to be refused: if one of them pays, the series had not settled by its
    # middle, and the rest is too short to say that it has since.
    costs = [_inexactness(series.since(cut)) for cut in range(series.x.size - _LEAST)]
    half = series.x.size // 2
    best = int(np.argmin(costs[: half + 1]))
    cut = best if costs[best] * _WORTH < costs[0] else 0
    unsettled = min(costs[half + 1 :], default=np.inf) * _WORTH < costs[cut]
    return None if unsettled else cut


def _inexactness(series: Series) -> float:
    # The squared standard error of a least-squares slope. Readings are rounded, to pages: the variance of that,
    # step^2 / 12 as in Sheppard's correction, is added. Without it a stretch of equal readings has no error, and
    # attracts the cut.
    dx, dy = series.x - series.x.mean(), series.y - series.y.mean()
    squares = dx @ dx
    rounding = dx.size * series.resolution**2 / 12
    residual = max(float(dy @ dy - (dx @ dy) ** 2 / squares), 0.0) + rounding
    return float(residual / (dx.size - 2) / squares)


def largest_jump(series: Series) -> Jump:
    """Find the largest rise within two batches."""
    rises = np.diff(series.y)
    usual = float(np.median(rises))
    # A step within a batch puts that batch's median between the levels: its height is only seen over two.
    pairs = series.y[2:] - series.y[:-2] - 2 * usual
    index = int(np.argmax(pairs))
    height = float(pairs[index])
    # 1.4826 makes the median absolute deviation an estimate of the standard deviation of normal noise.
    noise = 1.4826 * float(np.median(np.abs(rises - usual)))
    return Jump(
        index=index,
        x=float(series.x[index + 1]),
        height=height,
        clear=height > _CLEAR * noise,
        sizable=height > _SIZABLE * float(np.ptp(series.y)),
    )


def mirrored(series: Series) -> Series:
    """Turn rises into falls, and falls into rises."""
    return Series(x=series.x, y=-series.y, resolution=series.resolution)


def sizable_falls(series: Series) -> int:
    """Count the falls that are clear, and make up a good part of all that the series does; 0 where there is none."""
    fall = largest_jump(mirrored(series))
    if not (fall.clear and fall.sizable):
        return 0
    low = (series.y[2:] - series.y[:-2]) < -_ALIKE * fall.height
    return int(np.count_nonzero(low[1:] & ~low[:-1]) + low[0])


def gained(series: Series) -> float:
    """Return by how much more than its falls take away a series has climbed, as a share of the largest fall's height.

    That is how far its end stands above all before its last fall, or its lowest point since above the lowest before its
    first. What falls back to where it came from, and climbs again, has some 0 of both. A warm-up does not count.
    """
    fall = largest_jump(mirrored(series))
    falls = np.flatnonzero((series.y[2:] - series.y[:-2]) < -_ALIKE * fall.height)
    first, last = (int(falls[0]), int(falls[-1])) if falls.size else (fall.index, fall.index)
    since = series.y[last + 2 :]
    peaks = float(since.max(initial=series.y[-1]) - series.y[: last + 2].max())
    cut = warm_up(without_falls(series))
    before = series.y[first if cut is None else cut : first + 1]
    troughs = float(since.min(initial=series.y[-1]) - before.min()) if before.size else 0.0
    return max(peaks, troughs) / fall.height


def without_falls(series: Series) -> Series:
    """Remove the clear falls: what comes after one is raised by its height. What climbs climbs as it did."""
    rest = mirrored(series)
    for _ in range(_MOST_FALLS):
        fall = largest_jump(rest)
        if not (fall.clear and fall.sizable):
            break
        rest = remove_jump(rest, fall)
    return mirrored(rest)


def remove_jump(series: Series, jump: Jump) -> Series:
    """Remove a jump: what comes after it is lowered, and the rise through it is as usual."""
    y = series.y.copy()
    middle = jump.index + 1
    y[middle + 1 :] -= jump.height
    y[middle] = (y[middle - 1] + y[middle + 1]) / 2
    return Series(x=series.x, y=y, resolution=series.resolution)


def drift_t_cdf(series: Series) -> float:
    """Return the probability, from 0 to 1, that a random walk without drift would have climbed less steadily than this.

    It is Student's distribution of the mean change between neighbouring pairs of batches. However rough a walk is, it
    exceeds 0.985 in one or two of a hundred. A single jump gives some 0.8; noise around a line makes it less.
    """
    count = series.y.size // _PAIR
    changes = np.diff(series.y[-count * _PAIR :].reshape(count, _PAIR).mean(axis=1))
    error = float(changes.std(ddof=1)) * _SMOOTHED / np.sqrt(changes.size)
    mean = float(changes.mean())
    return float(stdtr(changes.size - 1, mean / error)) if error else float(mean > 0)


def keeps_climbing(series: Series) -> bool:
    """Return whether each fifth is above the one before."""
    return bool(np.all(np.diff([part.mean() for part in np.array_split(series.y, _PARTS)]) > 0))
