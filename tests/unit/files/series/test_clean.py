"""What is wrong with a series is found, stated and left out."""

import numpy as np

from harness.files.series.clean import clean
from harness.files.series.table import Floats, Series

MIB = 2.0**20
X: Floats = np.arange(400, dtype=np.float64) * 15.0


def of(y: "Floats | list[float]", x: Floats = X, lives: "list[int] | None" = None) -> Series:
    numbers = None if lives is None else np.array(lives)
    return Series(name="it", kind="a table", x=x, y=np.array(y, dtype=float), unit="bytes", clock="s", lives=numbers)


def test_a_series_without_faults_is_left_as_it_is() -> None:
    found = clean(of(np.full(400, 50 * MIB)))

    assert (found.begin, found.end, found.restarts, found.warnings) == (0, 400, (), ())


def test_missing_readings_and_zeros_are_left_out_and_counted() -> None:
    y = np.full(400, 50 * MIB)
    y[10:13], y[50] = np.nan, 0

    found = clean(of(y))
    assert found.x.size == 396
    assert [(one.id, one.text[:1]) for one in found.warnings] == [("readings_missing", "3"), ("zeros_left_out", "1")]


def test_times_that_go_back_are_put_in_order() -> None:
    x = X.copy()
    x[[100, 101]] = x[[101, 100]]

    found = clean(of(np.full(400, 50 * MIB), x))
    assert (np.diff(found.x) > 0).all()
    assert [one.id for one in found.warnings] == ["times_reordered"]


def test_a_gap_is_stated_with_its_length() -> None:
    x = X.copy()
    x[200:] += 3600

    (gap,) = clean(of(np.full(400, 50 * MIB), x)).warnings
    assert (gap.id, "1h 15s" in gap.text) == ("time_gaps", True)


def test_a_new_process_id_is_a_restart_whatever_memory_does() -> None:
    found = clean(of(np.full(400, 50 * MIB), lives=[7] * 150 + [8] * 250))

    assert (found.restarts, found.begin, found.end) == ((150,), 150, 400)
    assert [one.id for one in found.warnings] == ["restarts_split"]


def test_a_fall_to_less_than_half_that_stays_is_taken_for_a_restart() -> None:
    y = np.concatenate([50 * MIB + MIB * np.arange(250.0), 50 * MIB + MIB * np.arange(150.0)])

    found = clean(of(y))
    assert (found.restarts, found.begin, found.end) == ((250,), 0, 250)
    assert clean(of(y), split=False).restarts == ()


def test_one_odd_reading_is_no_restart() -> None:
    y = np.full(400, 50 * MIB)
    y[200] = 2 * MIB

    assert clean(of(y)).restarts == ()


def test_a_saw_tooth_is_not_cut_at_each_of_its_falls() -> None:
    found = clean(of(50 * MIB + MIB * (np.arange(400.0) % 60) * 2))

    assert (found.restarts, found.falls) == ((), 6)
    assert [one.id for one in found.warnings] == ["falls_undecided"]


def test_a_smaller_fall_is_a_restart_where_it_ends_at_the_beginning() -> None:
    life = 50 * MIB + MIB * np.arange(200.0) / 8

    assert clean(of(np.concatenate([life, life]))).restarts == (200,)
    assert clean(of(np.concatenate([life, life + 15 * MIB]))).restarts == ()
