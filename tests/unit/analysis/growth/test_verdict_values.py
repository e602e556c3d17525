"""Every value and every word of a verdict on growth, on series that are their own batches: one reading a batch."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from harness.analysis.growth.batches import Series
from harness.analysis.growth.jumps import largest_jump
from harness.analysis.growth.slope import Slope, slope
from harness.analysis.growth.verdict import Thresholds, Trend, difference, judge

Floats = npt.NDArray[np.float64]

POLLS = np.arange(30)
ALTERNATING = (-1.0) ** POLLS
OPEN = "which leaves open whether it grows by"


def per_poll(delta: float, confidence: float = 0.95, readings: int = 30) -> Thresholds:
    return Thresholds(delta=delta, confidence=confidence, per="poll", batches=readings, least=readings)


def judged(y: npt.ArrayLike, delta: float, confidence: float = 0.95) -> Trend:
    return judge(POLLS, y, per_poll(delta, confidence))


def fitted(y: npt.ArrayLike, confidence: float = 0.95) -> Slope:
    ys = np.asarray(y, dtype=float)
    return slope(Series(x=np.arange(float(ys.size)), y=ys, resolution=0.0), confidence)


def step(at: int, height: float) -> Floats:
    return np.where(at <= POLLS, height, 0.0)


def wandering(seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    return np.asarray(POLLS * rng.uniform(-1, 3) + np.cumsum(rng.normal(0, 1, 30)) + rng.normal(0, 2, 30))


def bending(jump: float = 0.0) -> Trend:
    """Judge what still bends when it ends, of twenty readings a batch, with a jump in its later half."""
    polls = np.arange(600) / 20
    y = 1000 * (1 - np.exp(-polls / 9)) + np.where(polls >= 21, jump, 0)
    return judge(polls, y, per_poll(5, 0.9))


# --- nothing to draw a line through ---------------------------------------------------------------------------------


def test_too_few_readings_are_told_as_they_were_counted() -> None:
    assert judge([3.0, 3.0, 5.0], [1, 2, 3], per_poll(64, 0.9)) == Trend(
        verdict="inconclusive",
        confidence=0.9,
        delta=64,
        additional=56,
        explanation="was read at 2 different times, of the 30 that a verdict takes",
    )


def test_as_many_readings_as_a_verdict_takes_are_enough() -> None:
    assert judged(np.zeros(30), 1).verdict == "flat"


def test_work_in_a_few_bursts_asks_for_as_much_again() -> None:
    polls = np.concatenate([np.zeros(500), np.arange(100.0)])
    assert judge(polls, polls, per_poll(10)) == Trend(
        verdict="inconclusive",
        confidence=0.95,
        delta=10,
        additional=89.5,
        explanation="did its work in so few bursts that no rate per unit of it is known",
    )


def test_memory_that_bends_to_the_end_asks_for_as_much_again() -> None:
    assert bending() == Trend(
        verdict="no_steady_state",
        confidence=0.9,
        delta=5,
        additional=29,
        explanation="has not settled: its slope still changes when half of its beginning is left out",
    )


@pytest.mark.parametrize(
    ("x", "y", "why"),
    [
        ([0.0, 1.0], [1.0, float("nan")], "x and y: a reading is not a finite number"),
        ([1.0, 0.0], [1.0, 1.0], "x: goes backwards"),
        (np.array([1, 0], dtype=np.uint64), [1.0, 1.0], "x: goes backwards"),
        ([0.0, 1.0], [1.0], r"x and y: \(2,\) and \(1,\) are not two rows of the same length"),
    ],
)
def test_garbage_is_refused_in_whole_sentences(x: npt.ArrayLike, y: npt.ArrayLike, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}$"):
        judge(x, y, per_poll(1))


def test_readings_in_single_precision_are_judged_in_double() -> None:
    rng = np.random.default_rng(1)
    x = np.cumsum(rng.uniform(0, 1, 240)).astype(np.float32)
    y = (4e7 + 1000 * x + rng.normal(0, 100, 240)).astype(np.float32)
    thresholds = per_poll(500)
    assert judge(x, y, thresholds) == judge(x.astype(float), y.astype(float), thresholds)
    assert difference(x, y, y[::-1], thresholds) == judge(x.astype(float), y.astype(float) - y[::-1], thresholds)


# --- the numbers of a line ------------------------------------------------------------------------------------------


def longer(line: Slope, delta: float, span: float) -> float | None:
    """Say how much longer the interval takes to shrink to what would decide; at least as long again for a doubt."""
    enough = line.value if line.value > delta else delta - line.value
    times = max((line.noise / enough) ** (1 / (1.5 - line.drifting)), line.stairs / enough)
    times = max(times, 2.0) if line.low > 0 else times
    return span * (times - 1) if times < 100 else None


def test_a_line_is_told_with_all_its_numbers() -> None:
    kinds = set()
    for seed in range(60):
        y, delta = wandering(seed), (0.1, 0.5, 2.0)[seed % 3]
        trend, line = judged(y, delta, 0.9), fitted(y, 0.9)
        if trend.steady_from != 0 or trend.step_at is not None:
            continue
        assert (trend.slope, trend.low, trend.high) == (line.value, line.low, line.high)
        assert (trend.confidence, trend.delta) == (0.9, delta)
        smallest = max(delta, line.half) + line.error * stats.t.ppf(0.8, 28)
        assert trend.minimal_detectable == pytest.approx(smallest)
        decided = trend.verdict in {"growing", "flat"}
        assert trend.additional == (None if decided else pytest.approx(longer(line, delta, 29)))
        kinds.add((trend.verdict, line.value > delta, line.low > 0))
    assert {("inconclusive", above, sure) for above in (True, False) for sure in (True, False)} <= kinds
    assert {"growing", "flat"} <= {verdict for verdict, _, _ in kinds}


def test_the_line_begins_where_the_warm_up_ends() -> None:
    warm = np.where(POLLS < 6, -5000, 0) + 100.0 * POLLS + 20 * ALTERNATING
    trend, line = judged(warm, 50), fitted(warm[6:])
    assert (trend.verdict, trend.steady_from, trend.slope, trend.low) == ("growing", 6.0, line.value, line.low)
    smallest = max(50, line.half) + line.error * stats.t.ppf(0.8, 22)
    assert trend.minimal_detectable == pytest.approx(smallest)


def test_an_interval_that_reaches_the_threshold_is_not_flat() -> None:
    y = wandering(1)
    high = judged(y, 1000).high
    assert high is not None
    assert judged(y, high).verdict == "inconclusive"
    assert judged(y, 1.001 * high).verdict == "flat"


def test_a_slope_that_is_the_threshold_is_not_above_it_and_no_length_would_decide() -> None:
    y = 7.0 * POLLS + ALTERNATING
    assert judged(y, 6.9).verdict == "growing"
    trend = judged(y, 7.0)
    assert (trend.verdict, trend.slope, trend.additional) == ("inconclusive", 7.0, None)
    assert trend.low is not None
    assert trend.low > 0
    assert trend.explanation.endswith(f"{OPEN} 7 B a poll")


def test_where_the_range_bound_rules_the_time_is_by_it() -> None:
    stairs = 100.0 * (POLLS // 5)
    line = fitted(stairs)
    assert line.stairs > line.noise
    trend = judged(stairs, line.value + line.stairs / 10)
    assert trend.verdict == "inconclusive"
    assert trend.additional == pytest.approx(9 * 29, rel=1e-6)


def test_nobody_is_asked_for_a_hundred_times_as_much() -> None:
    y = 7.0 * POLLS + ALTERNATING
    line = fitted(y)
    for times, more in [(99.0, 98 * 29), (101.0, None)]:
        apart = max(line.noise / times ** (1.5 - line.drifting), line.stairs / times)
        assert judged(y, 7 + apart).additional == (more and pytest.approx(more, rel=1e-3))


def test_an_interval_that_begins_at_nothing_leaves_growth_open_and_one_above_it_does_not() -> None:
    polls = np.arange(31.0)
    thresholds = per_poll(0.5, 0.5, 31)
    trend = judge(polls, polls + 10 * (-1.0) ** polls, thresholds)
    assert (trend.slope, trend.low, trend.additional) == (1.0, 0.0, 0.0)
    assert trend.explanation == f"climbs by 1 B a poll (0 B to 2 B, 50 %), {OPEN} 0.5 B a poll"
    assert judge(polls, polls + 9 * (-1.0) ** polls, thresholds).verdict == "growing"


# --- what a climb must still do -------------------------------------------------------------------------------------


def climb(jump: float) -> tuple[Floats, Floats]:
    """Give a climb by 3 a poll in a saw's teeth, and a jump in it."""
    polls = np.arange(31.0)
    return polls, 3 * polls + 15 * (-1) ** polls + np.where(polls >= 14, jump, 0)


