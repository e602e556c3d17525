"""A result with one of everything that a run can measure."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.cli.running.run import typed
from harness.model import (
    Capture,
    ClockJump,
    DumpResult,
    EventRun,
    InterimLook,
    LinkChange,
    LoadReading,
    NamespaceInfo,
    Observation,
    Plan,
    Recording,
    ReportedOutcome,
    Sample,
    StimulusRun,
    StormResult,
    SubjectPlan,
    SubjectRun,
    Timing,
    Trial,
    Work,
)
from harness.plan import Options
from harness.probes.pprof import pprof
from harness.probes.recordings import memray_reader, memray_totals, recorders
from harness.probes.recordings.keepers import Retention
from harness.results.folded import folded_name, packed
from harness.results.folder import RESULT
from harness.results.writer import Writer
from harness.run import recorded_copies
from harness.verify import check, checksums, facts
from harness.verify.recount import captures

NAME = "all-of-it"
SCENARIO = """
from harness.model import (
    ClaimPlan, CompressedPlan, DosePlan, DoseTrialPlan, DumpsPlan, ScriptedEvent, ScriptPlan, StormPlan, SweepPlan,
)
from harness.scenario import Scenario

SCENARIO = Scenario(
    name="all-of-it",
    question="Is everything seen?",
    pairs=3,
    subjects={"poll": "before", "netlink": "after", "go-poll": "before", "go-netlink": "after"},
    churn_pairs_per_s=0.1,
    step_links=(7,),
    max_pairs={"poll": 100},
    claims=(
        ClaimPlan(
            id="churns", text="It churns.", source="a claim", subject="poll", quantity="function_share",
            relation="about", claimed=0.5, unit="bytes", tolerance=0.1, absolute_tolerance=0.2, links=8, function="f",
            depends_on="other",
        ),
        ClaimPlan(
            id="other", text="It is so.", source="a claim", subject="poll", quantity="bytes_per_day",
            relation="at_most", claimed=1, unit="bytes/day",
        ),
    ),
    scripts=(
        ScriptPlan(
            scripted_events=(
                ScriptedEvent(
                    name="delete", text="deleted", steps=("fault: delete",), valid_reasons=("deleted",),
                    expected_outcomes={"poll": "late", "netlink": "detected"}, injection="hold",
                ),
                ScriptedEvent(
                    name="crash", text="its daemon dies", steps=(), valid_reasons=("deleted",),
                    expected_outcomes={"netlink": "detected"}, link="wireguard-go",
                ),
            ),
            rounds=2,
        ),
    ),
    compressed=CompressedPlan(links=8, polls=100, subjects=("poll", "go-netlink")),
    dose_trial=DoseTrialPlan(
        subjects=("poll",), pairs=2, duration_s=600.0,
        dose=DosePlan(stimulus="command", command=("true",), doses=(0.0, 2.0), max_growth_bytes=50.0),
    ),
    storm=StormPlan(overrun=2.0, live_events=10, rates=(5.0,), seconds_a_rate=2.0),
    dumps=DumpsPlan(rates=(10.0, 100.0), seconds=2.0, interval_s=0.1, restart_every_s=0.2),
    sweep=SweepPlan(seconds=1.0, min_polls=20, events=50),
)
"""
COMMAND = (
    f"netchurn run {NAME} --duration 12m --trials 2 --duplicate poll --until-decided --seed 3"
    " --subject poll --subject netlink --subject go-poll --subject go-netlink"
    " --exec 'daemon=/bin/sleep 60' --pid seen=4242 --pprof daemon=http://127.0.0.1:6060 --record daemon=memray"
)
EXTERNAL = (
    SubjectPlan(
        name="daemon",
        role="alternative",
        language="go",
        accounting=None,
        polls=False,
        source="exec",
        command=("/usr/bin/env", "--chdir=/", "/bin/sleep", "60"),
        pprof="http://127.0.0.1:6060",
        record=("memray",),
    ),
    SubjectPlan(
        name="seen", role="alternative", language="unknown", accounting=None, polls=False, source="pid", pid=4242
    ),
)
S = 10**9
LONG_S = 650
WORLD = NamespaceInfo(links=8, pairs=3, ifname="wt0", ifindex=7, kind="veth", fresh_sysfs=True)


def run_of(one: SubjectPlan, began: int, *, polls: int) -> SubjectRun:
    go = one.language == "go" and one.source == "builtin"
    ended = began + LONG_S
    marks = tuple(
        Work(
            at_ns=at * S,
            polls=number if one.polls else 0,
            events=number // 10,
            allocated_bytes=(number + 1) * 1000 if go else None,
            allocations=(number + 1) * 10 if go else None,
        )
        for at, number in (
            (began - 1, 0),
            (began + 300, 150),
            (began + 400, 170),
            (began + 500, 200),
            (ended + 1, polls),
        )
    )
    stopped = ReportedOutcome(at_ns=(ended + 1) * S, restart=False, reason="stopped", message="asked to")
    return SubjectRun(
        name=one.name,
        argv=one.command or ("python3", "-m", "it"),
        pid=one.pid or 100,
        outcome="completed",
        exit_status=0 if one.source == "builtin" else None,
        ready_ns=(began - 2) * S if one.source == "builtin" else None,
        marks=marks if one.source == "builtin" else (),
        reported_outcome=(stopped,) if one.source == "builtin" else (),
        stderr_tail="so it was",
        dropped=1,
    )


def trial_of(plan: Plan, index: int, began: int) -> Trial:
    compressed = index >= 100
    day = plan.compressed
    assert day is not None
    chosen = [one for one in plan.subjects if not compressed or one.name in day.subjects]
    return Trial(
        index=index,
        pace="compressed" if compressed else "real",
        began_ns=began * S,
        ended_ns=(began + LONG_S) * S,
        namespace=WORLD,
        churned_pairs=0 if compressed else 60,
        runs=tuple(gone(run_of(one, began, polls=300), index) for one in chosen),
        stop_reason="polls" if compressed else "decided",
        interim_looks=()
        if compressed
        else tuple(
            InterimLook(at_s=number, verdicts={one.name: "flat" for one in chosen}) for number in (600.0, 640.0)
        ),
        clock_jumps=() if compressed else (ClockJump(kind="slept", at_ns=(began + 5) * S, seconds=2.0),),
        loads=tuple(LoadReading(at_ns=(began + at) * S, load_average_1m=0.3) for at in (0, 30, LONG_S)),
        link_change=LinkChange(kind="deleted", after_ns=(began + 500) * S, at_ns=(began + 501) * S)
        if index == 1
        else None,
    )


def doses_of(plan: Plan, began: int) -> Trial:
    trial = plan.dose_trial
    assert trial is not None
    stimuli = StimulusRun(
        subject="poll-at-2", began_ns=began * S, ended_ns=(began + LONG_S) * S, performed=1300, failed=3, last_status=1
    )
    return Trial(
        index=200,
        pace="dosed",
        began_ns=began * S,
        ended_ns=(began + LONG_S) * S,
        namespace=msgspec.structs.replace(WORLD, pairs=2, links=7),
        churned_pairs=0,
        runs=tuple(run_of(one, began, polls=300) for one in trial.copies),
        stop_reason="time",
        stimuli=(stimuli,),
    )


def gone(run: SubjectRun, trial: int) -> SubjectRun:
    """Let the user's program end early in the second trial."""
    if trial != 1 or run.name != "daemon":
        return run
    return msgspec.structs.replace(run, outcome="crashed", exit_status=3, exited_after_s=400.0)


