"""Jumps and falls, on series that can be worked out by hand."""

import numpy as np
import pytest

from growth_series import rising
from harness.analysis.growth.batches import Series
from harness.analysis.growth.jumps import gained, largest_jump, mirrored, remove_jump, sizable_falls, without_falls


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


def test_what_is_left_without_falls_is_the_climb() -> None:
    of = teeth(3)
    assert without_falls(of).y.tolist() == (100 + np.arange(of.y.size)).tolist()
    assert without_falls(rising([1.0] * 9)).y.tolist() == rising([1.0] * 9).y.tolist()
    assert mirrored(mirrored(of)).y.tolist() == of.y.tolist()
