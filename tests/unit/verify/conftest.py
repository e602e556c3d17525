"""Sealed results, small and real: written by the store, with captures of every kind that can be counted again."""

import gzip
import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

import builders
import stored
from harness import scenario
from harness.cli.running.run import typed
from harness.model import (
    RESULT_SCHEMA,
    Capture,
    Environment,
    GoFunction,
    GoGap,
    GoHeap,
    GoMemory,
    GoroutineChange,
    Keeper,
    Plan,
    ProfilePlan,
    ReportedOutcome,
    Result,
    Sample,
    SubjectPlan,
    SubjectRun,
    Trial,
    Work,
)
from harness.model.warning import DataWarning
from harness.plan import identified, make_plan
from harness.probes.pprof.schema import Profile as Message
from harness.probes.recordings import memray_totals
from harness.results.folder import SUMS
from harness.results.writer import Writer
from whole_result import (
    COMMAND,
    NAME,
    SCENARIO,
    WORLD,
    captures_of,
    doses_of,
    dumps_of,
    event_runs_of,
    recorded_of,
    replaced,
    rows_of,
    storms_of,
    timings_of,
    trial_of,
)

SECOND = 10**9
MIB = 2**20
DRAFT = Plan(
    id="",
    scenario="quiet",
    question="Why?",
    pairs=3,
    duration_s=4.0,
    interval_s=2.0,
    polls=None,
    seed=0,
    sample_interval_s=1.0,
    churn_pairs_per_s=0.0,
    subjects=(
        SubjectPlan(name="poll", role="before", language="python", accounting="python:all-objects", polls=True),
        SubjectPlan(name="go-poll", role="before", language="go", accounting="go:size-classes", polls=True),
        SubjectPlan(
            name="daemon",
            role="alternative",
            language="go",
            accounting=None,
            polls=False,
            source="exec",
            command=("./daemon",),
            pprof="http://127.0.0.1:6060",
        ),
    ),
    profile=None,
    claims=(),
    reference_bytes_per_day=1.3e9,
)
PROFILE = ProfilePlan(polls=(2, 5), idle_s=(1.0, 4.0), events=(32, 128), step_pairs=(3,))


PLAN = identified(DRAFT)
PROFILED = identified(msgspec.structs.replace(DRAFT, profile=PROFILE))
MACHINE = msgspec.structs.replace(stored.MACHINE, cpu="one", go="go1.26.8")


def process(name: str, polls: int) -> SubjectRun:
    marks = [
        Work(at_ns=at * SECOND, polls=number, events=0, allocated_bytes=None, allocations=None)
        for at, number in ((9, 0), (15, polls))
    ]
    return SubjectRun(
        name=name,
        argv=("./daemon",) if name == "daemon" else ("python3",),
        pid=4711,
        outcome="completed",
        exit_status=0,
        ready_ns=8 * SECOND,
        marks=tuple(marks),
        reported_outcome=(ReportedOutcome(at_ns=15 * SECOND, restart=False, reason="stopped", message=None),),
        stderr_tail="",
    )


RESULT = Result(
    schema=RESULT_SCHEMA,
    run_id=f"20260504T101500Z-box-{PLAN.id}",
    command="netchurn run quiet",
    plan=PLAN,
    environment=MACHINE,
    environment_after=msgspec.structs.replace(MACHINE, go=None),
    namespace=WORLD,
    captures=(),
    trials=(
        Trial(
            index=0,
            began_ns=10 * SECOND,
            ended_ns=14 * SECOND,
            namespace=WORLD,
            churned_pairs=0,
            runs=tuple(process(name, 2) for name in ("poll", "go-poll", "daemon")),
            stop_reason="time",
        ),
    ),
    limitations=(DataWarning(id="pprof_failed", text="pprof of daemon: there is none", subject="daemon"),),
)


def sample(at_s: float, rss: int = 30 * MIB, **facts: Any) -> Sample:
    known: dict[str, Any] = {
        "pss_bytes": None,
        "uss_bytes": None,
        "rss_peak_bytes": 31 * MIB,
        "user_s": 0.1,
        "system_s": 0.0,
        "voluntary_switches": 12,
        "involuntary_switches": 0,
        "minor_faults": 1500,
        "major_faults": 0,
        "polls": 0,
        "events": 0,
    }
    return Sample(at_ns=int(at_s * SECOND), rss_bytes=rss, **{**known, **facts})


