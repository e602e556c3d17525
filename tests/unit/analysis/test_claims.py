"""Claims that ask for a number of links, a function, an interval, or for another claim before them."""

import dataclasses
from collections.abc import Callable

import msgspec
import pytest

from harness.analysis import claims
from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.model import (
    Capture,
    ClaimPlan,
    ClaimVerdict,
    Compressed,
    Detection,
    Dose,
    DoseVerdict,
    Finding,
    GoFunction,
    LinkCost,
    Relation,
    SubjectPlan,
    UnitCost,
)

Build = Callable[..., Facts]

GO_POLL = SubjectPlan(name="go-poll", role="before", language="go", accounting="go:size-classes", polls=True)
FUNCTIONS = (
    GoFunction(name="net.InterfaceByName", flat=0, cumulative=1000),
    GoFunction(name="syscall.NetlinkRIB", flat=500, cumulative=600),
)


def counted(links: int, polls: int, total: int, functions: tuple[GoFunction, ...] = ()) -> Capture:
    return Capture(
        subject="go-poll",
        kind="idle",
        pairs=links // 2,
        links=links,
        polls=polls,
        events=0,
        live_s=1.0,
        bytes=total,
        allocations=0,
        accounting="go:size-classes",
        file="captures/x.pb.gz",
        sampled_bytes=1000 if functions else None,
        functions=functions,
    )


AT_4 = (counted(4, 0, 0), counted(4, 10, 300_000, FUNCTIONS))
AT_75 = (counted(75, 0, 0), counted(75, 10, 8_500_000))


def claim(**given: object) -> ClaimPlan:
    plain = ClaimPlan(
        id="c",
        text="It is so.",
        source="someone",
        subject="go-poll",
        quantity="bytes_per_poll",
        relation="about",
        claimed=30_000,
        unit="bytes/poll",
        tolerance=0.1,
    )
    return msgspec.structs.replace(plain, **given)


def judged(facts: Facts, *plans: ClaimPlan) -> list[tuple[ClaimVerdict, float | None]]:
    run = msgspec.structs.replace(facts.result, plan=msgspec.structs.replace(facts.result.plan, claims=plans))
    known = Facts(result=run, complete=True, series={}, compressed={})
    return [(one.verdict, one.measured) for one in claims.ledger(analyse(known).subjects, known)]


@pytest.fixture
def measured(facts: Build) -> Facts:
    return facts(*AT_4, *AT_75, subjects=(GO_POLL,))


def test_a_claim_is_judged_at_its_own_number_of_links(measured: Facts) -> None:
    assert judged(measured, claim(links=4)) == [("reproduced", 30_000)]
    assert judged(measured, claim(links=75)) == [("not_reproduced", 850_000)]
    assert judged(measured, claim()) == [("not_reproduced", 850_000)]


def test_one_link_more_or_less_will_do_and_two_will_not(measured: Facts) -> None:
    assert judged(measured, claim(links=5)) == [("reproduced", 30_000)]
    assert judged(measured, claim(links=6)) == [("not_measured", None)]


def test_a_day_is_the_poll_at_that_number_of_links(measured: Facts) -> None:
    a_day = claim(quantity="bytes_per_day", claimed=1.3e9, links=4)
    assert judged(measured, a_day) == [("reproduced", 43_200 * 30_000)]


@pytest.mark.parametrize(("function", "share"), [("syscall.NetlinkRIB", 0.6), ("nobody", 0.0)])
def test_a_share_is_of_all_that_was_sampled(measured: Facts, function: str, share: float) -> None:
    about = claim(quantity="function_share", relation="at_least", claimed=0.5, links=4, function=function)
    assert judged(measured, about) == [("reproduced" if share >= 0.5 else "not_reproduced", share)]


def test_a_share_that_was_not_sampled_is_not_measured(measured: Facts) -> None:
    about = claim(quantity="function_share", relation="at_least", claimed=0.5, links=75, function="syscall.NetlinkRIB")
    assert judged(measured, about) == [("not_measured", None)]


