"""The warm-up that is left out, held against scipy's own regression."""

import numpy as np
import pytest
from scipy import stats

from growth_series import series
from harness.analysis.growth.batches import Series
from harness.analysis.growth.warm_up import warm_up


def inexactness(of: Series) -> float:
    """Give the squared error of the least squares slope, with the variance of rounding added to the noise."""
    rounding = of.x.size * of.resolution**2 / 12 / (of.x.size - 2) / (of.x.size * np.var(of.x))
    return float(stats.linregress(of.x, of.y).stderr ** 2 + rounding)


def settled_after(of: Series) -> int | None:
    """Give what makes it four times as exact; windows are of seven batches at the very least."""
    count = of.x.size
    costs = {cut: inexactness(of.since(cut)) for cut in range(count - 6)}
    allowed = {cut: cost for cut, cost in costs.items() if cut <= count // 2}
    best = min(allowed, key=allowed.__getitem__)
    cut = best if 4 * costs[best] < costs[0] else 0
    better = any(4 * cost < costs[cut] for later, cost in costs.items() if later > count // 2)
    return None if better else cut


@pytest.mark.slow
@pytest.mark.parametrize("count", [20, 21, 30])
@pytest.mark.parametrize("resolution", [0.0, 1.0, 4.0])
def test_the_warm_up_is_what_makes_a_regression_four_times_as_exact(count: int, resolution: float) -> None:
    answers = set()
    for seed in range(30):
        rng = np.random.default_rng(seed)
        warm = rng.uniform(0, 30) * np.exp(-np.arange(count) / rng.uniform(1, 8))
        step = np.where(np.arange(count) < rng.integers(0, count - 4), 0.0, rng.choice([0.0, 10, 100]))
        of = series(rng.normal(0, 1, count) + warm + step, resolution)
        assert warm_up(of) == settled_after(of)
        answers.add(warm_up(of))
    assert {0, None} < answers


@pytest.mark.parametrize(
    ("early", "cut"),
    [(0, 0), (1, 1), (3, 3), (9, 9), (14, 14), (15, 15), (16, None), (20, None), (23, None), (26, 0)],
)
def test_at_most_half_is_warm_up_and_seven_batches_at_least_must_be_better(early: int, cut: int | None) -> None:
    y = 5.0 * np.arange(30)
    y[:early] -= 1000 + 300.0 * (np.arange(early) % 2)
    assert warm_up(series(y)) == cut


def test_memory_that_never_moves_needs_no_warm_up() -> None:
    assert warm_up(series(np.full(30, 7.0), resolution=0.0)) == 0


def test_so_few_batches_that_nothing_is_left_to_compare_are_settled() -> None:
    assert warm_up(series(3.0 * np.arange(12))) == 0