def test_a_climb_by_three_quarters_of_the_threshold_without_its_jump_is_doubted() -> None:
    trend = judge(*climb(60), per_poll(4, 0.5, 31))
    assert trend.verdict == "inconclusive"
    assert trend.explanation == "climbs, but not without its largest jump, of 60 B at poll 13"
    assert trend.additional == 30
    assert judge(*climb(60), per_poll(3.99, 0.5, 31)).verdict == "growing"


def slackening(later: float) -> Floats:
    return np.asarray(np.where(POLLS < 16, 5 * POLLS, 80 + later * (POLLS - 16)) + 8 * ALTERNATING)


def test_a_climb_by_half_the_threshold_in_its_later_half_is_one_and_by_less_is_doubted() -> None:
    assert judged(slackening(1.0), 2, 0.5).verdict == "growing"
    trend = judged(slackening(0.99), 2, 0.5)
    assert trend.verdict == "inconclusive"
    assert trend.explanation == "climbs, but hardly in its later half: a warm-up would do that too"


def test_a_climb_that_rests_for_a_fifth_is_doubted() -> None:
    rests = 10.0 * np.clip(POLLS, 0, 17) + 10.0 * np.clip(POLLS - 24, 0, 9) - 40 * ((POLLS >= 18) & (POLLS < 24))
    trend = judged(rests + 12 * ALTERNATING, 2, 0.5)
    assert trend.verdict == "inconclusive"
    assert trend.explanation == "climbs, but not all the time"


