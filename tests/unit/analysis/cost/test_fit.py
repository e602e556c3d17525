"""A straight line through the cost of a poll: by values that can be worked out by hand."""

import pytest

from harness.analysis.cost.fit import fit
from harness.model import LinkCost


def costs(*steps: tuple[int, float]) -> tuple[LinkCost, ...]:
    return tuple(LinkCost(links=links, bytes_per_poll=cost) for links, cost in steps)


def test_a_straight_line_is_found_exactly() -> None:
    found = fit(costs((10, 130.0), (20, 230.0), (40, 430.0)), 0.95)
    assert found is not None
    assert (found.intercept, found.slope) == pytest.approx((30, 10))
    assert (found.low, found.high) == pytest.approx((10, 10))
    assert found.r2 == pytest.approx(1)
    assert found.miss == pytest.approx(0, abs=1e-9)


def test_the_interval_is_that_of_a_least_squares_slope() -> None:
    found = fit(costs((1, 1.0), (2, 3.0), (3, 2.0)), 0.95)
    assert found is not None
    assert (found.intercept, found.slope) == pytest.approx((1, 0.5))
    assert found.r2 == pytest.approx(0.25)
    assert found.high - found.slope == pytest.approx(12.7062 * 0.75**0.5, rel=1e-4)
    assert (found.miss, found.miss_links) == pytest.approx((0.5, 1))


def test_costs_that_do_not_depend_on_links_have_no_r2() -> None:
    found = fit(costs((1, 5.0), (2, 5.0), (3, 5.0)), 0.95)
    assert found is not None
    assert (found.slope, found.r2) == (0, None)
    assert (found.low, found.high) == (0, 0)


def test_fewer_than_three_numbers_of_links_are_no_line() -> None:
    assert fit(costs((1, 5.0), (2, 6.0)), 0.95) is None
    assert fit(costs((1, 5.0), (1, 6.0), (2, 7.0)), 0.95) is None


def test_a_cost_that_never_changes_has_a_line_of_no_slope_and_no_doubt() -> None:
    found = fit(tuple(LinkCost(links=at, bytes_per_poll=552.0) for at in (4, 8, 22, 62)), 0.95)
    assert found is not None
    assert (found.slope, found.low, found.high, found.r2) == (0.0, 0.0, 0.0, None)