def with_day(facts: Facts, low: float, high: float) -> Finding:
    day = Compressed(
        polls=43_200,
        seconds=45.0,
        links=75,
        rss_first_bytes=1,
        rss_last_bytes=1,
        rss_peak_bytes=1,
        verdict="flat",
        bytes_per_poll=0.0,
        low_per_poll=0.0,
        high_per_poll=0.0,
        bytes_per_day=(low + high) / 2,
        low_per_day=low,
        high_per_day=high,
        delta_per_poll=1.0,
        confidence=0.95,
        explanation="",
    )
    (finding,) = analyse(facts).subjects
    return msgspec.structs.replace(finding, compressed=day)


@pytest.mark.parametrize(
    ("relation", "low", "high", "verdict"),
    [
        ("at_least", -10.0, 919e6, "not_reproduced"),
        ("at_least", 921e6, 2e9, "reproduced"),
        ("at_least", 0.0, 2e9, "inconclusive"),
        ("at_most", 0.0, 2e9, "inconclusive"),
    ],
)
def test_an_interval_decides_only_as_a_whole(
    measured: Facts, relation: Relation, low: float, high: float, verdict: str
) -> None:
    climbs = claim(quantity="rss_bytes_per_day", relation=relation, claimed=920e6)
    found = claims.judge(climbs, (with_day(measured, low, high),), measured)

    assert (found.verdict, found.low, found.high) == (verdict, low, high)


@pytest.mark.parametrize(
    ("decided", "low", "high", "verdict"),
    [
        ("not_caused", -20.6, 51.1, "not_reproduced"),
        ("not_decided", -20.6, 51.1, "inconclusive"),
        ("caused", 22e3, 23e3, "reproduced"),
        ("caused", 20e3, 23e3, "inconclusive"),
    ],
)
def test_what_a_stimulus_adds_is_held_against_its_claim(
    facts: Build, decided: DoseVerdict, low: float, high: float, verdict: str
) -> None:
    climbs = claim(quantity="bytes_per_stimulus", relation="at_least", claimed=21.3e3)
    dose = Dose(
        subject="it", stimulus="polls", doses=(), bytes_per_stimulus=(low + high) / 2, low=low, high=high,
        verdict=decided, explanation="", max_growth_bytes=21.3e3,
    )  # fmt: skip
    run = facts()
    run = dataclasses.replace(
        run, result=msgspec.structs.replace(run.result, plan=msgspec.structs.replace(run.result.plan, claims=(climbs,)))
    )
    (found,) = claims.ledger((), run, (msgspec.structs.replace(dose, subject=climbs.subject),))
    assert (found.verdict, found.low, found.high) == (verdict, low, high)
    (unasked,) = claims.ledger((), run)
    assert (unasked.verdict, unasked.measured) == ("not_measured", None)


def test_without_a_compressed_day_its_claim_is_not_measured(measured: Facts) -> None:
    assert judged(measured, claim(quantity="rss_bytes_per_day")) == [("not_measured", None)]


def test_the_fix_of_what_was_not_shown_is_not_proven(measured: Facts) -> None:
    problem = claim(id="problem", links=75)
    fix = claim(id="fix", links=4, depends_on="problem")
    assert judged(measured, problem, fix) == [("not_reproduced", 850_000), ("inconclusive", 30_000)]


def test_the_fix_of_what_was_shown_stands(measured: Facts) -> None:
    problem, fix = claim(id="problem", links=4), claim(id="fix", links=4, depends_on="problem")
    assert [verdict for verdict, _ in judged(measured, problem, fix)] == ["reproduced", "reproduced"]
    broken = claim(id="fix", links=75, depends_on="problem")
    assert [verdict for verdict, _ in judged(measured, problem, broken)] == ["reproduced", "not_reproduced"]


def test_a_claim_keeps_what_was_said(facts: Build) -> None:
    plan = claim(text="Ten times.", source="a comment", claimed=3.0, unit="B", gates=False)
    found = claims.judge(plan, (), facts())

    assert (found.id, found.text, found.source, found.claimed, found.unit) == ("c", "Ten times.", "a comment", 3.0, "B")
    assert (found.gates, found.verdict, found.measured) == (False, "not_measured", None)