def captures_of(plan: Plan, memray: tuple[Path, int, int], leave: Any, folder: Path) -> Iterator[Capture]:
    """Leave the files of every profiled process, as the arms of a run name them."""
    path, size, allocations = memray
    steps = [(0, 7, 2, ""), (0, 8, 3, ""), (1, 8, 3, "-1")]
    for trial, links, pairs, again in steps:
        for one in plan.subjects:
            common: dict[str, Any] = {"subject": one.name, "pairs": pairs, "links": links, "trial": trial}
            kinds: list[tuple[Any, int, int, str]] = [("idle", 2, 0, "2polls"), ("idle", 5, 0, "5polls")]
            if not one.polls:
                kinds = [("idle", 0, 0, "0.5s"), ("idle", 0, 0, "1.5s")]
                kinds += [("events", 0, n, f"events{n}") for n in (32, 128) if one.role != "control"]
            if one.accounting == "python:all-objects":
                for kind, polls, events, label in kinds:
                    file = f"captures/{one.name}-{links}-{label}{again}.bin"
                    (folder / file).write_bytes(path.read_bytes())
                    yield Capture(
                        **common, kind=kind, polls=polls, events=events, live_s=2.0, bytes=size,
                        allocations=allocations, accounting=one.accounting, file=file,
                    )  # fmt: skip
            elif one.accounting == "go:size-classes":
                for at, (kind, _, events, _) in enumerate(kinds):
                    home = f"captures/{one.name}-{links}-{kind}{again}"
                    (folder / home).mkdir(exist_ok=True)
                    mark = at % 2
                    file = f"{home}/mark-{mark + 1:04}.allocs.pb.gz"
                    leave.profile(folder / file, {"main.look": 800 + 1600 * mark}, mark + 1)
                    function = leave.function(name="main.look", flat=1600, cumulative=1600)
                    yield Capture(
                        **common, kind=kind, polls=30 * mark if one.polls else 0, events=events, live_s=2.0 + mark,
                        bytes=800 + 1600 * mark, allocations=100 + 200 * mark, accounting=one.accounting, file=file,
                        sampled_bytes=1600 if mark else None, functions=(function,) if mark else (),
                    )  # fmt: skip


