"""The largest jump of a series, its falls, and the series without them."""

from dataclasses import dataclass

import numpy as np

from harness.analysis.growth.batches import Series
from harness.analysis.growth.warm_up import warm_up

# The change over two batches of a walk has 1.6 times the standard deviation of the change over one, so that 8 is 5 of
# its own; the estimate of the noise makes it 3 false jumps in 1,000 walks.
_CLEAR = 8.0  # times the usual change between two batches: a jump, not noise
# A choice. Of jumps it decides what an undecided verdict says, and whether no_steady_state becomes inconclusive; of
# falls also whether a climb counts.
_SIZABLE = 0.25  # of the whole range: smaller jumps are stairs of the climb itself
# Half: two falls of one saw-tooth differ by how a batch cuts them.
_ALIKE = 0.5  # of the height of the largest fall: a fall of the same kind
_MOST_FALLS = 5  # as many as are taken out; what falls more often is a saw-tooth


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
