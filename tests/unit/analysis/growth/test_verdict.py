"""The verdict on one series, by values that can be checked by hand and by what must hold of any series."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.analysis.growth import verdict
from harness.analysis.growth.batches import batched
from harness.analysis.growth.verdict import Thresholds, Trend, difference, judge

Floats = npt.NDArray[np.float64]

KIB = 1024.0
MIB = 1024.0 * 1024.0
BASE = 40 * MIB
PER_HOUR = Thresholds()
TEN_MINUTES = np.arange(600) / 3600
AN_HOUR = np.arange(3600) / 3600
seeds = st.integers(0, 2**32 - 1)


def noise(x: Floats, seed: int = 1, sd: float = 20 * KIB) -> Floats:
    return np.asarray(BASE + np.random.default_rng(seed).normal(0, sd, x.size))


def leaking(x: Floats, mib_per_hour: float, seed: int = 1) -> Floats:
    return np.asarray(noise(x, seed) + mib_per_hour * MIB * x)


def stepping(x: Floats, at: float, height: float = 2e6) -> Floats:
    return np.asarray(noise(x) + np.where(x >= at, height, 0.0))


def dropping(x: Floats, at: float) -> Floats:
    return np.asarray(np.where(x >= at, 4 * MIB, 0.0))


def scaled(y: Floats, by: float) -> Trend:
    return judge(TEN_MINUTES, by * y, Thresholds(delta=by * PER_HOUR.delta))


# --- by hand --------------------------------------------------------------------------------------------------------


def test_memory_that_does_not_move_is_flat_even_after_a_minute() -> None:
    trend = judge(np.arange(60) / 3600, np.full(60, BASE), PER_HOUR)
    assert (trend.verdict, trend.slope, trend.low, trend.high) == ("flat", 0.0, 0.0, 0.0)
    assert trend.explanation == "grows by at most 0 B an hour (95 %), less than 4 MiB an hour"


def test_a_bare_leak_has_its_rate() -> None:
    trend = judge(TEN_MINUTES, BASE + 20 * MIB * TEN_MINUTES, PER_HOUR)
    assert trend.verdict == "growing"
    assert trend.slope == pytest.approx(20 * MIB)
    assert trend.low == pytest.approx(20 * MIB, rel=1e-4)
    assert trend.explanation == "climbs by 20 MiB an hour (20 MiB to 20 MiB, 95 %), more than 4 MiB an hour"


def test_noise_of_a_minute_shows_nothing_and_asks_for_more() -> None:
    trend = judge(np.arange(60) / 3600, noise(np.arange(60) / 3600, sd=100 * KIB), PER_HOUR)
    assert trend.verdict == "inconclusive"
    assert trend.additional is not None
    assert 60 < 3600 * trend.additional < 3600
    assert trend.minimal_detectable is not None
    assert trend.minimal_detectable > PER_HOUR.delta


def test_noise_of_an_hour_is_flat_and_says_by_how_much_at_most() -> None:
    trend = judge(AN_HOUR, noise(AN_HOUR), PER_HOUR)
    assert trend.verdict == "flat"
    assert trend.additional is None
    assert trend.explanation.startswith("grows by at most ")


def test_a_leak_in_pages_that_malloc_asks_for_by_132_kib_is_found_at_its_rate() -> None:
    stairs = 132 * KIB * np.floor(20e6 * TEN_MINUTES / (132 * KIB))
    trend = judge(TEN_MINUTES, BASE + stairs, PER_HOUR)
    assert trend.verdict == "growing"
    assert trend.slope == pytest.approx(20e6, rel=0.05)


@pytest.mark.parametrize("share", [0.55, 0.7, 0.9])
def test_a_late_step_is_no_trend_and_is_named_at_its_time(share: float) -> None:
    at = share * TEN_MINUTES[-1]
    trend = judge(TEN_MINUTES, stepping(TEN_MINUTES, at), PER_HOUR)
    assert trend.verdict == "inconclusive"
    assert trend.step_at == pytest.approx(at, abs=1.5 * TEN_MINUTES[-1] / PER_HOUR.batches)
    assert "a jump of 1.9" in trend.explanation


def test_an_early_step_is_warm_up() -> None:
    trend = judge(AN_HOUR, stepping(AN_HOUR, 0.2), PER_HOUR)
    assert trend.verdict == "flat"
    assert trend.steady_from is not None
    assert 0.2 <= trend.steady_from <= 0.3


def test_a_leak_is_found_through_a_step_and_its_rate_leaves_the_step_out() -> None:
    trend = judge(TEN_MINUTES, stepping(TEN_MINUTES, 0.1) + 20 * MIB * TEN_MINUTES, PER_HOUR)
    assert trend.verdict == "growing"
    assert trend.slope == pytest.approx(20 * MIB, rel=0.02)
    assert trend.step_at == pytest.approx(0.1, abs=0.01)


def test_a_warm_up_before_the_leak_does_not_tilt_it() -> None:
    warm = 5e6 * (1 - np.exp(-TEN_MINUTES / 0.005))
    trend = judge(TEN_MINUTES, leaking(TEN_MINUTES, 20) + warm, PER_HOUR)
    assert trend.verdict == "growing"
    assert trend.slope == pytest.approx(20 * MIB, rel=0.1)


def test_memory_that_bends_to_the_end_has_no_steady_state() -> None:
    warm = 20e6 * (1 - np.exp(-TEN_MINUTES / TEN_MINUTES[-1] / 0.3))
    trend = judge(TEN_MINUTES, BASE + warm, PER_HOUR)
    assert trend.verdict == "no_steady_state"
    assert trend.slope is None
    assert trend.steady_from is None


def test_a_collector_is_no_leak() -> None:
    trend = judge(AN_HOUR, BASE + 3 * MIB * ((AN_HOUR * 3600 / 47) % 1), PER_HOUR)
    assert trend.verdict == "flat"


def test_a_shrinking_process_does_not_grow() -> None:
    trend = judge(AN_HOUR, leaking(AN_HOUR, -20), PER_HOUR)
    assert trend.verdict == "flat"
    assert trend.slope == pytest.approx(-20 * MIB, rel=0.02)


# --- per poll -------------------------------------------------------------------------------------------------------


def teeth(periods: float, phase: float, height: float = 16 * MIB) -> Floats:
    return np.asarray(noise(TEN_MINUTES) + height * ((periods * 6 * TEN_MINUTES + phase) % 1))


@pytest.mark.parametrize("periods", [1.5, 2, 3])
@pytest.mark.parametrize("phase", [0.0, 0.25, 0.5, 0.75, 0.95])
def test_what_falls_back_to_where_it_came_from_has_not_shown_that_it_grows(periods: float, phase: float) -> None:
    trend = judge(TEN_MINUTES, teeth(periods, phase), PER_HOUR)
    assert trend.verdict in {"inconclusive", "no_steady_state"}
    assert trend.explanation.count("of the 5 periods") == 1


def test_a_climb_above_the_old_peak_is_growth() -> None:
    fallen = noise(AN_HOUR) + 40 * MIB * AN_HOUR - dropping(AN_HOUR, 0.2)
    assert judge(AN_HOUR, fallen, PER_HOUR).verdict == "growing"


@pytest.mark.parametrize(("share", "expected"), [(0.2, "growing"), (0.85, "growing"), (0.5, "inconclusive")])
def test_a_climb_by_a_quarter_more_than_the_fall_is_growth(share: float, expected: str) -> None:
    fallen = leaking(AN_HOUR, 8) - dropping(AN_HOUR, share)  # of 4 MiB: half an hour of the climb
    assert judge(AN_HOUR, fallen, PER_HOUR).verdict == expected


@pytest.mark.parametrize(("rate", "verdicts"), [(0.0, {"flat"}), (4.0, {"growing", "inconclusive"})])
def test_a_collector_of_uneven_teeth_is_flat_by_its_troughs(rate: float, verdicts: set[str]) -> None:
    x = AN_HOUR / 2
    random = np.random.default_rng(1)
    filled = random.exponential(4 * MIB, x.size // 40 + 1).repeat(40)[: x.size] * (np.arange(x.size) % 40) / 40
    y = noise(x) + filled + rate * MIB * x
    assert judge(x, y, PER_HOUR).verdict in verdicts
    if not rate:
        assert verdict._of(batched(x, y, 30), PER_HOUR).verdict == "inconclusive"


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_memory_that_is_given_back_does_not_grow(share: float) -> None:
    trend = judge(AN_HOUR, noise(AN_HOUR) - dropping(AN_HOUR, share), PER_HOUR)
    assert trend.verdict == "flat"
    leaks = judge(AN_HOUR, leaking(AN_HOUR, 10) - dropping(AN_HOUR, share), PER_HOUR)
    assert leaks.verdict not in {"flat", "slow"}


def test_one_early_jump_and_a_long_rest_is_flat() -> None:
    assert judge(AN_HOUR, stepping(AN_HOUR, 0.05, height=8e6), PER_HOUR).verdict == "flat"
    assert judge(AN_HOUR, stepping(AN_HOUR, 0.5, height=8e6), PER_HOUR).verdict == "inconclusive"


def test_a_climb_below_the_threshold_is_slow_and_says_what_becomes_of_it() -> None:
    trend = judge(AN_HOUR, leaking(AN_HOUR, 2), PER_HOUR)
    assert trend.verdict == "slow"
    assert trend.low is not None
    assert trend.high is not None
    assert 0 < trend.low < trend.high < PER_HOUR.delta
    assert "MiB in a week" in trend.explanation
    assert judge(AN_HOUR, leaking(AN_HOUR, 2), Thresholds(delta=1.5 * MIB)).verdict == "growing"


def test_counts_are_told_as_counts() -> None:
    trend = judge(TEN_MINUTES, np.floor(3600 * TEN_MINUTES), Thresholds(delta=12.0, unit="count"))
    assert trend.verdict == "growing"
    assert trend.slope == pytest.approx(3600, rel=0.01)
    assert "more than 12 an hour" in trend.explanation


def test_rates_per_poll_are_judged_like_rates_per_hour() -> None:
    polls = np.arange(60) * 2000.0
    thresholds = Thresholds(delta=64.0, per="poll")
    trend = judge(polls, np.round((BASE + 200 * polls) / 4096) * 4096, thresholds)
    assert trend.verdict == "growing"
    assert trend.slope == pytest.approx(200, rel=0.01)
    assert "200 B a poll" in trend.explanation
    assert judge(polls, np.full(60, BASE), thresholds).verdict == "flat"


def test_a_step_is_named_by_its_poll() -> None:
    polls = np.arange(0.0, 60_000.0, 100.0)
    trend = judge(polls, stepping(polls, 45_000), Thresholds(delta=10.0, per="poll"))
    assert trend.verdict == "inconclusive"
    assert trend.step_at == pytest.approx(45_000, abs=3000)
    assert "at poll 4" in trend.explanation


def test_work_in_a_few_bursts_has_no_rate() -> None:
    polls = np.concatenate([np.zeros(500), np.arange(100.0)])
    trend = judge(polls, noise(polls), Thresholds(delta=10.0, per="poll"))
    assert (trend.verdict, trend.slope) == ("inconclusive", None)


# --- too little, and garbage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "more"), [(0, None), (1, None), (10, 20), (29, 1)])
def test_too_few_readings_are_inconclusive_and_say_how_many_more(count: int, more: float | None) -> None:
    trend = judge(np.arange(count), np.full(count, BASE), PER_HOUR)
    assert (trend.verdict, trend.additional, trend.slope) == ("inconclusive", more, None)
    assert f"at {count} different times" in trend.explanation


def test_readings_at_one_time_are_one_reading() -> None:
    assert judge(np.zeros(1000), noise(AN_HOUR[:1000]), PER_HOUR).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("x", "y", "why"),
    [
        ([0.0, 1.0], [1.0], "same length"),
        ([[0.0, 1.0]], [[1.0, 1.0]], "two rows"),
        ([0.0, float("nan")], [1.0, 1.0], "finite"),
        ([0.0, 1.0], [1.0, float("inf")], "finite"),
        ([1.0, 0.0], [1.0, 1.0], "backwards"),
    ],
)
def test_garbage_is_refused_by_name(x: npt.ArrayLike, y: npt.ArrayLike, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        judge(x, y, PER_HOUR)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"delta": 0.0}, "delta"),
        ({"delta": float("nan")}, "delta"),
        ({"confidence": 1.0}, "confidence"),
        ({"batches": 10}, "batches"),
        ({"batches": 40}, "batches"),
    ],
)
def test_thresholds_that_mean_nothing_are_refused(given: dict[str, float], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Thresholds(**given)  # type: ignore[arg-type]  # ints and floats in one table


# --- the paired difference ------------------------------------------------------------------------------------------


def test_what_moves_both_subjects_cancels() -> None:
    together = 30 * MIB * TEN_MINUTES + 3 * MIB * np.sin(60 * TEN_MINUTES)
    a, b = noise(TEN_MINUTES, 1) + together, noise(TEN_MINUTES, 2) + together
    assert difference(TEN_MINUTES, a, b, PER_HOUR).verdict == "flat"
    assert difference(TEN_MINUTES, b, a, PER_HOUR).verdict == "flat"


def test_the_one_that_outgrows_the_other_is_found_from_its_own_side() -> None:
    a, b = leaking(TEN_MINUTES, 35, 1), leaking(TEN_MINUTES, 10, 2)
    found = difference(TEN_MINUTES, a, b, PER_HOUR)
    assert found.verdict == "growing"
    assert found.slope == pytest.approx(25 * MIB, rel=0.05)
    assert difference(TEN_MINUTES, b, a, PER_HOUR).verdict == "flat"


def test_subjects_of_other_ticks_are_refused() -> None:
    with pytest.raises(ValueError, match="same ticks"):
        difference(TEN_MINUTES, noise(TEN_MINUTES), noise(AN_HOUR), PER_HOUR)


# --- what must hold of any series -----------------------------------------------------------------------------------


@given(seeds, st.floats(-20, 50), st.integers(0, 2**33))
def test_a_constant_added_changes_nothing(seed: int, rate: float, more: int) -> None:
    y = np.round(leaking(TEN_MINUTES, rate, seed))
    one, other = judge(TEN_MINUTES, y, PER_HOUR), judge(TEN_MINUTES, y + more, PER_HOUR)
    assert one.verdict == other.verdict
    assert one.high == pytest.approx(other.high, rel=1e-6, abs=1)


@given(seeds, st.floats(-20, 50), st.sampled_from([0.25, 2.0, 1024.0]))
def test_another_unit_of_bytes_scales_all_rates(seed: int, rate: float, by: float) -> None:
    y = leaking(TEN_MINUTES, rate, seed)
    one, other = judge(TEN_MINUTES, y, PER_HOUR), scaled(y, by)
    assert one.verdict == other.verdict
    if one.slope is not None and one.high is not None:
        assert other.slope == pytest.approx(by * one.slope, rel=1e-6, abs=by)
        assert other.high == pytest.approx(by * one.high, rel=1e-6, abs=by)


@given(seeds, st.floats(-20, 50), st.integers(1, 1000))
def test_the_hour_at_which_it_began_does_not_matter(seed: int, rate: float, hours: int) -> None:
    y = leaking(TEN_MINUTES, rate, seed)
    one, other = judge(TEN_MINUTES, y, PER_HOUR), judge(TEN_MINUTES + hours, y, PER_HOUR)
    assert one.verdict == other.verdict
    assert one.slope == pytest.approx(other.slope, rel=1e-4, abs=1000)


@given(seeds, st.floats(10, 50))
def test_a_leak_seen_backwards_is_no_growth(seed: int, rate: float) -> None:
    y = leaking(TEN_MINUTES, rate, seed)
    there, back = judge(TEN_MINUTES, y, PER_HOUR), judge(TEN_MINUTES, y[::-1], PER_HOUR)
    assert (there.verdict, back.verdict) == ("growing", "flat")
    assert there.slope is not None
    assert back.slope == pytest.approx(-there.slope, rel=0.05)


@pytest.mark.slow
@settings(max_examples=200)
@given(
    st.lists(st.integers(0, 2**31), min_size=30, max_size=120),
    st.sampled_from([TEN_MINUTES, np.arange(600) * 50.0]),
    st.sampled_from([1.0, 100.0, 4 * MIB, 1e12]),
)
def test_every_series_comes_to_a_verdict_that_its_numbers_bear_out(y: list[int], x: Floats, delta: float) -> None:
    trend = judge(x[: len(y)], y, Thresholds(delta=delta))
    assert trend.explanation
    if trend.slope is None or trend.low is None or trend.high is None:
        assert trend.verdict in {"inconclusive", "no_steady_state"}
        return
    assert trend.low <= trend.slope <= trend.high
    assert (trend.verdict == "flat") <= (trend.high < delta)
    assert (trend.verdict == "growing") <= (trend.low > 0 and trend.slope > delta)
    assert trend.additional is None or trend.additional >= 0