def profile(path: Path, bytes_by_function: dict[str, int], at_s: int) -> None:
    """Leave one of Go's profiles in which every allocation was counted."""
    message = Message(time_nanos=at_s * SECOND, period=1)
    message.string_table.extend([b"", b"bytes", b"alloc_objects", b"alloc_space", b"inuse_objects", b"inuse_space"])
    for kind in range(2, 6):
        message.sample_type.add(type=kind, unit=1)
    for number, (name, size) in enumerate(bytes_by_function.items(), start=1):
        message.string_table.append(name.encode())
        message.function.add(id=number, name=len(message.string_table) - 1)
        message.location.add(id=number).line.add(function_id=number)
        message.sample.add(location_id=[number], value=[size // 8, size, size // 8, size])
    path.write_bytes(gzip.compress(message.SerializeToString(), mtime=0))


def memstats(path: Path, at_s: int, total: int) -> None:
    path.write_text(
        f"# at_ns = {at_s * SECOND}\n# TotalAlloc = {total}\n# Mallocs = {total // 8}\n# HeapInuse = 5\n# NumGC = 1\n"
        "# HeapAlloc = 3\n# HeapIdle = 7\n# HeapReleased = 4\n# Sys = 40\n# Stack = 9 / 11\n"
    )


GO_MEMORY = GoMemory(live_bytes=3, free_bytes=5, released_bytes=4, stacks_bytes=11, overhead_bytes=17)
KEEPER = Keeper(
    function="main.work",
    file="",
    line=None,
    origin="own",
    caller="",
    bytes=10_400,
    allocations=1300,
    first_half_bytes=0,
)


def go_counted(captures: Path) -> tuple[Capture, Capture]:
    """Leave the two marks of a Go subject."""
    (captures / "go-poll-8-idle").mkdir()
    found = []
    for number, (polls, size) in enumerate(((0, 800), (20, 2400)), start=1):
        file = f"captures/go-poll-8-idle/mark-{number:04}.allocs.pb.gz"
        profile(captures.parent / file, {"main.look": size}, number)
        found.append(
            Capture(
                subject="go-poll",
                kind="idle",
                pairs=3,
                links=8,
                polls=polls,
                events=0,
                live_s=float(number),
                bytes=size,
                allocations=size // 8,
                accounting="go:size-classes",
                file=file,
                sampled_bytes=1600 if polls else None,
                functions=(GoFunction(name="main.look", flat=1600, cumulative=1600),) if polls else (),
            )
        )
    return found[0], found[1]


def go_served(captures: Path, trial: int = 0) -> GoHeap:
    """Leave what two visits of a daemon fetched: 8,000 bytes in 4 s, and 800 of each fetch."""
    first, second, rehearsal = f"{trial}-daemon-0", f"{trial}-daemon-1", f"{trial}-daemon-before-1"
    for number in (1, 2, 3):  # 600 bytes before the first visit
        memstats(captures / f"{rehearsal}.memstats-{number}.txt", 9, 77_000 + 800 * (number - 1))
    waiting = "goroutine 7 [select]:\nmain.wait()\n\t/x.go:9 +0x1\ncreated by main.start in goroutine 1\n\t/x.go:8\n\n"
    for prefix, at_s, total in ((first, 10, 80_000), (second, 14, 90_400)):
        (captures / f"{prefix}.goroutines-each.txt").write_text(waiting * (at_s // 4))
        for number in (1, 2, 3):
            memstats(captures / f"{prefix}.memstats-{number}.txt", at_s, total + 800 * (number - 1))
        profile(captures / f"{prefix}.allocs.pb.gz", {"main.work": total}, at_s)
    return GoHeap(
        subject="daemon",
        trial=trial,
        bytes=8000,
        allocations=1000,
        seconds=4.0,
        collections=0,
        fetch_cost_bytes=800,
        accounting="go:size-classes",
        sampled_bytes=10_400,
        functions=(GoFunction(name="main.work", flat=10_400, cumulative=10_400),),
        files=(first, second),
        rehearsals=(rehearsal,),
        noise=(GoGap(bytes=600, seconds=1.0),),
        kept_bytes=10_400,
        kept_error_bytes=0.0,
        keepers=(KEEPER,),
        memory=(GO_MEMORY, GO_MEMORY),
        goroutines=(GoroutineChange(creator="main.start", stands_in="main.wait", state="select", first=2, last=3),),
        work=(builders.work(10.0), builders.work(14.0, events=40)),
    )


def memray(path: Path, size: int) -> None:
    script = (
        "import sys\nfrom memray import Tracker\n"
        "with Tracker(sys.argv[1], trace_python_allocators=True):\n    bytearray(int(sys.argv[2]))\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path), str(size)], check=True)


@pytest.fixture(scope="session")
def captured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, int]:
    """Make one of memray's captures, and give its bytes and allocations as it counts them."""

    path = tmp_path_factory.mktemp("memray") / "poll-8-2polls.bin"
    memray(path, 100_000)
    (total,) = memray_totals.totals([path])
    return path, total.bytes, total.allocations


@pytest.fixture
def leave() -> SimpleNamespace:
    """Give what a test needs to build a result of its own."""
    return SimpleNamespace(profile=profile, served=go_served, machine=MACHINE, function=GoFunction)


Made = Callable[..., Path]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Write a result without captures, and seal it; facts of it may be given."""

    def make(*, seal: bool = True, name: str = RESULT.run_id, **facts: object) -> Path:
        return written(Writer(tmp_path / name), seal=seal, **facts)

    return make


def written(writer: Writer, *, seal: bool = True, **facts: object) -> Path:
    result = msgspec.structs.replace(RESULT, **facts)
    writer.save(result)
    for run in RESULT.trials[0].runs:
        for at, polls in ((10, 0), (11, 0), (12, 1), (13, 1), (14, 2)):
            writer.append(0, run.name, sample(at, polls=polls))
    if seal:
        writer.seal()
    writer.close()
    return writer.folder


@pytest.fixture
def full(tmp_path: Path, captured: tuple[Path, int, int]) -> Path:
    """Write a result with captures of each kind, and seal it."""
    run_id = RESULT.run_id.replace(PLAN.id, PROFILED.id)
    writer = Writer(tmp_path / run_id)
    path, size, allocations = captured
    captures = []
    for polls in (2, 5):
        file = f"captures/poll-8-{polls}polls.bin"
        (writer.folder / file).write_bytes(path.read_bytes())
        captures.append(
            Capture(
                subject="poll",
                kind="idle",
                pairs=3,
                links=8,
                polls=polls,
                events=0,
                live_s=0.5,
                bytes=size,
                allocations=allocations,
                accounting="python:all-objects",
                file=file,
            )
        )
    captures += go_counted(writer.captures)
    heaps = (go_served(writer.captures),)
    return written(writer, run_id=run_id, plan=PROFILED, captures=tuple(captures), heaps=heaps, limitations=())


Reseal = Callable[[Path], None]


@pytest.fixture
def reseal() -> Reseal:
    """Write SHA256SUMS anew, as somebody would who hides a change."""

    def again(folder: Path) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
        lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in files]
        (folder / SUMS).write_text("".join(lines))

    return again


@pytest.fixture
def all_of_it(
    tmp_path: Path, captured: tuple[Path, int, int], recording: Path, leave: Any, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Write a result that has every field of the schema, of a scenario that this netchurn brings; seal it."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "all_of_it.py").write_text(SCENARIO)
    monkeypatch.setattr(scenario, "folder", lambda: tmp_path / "scenarios")
    line = typed(COMMAND)
    assert line is not None
    plan = make_plan(scenario.find(NAME), replaced(line.options))
    machine: Environment = msgspec.structs.replace(leave.machine, commit="0123456789ab", go="go1.26.8")
    after = msgspec.structs.replace(machine, go=None, started_at="2026-05-04T11:15:00+00:00")
    run_id = f"20260504T101500Z-box-{plan.id}"
    writer = Writer(tmp_path / run_id)
    trials = tuple(trial_of(plan, index, began) for index, began in ((100, 1000), (0, 2000), (1, 3000)))
    trials = (*trials, doses_of(plan, 4000))
    result = Result(
        schema=RESULT_SCHEMA,
        run_id=run_id,
        command=COMMAND,
        plan=plan,
        environment=machine,
        environment_after=after,
        namespace=WORLD,
        captures=tuple(captures_of(plan, captured, leave, writer.folder)),
        trials=trials,
        timings=tuple(timings_of(plan)),
        heaps=tuple(leave.served(writer.captures, number) for number in (0, 1)),
        recordings=(recorded_of(recording, writer.captures),),
        event_runs=tuple(event_runs_of()),
        storms=tuple(storms_of()),
        dumps=tuple(dumps_of()),
        buffer_events=92,
        limitations=(DataWarning(id="not_sealed", text="it was so", subject="poll"),),
    )
    for trial in trials:
        rows_of(writer, trial)
    writer.save(result)
    writer.seal()
    writer.close()
    return writer.folder
