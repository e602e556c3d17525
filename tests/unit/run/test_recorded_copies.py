"""What a run makes of recordings that are missing, or cannot be read."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness import scenario
from harness.model import GoroutineChange, Recorder, SubjectPlan
from harness.plan import Options, make_plan
from harness.probes.recordings import recorders
from harness.run import recorded_copies
from harness.run.pprof_fetches import accumulated
from harness.units import duration


@pytest.mark.parametrize(("lasts_s", "warm_up_s"), [(10.0, 2.0), (300.0, 60.0), (86_400.0, 60.0)])
def test_the_warm_up_is_a_fifth_and_at_most_a_minute(lasts_s: float, warm_up_s: float) -> None:
    plan = make_plan(scenario.find("docker-host"), Options(duration_s=lasts_s))
    assert recorded_copies.warm_up_s(plan) == warm_up_s, duration(lasts_s)


@pytest.mark.parametrize(
    ("sizes", "warm_from", "noted", "counted"),
    [
        ((0.1, 0.1, 0.1), 1, ["first"], None),
        ((0.1, 0.3, 0.6, 1.0, 1.0), 2, ["early", "first", "last"], (2, 3)),
        ((0.1, 0.3, 0.6, 1.0, 1.0), 4, ["early", "last"], (1, 3)),
        ((0.1, 1.0, 1.0), 2, ["last"], None),
    ],
)
def test_what_counts_begins_after_the_warm_up_or_a_fifth_of_a_recording_that_ends_before(
    tmp_path: Path, sizes: tuple[float, ...], warm_from: int, noted: list[str], counted: tuple[int, int] | None
) -> None:
    plan = SubjectPlan(name="mine", role="alternative", language="unknown", accounting=None, polls=False, source="exec")
    subject: Any = SimpleNamespace(counts=SimpleNamespace(last=None))
    copy = recorded_copies._Copy(plan, "heaptrack", tmp_path / "x", subject)
    with (tmp_path / "x.heaptrack").open("wb") as recording:
        for number, size in enumerate(sizes):
            recording.truncate(int(size * recorders.BOUNDS["heaptrack"]))
            if name := copy.due(warm=number >= warm_from):
                copy.note(name, cycles=number)
    found = copy.counted()
    assert list(copy.moments) == noted
    assert (None if found is None else tuple(one.cycles for one in found)) == counted


@pytest.mark.slow
@pytest.mark.parametrize("how", ["memray", "heaptrack"])
def test_what_cannot_be_read_is_a_reason_and_no_traceback(tmp_path: Path, how: Recorder) -> None:
    file = tmp_path / "recorded.bin"
    file.write_bytes(b"no recording")
    file.with_suffix(".marks").write_text("1\n2\n3\n4\n5\n")
    with pytest.raises(ValueError, match=r"^(?!Traceback)."):
        recorded_copies.retention(how, file, 1, 5)


def test_goroutines_that_became_more_come_with_both_numbers() -> None:
    before = Counter({("main.start", "main.wait", "select"): 6, ("main.pool", "main.work", "sleep"): 4})
    after = Counter({("main.start", "main.wait", "select"): 411, ("main.pool", "main.work", "sleep"): 3})
    assert accumulated(before, after) == (
        GoroutineChange(creator="main.start", stands_in="main.wait", state="select", first=6, last=411),
    )
    assert accumulated(Counter(), after) == ()


def test_a_pool_whose_workers_wait_elsewhere_has_not_grown() -> None:
    before = Counter({("main.pool", "main.take", "chan receive"): 50, ("main.leak", "main.wait", "select"): 1})
    after = Counter({("main.pool", "main.fetch", "IO wait"): 50, ("main.leak", "main.wait", "select"): 21})
    assert [one.creator for one in accumulated(before, after)] == ["main.leak"]
