"""The slope and its interval, against generalised least squares written out with matrices."""

from dataclasses import astuple

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from harness.analysis.growth.batches import Series
from harness.analysis.growth.slope import Slope, slope, theil_sen

Floats = npt.NDArray[np.float64]

FORGETS = np.geomspace(1.0, 0.005, 24)


def series(y: npt.ArrayLike, x: npt.ArrayLike | None = None) -> Series:
    ys = np.asarray(y, dtype=float)
    return Series(x=np.asarray(np.arange(ys.size) if x is None else x, dtype=float), y=ys, resolution=0.0)


def noisy(seed: int, keeps: float, count: int = 30, scale: float = 1.0) -> Series:
    """Give noise that keeps so much of itself from batch to batch, around a line; batches are not evenly spaced."""
    rng = np.random.default_rng(seed)
    y = np.zeros(count)
    for at in range(1, count):
        y[at] = keeps * y[at - 1] + rng.normal()
    x = np.cumsum(rng.uniform(0.5, 1.5, count))
    return series(scale * (y + 0.2 * x + 1000), x + 50)


def by_matrices(of: Series) -> tuple[Floats, Floats]:
    """Give weight and standard error of each persistence: restricted likelihood, and error of the plain slope."""
    count = of.x.size
    design = np.column_stack([np.ones(count), of.x - of.x.mean()])
    pull = np.linalg.pinv(design)[1]
    y = of.y - of.y.mean()
    likelihoods, errors = [], []
    for phi in 1 - FORGETS:
        lags = np.abs(np.arange(count)[:, None] - np.arange(count))
        covariance = phi**lags / (1 - phi**2)
        inverse = np.linalg.inv(covariance)
        inner = design.T @ inverse @ design
        rest = y - design @ np.linalg.solve(inner, design.T @ inverse @ y)
        squares = max(rest @ inverse @ rest, 1e-12 * np.ptp(y) ** 2)
        logs = [np.linalg.slogdet(covariance)[1], np.linalg.slogdet(inner)[1], (count - 2) * np.log(squares)]
        likelihoods.append(-sum(logs) / 2)
        errors.append(np.sqrt(pull @ covariance @ pull * squares / (count - 2) * (1 + phi**3)))
    weights = np.exp(np.array(likelihoods) - max(likelihoods))
    return weights / weights.sum(), np.array(errors)


def test_the_slope_is_the_median_of_all_slopes_between_two_batches() -> None:
    assert theil_sen(series([0, 2, 4, 600, 8], [0, 1, 2, 3, 4])) == 2
    assert theil_sen(series([0, 2, 4, 6, 8], [0, 4, 8, 12, 16])) == 0.5


def test_an_interval_has_its_ends_around_its_value() -> None:
    line = Slope(value=7.0, noise=2.0, error=1.0, drifting=0.0)
    assert (line.low, line.high) == (5.0, 9.0)


def test_memory_that_never_moves_has_no_slope_and_no_doubt() -> None:
    assert slope(series(np.full(30, 4e7)), 0.95) == Slope(value=0.0, noise=0.0, error=0.0, drifting=0.0)


@pytest.mark.parametrize("count", [20, 30])
@pytest.mark.parametrize("keeps", [0.0, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("scale", [1e-4, 4096.0])
def test_error_and_drift_are_those_of_generalised_least_squares(count: int, keeps: float, scale: float) -> None:
    for seed in range(3):
        of = noisy(seed, keeps, count, scale)
        weights, errors = by_matrices(of)
        found = slope(of, 0.95)
        assert found.value == theil_sen(of)
        assert found.error == pytest.approx(np.sqrt((weights * errors**2).sum()), rel=1e-6)
        assert found.drifting == pytest.approx(weights[FORGETS < 0.1].sum(), rel=1e-6)


@pytest.mark.parametrize("confidence", [0.9, 0.99, 0.9999])
@pytest.mark.parametrize("scale", [1e-4, 4096.0])
def test_the_interval_holds_its_share_of_students_distributions(confidence: float, scale: float) -> None:
    wider = 0
    for seed in range(12):
        of = noisy(seed, 0.8, 30, scale)
        weights, errors = by_matrices(of)
        found = slope(of, confidence)
        stairs = 1.5 * np.ptp(of.y - found.value * of.x) / (of.x[-1] - of.x[0])
        within = weights @ stats.t.cdf(found.half / errors, 28)
        if found.half > stairs * (1 + 1e-9):
            assert within == pytest.approx((1 + confidence) / 2, rel=1e-6)
            wider += 1
        else:
            assert found.half == pytest.approx(stairs)
            assert within > (1 + confidence) / 2
    assert wider


def test_the_level_that_memory_is_at_costs_no_digit() -> None:
    of = noisy(1, 0.5)
    low, high = slope(of, 0.95), slope(series(of.y + 1e8, of.x), 0.95)
    assert astuple(high) == pytest.approx(astuple(low), rel=1e-5)


def test_stairs_are_no_noise_and_widen_the_interval_by_what_they_hide() -> None:
    y = np.repeat([0.0, 10, 20, 30, 40], 6)
    found = slope(series(y, 0.5 * np.arange(30)), 0.5)
    assert found.half == pytest.approx(1.5 * np.ptp(y - found.value * 0.5 * np.arange(30)) / 14.5)


def test_a_line_without_any_noise_is_as_exact_as_rounding_and_no_more() -> None:
    of = series(3.0 * np.arange(30), 2.0 * np.arange(30))
    found = slope(of, 0.95)
    weights, errors = by_matrices(of)
    assert found.value == 1.5
    assert found.error == pytest.approx(np.sqrt((weights * errors**2).sum()), rel=1e-6)
    assert 0 < found.half < 1e-4