def timings_of(plan: Plan) -> Iterator[Timing]:
    for links, pairs in ((7, 2), (8, 3)):
        for one in plan.subjects:
            if one.source == "builtin" and one.role != "control":
                yield Timing(
                    subject=one.name, unit="poll" if one.polls else "event", pairs=pairs, links=links,
                    count=60 if one.polls else 50, seconds=1.0, cpu_s=0.5, user_s=0.25, system_s=0.25,
                )  # fmt: skip


def event_runs_of() -> Iterator[EventRun]:
    said = ReportedOutcome(at_ns=9001 * S, restart=True, reason="deleted", message="it is gone")
    for number in range(2):
        for name, subjects in (("delete", ("poll", "netlink")), ("crash", ("netlink",))):
            seen = tuple(Observation(subject=one, reported_outcome=said, dropped=0, lost=0) for one in subjects)
            yield EventRun(
                scripted_event=name,
                round=number,
                group=0,
                began_ns=9000 * S,
                done_ns=9000 * S + 1,
                observations=seen,
                load_average_1m=0.3,
            )


def dumps_of() -> Iterator[DumpResult]:
    for rate in (10.0, 100.0):
        for name in ("poll", "netlink", "go-poll", "go-netlink", "daemon"):
            yield DumpResult(
                subject=name, rate=rate, seconds=2.0, links=8, link_changes=20, address_changes=10, route_changes=10,
                starts=3, polls=9, made=9, marked=4, retried=1, discarded_s=0.1, ends={"exit": 1}, unwatched_s=0.2,
                state_correct=True,
            )  # fmt: skip


