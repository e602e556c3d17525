"""Controls: what is measured of a known truth, and what a wrong one does to a run."""

from collections.abc import Callable

import msgspec
import pytest

from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.model import Analysis, Capture, ControlsPlan, Sample, SubjectPlan

Build = Callable[..., Facts]
SECOND, MIB = 10**9, 2**20
LEAK = 960.0 * MIB
PLAN = ControlsPlan(
    leak_bytes_per_hour=LEAK, leak_tolerance=0.1, churn_bytes_per_poll={"churner": 1e6}, churn_tolerance=0.005
)
SLEEPER, LEAKER, CHURNER = (
    SubjectPlan(name=name, role="control", language="python", accounting=accounting, polls=name == "churner")
    for name, accounting in (("sleeper", "python:all-objects"), ("leaker", None), ("churner", "python:all-objects"))
)


def series(bytes_per_hour: float, seconds: int = 60) -> tuple[Sample, ...]:
    return tuple(
        Sample(
            at_ns=at * SECOND,
            rss_bytes=int(30 * MIB + bytes_per_hour * at / 3600),
            pss_bytes=None,
            uss_bytes=None,
            rss_peak_bytes=1,
            user_s=0.0,
            system_s=0.0,
            voluntary_switches=0,
            involuntary_switches=0,
            minor_faults=0,
            major_faults=0,
            polls=None,
            events=None,
        )
        for at in range(seconds + 1)
    )


def capture(subject: str, total: int, polls: int = 0, live_s: float = 1.0) -> Capture:
    return Capture(
        subject=subject,
        kind="idle",
        pairs=1,
        links=4,
        polls=polls,
        events=0,
        live_s=live_s,
        bytes=total,
        allocations=0,
        accounting="python:all-objects",
        file="captures/x.bin",
    )


def run(facts: Build, *captures: Capture, **given: tuple[Sample, ...]) -> Analysis:
    known = facts(*captures, subjects=(SLEEPER, LEAKER, CHURNER), controls=PLAN)
    result = msgspec.structs.replace(known.result)
    return analyse(Facts(result=result, complete=True, series=given, compressed={}))


def told(found: Analysis) -> list[tuple[str, bool]]:
    return [(one.name, one.ok) for one in found.controls]


def test_controls_that_are_as_they_should_prove_the_run(facts: Build) -> None:
    churned = (capture("churner", 0, 2), capture("churner", 3_000_000, 5))
    slept = (capture("sleeper", 10, live_s=1), capture("sleeper", 10, live_s=4))
    found = run(facts, *churned, *slept, sleeper=series(0), leaker=series(LEAK))

    assert told(found) == [("sleeper", True), ("sleeper", True), ("leaker", True), ("churner", True)]
    assert found.verdict == "inconclusive"


@pytest.mark.parametrize("factor", [0.89, 1.11, 0.0, -1.0])
def test_a_leak_that_is_measured_wrong_makes_the_run_invalid(facts: Build, factor: float) -> None:
    found = run(facts, leaker=series(factor * LEAK))

    assert told(found) == [("leaker", False)]
    assert found.verdict == "invalid"
    [failed] = [one for one in found.warnings if one.id == "control_failed"]
    assert failed.subject == "leaker"
    assert "1,006,632,960" in failed.text


@pytest.mark.parametrize(("factor", "ok"), [(0.91, True), (1.09, True)])
def test_a_tenth_is_near_enough(facts: Build, factor: float, ok: bool) -> None:  # noqa: FBT001 - a row of a table
    assert told(run(facts, leaker=series(factor * LEAK))) == [("leaker", ok)]


def test_too_short_for_a_slope_the_ends_are_taken(facts: Build) -> None:
    assert told(run(facts, leaker=series(LEAK, 5), sleeper=series(0, 5))) == [("sleeper", True), ("leaker", True)]
    assert told(run(facts, leaker=series(2 * LEAK, 5))) == [("leaker", False)]
    assert told(run(facts, leaker=series(LEAK, 2), sleeper=series(0, 2))) == []


def test_a_sleeper_that_grows_makes_the_run_invalid(facts: Build) -> None:
    assert run(facts, sleeper=series(20 * MIB)).verdict == "invalid"


def test_a_sleeper_that_allocates_makes_the_run_invalid(facts: Build) -> None:
    slept = (capture("sleeper", 10, live_s=1), capture("sleeper", 11, live_s=4))
    assert told(run(facts, *slept)) == [("sleeper", False)]


@pytest.mark.parametrize(
    ("total", "ok"), [(3_014_999, True), (3_015_001, False), (2_985_000, True), (2_984_999, False)]
)
def test_churn_is_found_within_half_a_percent(facts: Build, total: int, ok: bool) -> None:  # noqa: FBT001 - a row
    assert told(run(facts, capture("churner", 0, 2), capture("churner", total, 5))) == [("churner", ok)]


def test_a_plan_without_controls_has_none(facts: Build) -> None:
    assert analyse(facts()).controls == ()


def duplicates(facts: Build, second: int) -> Analysis:
    poll = SubjectPlan(name="poll", role="before", language="python", accounting="python:all-objects", polls=True)
    duplicate = msgspec.structs.replace(poll, name="poll-duplicate", role="alternative", duplicate_of="poll")
    captures = [
        capture("poll", 0),
        capture("poll", 1000, 1),
        capture("poll-duplicate", 0),
        capture("poll-duplicate", second, 1),
    ]
    return analyse(facts(*captures, subjects=(poll, duplicate), controls=PLAN))


@pytest.mark.parametrize(("second", "ok"), [(1000, True), (1001, True), (999, True), (1002, False)])
def test_a_subject_beside_itself_must_churn_alike(facts: Build, second: int, ok: bool) -> None:  # noqa: FBT001 - a row
    found = duplicates(facts, second)

    assert told(found) == [("poll-duplicate", ok)]
    assert found.verdict == ("inconclusive" if ok else "invalid")
    assert [(pair.before, pair.after) for pair in found.comparisons] == [("poll", "poll-duplicate")]


def in_trials(facts: Build, *rates: float, **given: object) -> Analysis:
    known = facts(subjects=(SLEEPER, LEAKER), controls=PLAN, trials=len(rates), **given)
    first, *rest = ({"leaker": series(rate)} for rate in rates)
    return analyse(Facts(result=known.result, complete=True, series=first, repeats=tuple(rest), compressed={}))


def test_a_control_must_be_right_in_every_trial(facts: Build) -> None:
    assert told(in_trials(facts, LEAK, LEAK, LEAK)) == [("leaker", True)]
    found = in_trials(facts, LEAK, 0.3 * LEAK, LEAK)

    assert told(found) == [("leaker", False)]
    assert found.controls[0].measured == pytest.approx(0.3 * LEAK, rel=0.02)
    assert found.verdict == "invalid"


def test_a_control_that_was_not_measured_is_named(facts: Build) -> None:
    found = run(facts, leaker=series(LEAK, 2))
    [missing] = [one for one in found.warnings if one.id == "control_not_measured"]
    assert "sleeper, leaker, churner" in missing.text


@pytest.mark.parametrize("delta", [1.0, 4.0 * MIB, 10 * LEAK])
def test_the_growth_that_matters_to_a_user_does_not_decide_on_the_leaker(facts: Build, delta: float) -> None:
    known = facts(subjects=(SLEEPER, LEAKER, CHURNER), controls=PLAN, delta_bytes_per_hour=delta)
    found = analyse(Facts(result=known.result, complete=True, series={"leaker": series(LEAK)}, compressed={}))
    assert told(found) == [("leaker", True)]
