"""What is wrong, and what is an abort, where tables change while they are dumped."""

import dataclasses
from collections.abc import Callable

import msgspec
import pytest

from harness.analysis import detection, dumps
from harness.analysis.facts import Facts
from harness.model import DumpResult

Build = Callable[..., Facts]
CALM = DumpResult(
    subject="poll",
    rate=100.0,
    seconds=15.0,
    links=502,
    link_changes=1500,
    address_changes=750,
    route_changes=750,
    starts=1,
    polls=150,
    made=150,
    marked=40,
    retried=0,
    discarded_s=0.0,
    ends={},
    unwatched_s=0.0,
    state_correct=True,
)


def row(**given: object) -> DumpResult:
    return msgspec.structs.replace(CALM, **given)


def changing(build: Build, *rows: DumpResult) -> Facts:
    facts = build()
    return dataclasses.replace(facts, result=msgspec.structs.replace(facts.result, dumps=rows))


@pytest.mark.parametrize(
    ("ends", "wrong", "aborted"),
    [
        ({}, 0, 0),
        ({"deleted": 3}, 3, 0),
        ({"not_found": 1, "recreated": 1, "matched": 2}, 4, 0),
        ({"exit": 2, "exited": 1, "closed": 1, "subscribe_failed": 1}, 0, 5),
        ({"deleted": 1, "closed": 2}, 1, 2),
        ({"a word of its own": 1}, 0, 1),
    ],
)
def test_an_end_is_wrong_or_an_abort(facts: Build, ends: dict[str, int], wrong: int, aborted: int) -> None:
    (one,) = dumps.judged(changing(facts, row(ends=ends)))

    assert (one.wrong, one.aborted) == (wrong, aborted)


def test_time_is_lost_without_a_watch_and_in_dumps_that_are_not_used(facts: Build) -> None:
    rows = (row(unwatched_s=2.0, discarded_s=0.5), row(unwatched_s=2.0, discarded_s=None))

    assert [one.lost_s for one in dumps.judged(changing(facts, *rows))] == [2.5, 2.0]


def test_false_ends_and_answers_to_the_deletion_are_counted_over_all_rates(facts: Build) -> None:
    rows = (
        row(ends={"deleted": 2, "exit": 1}),
        row(state_correct=False),
        row(state_correct=None, ends={"closed": 1}),
        row(subject="netlink", ends={"closed": 9}),
    )
    found = detection.dumped(changing(facts, *rows), "poll")

    assert found is not None
    assert (found.false_positives, found.expected, found.detected, found.missed, found.not_asked) == (4, 2, 1, 1, 1)
    assert detection.dumped(changing(facts, *rows), "poll-name") is None