def recorded_of(recording: Path, folder: Path) -> Recording:
    """Leave a recording as a run does, with its stacks beside it."""
    for suffix in (".bin", ".marks"):
        (folder / f"{recording.name}{suffix}").write_bytes(Path(f"{recording}{suffix}").read_bytes())
    at, _ = memray_reader.marks(Path(f"{recording}.marks"))
    found = memray_reader.read(folder / f"{recording.name}.bin", at[5], at[-1])
    for kind, stacks in (("kept", found.kept), ("churn", found.churn)):
        (folder / folded_name(f"{recording.name}-{kind}.bin")).write_bytes(packed(stacks))
    work_s = (at[-1] - at[5]) / S - 0.25  # counts lie beside marks; a second more must not be the bound itself
    return Recording(
        subject="daemon", trial=0, recorder="memray", file=f"captures/{recording.name}.bin",
        bound_bytes=recorders.BOUNDS["memray"], end="asked", work_s=work_s, polls=3, events=4, cycles=1,
        **recorded_copies.totals(found),
    )  # fmt: skip


def storms_of() -> Iterator[StormResult]:
    said = ReportedOutcome(at_ns=9901 * S, restart=True, reason="deleted", message="it is gone")
    for kind, rate, sent in (("overrun", None, 184), ("live", 5.0, 10), ("live", None, 10)):
        for name in ("poll", "netlink", "go-poll", "go-netlink"):
            yield StormResult(
                subject=name, kind=kind, rate=rate, sent=sent, seconds=1.0,  # type: ignore[arg-type]  # a row
                events_received=5, dropped=1, lost=1, reported_outcome=said,
                state_correct=True, voluntary_switches=3, user_s=0.5, system_s=0.5,
            )  # fmt: skip


def rows_of(writer: Writer, trial: Trial) -> None:
    for run in trial.runs:
        ours = bool(run.marks)
        for at_s, polls in ((0, 0), (300, 150), (LONG_S, 300)):
            if run.exited_after_s is not None and at_s > run.exited_after_s:
                continue
            row = Sample(
                at_ns=trial.began_ns + at_s * S, rss_bytes=30 * 2**20, pss_bytes=None, uss_bytes=None,
                rss_peak_bytes=31 * 2**20, user_s=0.1, system_s=0.0, voluntary_switches=at_s, involuntary_switches=0,
                minor_faults=1500, major_faults=0,
                polls=min(polls, run.marks[-1].polls) if ours else None, events=0 if ours else None,
            )  # fmt: skip
            writer.append(trial.index, run.name, row)


def replaced(options: Options) -> Options:
    return dataclasses.replace(options, external=EXTERNAL)


def redone(document: Any) -> Any:
    """Write the plan's id anew, and the end of the run's name."""
    plan = document.get("plan")
    if not isinstance(plan, dict) or "id" not in plan or not isinstance(document.get("run_id"), str):
        return document
    earned = facts.plan_id(plan)
    run_id = document["run_id"].replace(plan["id"], earned) if plan["id"] else document["run_id"]
    return {**document, "plan": {**plan, "id": earned}, "run_id": run_id}


def quick(monkeypatch: pytest.MonkeyPatch, memray: tuple[Path, int, int]) -> None:
    """Leave out what no changed fact can change: digests were written anew, and captures are what they were."""
    total = memray_totals.Allocated(*memray[1:])
    monkeypatch.setattr(checksums, "check", lambda _: [])
    monkeypatch.setattr(check, "_derived", lambda *_: None)
    monkeypatch.setattr(captures, "recounted", lambda files: [total for _ in files])
    monkeypatch.setattr(pprof, "read", lru_cache(None)(pprof.read))
    monkeypatch.setattr(recorded_copies, "retention", lru_cache(None)(read_here))


def read_here(_: str, file: Path, began_ns: int, ended_ns: int) -> Retention:
    """Read a recording without a process of its own."""
    try:
        return memray_reader.read(file, began_ns, ended_ns)
    except OSError as cause:
        raise ValueError(str(cause)) from None


def edited(folder: Path, change: Callable[[dict[str, Any], Path], None]) -> list[str]:
    document = json.loads((folder / RESULT).read_text())
    change(document, folder)
    (folder / RESULT).write_text(json.dumps(redone(document)))
    return [one.where for one in check.verify(folder, typed=typed).deviations]
