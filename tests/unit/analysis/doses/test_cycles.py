"""What is kept of cycles: leaks, backlogs, warm-ups, and growth by the clock."""

from collections.abc import Callable

import pytest

from harness.analysis.doses.cycles import Watched, judged
from harness.model import CycleRound, Cycles, DosePlan, Sample, StimulusRun
from harness.units import NS_A_SECOND as S

PLAN = DosePlan(stimulus="link-events", cycles=2000, max_growth_bytes=100.0)
BASE, A_ROUND, ROUNDS, BUSY_S, REST_S = 30 * 2**20, 250, 9, 1, 2


def sample(at_s: float, rss: float) -> Sample:
    return Sample(
        at_ns=int(at_s * S), rss_bytes=int(rss) // 4096 * 4096, pss_bytes=None, uss_bytes=None, rss_peak_bytes=int(rss),
        user_s=0, system_s=0, voluntary_switches=0, involuntary_switches=0, minor_faults=0, major_faults=0,
        polls=None, events=None,
    )  # fmt: skip


def found(busy: Callable[[int, float], float], idle: Callable[[float], float] = lambda _: 0.0, **more: float) -> Cycles:
    """Judge what ``busy`` holds after so many cycles, so many seconds into a rest (negative: while they come)."""
    rounds, series, beside = [], [], []
    for number in range(ROUNDS):
        began = number * (BUSY_S + REST_S)
        rounds.append(
            CycleRound(
                cycles=(number + 1) * A_ROUND,
                began_ns=began * S,
                ended_ns=(began + BUSY_S) * S,
                settled_ns=(began + BUSY_S + 1) * S,
                rested_ns=(began + BUSY_S + REST_S) * S,
            )
        )
        for tick in range((BUSY_S + REST_S) * 10):
            at = began + tick / 10
            made = number * A_ROUND + min(A_ROUND, A_ROUND * tick / 10 / BUSY_S)
            series.append(sample(at, BASE + busy(int(made), tick / 10 - BUSY_S) + idle(at)))
            beside.append(sample(at, BASE + idle(at)))
    run = StimulusRun(
        subject="it-cycled", began_ns=0, ended_ns=30 * S, performed=ROUNDS * A_ROUND, rounds=tuple(rounds)
    )
    return judged("it", PLAN, Watched(run, series, beside, **more), 0.95)  # type: ignore[arg-type]  # what is given


@pytest.mark.parametrize("bytes_a_cycle", [200, 4096])
def test_what_a_cycle_keeps_is_caused_at_its_rate(bytes_a_cycle: int) -> None:
    one = found(lambda made, _: made * bytes_a_cycle)
    assert one.verdict == "caused"
    assert one.kept_bytes_per_cycle == pytest.approx(bytes_a_cycle, rel=0.05)
    assert one.low is not None
    assert one.high is not None
    assert one.low <= bytes_a_cycle <= one.high
    assert one.cycles == (ROUNDS - 1) * A_ROUND


def test_what_is_let_go_is_a_backlog() -> None:
    one = found(lambda made, rest_s: (made % A_ROUND or A_ROUND) * 4096 if rest_s <= 0.2 else 0.0)
    assert one.verdict == "not_caused"
    assert one.released_bytes == pytest.approx(A_ROUND * 4096, rel=0.05)


def test_a_warm_up_is_not_caused() -> None:
    assert found(lambda made, _: min(made, 600) * 4096).verdict != "caused"


def test_growth_by_the_clock_is_not_blamed_on_the_cycles() -> None:
    one = found(lambda *_: 0.0, idle=lambda at: at * 50_000)
    assert one.verdict == "not_caused"


def test_what_a_collector_may_not_have_seen_is_not_called_caused() -> None:
    one = found(lambda made, _: made * 200, uncollected_bytes=4 * 2**20)
    assert one.verdict == "not_decided"


def test_cycles_that_were_cut_short_decide_nothing() -> None:
    run = StimulusRun(subject="it-cycled", began_ns=0, ended_ns=S, performed=3)
    one = judged("it", PLAN, Watched(run, (), ()), 0.95)
    assert (one.verdict, one.kept_bytes_per_cycle) == ("not_decided", None)
