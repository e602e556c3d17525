"""How steadily a series climbs: more steadily than a random walk would, and in each of its parts."""

import numpy as np
from scipy.special import stdtr

from harness.analysis.growth.batches import Series

_PAIR = 2  # batches: their mean is quieter than each
# Where no order is preferred, five parts rise by chance once in 5! = 120. The saw-teeth of tests/calibration have five
# periods or more in a run; with fewer this rule does not help.
_PARTS = 5  # each of which must be above the one before, in a climb
# The changes between averages of successive stretches of a walk have a correlation of 1/4 at lag 1 and of 0 beyond
# (Working 1960, Econometrica 28:916), so that the variance of their mean is 1 + 2/4 times that of independent ones.
_SMOOTHED = np.sqrt(1.5)  # changes between means of a walk's stretches are correlated: 1/4 between neighbours


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
