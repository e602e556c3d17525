"""Batches, warm-up, jumps and steadiness, on series that can be worked out by hand or by scipy's own regression."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from harness.analysis.growth.batches import (
    Series,
    batched,
    drift_t_cdf,
    gained,
    keeps_climbing,
    largest_jump,
    mirrored,
    remove_jump,
    sizable_falls,
    warm_up,
    without_falls,
)

Floats = npt.NDArray[np.float64]


def series(y: npt.ArrayLike, resolution: float = 1.0) -> Series:
    """Give a batch every half unit of x, from 10 on."""
    ys = np.asarray(y, dtype=float)
    return Series(x=np.arange(ys.size) / 2 + 10, y=ys, resolution=resolution)


def rising(rises: npt.ArrayLike) -> Series:
    return series(np.concatenate([[100.0], 100 + np.cumsum(rises)]))


# --- batches --------------------------------------------------------------------------------------------------------


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


# --- warm-up --------------------------------------------------------------------------------------------------------


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


# --- the largest jump -----------------------------------------------------------------------------------------------


def test_a_jump_has_its_height_beyond_the_usual_and_the_place_of_its_middle() -> None:
    jump = largest_jump(rising([1, 1, 1, 6, 6, 1, 1, 1, 1]))
    assert (jump.index, jump.x, jump.height) == (3, 12.0, 10.0)
    assert jump.clear
    assert jump.sizable


def test_a_fall_is_no_jump_and_a_straight_line_has_none() -> None:
    fall = largest_jump(rising([1, 1, 1, -40, 1, 1, 1, 1]))
    assert (fall.height, fall.clear) == (0.0, False)
    line = largest_jump(rising([1.0] * 9))
    assert (line.height, line.clear, line.sizable) == (0.0, False, False)
    still = largest_jump(rising([0.0] * 9))
    assert (still.height, still.clear, still.sizable) == (0.0, False, False)


@pytest.mark.parametrize(("extra", "clear"), [(11.5, False), (12.5, True), (30.0, True)])
def test_a_jump_is_clear_from_eight_times_the_usual_change_on(extra: float, clear: bool) -> None:  # noqa: FBT001 - a row of a table
    rises = [4, 6] * 5 + [5, 5, 5 + extra] + [4, 6] * 5  # usually 5, and 1 off: 8 x 1.4826 is 11.9
    jump = largest_jump(rising(rises))
    assert jump.height == pytest.approx(extra)
    assert jump.clear is clear


@pytest.mark.parametrize(("height", "sizable"), [(9.0, False), (10.0, False), (11.0, True)])
def test_a_jump_is_sizable_above_a_quarter_of_all_that_the_series_does(height: float, sizable: bool) -> None:  # noqa: FBT001 - a row of a table
    rises = np.full(20, (40 - height) / 20)
    rises[7] += height
    jump = largest_jump(rising(rises))
    assert jump.height == pytest.approx(height)
    assert jump.sizable is sizable


def test_what_is_left_without_a_jump_is_the_climb_as_it_usually_is() -> None:
    of = rising([1, 1, 1, 6, 6, 1, 1, 1, 1])
    rest = remove_jump(of, largest_jump(of))
    assert rest.y.tolist() == (100 + np.arange(10.0)).tolist()
    assert rest.x is of.x
    assert rest.resolution == of.resolution
    assert of.y.tolist() == [100, 101, 102, 103, 109, 115, 116, 117, 118, 119]


# --- falls ----------------------------------------------------------------------------------------------------------


def teeth(count: int, height: float = 10.0, rest: int = 5) -> Series:
    """Climb by 1 a batch, and fall by ``height`` every tenth."""
    return rising([*([*[1.0] * 9, 1 - height] * count), *[1.0] * rest])


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_falls_of_one_kind_are_counted(count: int) -> None:
    assert sizable_falls(teeth(count)) == count


def test_a_small_fall_beside_a_large_climb_is_none() -> None:
    assert sizable_falls(rising([*[1.0] * 20, -3.0, *[1.0] * 20])) == 0


@pytest.mark.parametrize(("rest", "share"), [(5, 0.1), (9, 0.1), (12, 0.3)])
def test_what_is_gained_at_the_end_is_a_share_of_the_fall(rest: int, share: float) -> None:
    assert gained(teeth(1, rest=rest)) == pytest.approx(share, abs=0.11)
    assert gained(teeth(3, rest=rest)) == pytest.approx(share, abs=0.11)


@pytest.mark.parametrize(("climb", "share"), [(9, 0.1), (18, 1.0), (27, 1.9)])
def test_what_is_gained_before_the_fall_is_a_share_of_it(climb: int, share: float) -> None:
    assert gained(rising([*[1.0] * climb, -9.0, *[1.0] * 3])) == pytest.approx(share, abs=0.11)


def test_a_warm_up_before_a_fall_gains_nothing() -> None:
    warm = [100 * 0.5**at for at in range(8)]
    assert gained(rising([*warm, *[1.0] * 9, -9.0, *[1.0] * 9])) == pytest.approx(0, abs=0.25)


def test_the_lowest_reading_of_each_batch_is_its_trough() -> None:
    y = np.tile([5.0, 1.0, 9.0], 4)
    assert batched(np.arange(12.0), y, 4, lowest=True).y.tolist() == [1.0] * 4
    assert batched(np.arange(12.0), y, 4).y.tolist() == [5.0] * 4


def test_what_is_left_without_falls_is_the_climb() -> None:
    of = teeth(3)
    assert without_falls(of).y.tolist() == (100 + np.arange(of.y.size)).tolist()
    assert without_falls(rising([1.0] * 9)).y.tolist() == rising([1.0] * 9).y.tolist()
    assert mirrored(mirrored(of)).y.tolist() == of.y.tolist()


# --- steadiness -----------------------------------------------------------------------------------------------------


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
