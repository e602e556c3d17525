"""Recorded series of known truth get the verdict that is true, through all that recordings suffer."""

from dataclasses import replace

import numpy as np
import pytest

from harness.files.series.judge import Limits, judge_all, thinned
from harness.files.series.table import Floats, Series

MIB = 2.0**20
HOURS = 6
X: Floats = np.arange(HOURS * 360, dtype=np.float64) * 10.0
LEAK = 12 * MIB / 3600  # bytes a second
RANDOM = np.random.default_rng(7)
NOISE = RANDOM.normal(0, MIB / 4, X.size)


def of(y: Floats, x: Floats = X, name: str = "it", per: str = "hour") -> Series:
    return Series(name=name, kind="a table", x=x, y=y, unit="bytes", clock="s", per=per)  # type: ignore[arg-type]


FLAT = 80 * MIB + NOISE
GROWING = 80 * MIB + NOISE + LEAK * X


def judged(*series: Series, limits: Limits = Limits()) -> "tuple[object, ...]":  # noqa: B008 - it is frozen
    judgement, _ = judge_all([("file", one) for one in series], limits)
    return (judgement.verdict, *(one.growth.verdict for one in judgement.series if one.growth))


def test_a_leak_is_found_with_its_rate() -> None:
    judgement, _ = judge_all([("file", of(GROWING))], Limits())

    growth = judgement.series[0].growth
    assert growth is not None
    assert growth.low is not None
    assert growth.high is not None
    assert judgement.verdict == "fail"
    assert growth.low <= 12 * MIB <= growth.high
    assert growth.high - growth.low < MIB


def test_what_does_not_grow_passes() -> None:
    assert judged(of(FLAT)) == ("pass", "flat")


@pytest.mark.parametrize("truth", ["flat", "growing"])
def test_zeros_gaps_and_a_restart_change_no_verdict(truth: str) -> None:
    y = (FLAT if truth == "flat" else GROWING).copy()
    x = X.copy()
    if truth == "growing":
        y[1500:] = GROWING[: y.size - 1500] / 2.2  # another life, from the beginning
    y[::50], x[700:] = 0, x[700:] + 1800

    assert judged(of(y, x))[1] == truth


def test_a_bound_decides_in_place_of_the_default() -> None:
    assert judged(of(GROWING), limits=Limits(max_growth=20 * MIB)) == ("pass", "slow")
    assert judged(of(GROWING), limits=Limits(max_growth=6 * MIB)) == ("fail", "growing")


def test_a_bound_within_the_interval_is_not_decided() -> None:
    assert judged(of(GROWING), limits=Limits(max_growth=11.99 * MIB))[0] == "inconclusive"


def test_a_saw_tooth_is_not_called_flat_where_its_falls_may_be_restarts() -> None:
    tooth = 20 * MIB + 60 * MIB * ((X % 2400) / 2400)

    assert judged(of(tooth)) == ("inconclusive", "inconclusive")


@pytest.mark.parametrize(("teeth", "verdict"), [(2, "growing"), (3, "inconclusive")])
def test_one_fall_is_a_restart_and_more_of_them_leave_it_open(teeth: int, verdict: str) -> None:
    period = X[-1] / teeth + 1

    assert judged(of(20 * MIB + NOISE / 8 + 60 * MIB * ((X % period) / period)))[1] == verdict


def test_ten_minutes_are_the_least() -> None:
    short = X < 300

    assert judged(of(GROWING[short], X[short]))[1] == "inconclusive"


def test_the_difference_of_two_is_of_the_same_moments() -> None:
    wave = 10 * MIB * np.sin(X / 700)
    judgement, _ = judge_all([("a", of(GROWING + wave)), ("b", of(FLAT + wave, name="b"))], Limits())

    pair = judgement.difference
    assert pair is not None
    assert pair.growth is not None
    assert pair.growth.low is not None
    assert pair.growth.high is not None
    assert pair.growth.low <= 12 * MIB <= pair.growth.high
    assert pair.readings == X.size


def test_two_lives_are_paired_by_age() -> None:
    later = of(FLAT, X + 10**6, name="b")
    judgement, _ = judge_all([("a", of(GROWING)), ("b", later)], Limits())

    assert judgement.difference is not None
    assert judgement.difference.growth is not None
    assert judgement.difference.growth.verdict == "growing"
    assert [one.id for one in judgement.difference.warnings] == ["same_age"]


def test_growth_by_work_has_bytes_a_unit() -> None:
    judgement, _ = judge_all(
        [("file", replace(of(GROWING, np.arange(X.size, dtype=np.float64) * 5.0, per="unit")))], Limits()
    )

    work = judgement.series[0].work_growth
    assert work is not None
    assert judgement.series[0].growth is None
    assert work.bytes_per_unit == pytest.approx(LEAK * 10 / 5, rel=0.05)


def test_more_readings_than_are_judged_become_medians_with_the_same_verdict() -> None:
    x: Floats = np.arange(1_000_000, dtype=np.float64) * 0.02
    y = 80 * MIB + LEAK * x
    at, level = thinned(x, y)

    assert at.size <= 200_000
    np.testing.assert_allclose(level, 80 * MIB + LEAK * at)


@pytest.mark.parametrize("y", [[], [5.0], [0.0] * 40, [np.nan] * 40])
def test_next_to_nothing_is_inconclusive_and_no_crash(y: "list[float]") -> None:
    series = of(np.array(y), np.arange(len(y), dtype=np.float64))

    assert judged(series, series)[0] == "inconclusive"