def test_no_links_asked_for_is_none_of_a_ladder(facts: Build) -> None:
    findings = analyse(facts(*AT_4, subjects=(GO_POLL,))).subjects

    assert claims._at_links(claim(links=None), findings[0], facts()) is None
    assert claims._at_links(claim(links=4), msgspec.structs.replace(findings[0], cost_by_links=()), facts()) is None


def test_back_to_back_polls_have_no_day(facts: Build) -> None:
    findings = analyse(facts(*AT_4, subjects=(GO_POLL,))).subjects
    a_day = claim(links=4, quantity="bytes_per_day")

    assert claims._at_links(a_day, findings[0], facts(interval_s=2.0)) == 30_000 * 43_200
    assert claims._at_links(a_day, findings[0], facts(interval_s=0.0)) is None


@pytest.mark.parametrize("one_end", [{"low": 1.0}, {"high": 1.0}])
def test_half_an_interval_is_none(one_end: dict[str, float]) -> None:
    assert claims._verdict(claim(claimed=30_000), claims.Measured(30_000.0, **one_end)) == "reproduced"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (20_000, 40_000, "inconclusive"),  # beyond the tolerance on both sides: it contains the claim
        (29_000, 31_000, "reproduced"),
        (29_000, 40_000, "inconclusive"),
        (34_000, 40_000, "not_reproduced"),
        (10_000, 26_000, "not_reproduced"),
    ],
)
def test_about_is_decided_by_the_whole_interval(low: float, high: float, verdict: ClaimVerdict) -> None:
    measured = claims.Measured((low + high) / 2, low, high)
    assert claims._verdict(claim(claimed=30_000), measured) == verdict


def swept(links: int, spent: float) -> UnitCost:
    return UnitCost(
        links=links, unit="poll", bytes=spent, allocations=1, seconds=None, cpu_s=None, user_s=None, system_s=None
    )


def test_how_straight_the_cost_is_and_how_far_it_spreads_are_not_one_question(facts: Build) -> None:
    known = facts(*AT_4, subjects=(GO_POLL,))
    sweep = tuple(swept(links, spent) for links, spent in ((2, 100.0), (4, 300.0), (6, 400.0), (8, 400.0)))
    found = msgspec.structs.replace(analyse(known).subjects[0], sweep=sweep)
    straight, spread = (claims._measured(claim(quantity=one), (found,), known) for one in ("links_r2", "links_spread"))

    assert straight.value == pytest.approx(50_000 / 60_000)  # of the variance lies on the line 50 + 50 a link
    assert spread.value == 0.75


def test_what_was_missed_is_taken_from_what_was_seen(facts: Build) -> None:
    known = facts(*AT_4, subjects=(GO_POLL,))
    seen = Detection(
        expected=9, detected=6, missed=3, false_positives=2, latency_p50_s=0.5, latency_p99_s=0.75, latency_max_s=1.0
    )
    found = msgspec.structs.replace(analyse(known).subjects[0], detection=seen)
    values = [
        claims._measured(claim(quantity=one), (found,), known).value
        for one in ("missed", "false_positives", "latency_p99_s")
    ]

    assert values == [3, 2, 0.75]


def test_who_was_never_asked_has_missed_nothing_and_shown_nothing(facts: Build) -> None:
    known = facts(*AT_4, subjects=(GO_POLL,))
    seen = Detection(
        expected=0,
        detected=0,
        missed=0,
        false_positives=1,
        latency_p50_s=None,
        latency_p99_s=None,
        latency_max_s=None,
        not_asked=1,
    )
    found = msgspec.structs.replace(analyse(known).subjects[0], detection=seen)

    assert [claims._measured(claim(quantity=one), (found,), known).value for one in ("missed", "false_positives")] == [
        None,
        1,
    ]


def test_a_claim_about_no_links_is_not_held_to_two_of_them(facts: Build) -> None:
    known = facts(*AT_4, subjects=(GO_POLL,))
    two, none = (LinkCost(links=links, bytes_per_poll=1000.0 + links) for links in (2, 0))
    ladders = ((two,), (two, none))
    found = [msgspec.structs.replace(analyse(known).subjects[0], cost_by_links=ladder) for ladder in ladders]

    assert [claims._at_links(claim(links=0), one, known) for one in found] == [None, 1000.0]
