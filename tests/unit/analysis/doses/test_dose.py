"""Growth against dose: what is caused, what is not, and what neither shows."""

import numpy as np
import pytest

from harness.analysis.doses.dose import Copy, judged, line, most_uncollected
from harness.analysis.facts import Floats
from harness.analysis.growth.thresholds import Thresholds
from harness.model import Dose, DoseArm, DosePlan

SECONDS = np.arange(0.0, 150.0, 0.5)
PLAN = DosePlan(stimulus="link-events", doses=(0, 2, 20), max_growth_bytes=100.0)
PAGE, MIB = 4096, 2**20


def copy(dose: float, rss: Floats, **more: object) -> Copy:
    return Copy(
        name=f"it-at-{dose:g}",
        dose=dose,
        reached=dose,
        seconds=SECONDS,
        rss=np.round((30 * 2**20 + rss) / PAGE) * PAGE,
        **more,  # type: ignore[arg-type]  # what a test changes
    )


def leaks(a_stimulus: float, regardless: float = 0.0) -> Dose:
    copies = [copy(dose, (a_stimulus * dose + regardless) * SECONDS) for dose in PLAN.doses]
    return judged("it", PLAN, copies, Thresholds())


@pytest.mark.parametrize("a_stimulus", [200.0, 4096.0])
@pytest.mark.parametrize("regardless", [0.0, 4000.0])
def test_what_leaks_by_the_stimulus_is_caused_at_its_rate(a_stimulus: float, regardless: float) -> None:
    found = leaks(a_stimulus, regardless)
    assert found.verdict == "caused"
    assert found.bytes_per_stimulus == pytest.approx(a_stimulus, rel=0.05)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= a_stimulus <= found.high


def test_what_leaks_regardless_is_not_caused_and_its_own_growth_is_told() -> None:
    found = leaks(0.0, 4000.0)
    assert found.verdict == "not_caused"
    assert found.without is not None
    assert found.without.bytes_per_hour == pytest.approx(4000.0 * 3600, rel=0.02)


def test_a_leak_below_the_threshold_is_shown_to_lie_below() -> None:
    found = leaks(20.0)
    assert found.verdict == "not_caused"
    assert found.high is not None
    assert found.high < PLAN.max_growth_bytes


def test_a_warm_up_is_not_caused() -> None:
    copies = [copy(dose, np.minimum(dose * SECONDS, 400) * 4096) for dose in PLAN.doses]
    assert judged("it", PLAN, copies, Thresholds()).verdict != "caused"


def test_a_dose_that_was_not_taken_is_left_out_by_name() -> None:
    copies = [copy(0, 0 * SECONDS), copy(2, 400 * SECONDS), copy(20, 0 * SECONDS, left_out="it ended after 3s")]
    found = judged("it", PLAN, copies, Thresholds())
    assert [one.left_out for one in found.doses] == [None, None, "it ended after 3s"]
    assert found.doses[-1].bytes_per_hour is None
    assert found.bytes_per_stimulus == pytest.approx(200, rel=0.05)


def test_one_dose_alone_decides_nothing() -> None:
    copies = [copy(0, 0 * SECONDS), copy(20, 0 * SECONDS, left_out="it ended after 3s")]
    found = judged("it", PLAN, copies, Thresholds())
    assert (found.verdict, found.bytes_per_stimulus) == ("not_decided", None)


def test_growth_that_another_allocator_does_not_have_is_the_allocators() -> None:
    copies = [copy(dose, 400 * dose * SECONDS) for dose in PLAN.doses]
    trimmed = copy(20, 0 * SECONDS, allocator="one arena")
    found = judged("it", PLAN, [*copies, trimmed], Thresholds())
    assert (found.verdict, found.allocator) == ("caused", "one arena")
    leaking = copy(20, 400 * 20 * SECONDS, allocator="one arena")
    assert judged("it", PLAN, [*copies, leaking], Thresholds()).allocator is None


def test_a_climb_that_a_collector_may_not_have_seen_is_not_called_caused() -> None:
    copies = [copy(dose, 400 * dose * SECONDS, uncollected_bytes=4 * 2**20) for dose in PLAN.doses]
    assert judged("it", PLAN, copies, Thresholds()).verdict == "not_decided"
    copies = [copy(dose, 4000 * dose * SECONDS, uncollected_bytes=4 * 2**20) for dose in PLAN.doses]
    assert judged("it", PLAN, copies, Thresholds()).verdict == "caused"


def test_a_copy_whose_climb_may_be_garbage_does_not_bend_the_line() -> None:
    """The smaller dose fills the heap for the whole run, and the largest has long been collected."""
    heap = 1.5 * MIB
    copies = [copy(dose, np.minimum(500 * dose * SECONDS, heap), uncollected_bytes=2 * MIB) for dose in PLAN.doses]
    copies.append(copy(400, np.minimum(500 * 400 * SECONDS, heap), uncollected_bytes=2 * MIB))
    found = judged("it", PLAN, copies, Thresholds())
    assert found.verdict == "not_caused"
    assert found.high is not None
    assert found.high < PLAN.max_growth_bytes


@pytest.mark.parametrize(
    ("gogc", "began", "most"),
    [(100, 2 * MIB, 8 * MIB), (100, 40 * MIB, 80 * MIB), (10, 2 * MIB, 2 * MIB), (10, 40 * MIB, 8 * MIB)],
)
def test_a_collector_leaves_a_share_of_the_heap_and_a_mebibyte_at_least(gogc: int, began: int, most: int) -> None:
    assert most_uncollected(4 * MIB * gogc / 100, began) == pytest.approx(most)
    assert most_uncollected(0, began) == 0


def test_a_copy_that_has_not_settled_is_named_before_the_line_it_lacks() -> None:
    copies = [copy(0, 0 * SECONDS), copy(20, np.where(SECONDS < 80, 0.0, 2e5 * (SECONDS - 80)))]
    found = judged("it", PLAN, copies, Thresholds())
    assert found.verdict == "not_decided"
    assert found.doses[-1].left_out is None
    assert "20 a second" in found.explanation


def test_arms_off_the_line_widen_its_interval() -> None:
    def arm(dose: float, growth: float) -> DoseArm:
        return DoseArm(copy="", dose=dose, reached=dose / 3600, bytes_per_hour=growth, low=growth - 1, high=growth + 1)

    straight, bent = line([arm(0, 0), arm(10, 10), arm(20, 20)]), line([arm(0, 0), arm(10, 18), arm(20, 20)])
    assert straight is not None
    assert bent is not None
    assert straight.value == pytest.approx(1.0)
    assert bent.half > 3 * straight.half


@pytest.mark.slow
def test_of_innocent_programs_none_is_caused() -> None:
    """The shapes of ``tests/calibration/doses.py``, fewer of each."""
    rng = np.random.default_rng(5)
    for number in range(60):
        step = PAGE * 4 ** (number % 3)
        walks = [copy(dose, np.cumsum(rng.normal(0, step, SECONDS.size))) for dose in PLAN.doses]
        assert judged("it", PLAN, walks, Thresholds()).verdict != "caused"
