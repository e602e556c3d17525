"""Samples to verdicts: how long is long enough, what trials say together, and compressed time."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.analysis.growth import samples
from harness.model import Sample, SubjectRun, Work

Build = Callable[..., Facts]
SECOND, MIB, KIB64 = 10**9, 2**20, 65_536


def sample(at_s: float, rss: float, polls: int | None = None) -> Sample:
    return Sample(
        at_ns=int(at_s * SECOND),
        rss_bytes=int(rss),
        pss_bytes=None,
        uss_bytes=None,
        rss_peak_bytes=int(rss),
        user_s=0.0,
        system_s=0.0,
        voluntary_switches=0,
        involuntary_switches=0,
        minor_faults=0,
        major_faults=0,
        polls=polls,
        events=None,
    )


def rising(bytes_per_hour: float, seconds: int) -> tuple[Sample, ...]:
    return tuple(sample(at, 30 * MIB + bytes_per_hour * at / 3600) for at in range(seconds + 1))


@pytest.mark.parametrize(("rate", "verdict"), [(0, "flat"), (20 * MIB, "growing")])
def test_ten_minutes_are_enough(facts: Build, rate: float, verdict: str) -> None:
    found = samples.growth(rising(rate, 600), facts().result.plan)

    assert found is not None
    assert found.verdict == verdict
    assert found.bytes_per_hour == pytest.approx(rate, rel=0.01)


@pytest.mark.parametrize("rate", [0, 20 * MIB])
def test_less_is_inconclusive_and_says_how_much_more(facts: Build, rate: float) -> None:
    found = samples.growth(rising(rate, 60), facts().result.plan)

    assert found is not None
    assert found.verdict == "inconclusive"
    assert found.additional_seconds == pytest.approx(540, abs=1)
    assert found.too_short


def test_nothing_sampled_is_not_judged(facts: Build) -> None:
    assert samples.growth((), facts().result.plan) is None
    assert samples.growth_difference((), rising(0, 9), facts().result.plan) is None


def test_a_common_drift_is_no_difference(facts: Build) -> None:
    plan = facts().result.plan
    found = samples.growth_difference(rising(20 * MIB, 600), rising(20 * MIB, 600), plan)
    leak = samples.growth_difference(rising(40 * MIB, 600), rising(20 * MIB, 700), plan)

    assert found is not None
    assert leak is not None
    assert (found.verdict, leak.verdict) == ("flat", "growing")
    assert leak.bytes_per_hour == pytest.approx(20 * MIB, rel=0.01)


def test_trials_that_agree_give_their_verdict_and_others_none(facts: Build) -> None:
    plan = facts().result.plan
    flat, growing = (samples.growth(rising(rate, 600), plan) for rate in (0, 20 * MIB))
    assert flat is not None
    assert growing is not None

    agreed, mixed = samples.over_trials([growing, growing, growing]), samples.over_trials([flat, growing, flat])

    assert agreed is not None
    assert mixed is not None
    assert (agreed.verdict, mixed.verdict) == ("growing", "inconclusive")
    assert agreed.explanation.endswith("3 trials agree")
    assert "flat in 2, growing in 1 trials" in mixed.explanation
    assert samples.over_trials([]) is None


def test_growth_is_judged_once_in_the_analysis_of_each_trial(facts: Build) -> None:
    run = facts(runs=(process(30, 60),), series={"poll": rising(0, 600)})
    found = analyse(replace(run, repeats=({"poll": rising(20 * MIB, 600)}, {}))).subjects[0]

    assert [one and one.verdict for one in found.trials] == ["flat", "growing", None]
    assert analyse(run).subjects[0].trials == ()


def process(polls: int, seconds: int) -> SubjectRun:
    marks = tuple(
        Work(at_ns=at * SECOND, polls=polls * at // seconds, events=0, allocated_bytes=None, allocations=None)
        for at in range(seconds + 1)
    )
    return SubjectRun(
        name="poll",
        argv=(),
        pid=1,
        outcome="completed",
        exit_status=0,
        ready_ns=0,
        marks=marks,
        reported_outcome=(),
        stderr_tail="",
    )


def test_back_to_back_polls_are_judged_a_poll_at_a_time(facts: Build) -> None:
    per_poll, polls = 11_111, 6000
    series = tuple(sample(at, 30 * MIB + per_poll * polls * at / 60) for at in range(61))
    run = facts(runs=(process(polls, 60),), series={"poll": series}, interval_s=0.0)
    found = samples.compressed(run, "poll")

    assert found is not None
    assert (found.polls, found.verdict) == (polls, "growing")
    assert found.bytes_per_poll == pytest.approx(per_poll, rel=0.01)
    assert found.bytes_per_day == pytest.approx(per_poll * 43_200, rel=0.01)


def test_polls_at_their_own_pace_are_no_compressed_time(facts: Build) -> None:
    run = facts(runs=(process(30, 60),), series={"poll": rising(0, 60)})

    assert samples.compressed(run, "poll") is None
    (poll, _) = analyse(run).subjects
    assert poll.compressed is None


def test_one_that_does_not_poll_is_judged_by_the_polls_beside_it(facts: Build) -> None:
    run = facts(runs=(process(30, 60),))
    trial = msgspec.structs.replace(run.result.trials[0], pace="compressed", runs=(process(43_200, 60),))
    day = Facts(
        result=msgspec.structs.replace(run.result, trials=(trial,)),
        complete=True,
        series={},
        compressed={"netlink": rising(0, 60)},
    )
    found = samples.compressed(day, "netlink")

    assert found is not None
    assert (found.polls, found.verdict) == (43_200, "flat")


def runs_of(**polls: int) -> tuple[SubjectRun, ...]:
    """Give processes that made so many polls in a minute."""
    return tuple(msgspec.structs.replace(process(made, 60), name=name) for name, made in polls.items())


def made_by(facts: Build, name: str, runs: tuple[SubjectRun, ...], interval_s: float) -> int | None:
    """Say over how many polls one of them was judged; None where it was not."""
    series = {run.name: rising(0, 60) for run in runs}
    found = samples.compressed(facts(runs=runs, series=series, interval_s=interval_s), name)
    return found.polls if found else None


def test_back_to_back_who_does_not_poll_is_judged_by_the_polls_beside_it(facts: Build) -> None:
    runs = runs_of(netlink=0, poll=60_000)

    assert [made_by(facts, name, runs, 0.0) for name in ("poll", "netlink")] == [60_000, 60_000]
    assert made_by(facts, "netlink", runs, 2.0) is None  # it lived at its own pace
    assert made_by(facts, "netlink", runs[:1], 2.0) is None
    assert made_by(facts, "netlink", runs[:1], 0.0) is None


def test_who_polls_is_judged_by_its_own_polls(facts: Build) -> None:
    assert made_by(facts, "poll", runs_of(poll=30_000, busy=60_000), 0.0) == 30_000


@pytest.mark.parametrize(("interval_s", "by_the_hour"), [(2.0, True), (0.0, False)])
def test_who_polls_a_hundred_times_a_second_has_one_verdict(
    facts: Build,
    interval_s: float,
    by_the_hour: bool,  # noqa: FBT001 - a row
) -> None:
    """196 bytes kept a poll are 67 MiB an hour at this pace: growing, and slow by the poll."""
    series = tuple(sample(at, 30 * MIB + 196 * 100 * at, polls=100 * at) for at in range(601))
    found = analyse(facts(runs=(process(60_000, 600),), series={"poll": series}, interval_s=interval_s)).subjects[0]

    assert [one is not None for one in (found.growth, found.compressed)] == [by_the_hour, not by_the_hour]
    if found.growth is not None:
        assert found.growth.verdict == "growing"
        assert found.growth.bytes_per_poll == pytest.approx(196)
    if found.compressed is not None:
        assert found.compressed.verdict == "slow"
        assert found.compressed.bytes_per_poll == pytest.approx(196)


def test_who_said_nothing_of_its_polls_made_none(facts: Build) -> None:
    (silent,) = (msgspec.structs.replace(one, marks=()) for one in runs_of(poll=1))

    assert made_by(facts, "poll", (silent,), 0.0) is None
    assert made_by(facts, "poll", (silent,), 2.0) is None


def test_a_trial_that_took_no_time_is_no_compressed_time(facts: Build) -> None:
    run = facts(runs=runs_of(poll=60_000), series={"poll": rising(0, 60)}, interval_s=0.0)
    trial = msgspec.structs.replace(run.result.trials[0], ended_ns=run.result.trials[0].began_ns)
    found = replace(run, result=msgspec.structs.replace(run.result, trials=(trial,)))

    assert samples.compressed(found, "poll") is None


def test_samples_of_nobody_and_nobody_s_samples_are_not_judged(facts: Build) -> None:
    runs, series = runs_of(poll=60_000), {"nobody": rising(0, 60)}

    assert samples.compressed(facts(runs=runs, series=series), "nobody") is None
    assert samples.compressed(facts(runs=runs, series=series), "poll") is None
    assert samples.compressed(facts(series={"poll": rising(0, 60)}), "poll") is None


def test_who_has_no_samples_of_the_compressed_day_is_judged_by_the_clean_arm(facts: Build) -> None:
    run = facts(runs=runs_of(poll=60_000), series={"poll": rising(0, 60)}, interval_s=0.0)
    day = msgspec.structs.replace(run.result.trials[0], pace="compressed", runs=runs_of(poll=43_200))
    both = msgspec.structs.replace(run.result, trials=(*run.result.trials, day))
    found = samples.compressed(replace(run, result=both), "poll")

    assert found is not None
    assert found.polls == 60_000


def test_where_memory_leaps_is_told_in_polls_since_the_first_reading(facts: Build) -> None:
    leaps = tuple(sample(at / 4, 30 * MIB + 8 * MIB * (at > 160) + 4096 * (at % 3)) for at in range(241))
    marks = tuple(msgspec.structs.replace(one, polls=one.polls + 5000) for one in process(43_200, 60).marks)
    run = msgspec.structs.replace(process(43_200, 60), marks=marks)
    found = samples.compressed(facts(runs=(run,), series={"poll": leaps}, interval_s=0.0), "poll")

    assert found is not None
    assert found.explanation.startswith("makes a jump of 8 MiB at poll 28,170; ")
