"""Readings reduced to batches, of which everything that is judged of a series is made.

``x`` are hours, polls, or whatever work is counted in; ``y`` are bytes. Nothing here knows a threshold of memory.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


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
