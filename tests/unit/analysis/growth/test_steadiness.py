"""How steadily a series climbs, held against scipy's own test."""

import numpy as np
import pytest
from scipy import stats

from growth_series import rising, series
from harness.analysis.growth.steadiness import drift_t_cdf, keeps_climbing


@pytest.mark.parametrize("count", [20, 25, 30])
def test_insistence_is_students_test_of_the_changes_of_pairs(count: int) -> None:
    for seed in range(10):
        y = np.cumsum(np.random.default_rng(seed).normal(0.5, 1, count))
        pairs = [(y[at] + y[at + 1]) / 2 for at in range(count % 2, count, 2)]
        tested = stats.ttest_1samp(np.diff(pairs), 0)
        expected = stats.t.cdf(tested.statistic / np.sqrt(1.5), tested.df)
        assert drift_t_cdf(series(y)) == pytest.approx(expected)


@pytest.mark.parametrize(("rise", "expected"), [(1.0, 1.0), (0.25, 1.0), (0.0, 0.0), (-1.0, 0.0)])
def test_a_line_without_any_noise_insists_wholly_or_not_at_all(rise: float, expected: float) -> None:
    assert drift_t_cdf(rising([rise] * 19)) == expected


def test_a_climb_climbs_in_each_fifth() -> None:
    climb = np.arange(20.0)
    assert keeps_climbing(series(climb))
    for fifth in range(4):
        held = climb.copy()
        held[4 * fifth + 4 : 4 * fifth + 8] = held[4 * fifth : 4 * fifth + 4]
        assert not keeps_climbing(series(held))
    assert keeps_climbing(series([0, 9, 1, 9, 2, 9, 3, 9, 4, 9]))
