"""Churn by account, and what disappears from one subject to another."""

from collections.abc import Callable
from typing import Any

import msgspec

import builders
from harness.model import Analysis, Comparison, Detection
from harness.report.document import Table, Text
from harness.report.sections.cost import churn

Make = Callable[..., Analysis]
GO, PYTHON = "go:size-classes", "python:all-objects"
WRONG = Detection(
    expected=10, detected=9, missed=0, false_positives=1, latency_p50_s=None, latency_p99_s=None, latency_max_s=None
)


def four(**after: Any) -> tuple[object, ...]:
    return (
        builders.finding("go-poll", churn=builders.churn(282e9, GO)),
        builders.finding("go-netlink", "after", churn=builders.churn(0.0, GO), **after),
        builders.finding("poll", language="python", churn=builders.churn(2.65e12, PYTHON)),
        builders.finding("netlink", "after", language="python", churn=builders.churn(0.0, PYTHON)),
    )


def test_two_accounts_say_what_each_counts_and_why_they_are_not_divided(analysis: Make) -> None:
    section = churn.churn(analysis(*four()))
    assert section is not None
    _, accounts = (one for one in section.blocks if isinstance(one, Table))
    assert [(row[0], row[2]) for row in accounts.rows] == [
        (GO, "go-poll and go-netlink"),
        (PYTHON, "poll and netlink"),
    ]
    assert any("never divided" in one.words for one in section.blocks if isinstance(one, Text))


def test_a_scenario_that_only_plays_its_script_has_no_table_of_what_was_not_measured(analysis: Make) -> None:
    found = builders.finding("poll"), builders.finding("netlink", "after")
    assert churn.churn(analysis(*found, plan={"profile": None})) is not None
    assert churn.churn(analysis(*found, plan={"profile": None, "duration_s": 0.0})) is None


def test_one_account_needs_no_such_words(analysis: Make) -> None:
    assert churn.accounting(analysis(*four()[:2]).subjects) == ()


def test_controls_are_no_rows_of_the_churn_table(analysis: Make) -> None:
    section = churn.churn(analysis(builders.finding("churner", "control", churn=builders.churn(1e6, PYTHON))))
    assert section is not None
    table = next(one for one in section.blocks if isinstance(one, Table))
    assert table.rows == ()


def test_an_idle_rate_of_a_few_objects_and_none_an_event_is_explained(analysis: Make) -> None:
    rate = builders.churn(653_760.0, GO)
    counted = {"bytes_per_poll": None, "bytes_per_event": 0.0, "events": 96, "idle_allocations": 8, "idle_s": 720.0}
    few = msgspec.structs.replace(rate, **counted)
    many = msgspec.structs.replace(few, idle_allocations=5000, bytes_per_event=7300.0)
    first, second = (
        " ".join(one.words for one in found.blocks if isinstance(one, Text))
        for each in (few, many)
        if (found := churn.churn(analysis(builders.finding("go-netlink-resilient", churn=each))))
    )
    assert "8 objects, 5.45 kB, in 12m" in first
    assert "go-netlink-resilient (96 events)" in first
    assert "objects, " not in second


def compared() -> Comparison:
    return Comparison(
        before="go-poll",
        after="go-netlink",
        churn_removed_bytes_per_day=282e9,
        churn_after_over_before=0.0,
        growth_difference_bytes_per_hour=1.0,
        growth_difference=builders.OPEN,
    )


def test_the_difference_in_growth_stands_in_the_comparison(analysis: Make) -> None:
    section = churn.comparisons(analysis(*four(), comparisons=(compared(),)))
    assert section is not None
    [table] = [one for one in section.blocks if isinstance(one, Table)]
    assert table.rows == (
        ("go-poll → go-netlink", "282 GB", "0 %", f"inconclusive: the difference {builders.OPEN.explanation}"),
    )


def test_who_saw_what_did_not_happen_does_not_win_on_cost(analysis: Make) -> None:
    section = churn.comparisons(analysis(*four(detection=WRONG), comparisons=(compared(),)))
    assert section is not None
    first = section.blocks[0]
    assert isinstance(first, Text)
    assert first.words.startswith(
        "Not ranked by cost, however little they allocate: go-netlink (0 of 10 missed, 1 false)"
    )
