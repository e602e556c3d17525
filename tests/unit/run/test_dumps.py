"""The pace of churn, and what one watch of it counts, without a kernel."""

import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.model import ReportedOutcome, SubjectPlan
from harness.run.phases.dumps import EXIT, MOST_STARTS, Watch, lines, pace
from harness.subjects.process import Subject
from harness.subjects.protocol import Dumps, Ready

POLL = SubjectPlan(name="poll", role="before", language="python", accounting=None, polls=True)
MINE = SubjectPlan(name="mine", role="alternative", language="unknown", accounting=None, polls=False, source="exec")


class Process(SimpleNamespace):
    """What a watch needs of a subject."""

    def __init__(self) -> None:
        super().__init__(reported_outcome=[], alive=True, ready=None, work=None, dumps=None, sent=[])

    def forget(self) -> None:
        self.ready = None
        self.reported_outcome.clear()

    def send(self, word: str) -> None:
        self.sent.append(word)

    def says(self, reason: str, at_ns: int) -> None:
        self.reported_outcome.append(ReportedOutcome(at_ns=at_ns, restart=True, reason=reason, message=None))


def watch(plan: SubjectPlan) -> tuple[Watch, list[Any]]:
    processes: list[Any] = []

    def start() -> Subject:
        processes.append(Process())
        return cast("Subject", processes[-1])

    return Watch(plan, start, 0.2), processes


@pytest.mark.parametrize(("rate", "pairs", "every_s"), [(10, 1, 0.4), (100, 3, 0.12), (1000, 25, 0.1), (0.5, 1, 8.0)])
def test_a_rate_is_kept_by_few_pairs_often(rate: float, pairs: int, every_s: float) -> None:
    assert pace(rate)[0] == pairs
    assert pace(rate)[1] == pytest.approx(every_s)


def test_whatever_is_made_is_removed_again() -> None:
    made = lines(3)
    for kind in ("address", "route"):
        added = [line.split()[2] for line in made if line.startswith(f"{kind} add")]
        assert sorted(added) == sorted(line.split()[2] for line in made if line.startswith(f"{kind} del"))
        assert len(set(added)) == 3
    assert made[-1] == "link delete group 78"
    assert sum(line.startswith("link add") and " group 78 " in line for line in made) == 3


def test_a_false_end_is_counted_once_and_the_time_until_the_next_watch_is_lost() -> None:
    one, (process,) = watch(POLL)
    one.begin()
    process.says("deleted", 5_000_000_000)
    for _ in range(2):
        one.note_end("deleted", false=True)
        one.note_ready()
    one.begin()
    one.note_ready()
    assert one.unwatched_s(6_000_000_000) == 1.0
    process.ready = Ready(at_ns=5_250_000_000, ifname="dump0", ifindex=9)
    one.note_ready()
    assert (dict(one.ends), one.starts, one.unwatched_s(9_000_000_000)) == ({"deleted": 1}, 2, 0.25)
    assert process.sent == ["again", "again"]


def test_an_end_that_was_asked_for_is_not_false() -> None:
    one, _ = watch(POLL)
    one.begin()
    one.note_end("stopped", false=False)
    assert (dict(one.ends), one.unwatched_s(time.monotonic_ns())) == ({}, 0.0)


def test_a_program_that_ends_is_started_again_and_its_dumps_are_added_up() -> None:
    one, processes = watch(MINE)
    one.begin()
    processes[0].dumps = Dumps(at_ns=1, made=5, marked=2, retried=0, discarded_ns=7)
    processes[0].alive = False
    assert one.over() == EXIT
    assert one.restart(lambda _: None)
    one.begin()
    assert (one.over(), one.starts) == (None, 2)
    assert one.dumps() == (5, 2, 0, 7)
    processes[1].dumps = Dumps(at_ns=2, made=4, marked=None, retried=1, discarded_ns=None)
    assert one.dumps() == (9, None, 1, None)


def test_a_program_that_always_ends_is_not_started_for_ever() -> None:
    one, _ = watch(MINE)
    one.starts = MOST_STARTS
    assert not one.restart(lambda _: None)


def test_a_program_that_has_told_of_its_end_has_a_moment_to_end() -> None:
    one, (process,) = watch(MINE)
    process.says("deleted", time.monotonic_ns())
    assert one.leaving()
    process.reported_outcome[0] = ReportedOutcome(at_ns=1, restart=True, reason="deleted", message=None)
    assert not one.leaving()
