"""The slope of a series, with an interval that holds for noise of any persistence, since resident memory wanders.

The slope is Theil and Sen's. For the interval the noise is taken as an autoregression of first order whose persistence
is unknown, from none to that of a random walk; each persistence counts by its restricted likelihood. That needs no
random numbers, and it widens by itself where the residuals wander. Resampling blocks of thirty residuals cannot: noise
that remembers a third of the run is longer than any block.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import stdtr

from harness.analysis.growth.batches import Floats, Series

# A uniform prior on log(1 - phi): phi has no natural scale near 1. 0.005 is a memory of 200 batches, so that within 30
# it cannot be told from a walk. 200 values in place of 24 changed the width of 150 simulated intervals by at most
# 1.5 %.
_FORGETS = np.geomspace(1.0, 0.005, 24)  # 1 - phi between two batches: from white noise to a random walk
# Only the estimate of additional time uses this, never a verdict.
_WALK = 0.1  # forgotten after more than ten batches: over so short a series that is a random walk
# A wobble of range R moves a least-squares slope most where it is a step in the middle: by 1.5 R / span in the limit
# of many batches, by 1.45 R / span at 30.
_BOUND = 1.5  # over the span: by how many times its own range any wobble can tilt a straight line
# Averages of a walk's stretches change by 2/3 of the variance of the walk itself (Working 1960), medians by 0.73 as
# simulated: a factor of 1.4 to 1.5 where phi is near 1, fading as phi^3. The rest answers the bias of estimates of phi
# in short series, which restricted likelihood makes smaller and does not remove (Cheang and Reinsel 2000).
_WANDERS = 1.0  # of its variance: half for what medians of batches take from the changes of a random walk, which is
# known, and half for the persistence, which is not, and which short series make look smaller: by calibration
_TINY = 1e-12  # of the squared range: below that a residual is rounding


@dataclass(frozen=True, kw_only=True)
class Slope:
    """Bytes per unit of x; the interval is ``value`` plus and minus ``half``.

    ``noise`` is the half-width by the persistence of the noise, ``stairs`` by the range of the residuals. ``error`` is
    the standard error; ``drifting`` is how much, from 0 to 1, the noise looks like a random walk, whose slope a longer
    run makes exact only slowly.
    """

    value: float
    noise: float
    stairs: float = 0.0
    error: float
    drifting: float

    @property
    def half(self) -> float:
        """Return half the width of the interval."""
        return max(self.noise, self.stairs)

    @property
    def low(self) -> float:
        """Return the lower end of the interval."""
        return self.value - self.half

    @property
    def high(self) -> float:
        """Return the upper end of the interval."""
        return self.value + self.half


def theil_sen(series: Series) -> float:
    """Return the Theil-Sen slope alone: the median of the slopes between all pairs of batches."""
    # scipy.stats.theilslopes gives the same number, and takes 1.5 ms to check its arguments.
    first, second = np.triu_indices(series.x.size, 1)
    return float(np.median((series.y[second] - series.y[first]) / (series.x[second] - series.x[first])))


def slope(series: Series, confidence: float) -> Slope:
    """Return the Theil-Sen slope and an interval that allows for noise of any persistence.

    The interval is never narrower than the range of the residuals could tilt the line: what comes in stairs is no
    noise, and hides that much.
    """
    if series.constant:
        return Slope(value=0.0, noise=0.0, error=0.0, drifting=0.0)
    value = theil_sen(series)
    weights, errors = _persistence(series)
    freedom = series.x.size - 2

    def missing(half: float) -> float:
        return float(weights @ stdtr(freedom, half / errors)) - (1 + confidence) / 2

    # A mixture of Student's t distributions, one a persistence: the quantile is found, not looked up.
    noise = float(brentq(missing, 0.0, 1e3 * float(errors.max())))
    return Slope(
        value=value,
        noise=noise,
        stairs=_BOUND * float(np.ptp(series.y - value * series.x)) / series.span,
        error=float(np.sqrt(weights @ errors**2)),
        drifting=float(weights[_FORGETS < _WALK].sum()),
    )


def _persistence(series: Series) -> tuple[Floats, Floats]:
    """Weight each persistence by the restricted likelihood, and the standard error of a slope under it."""
    phi = 1 - _FORGETS
    dx = series.x - series.x.mean()
    one, line, y = (_whitened(column, phi) for column in (np.ones(dx.size), dx, series.y - series.y.mean()))
    determinant = _dot(one, one) * _dot(line, line) - _dot(one, line) ** 2
    explained = (
        _dot(line, line) * _dot(one, y) ** 2
        - 2 * _dot(one, line) * _dot(one, y) * _dot(line, y)
        + _dot(one, one) * _dot(line, y) ** 2
    ) / determinant
    residual = np.maximum(_dot(y, y) - explained, _TINY * float(np.ptp(series.y)) ** 2)
    freedom = dx.size - 2
    # -1/2 log|V| - 1/2 log|X'WX| - (n - 2)/2 log(residual), with |V| = 1 / (1 - phi^2) for shocks of variance 1.
    likelihood = (np.log1p(-(phi**2)) - np.log(determinant) - freedom * np.log(residual)) / 2
    weights = np.exp(likelihood - likelihood.max())
    # The error of the least-squares slope under each persistence stands in for that of Theil and Sen's, which has no
    # closed form under correlation; under independent normal noise their efficiency is 0.955 of it (Sen 1968).
    pull = dx / (dx @ dx)
    variance = np.einsum("i,pij,j->p", pull, _correlations(dx.size), pull) * residual / freedom
    return weights / weights.sum(), np.sqrt(variance * (1 + _WANDERS * phi**3))


def _whitened(column: Floats, phi: Floats) -> Floats:
    """Return what is new in each batch, a row a persistence; the first is scaled to count as much as the rest."""
    first = np.sqrt(1 - phi**2)[:, None] * column[0]
    return np.concatenate([first, column[1:] - phi[:, None] * column[:-1]], axis=1)


def _dot(left: Floats, right: Floats) -> Floats:
    return np.asarray((left * right).sum(axis=1))


@lru_cache
def _correlations(count: int) -> Floats:
    phi = (1 - _FORGETS)[:, None, None]
    apart = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    return np.asarray(phi**apart / (1 - phi**2))
