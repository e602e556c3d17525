"""Who keeps memory, by unit of work and by the hour, and what resident memory is made of."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.model import (
    Finding,
    GoHeap,
    GoMemory,
    GoroutineChange,
    Keeper,
    NamespaceInfo,
    Recording,
    Sample,
    SubjectPlan,
    SubjectRun,
    Trial,
    Work,
)
from harness.report.sections.memory import keepers

S = 10**9
MIB = 2**20
MINE = SubjectPlan(
    name="mine", role="alternative", language="unknown", accounting=None, polls=False, source="exec", record=("memray",)
)
KEEPER = Keeper(
    function="decode",
    file="app/listleak.py",
    line=9,
    origin="own",
    caller="",
    bytes=870,
    allocations=3,
    first_half_bytes=435,
)
RUN = SubjectRun(
    name="mine", argv=("x",), pid=1, outcome="completed", exit_status=None, ready_ns=None, marks=(),
    reported_outcome=(), stderr_tail="",
)  # fmt: skip
WORLD = NamespaceInfo(links=4, pairs=1, ifname="wt0", ifindex=7, kind="veth", fresh_sysfs=True)
TRIAL = Trial(index=0, began_ns=0, ended_ns=100 * S, namespace=WORLD, churned_pairs=50, runs=(RUN,))


def recording(kept: int, first_half: int, **facts: Any) -> Recording:
    values: dict[str, Any] = {
        "subject": "mine", "trial": 0, "recorder": "memray", "file": "captures/x.bin", "bound_bytes": MIB,
        "end": "asked", "began_ns": 20 * S, "ended_ns": 100 * S, "work_s": 80.0, "polls": 0, "events": 100,
        "cycles": 40,
        "allocated_bytes": 10 * kept, "allocations": 7, "kept_bytes": kept, "kept_first_half_bytes": first_half,
        "managed_first_bytes": 2 * MIB, "managed_last_bytes": 5 * MIB, "native_first_bytes": 100,
        "native_last_bytes": MIB, "keepers": (msgspec.structs.replace(KEEPER, bytes=int(kept * 0.87)),),
    }  # fmt: skip
    return Recording(**values | facts)


def heap(kept: int, error: float, **facts: Any) -> GoHeap:
    return GoHeap(
        subject="mine", trial=0, bytes=10 * kept, allocations=7, seconds=80.0, collections=1, fetch_cost_bytes=0,
        accounting="go:size-classes", sampled_bytes=None, functions=(), files=("0-mine-0", "0-mine-1"),
        kept_bytes=kept, kept_error_bytes=error, keepers=(msgspec.structs.replace(KEEPER, bytes=kept),), **facts,
    )  # fmt: skip


def sample(at_s: int, anon: int) -> Sample:
    return Sample(
        at_ns=at_s * S, rss_bytes=anon + 3 * MIB, pss_bytes=None, uss_bytes=None, rss_peak_bytes=anon, user_s=0.0,
        system_s=0.0, voluntary_switches=0, involuntary_switches=0, minor_faults=0, major_faults=0, polls=None,
        events=None, rss_anon_bytes=anon, rss_file_bytes=2 * MIB, rss_shmem_bytes=MIB,
    )  # fmt: skip


@pytest.fixture
def found(facts: Callable[..., Facts]) -> Callable[..., Finding]:
    """Derive the finding of the only program."""

    def derive(*, anon: tuple[int, ...] = (), **known: Any) -> Finding:
        result = msgspec.structs.replace(facts(subjects=(MINE,)).result, **{"trials": (TRIAL,), **known})
        series = {"mine": [sample(at_s, size) for at_s, size in zip((20, 60, 100), anon, strict=False)]}
        return analyse(Facts(result=result, complete=True, series=series, compressed={})).subjects[0]

    return derive


def test_what_is_kept_is_told_by_event_and_by_the_hour(found: Callable[..., Finding]) -> None:
    one = found(recordings=(recording(1_190_000, 600_000),))
    (whole,), (row,) = one.retention, one.retained
    assert (whole.unit, whole.units, whole.per_unit, whole.keeps) == ("event", 100, 11_900, True)
    assert whole.per_hour == pytest.approx(1_190_000 * 45)
    assert (row.function, row.line) == ("decode", 9)
    assert row.share == pytest.approx(0.87)
    assert row.per_unit == pytest.approx(10_353)
    assert keepers.sentence(one) == "mine keeps 11.9 kB an event, 87 % of it in decode (listleak.py:9)"
    assert one.churn is not None
    assert one.churn.bytes_per_event == pytest.approx(119_000)


@pytest.mark.parametrize(
    ("kept", "first_half"),
    [
        (1_190_000, 1_150_000),  # filled once, after the warm-up
        (1_190_000, 10_000),  # what it works on as it ends
        (50_000, 25_000),  # less than a threshold of growth would take in that time
    ],
)
def test_nobody_is_named_for_what_was_kept_once(found: Callable[..., Finding], kept: int, first_half: int) -> None:
    one = found(recordings=(recording(kept, first_half),))
    assert not one.retention[0].keeps
    assert keepers.sentence(one) == ""


def test_work_is_polls_then_events_then_containers(found: Callable[..., Finding]) -> None:
    for counts, unit in (
        ({"polls": 5}, "poll"),
        ({}, "event"),
        ({"events": 0}, "cycle"),
        ({"events": 0, "cycles": 0}, None),
    ):
        assert found(recordings=(recording(10, 5, **counts),)).retention[0].unit == unit


def test_work_is_scaled_to_the_time_of_the_recording(found: Callable[..., Finding]) -> None:
    one = found(recordings=(recording(10, 5, work_s=40.0),))
    assert one.retention[0].units == 200
    assert one.churn is not None
    assert one.churn.events == 200


@pytest.mark.parametrize(("error", "keeps"), [(0.0, True), (500_000.0, True), (700_000.0, False)])
def test_a_sampled_heap_names_nobody_within_its_error(
    found: Callable[..., Finding], error: float, *, keeps: bool
) -> None:
    (whole,) = found(heaps=(heap(1_200_000, error),)).retention
    assert (whole.recorder, whole.keeps, whole.standard_error_bytes) == ("pprof", keeps, error)
    assert (whole.unit, whole.units) == ("cycle", 50)


def test_what_a_go_program_allocates_is_told_by_the_events_that_it_counts(found: Callable[..., Finding]) -> None:
    work = tuple(
        Work(at_ns=at_s * S, polls=0, events=events, allocated_bytes=None, allocations=None)
        for at_s, events in ((10, 5), (90, 205))
    )
    one = found(heaps=(heap(1_200_000, 0.0, work=work),))
    assert one.churn is not None
    assert (one.churn.events, one.churn.bytes_per_event) == (200, 60_000)
    assert (one.retention[0].unit, one.retention[0].per_unit) == ("event", 6_000)


def test_work_that_falls_between_two_visits_is_not_counted(found: Callable[..., Finding]) -> None:
    first, last = (
        Work(at_ns=at_s * S, polls=0, events=events, allocated_bytes=None, allocations=None)
        for at_s, events in ((10, 5), (90, 4))
    )
    one = found(heaps=(heap(1_200_000, 0.0, work=(first, last)),))
    assert one.churn is not None
    assert (one.churn.events, one.churn.bytes_per_event, one.retention[0].unit) == (0, None, "cycle")


def test_goroutines_are_named_where_they_accumulate(found: Callable[..., Finding]) -> None:
    leaks = GoroutineChange(creator="main.subscribe", stands_in="main.wait", state="select", first=6, last=411)
    few = GoroutineChange(creator="main.pool", stands_in="main.work", state="select", first=1, last=5)
    one = found(heaps=(heap(1_200_000, 0.0, goroutines=(leaks, few)),))
    assert one.goroutines == (leaks,)
    assert "405 more goroutines" in keepers.sentence(one)


# --- what resident memory is made of --------------------------------------------------------------------------------


def parts(one: Finding) -> list[dict[str, int | None]]:
    return [{row.part: getattr(row, name) for row in one.balance} for name in ("first_bytes", "last_bytes")]


def test_parts_add_up_to_resident_memory(found: Callable[..., Finding]) -> None:
    one = found(recordings=(recording(10, 5),), anon=(9 * MIB, 10 * MIB, 13 * MIB))
    first, last = parts(one)
    assert (first["live_heap"], last["live_heap"], last["native"]) == (2 * MIB, 5 * MIB, MIB)
    assert (first["free_heap"], last["stacks"]) == (None, None)
    assert [sum(size or 0 for size in each.values()) for each in (first, last)] == [12 * MIB, 16 * MIB]


def test_memory_outside_go_is_what_its_runtime_does_not_have(found: Callable[..., Finding]) -> None:
    quiet = GoMemory(live_bytes=MIB, free_bytes=MIB, released_bytes=9, stacks_bytes=MIB, overhead_bytes=4 * MIB)
    anon = (6 * MIB, 9 * MIB, 12 * MIB)  # 1 MiB of what the runtime took was never touched
    one = found(heaps=(heap(0, 1.0, memory=(quiet, quiet)),), anon=anon)
    first, last = parts(one)
    assert (first["native"], last["native"]) == (0, 6 * MIB)
    assert (first["runtime"], first["live_heap"], first["stacks"]) == (3 * MIB, MIB, MIB)
    assert [sum(size or 0 for size in each.values()) for each in (first, last)] == [9 * MIB, 15 * MIB]


def test_of_a_program_that_nothing_is_known_of_the_rest_is_all(found: Callable[..., Finding]) -> None:
    first, _ = parts(found(anon=(5 * MIB, 5 * MIB, 5 * MIB)))
    assert (first["live_heap"], first["rest"], first["mapped_files"]) == (None, 5 * MIB, 2 * MIB)
