"""Every value of a growth and of a compressed day, held against the trend that it was taken from."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from harness.analysis.facts import Facts
from harness.analysis.growth import samples
from harness.analysis.growth.verdict import Thresholds, judge
from harness.model import Growth, NamespaceInfo, Sample, SubjectRun, Work

Build = Callable[..., Facts]
SECOND, MIB = 10**9, 2**20
RANDOM = np.random.default_rng(7)


def sample(at_s: float, rss: float, polls: int | None = None) -> Sample:
    return Sample(
        at_ns=int((1000 + at_s) * SECOND),
        rss_bytes=int(rss),
        pss_bytes=None,
        uss_bytes=None,
        rss_peak_bytes=int(rss) + 4096,
        user_s=0.0,
        system_s=0.0,
        voluntary_switches=0,
        involuntary_switches=0,
        minor_faults=0,
        major_faults=0,
        polls=polls,
        events=None,
    )


def climbing(seconds: int, bytes_per_hour: float, noise: float = 4096.0) -> tuple[Sample, ...]:
    wobble = RANDOM.normal(0, noise, seconds + 1)
    return tuple(
        sample(at, 30 * MIB + bytes_per_hour * at / 3600 + wobble[at], polls=100 + 2 * at) for at in range(seconds + 1)
    )


def stepped(seconds: int, height: float) -> tuple[Sample, ...]:
    return tuple(sample(at, 30 * MIB + height * (at > seconds * 0.7) + 4096 * (at % 3)) for at in range(seconds + 1))


SERIES = {
    "growing": climbing(900, 20 * MIB),
    "flat": climbing(900, 0),
    "undecided": climbing(900, 4 * MIB, noise=40_000),
    "stepped": stepped(900, 8 * MIB),
    "short": climbing(120, 20 * MIB),
    "short and undecided": climbing(120, 4 * MIB, noise=40_000),
    "a little short": climbing(595, 20 * MIB),
    "short and noisy": climbing(300, 4 * MIB, noise=400_000),
}


@pytest.mark.parametrize("series", SERIES.values(), ids=SERIES)
def test_a_growth_has_the_values_of_its_trend_in_seconds(facts: Build, series: tuple[Sample, ...]) -> None:
    plan = msgspec.structs.replace(facts().result.plan, confidence=0.9, delta_bytes_per_hour=3.5 * MIB)
    hours = [(one.at_ns - series[0].at_ns) / SECOND / 3600 for one in series]
    trend = judge(hours, [one.rss_bytes for one in series], Thresholds(delta=3.5 * MIB, confidence=0.9))
    found = samples.growth(series, plan)
    assert found is not None
    assert (found.bytes_per_hour, found.low, found.high) == (trend.slope, trend.low, trend.high)
    assert (found.confidence, found.delta_bytes_per_hour) == (0.9, 3.5 * MIB)
    assert found.minimal_detectable_bytes_per_hour == trend.minimal_detectable
    assert found.steady_from_s == (None if trend.steady_from is None else trend.steady_from * 3600)
    assert found.step_at_s == (None if trend.step_at is None else trend.step_at * 3600)
    short, more = 600 - hours[-1] * 3600, (None if trend.additional is None else trend.additional * 3600)
    assert found.additional_seconds == pytest.approx(max(more or 0.0, short) if short > 12 else more)
    made = (series[-1].polls or 0) - (series[0].polls or 0)
    expected = trend.slope * hours[-1] / made if made and trend.slope is not None else None
    assert found.bytes_per_poll == (None if expected is None else pytest.approx(expected))
    assert found.too_short == (short > 12)
    assert found.too_short or found.explanation == trend.explanation


def test_the_series_cover_what_differs(facts: Build) -> None:
    found = {name: samples.growth(series, facts().result.plan) for name, series in SERIES.items()}
    assert {one.verdict for one in found.values() if one} >= {"growing", "flat", "inconclusive"}
    for field in ("step_at_s", "steady_from_s", "additional_seconds", "minimal_detectable_bytes_per_hour"):
        assert {getattr(one, field) is None for one in found.values()} >= {False}, field


def test_one_poll_is_enough_for_a_rate_and_none_is_not(facts: Build) -> None:
    series = SERIES["growing"]
    plan = facts().result.plan
    once = (msgspec.structs.replace(series[0], polls=0), *series[1:-1], msgspec.structs.replace(series[-1], polls=1))
    never = tuple(msgspec.structs.replace(one, polls=None) for one in series)
    first, second = samples.growth(once, plan), samples.growth(never, plan)
    assert first is not None
    assert second is not None
    assert first.bytes_per_poll == pytest.approx((first.bytes_per_hour or 0) * 0.25)
    assert second.bytes_per_poll is None


def test_a_control_is_judged_however_short_it_lived(facts: Build) -> None:
    plan = facts().result.plan
    found = samples.slope(SERIES["short"], plan)
    assert found is not None
    assert found.slope == pytest.approx(20 * MIB, rel=0.2)
    assert samples.slope((), plan) is None


def grown(rate: float | None, verdict: str = "growing") -> Growth:
    return Growth(
        verdict=verdict,  # type: ignore[arg-type]  # drawn from its own words
        bytes_per_hour=rate,
        low=None,
        high=None,
        confidence=0.95,
        delta_bytes_per_hour=1.0,
        minimal_detectable_bytes_per_hour=None,
        additional_seconds=None,
        bytes_per_poll=None,
        steady_from_s=None,
        step_at_s=None,
        explanation=f"climbs by {rate}",
    )


def test_of_trials_the_one_in_the_middle_speaks() -> None:
    rates = (9.0, 1.0, 7.0, 3.0, 5.0)
    found = samples.over_trials([grown(rate) for rate in rates])
    assert found == msgspec.structs.replace(grown(5.0), explanation="climbs by 5.0; 5 trials agree")
    assert samples.over_trials([grown(4.0), grown(2.0)]) == msgspec.structs.replace(
        grown(4.0), explanation="climbs by 4.0; 2 trials agree"
    )
    assert samples.over_trials([grown(-2.0), grown(-1.0), grown(-3.0)]).bytes_per_hour == -2.0  # type: ignore[union-attr]


def test_a_rate_of_nothing_is_less_than_half_a_byte() -> None:
    rates = (0.0, 0.25, 0.5)
    found = samples.over_trials([grown(rate, "flat") for rate in rates])
    assert found is not None
    assert found.bytes_per_hour == 0.25


def test_trials_of_which_none_has_a_rate_speak_by_the_first() -> None:
    first, second = (
        msgspec.structs.replace(grown(None, "no_steady_state"), explanation=words)
        for words in ("has not settled", "was hardly read")
    )
    found = samples.over_trials([first, second])
    assert found is not None
    assert found.explanation == "has not settled; 2 trials agree"
    assert samples.over_trials([]) is None
    assert samples.over_trials([grown(3.0)]) == grown(3.0)


def test_trials_that_differ_are_counted_in_words() -> None:
    found = samples.over_trials([grown(None, "no_steady_state"), grown(2.0), grown(8.0)])
    assert found is not None
    assert (found.verdict, found.bytes_per_hour) == ("inconclusive", 8.0)
    assert found.explanation == "came out differently: growing in 2, no steady state in 1 trials"


def test_two_subjects_apart_are_judged_over_the_ticks_that_both_have(facts: Build) -> None:
    plan = facts().result.plan
    before, after = climbing(588, 30 * MIB), climbing(700, 0)
    found = samples.growth_difference(before, after, plan)
    assert found is not None
    assert found.verdict == "growing"  # 588 s are long enough, 587 are not
    assert found.additional_seconds is None


def test_a_short_series_that_needs_more_than_ten_minutes_in_all_is_told_so(facts: Build) -> None:
    plan, series = facts().result.plan, SERIES["short and noisy"]
    trend, found = samples.slope(series, plan), samples.growth(series, plan)
    assert trend is not None
    assert trend.additional is not None
    assert found is not None
    assert found.additional_seconds == pytest.approx(trend.additional * 3600)
    assert trend.additional * 3600 > 300  # s, which ten minutes lack


MARKS = tuple(
    Work(at_ns=(1000 + at) * SECOND, polls=50 + polls, events=0, allocated_bytes=None, allocations=None)
    for at, polls in ((0, 0), (30, 21_600), (60, 43_200))
)


def lived(facts: Facts, polls: bool = True) -> Facts:  # noqa: FBT001, FBT002 - polls or does not
    run = SubjectRun(
        name="poll",
        argv=("x",),
        pid=1,
        outcome="completed",
        exit_status=0,
        ready_ns=0,
        marks=MARKS if polls else (),
        reported_outcome=(),
        stderr_tail="",
    )
    namespace = NamespaceInfo(links=402, pairs=200, ifname="wt0", ifindex=2, kind="veth", fresh_sysfs=True)
    trial = msgspec.structs.replace(
        facts.result.trials[0], began_ns=1000 * SECOND, ended_ns=1060 * SECOND, namespace=namespace, runs=(run,)
    )
    result = msgspec.structs.replace(facts.result, trials=(trial,))
    return Facts(result=result, complete=True, series={"poll": MEMORY}, compressed={})


MEMORY = tuple(
    msgspec.structs.replace(
        sample(at / 4, 30 * MIB + 300.0 * 180 * at + RANDOM.normal(0, 9000)), rss_peak_bytes=60 * MIB - at
    )
    for at in range(241)
)


def test_a_compressed_day_has_the_values_of_its_trend_by_polls(facts: Build) -> None:
    plain = facts(runs=(IDLE,), confidence=0.9, interval_s=0.0)
    found = samples.compressed(lived(plain), "poll")
    assert found is not None
    made = np.interp([one.at_ns for one in MEMORY], [one.at_ns for one in MARKS], [0, 21_600, 43_200])
    delta = 4 * MIB * 2 / 3600
    trend = judge(made, [one.rss_bytes for one in MEMORY], Thresholds(delta=delta, confidence=0.9, per="poll"))
    assert trend.slope is not None
    assert (found.polls, found.seconds, found.links) == (43_200, 60.0, 402)
    assert (found.rss_first_bytes, found.rss_last_bytes) == (MEMORY[0].rss_bytes, MEMORY[-1].rss_bytes)
    assert found.rss_peak_bytes == 60 * MIB
    assert (found.bytes_per_poll, found.low_per_poll, found.high_per_poll) == (trend.slope, trend.low, trend.high)
    assert found.bytes_per_day == pytest.approx(trend.slope * 43_200)
    assert found.low_per_day == pytest.approx((trend.low or 0) * 43_200)
    assert found.high_per_day == pytest.approx((trend.high or 0) * 43_200)
    assert (found.delta_per_poll, found.confidence) == (delta, 0.9)
    assert (found.verdict, found.explanation) == (trend.verdict, trend.explanation)


def test_who_made_no_polls_has_no_compressed_day(facts: Build) -> None:
    plain = facts(runs=(IDLE,))
    assert samples.compressed(lived(plain, polls=False), "poll") is None
    assert samples.compressed(lived(plain), "nosuch") is None
    assert samples.compressed(facts(), "poll") is None


def test_a_rate_that_is_not_known_is_not_known_a_day() -> None:
    rates = samples._Rates(2.0, None, 4.0)
    assert rates.times(3.0) == (6.0, None, 12.0)
    assert rates.times(None) == (None, None, None)


IDLE = SubjectRun(
    name="poll",
    argv=(),
    pid=1,
    outcome="completed",
    exit_status=0,
    ready_ns=0,
    marks=(),
    reported_outcome=(),
    stderr_tail="",
)
