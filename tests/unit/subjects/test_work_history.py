"""Counts of a subject in bounded memory: what must stay stays, and the rest is spread evenly."""

from itertools import pairwise

import pytest

from harness.model import Work
from harness.subjects.work_history import MOST, MOST_EXACT, Counts, at

SECOND = 10**9


def work(at_s: int, allocated: int | None = None) -> Work:
    return Work(at_ns=at_s * SECOND, polls=at_s, events=0, allocated_bytes=allocated, allocations=None)


@pytest.fixture
def week() -> Counts:
    """A week of counts, one a second, of which a handful carry bytes."""
    counts = Counts()
    for at_s in range(7 * 86_400):
        counts.add(work(at_s, at_s if at_s in {0, 1, 5000, 5001, 600_000} else None))
    return counts


@pytest.mark.parametrize(("at_s", "polls"), [(9, 10), (10, 10), (12, 12), (20, 20), (21, 20)])
def test_work_at_a_moment_lies_between_the_counts_before_and_after(at_s: int, polls: int) -> None:
    assert at(work(10), work(20), at_s * SECOND) == Work(
        at_ns=at_s * SECOND, polls=polls, events=0, allocated_bytes=None, allocations=None
    )


def test_few_counts_stay_as_they_are() -> None:
    counts = Counts()
    for at_s in range(MOST):
        counts.add(work(at_s))
    assert [one.polls for one in counts.kept()] == list(range(MOST))


def test_a_week_is_bounded_and_has_its_first_and_its_last(week: Counts) -> None:
    kept = week.kept()
    assert MOST // 4 < len(kept) <= MOST
    assert (kept[0].polls, kept[-1].polls, week.heard) == (0, 604_799, 604_800)
    assert week.last == kept[-1]


def test_what_carries_bytes_stays(week: Counts) -> None:
    assert [one.allocated_bytes for one in week.exact()] == [0, 1, 5000, 5001, 600_000]


def test_the_rest_is_spread_evenly_and_never_falls(week: Counts) -> None:
    gaps = [after.at_ns - before.at_ns for before, after in pairwise(week.kept()[:-1])]
    assert min(gaps) > 0
    assert max(gaps) <= 3 * sorted(gaps)[len(gaps) // 2]


def test_a_program_that_counts_bytes_in_every_line_is_bounded_as_well() -> None:
    counts = Counts()
    for at_s in range(20 * MOST):
        counts.add(work(at_s, at_s))
    kept = counts.kept()
    assert len(kept) <= MOST + MOST_EXACT
    assert (kept[0].polls, kept[-1].polls) == (0, 20 * MOST - 1)


def test_forgotten_counts_are_gone(week: Counts) -> None:
    week.clear()
    assert (week.kept(), week.last, week.heard) == ((), None, 0)
