"""Readings to batches."""

import numpy as np

from growth_series import series
from harness.analysis.growth.batches import batched


def test_batches_are_medians_and_leave_out_the_oldest_readings() -> None:
    x = np.array([0.0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20])
    y = np.array([-900.0, -900, 1, 9, 2, 4, 7, 4, 8, 8.5, 30])
    found = batched(x, y, 3)
    assert found.x.tolist() == [3, 6, 9]
    assert found.y.tolist() == [2, 4, 8.5]
    assert found.resolution == 0.5
    assert found.span == 6


def test_two_levels_have_a_grain_and_one_has_none() -> None:
    assert batched(np.arange(4.0), np.array([3.0, 3, 10, 3]), 2).resolution == 7
    assert batched(np.arange(4.0), np.full(4, 3.0), 2).resolution == 0


def test_a_later_beginning_keeps_the_grain() -> None:
    found = series([1, 2, 3, 4], resolution=4096.0).since(1)
    assert (found.x.tolist(), found.y.tolist(), found.resolution) == ([10.5, 11, 11.5], [2, 3, 4], 4096)
    assert found.span == 1
    assert not found.constant
    assert series([2, 2, 2]).constant


def test_the_lowest_reading_of_each_batch_is_its_trough() -> None:
    y = np.tile([5.0, 1.0, 9.0], 4)
    assert batched(np.arange(12.0), y, 4, lowest=True).y.tolist() == [1.0] * 4
    assert batched(np.arange(12.0), y, 4).y.tolist() == [5.0] * 4