@pytest.mark.parametrize(("jump", "verdict"), [(81, "growing"), (84, "inconclusive")])
def test_a_climb_no_steadier_than_all_but_fifteen_walks_of_a_thousand_is_doubted(jump: float, verdict: str) -> None:
    trend = judge(*climb(jump), per_poll(3.9, 0.5, 31))
    assert trend.verdict == verdict
    doubt = "climbs, but no more steadily than memory that wanders without direction"
    assert (trend.explanation == doubt) is (verdict == "inconclusive")


# --- jumps ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "more"), [(20, None), (21, None), (22, 1.0), (25, 4.0)])
def test_flat_after_a_jump_takes_the_time_of_a_leak_as_high(at: int, more: float | None) -> None:
    trend, line = judged(step(at + 1, 4096), 512), fitted(step(at + 1, 4096))  # 4096 are 8 polls of 512
    as_flat = (trend.slope, trend.high, trend.steady_from)
    assert as_flat == (0.0, line.high, 0.0)
    assert (trend.verdict, trend.additional) == ("inconclusive" if more else "flat", more)
    assert trend.step_at == (at if more else None)
    if more:
        assert trend.explanation == f"made a jump of 4 KiB at poll {at}, and has not been still for long enough since"


def test_a_growing_series_that_bears_its_jump_is_left_as_it_is() -> None:
    y = 100 * POLLS + step(15, 500)
    assert largest_jump(Series(x=np.arange(30.0), y=y, resolution=0.0)).clear
    trend, line = judged(y, 50), fitted(y)
    assert (trend.verdict, trend.slope, trend.step_at) == ("growing", line.value, None)


def test_a_jump_that_the_warm_up_left_out_is_not_told() -> None:
    y = step(4, 300) + 10 * ALTERNATING
    trend, line = judged(y, 0.9), fitted(y[4:])
    assert (trend.verdict, trend.slope, trend.steady_from, trend.step_at) == ("inconclusive", line.value, 4.0, None)
    assert trend.additional == pytest.approx(longer(line, 0.9, 25))
    assert trend.explanation == f"changes by 0 B a poll (-1.2 B to 1.2 B, 95 %), {OPEN} 0.9 B a poll"


def test_an_abrupt_start_that_the_warm_up_left_out_is_not_told_by_a_tie() -> None:
    y = step(4, 300) + 10 * ALTERNATING
    y[5] += 1  # by one byte the largest rise within two batches ends here, and its middle is the first steady batch
    assert largest_jump(Series(x=np.arange(30.0), y=y, resolution=0.0)).x == 4.0
    trend = judged(y, 0.9)
    assert (trend.verdict, trend.steady_from, trend.step_at) == ("inconclusive", 4.0, None)


def test_growth_that_is_seen_only_without_a_jump_says_so() -> None:
    trend = judged(step(20, 2000) + 10.0 * POLLS + 3 * ALTERNATING, 5)
    assert (trend.verdict, trend.step_at, trend.additional) == ("growing", 19.0, None)
    assert trend.explanation.startswith("climbs by 9.45 B a poll (")
    assert trend.explanation.endswith(" 95 %), more than 5 B a poll; a jump of 1.96 KiB at poll 19 is left out")


def test_a_jump_that_keeps_a_series_from_settling_is_told_with_the_line_of_what_is_left() -> None:
    trend = judged(step(20, 200) + 3 * ALTERNATING, 5)
    assert (trend.verdict, trend.step_at, trend.additional, trend.steady_from) == ("inconclusive", 19.0, 29.0, 0.0)
    assert trend.slope == pytest.approx(-6 / 11)
    flat = "grows by at most 0.301 B a poll (95 %), less than 5 B a poll"
    assert trend.explanation == f"makes a jump of 212 B at poll 19; apart from that it {flat}"


def test_a_jump_in_a_series_that_has_a_line_is_told_with_that_line() -> None:
    y = step(26, 200) + 3 * ALTERNATING
    trend, line = judged(y, 5), fitted(y)
    assert (trend.verdict, trend.step_at, trend.additional, trend.steady_from) == ("inconclusive", 25.0, 29.0, 0.0)
    assert (trend.slope, trend.low, trend.high) == (line.value, line.low, line.high)
    assert trend.explanation.startswith("makes a jump of 212 B at poll 25; apart from that it grows by at most ")


def test_a_jump_that_is_small_beside_the_rest_is_not_what_is_told() -> None:
    trend = judged(step(10, -1000) + step(20, 100) + 3 * ALTERNATING, 0.5)
    assert (trend.verdict, trend.slope, trend.step_at, trend.additional) == ("no_steady_state", None, None, 29.0)


def test_what_does_not_settle_without_its_jump_either_has_not_settled() -> None:
    assert bending(600.0) == bending()
