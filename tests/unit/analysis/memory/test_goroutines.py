"""Which goroutines of a Go program are said to accumulate."""

import pytest

import builders
from harness.analysis.memory.goroutines import accumulating
from harness.model import GoHeap, GoroutineChange


def change(last: int) -> GoroutineChange:
    return GoroutineChange(creator="main.subscribe", stands_in="main.wait", state="select", first=6, last=last)


def heap(subject: str, seconds: float, *changes: GoroutineChange) -> GoHeap:
    return GoHeap(
        subject=subject, trial=0, bytes=0, allocations=0, seconds=seconds, collections=1, fetch_cost_bytes=0,
        accounting="go:size-classes", sampled_bytes=None, functions=(), files=("0", "1"), goroutines=changes,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "more", "named"),
    [
        (60.0, 9, False),  # a pool that fills
        (60.0, 10, True),
        (7200.0, 23, False),  # 12 an hour, in two hours
        (7200.0, 24, True),
    ],
)
def test_at_least_ten_more_and_the_threshold_of_counts_are_named(seconds: float, more: int, named: bool) -> None:  # noqa: FBT001 - a row of a table
    heaps = (heap("mine", seconds, change(6 + more), change(5)), heap("other", seconds, change(999)))
    found = accumulating(builders.measured(heaps=heaps), "mine")
    assert found == ((change(6 + more),) if named else ())


def test_only_the_first_trial_is_asked() -> None:
    heaps = (heap("mine", 60.0), heap("mine", 60.0, change(999)))
    assert accumulating(builders.measured(heaps=heaps), "mine") == ()
