"""Before and after of programs: one verdict a pair, from series of known truth."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
import pytest

import builders
from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.model import Analysis, PairVerdict, Result, Sample, SubjectPlan

sample, process = builders.sample, builders.process

Build = Callable[..., Facts]
MIB = 1024 * 1024
TICKS = 720  # of a second: twelve minutes
LEAK, FAST, LEVEL = 30.0, 60.0, 0.0


def program(name: str, role: str, duplicate_of: str | None = None) -> SubjectPlan:
    return msgspec.convert(
        {
            "name": name,
            "role": role,
            "language": "unknown",
            "accounting": None,
            "polls": False,
            "source": "exec",
            "command": [name],
            "duplicate_of": duplicate_of,
        },
        SubjectPlan,
    )


def series(mib_per_hour: float, seed: int = 0, ticks: int = TICKS) -> tuple[Sample, ...]:
    noise = np.random.default_rng(seed).integers(-2, 3, ticks) * 4096
    return tuple(
        sample(float(at), 20 * MIB + int(mib_per_hour * MIB * at / 3600) + int(noise[at])) for at in range(ticks)
    )


@pytest.fixture
def judged(facts: Build) -> Callable[..., Analysis]:
    def judge(*given: tuple[SubjectPlan, tuple[Sample, ...]], repeats: int = 0, **changes: object) -> Analysis:
        runs = tuple(process(plan.name, **changes) for plan, _ in given)
        taken = {plan.name: rows for plan, rows in given}
        built = facts(runs=runs, series=taken, subjects=tuple(plan for plan, _ in given), profile=None)
        trial = built.result.trials[0]
        trial = msgspec.structs.replace(trial, ended_ns=TICKS * builders.SECOND)
        result: Result = msgspec.structs.replace(built.result, trials=(trial,))
        return analyse(replace(built, result=result, repeats=(taken,) * repeats))

    return judge


OLD, NEW = program("old", "before"), program("new", "after")


def verdict(analysis: Analysis) -> PairVerdict:
    (found,) = analysis.pairs
    return found


@pytest.mark.parametrize(
    ("before", "after", "expected", "run"),
    [
        (LEAK, LEVEL, "fix_verified", "pass"),
        (LEVEL, LEAK, "regressed", "fail"),
        (LEAK, FAST, "regressed", "fail"),
        (LEVEL, LEVEL, "no_difference", "inconclusive"),
        (LEAK, LEAK, "no_difference", "inconclusive"),
        (FAST, LEAK, "not_decided", "inconclusive"),
    ],
)
def test_a_pair_is_judged(
    judged: Callable[..., Analysis], before: float, after: float, expected: str, run: str
) -> None:
    analysis = judged((OLD, series(before, 1)), (NEW, series(after, 2)))

    assert verdict(analysis).verdict == expected
    assert analysis.verdict == run
    assert (verdict(analysis).bound_bytes_per_hour is not None) == (expected == "no_difference")


def test_an_after_that_falls_is_not_said_to_grow_by_less_than_nothing(judged: Callable[..., Analysis]) -> None:
    found = verdict(judged((OLD, series(LEAK, 1)), (NEW, series(-LEAK, 2))))

    assert found.verdict == "fix_verified"
    assert "; new falls by at least " in found.explanation


def test_a_pair_that_lived_too_short_is_not_decided_and_says_what_would(judged: Callable[..., Analysis]) -> None:
    found = verdict(judged((OLD, series(LEAK, 1, 300)), (NEW, series(LEVEL, 2, 300))))

    assert found.verdict == "not_decided"
    assert found.additional_seconds is not None
    assert found.additional_seconds >= 300


def test_one_that_crashed_is_named(judged: Callable[..., Analysis]) -> None:
    found = verdict(judged((OLD, series(LEAK, 1)), (NEW, series(LEVEL, 2)), outcome="crashed"))

    assert found.verdict == "not_decided"
    assert "crashed" in found.explanation


@pytest.mark.parametrize(("duplicate", "expected"), [(LEAK, "fix_verified"), (LEVEL, "not_decided")])
def test_a_duplicate_of_the_before_that_differs_voids_the_verdict(
    judged: Callable[..., Analysis], duplicate: float, expected: str
) -> None:
    copy = program("old-duplicate", "alternative", duplicate_of="old")

    found = verdict(judged((OLD, series(LEAK, 1)), (NEW, series(LEVEL, 2)), (copy, series(duplicate, 3))))

    assert found.verdict == expected


def test_rivals_are_judged_each(judged: Callable[..., Analysis]) -> None:
    rival = program("rival", "after")

    analysis = judged((OLD, series(LEAK, 1)), (NEW, series(LEVEL, 2)), (rival, series(LEAK, 3)))

    assert {one.after: one.verdict for one in analysis.pairs} == {"new": "fix_verified", "rival": "no_difference"}
    assert analysis.verdict == "inconclusive"


def test_the_same_build_is_never_a_fix_nor_a_regression(judged: Callable[..., Analysis]) -> None:
    rates = (LEVEL, 3.0, 4.0, 5.0, LEAK)
    found = [
        verdict(judged((OLD, series(rate, 100 + seed)), (NEW, series(rate, 200 + seed)))).verdict
        for rate in rates
        for seed in range(4)
    ]

    assert len(found) == 20
    assert set(found) <= {"no_difference", "not_decided"}


def counted(a_minute: float, rss: float = LEVEL, seed: int = 0, ticks: int = TICKS) -> tuple[Sample, ...]:
    """Return samples whose descriptors climb, beside memory that climbs by so many MiB an hour."""
    rows = enumerate(series(rss, seed, ticks))
    return tuple(msgspec.structs.replace(row, descriptors=10 + int(a_minute * at / 60)) for at, row in rows)


@pytest.mark.parametrize(
    ("before", "after", "expected", "resource"),
    [
        (counted(60), counted(0, seed=1), "fix_verified", "descriptors"),
        (counted(0), counted(60, seed=1), "regressed", "descriptors"),
        (counted(60), counted(180, seed=1), "regressed", "descriptors"),
        (counted(60), counted(60, seed=1), "no_difference", "rss"),
        (counted(60), counted(20, seed=1), "not_decided", "descriptors"),
        (counted(60), counted(0, LEAK, seed=1), "regressed", "rss"),
        (counted(60, LEAK), counted(0, LEAK, seed=1), "no_difference", "rss"),
        (counted(0, LEAK), counted(60, seed=1), "regressed", "descriptors"),
        (counted(0), counted(0, seed=1), "no_difference", "rss"),
        (counted(60, ticks=300), counted(0, seed=1, ticks=300), "not_decided", "rss"),
    ],
)
def test_what_leaks_besides_memory_decides_where_it_is_worse(
    judged: Callable[..., Analysis],
    before: tuple[Sample, ...],
    after: tuple[Sample, ...],
    expected: str,
    resource: str,
) -> None:
    found = verdict(judged((OLD, before), (NEW, after)))

    assert (found.verdict, found.resource) == (expected, resource)


def test_a_duplicate_that_differs_in_descriptors_voids_the_verdict(judged: Callable[..., Analysis]) -> None:
    copy = program("old-duplicate", "alternative", duplicate_of="old")

    found = verdict(judged((OLD, counted(60)), (NEW, counted(0, seed=2)), (copy, counted(0, seed=3))))

    assert found.verdict == "not_decided"


def test_several_trials_must_agree(judged: Callable[..., Analysis]) -> None:
    assert verdict(judged((OLD, series(LEAK, 1)), (NEW, series(LEVEL, 2)), repeats=1)).verdict == "fix_verified"


def test_subjects_of_netchurns_own_are_no_pair(judged: Callable[..., Analysis]) -> None:
    assert judged((builders.POLL, series(LEAK, 1)), (builders.NETLINK, series(LEVEL, 2))).pairs == ()
