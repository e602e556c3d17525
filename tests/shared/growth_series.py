"""Series of batches that can be worked out by hand."""

import numpy as np
import numpy.typing as npt

from harness.analysis.growth.batches import Series


def series(y: npt.ArrayLike, resolution: float = 1.0) -> Series:
    """Give a batch every half unit of x, from 10 on."""
    ys = np.asarray(y, dtype=float)
    return Series(x=np.arange(ys.size) / 2 + 10, y=ys, resolution=resolution)


def rising(rises: npt.ArrayLike) -> Series:
    return series(np.concatenate([[100.0], 100 + np.cumsum(rises)]))
