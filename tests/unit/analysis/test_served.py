"""What programs of the user's own count, or serve by pprof: no finer than it was measured, and of all trials."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders
from harness.analysis import claims
from harness.analysis.cost import churn, pair
from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.compare import judge
from harness.compare.comparability import Side
from harness.model import Churn, ClaimPlan, Comparison, Finding, GoGap, GoHeap, Relation, SubjectPlan, Trial, Work
from harness.report.sections import formatting
from harness.report.sections.cost import churn as section

Build = Callable[..., Facts]
DAY_S = 86_400
URL = "http://127.0.0.1:1"
MINE = SubjectPlan(
    name="mine", role="alternative", language="go", accounting=None, polls=False, source="exec", pprof=URL
)
IDLE = tuple(GoGap(bytes=size, seconds=0.005) for size in (2504, -7192, 176, -256, 6408))  # of a Go program


def served(total: int, seconds: float = 10.0, noise: tuple[GoGap, ...] = IDLE, trial: int = 0) -> GoHeap:
    return GoHeap(
        subject="mine",
        trial=trial,
        bytes=total,
        allocations=-3 if total < 0 else 7,
        seconds=seconds,
        collections=1,
        fetch_cost_bytes=40_000,
        accounting=churn.SIZE_CLASSES,
        sampled_bytes=None,
        functions=(),
        files=("0-mine-0", "0-mine-1"),
        noise=noise,
    )


def at_most(claimed: float, relation: Relation = "at_most") -> ClaimPlan:
    return ClaimPlan(
        id="c",
        text="it is said",
        source="somewhere",
        subject="mine",
        quantity="bytes_per_day",
        relation=relation,
        claimed=claimed,
        unit="bytes/day",
    )


def with_heaps(facts: Build, *heaps: GoHeap, **plan: object) -> Facts:
    plain = facts(subjects=(MINE,), trials=len(heaps), **plan)
    result = msgspec.structs.replace(plain.result, heaps=heaps)
    return Facts(result=result, complete=True, series={}, compressed={})


def found(facts: Facts) -> Finding:
    return analyse(facts).subjects[0]


def of(churned: Churn | None) -> Churn:
    assert churned is not None
    return churned


# --- what a visit can tell ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("total", [-10_500, -6_664, 0, 1_376, 8_000])
def test_what_is_within_the_resolution_is_no_verdict_and_never_below_zero(facts: Build, total: int) -> None:
    run = with_heaps(facts, served(total), claims=(at_most(1e6),))
    analysis = analyse(run)
    counted = of(analysis.subjects[0].churn)
    assert counted.bytes_per_day is not None
    assert counted.bytes_per_day >= 0
    assert counted.allocations_per_day is not None
    assert counted.allocations_per_day >= 0
    assert counted.resolution_bytes_per_day == pytest.approx(churn.resolution(served(total)) / 10 * DAY_S)
    (claim,) = analysis.claims
    assert claim.verdict == "inconclusive"
    assert claim.low == 0
    assert claim.high is not None
    assert claim.high > 1e6
    assert formatting.a_day(counted).startswith("at most ")


def test_a_longer_run_tells_finer(facts: Build) -> None:
    (claim,) = analyse(with_heaps(facts, served(500, 86_400.0), claims=(at_most(1e6),))).claims
    assert claim.verdict == "reproduced"


def test_a_claim_beyond_the_resolution_is_decided(facts: Build) -> None:
    (claim,) = analyse(with_heaps(facts, served(32_000_000), claims=(at_most(1e9),))).claims
    assert claim.verdict == "not_reproduced"
    (claim,) = analyse(with_heaps(facts, served(32_000_000), claims=(at_most(1e9, "at_least"),))).claims
    assert claim.verdict == "exceeded"


def test_the_resolution_is_what_idle_visits_differ_by_and_never_finer_than_a_connection() -> None:
    assert churn.resolution(served(0, noise=())) == churn.LEAST_BYTES
    assert churn.resolution(served(0, noise=(GoGap(bytes=5, seconds=0.01),) * 5)) == churn.LEAST_BYTES
    noisy = churn.resolution(served(0))
    assert max(abs(one.bytes) for one in IDLE) < noisy < 3 * max(abs(one.bytes) for one in IDLE)


@given(st.floats(0, 1e9), st.lists(st.floats(0.001, 1), min_size=5, max_size=5))
def test_what_it_allocates_anyway_is_no_noise(rate: float, gaps: list[float]) -> None:
    noise = tuple(GoGap(bytes=round(rate * gap), seconds=gap) for gap in gaps)
    assert churn.resolution(served(round(rate * 60), 60.0, noise)) == churn.LEAST_BYTES


# --- trials ---------------------------------------------------------------------------------------------------------


def test_the_churn_of_all_trials_is_reported_and_between_what_they_lie(facts: Build) -> None:
    heaps = [served(megabytes * 10**6, trial=trial) for trial, megabytes in enumerate((10, 12, 20))]
    counted = of(found(with_heaps(facts, *heaps)).churn)
    assert counted.bytes_per_day == pytest.approx(14e6 / 10 * DAY_S)
    assert counted.by_trial_bytes_per_day == pytest.approx([one * 1e5 * DAY_S for one in (10, 12, 20)])
    assert counted.resolution_bytes_per_day is not None
    alone = of(found(with_heaps(facts, heaps[0])).churn)
    assert alone.by_trial_bytes_per_day == ()
    assert alone.resolution_bytes_per_day is not None
    assert counted.resolution_bytes_per_day < alone.resolution_bytes_per_day


def test_counts_of_its_own_are_of_all_trials_too(facts: Build) -> None:
    def told(total: int, events: int) -> tuple[Work, Work]:
        first = Work(at_ns=0, polls=0, events=0, allocated_bytes=0, allocations=0)
        later = {"at_ns": 10 * builders.SECOND, "events": events, "allocated_bytes": total}
        return first, msgspec.structs.replace(first, **later)

    plain = facts(runs=(builders.process("mine", *told(100_000, 10)),), subjects=(MINE,), trials=2)
    second: Trial = msgspec.structs.replace(
        plain.result.trials[0], index=1, runs=(builders.process("mine", *told(300_000, 10)),)
    )
    result = msgspec.structs.replace(plain.result, trials=(*plain.result.trials, second))
    counted = of(found(Facts(result=result, complete=True, series={}, compressed={})).churn)
    assert (counted.events, counted.bytes_per_event) == (20, 20_000)
    assert counted.bytes_per_day == pytest.approx(400_000 / 20 * DAY_S)
    assert counted.by_trial_bytes_per_day == pytest.approx([10_000 * DAY_S, 30_000 * DAY_S])


def test_events_that_a_program_reports_have_their_cost(facts: Build) -> None:
    first = Work(at_ns=0, polls=0, events=0, allocated_bytes=0, allocations=None)
    last = msgspec.structs.replace(first, at_ns=60 * builders.SECOND, events=7018, allocated_bytes=512_000_000)
    counted = of(found(facts(runs=(builders.process("mine", first, last),), subjects=(MINE,))).churn)
    assert counted.bytes_per_event == pytest.approx(72_955, abs=1)
    assert counted.bytes_per_poll is None
    assert counted.resolution_bytes_per_day is None


# --- beside others --------------------------------------------------------------------------------------------------


def compared(facts: Build, before: int, after: int) -> Comparison:
    run = facts()
    one, two = (found(with_heaps(facts, served(total))) for total in (before, after))
    return pair.compare(one, two, run)


def test_no_share_remains_below_zero_and_none_is_finer_than_it_can_be(facts: Build) -> None:
    row = compared(facts, 32_000_000, -5_600)
    assert row.churn_after_over_before == 0
    assert row.churn_resolution_bytes_per_day is not None
    assert section.remains(row).startswith("at most ")
    assert section.remains(compared(facts, 32_000_000, 16_000_000)) == "50 %"


def test_of_next_to_nothing_no_share_is_told(facts: Build) -> None:
    row = compared(facts, 1_000, 900)
    assert row.churn_after_over_before is None
    assert section.remains(row) == ""
    assert section.removed(row).startswith("none that shows")


def test_two_runs_that_no_visit_can_tell_apart_are_undecided(facts: Build) -> None:
    one, two = (Side(analysis=analyse(with_heaps(facts, served(total))), trials=({},)) for total in (0, 900))
    rows = [row for row in judge.compare_run(one, two).rows if row.measure == "churn"]
    assert {row.verdict for row in rows} == {"undecided"}


def test_a_claim_of_what_is_not_served_is_not_measured(facts: Build) -> None:
    run = with_heaps(facts, claims=(at_most(1e6),), duration_s=1.0)
    assert claims.ledger(analyse(run).subjects, run)[0].verdict == "not_measured"
