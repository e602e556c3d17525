"""Every field of a result changed, left out, doubled, with all digests written anew: seen, or admitted by name.

``pytest -s`` prints the table.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click
import msgspec
import pytest

from harness import scenario, store
from harness.cli.run import typed
from harness.cli.verify import command
from harness.errors import ResultFault
from harness.model import (
    RESULT_SCHEMA,
    Capture,
    ClockJump,
    Environment,
    EventRun,
    InterimLook,
    LinkChange,
    NamespaceInfo,
    Observation,
    Plan,
    Recording,
    ReportedOutcome,
    Result,
    Sample,
    StormResult,
    SubjectPlan,
    SubjectRun,
    Timing,
    Trial,
    Work,
    terms,
)
from harness.probes import memray_heap, memray_retention, pprof, recorders
from harness.probes.retention import Retention
from harness.run import recorded_copies
from harness.verify import admitted, captures, check, checksums, facts, origin, planned, thin
from harness.verify.admitted import ADMITTED

NAME = "all-of-it"
SCENARIO = """
from harness.model import ClaimPlan, CompressedPlan, ScriptedEvent, ScriptPlan, StormPlan, SweepPlan
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
                    name="delete", text="deleted", steps=("strike: delete",), valid_reasons=("deleted",),
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
    storm=StormPlan(overrun=2.0, live_events=10, rates=(5.0,), seconds_a_rate=2.0),
    sweep=SweepPlan(seconds=1.0, min_polls=20, events=50),
)
"""
COMMAND = (
    f"netchurn run {NAME} --duration 12m --trials 2 --twin poll --until-decided --seed 3"
    " --subject poll --subject netlink --subject go-poll --subject go-netlink"
    " --exec 'daemon=/bin/sleep 60' --pid seen=4242 --pprof daemon=http://127.0.0.1:6060 --record daemon=memray"
)
GUESTS = (
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
        link_change=LinkChange(kind="deleted", after_ns=(began + 500) * S, at_ns=(began + 501) * S)
        if index == 1
        else None,
    )


def gone(run: SubjectRun, trial: int) -> SubjectRun:
    """Let the user's program end early in the second trial."""
    if trial != 1 or run.name != "daemon":
        return run
    return msgspec.structs.replace(run, outcome="crashed", exit_status=3, exited_after_s=400.0)


def captures_of(plan: Plan, memray: tuple[Path, int, int], leave: Any, folder: Path) -> Iterator[Capture]:
    """Leave the files of every profiled process, as the arms of a run name them."""
    path, size, allocations = memray
    rungs = [(0, 7, 2, ""), (0, 8, 3, ""), (1, 8, 3, "-1")]
    for trial, links, pairs, again in rungs:
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


def episodes_of() -> Iterator[EventRun]:
    said = ReportedOutcome(at_ns=9001 * S, restart=True, reason="deleted", message="it is gone")
    for number in range(2):
        for name, subjects in (("delete", ("poll", "netlink")), ("crash", ("netlink",))):
            seen = tuple(Observation(subject=one, reported_outcome=said, dropped=0, lost=0) for one in subjects)
            yield EventRun(
                scripted_event=name, round=number, group=0, began_ns=9000 * S, done_ns=9000 * S + 1, observations=seen
            )


def storms_of() -> Iterator[StormResult]:
    said = ReportedOutcome(at_ns=9901 * S, restart=True, reason="deleted", message="it is gone")
    for kind, rate, sent in (("overrun", None, 184), ("live", 5.0, 10), ("live", None, 10)):
        for name in ("poll", "netlink", "go-poll", "go-netlink"):
            yield StormResult(
                subject=name, kind=kind, rate=rate, sent=sent, seconds=1.0,  # type: ignore[arg-type]  # a row
                events_received=5, dropped=1, lost=1, reported_outcome=said,
                state_correct=True, voluntary_switches=3, user_s=0.5, system_s=0.5,
            )  # fmt: skip


def rows_of(writer: store.Writer, trial: Trial) -> None:
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


def recorded_of(recording: Path, folder: Path) -> Recording:
    """Leave a recording as a run does, with its stacks beside it."""
    for suffix in (".bin", ".marks"):
        (folder / f"{recording.name}{suffix}").write_bytes(Path(f"{recording}{suffix}").read_bytes())
    at, _ = memray_retention.marks(Path(f"{recording}.marks"))
    found = memray_retention.read(folder / f"{recording.name}.bin", at[5], at[-1])
    for kind, stacks in (("kept", found.kept), ("churn", found.churn)):
        store.write_folded(folder / store.folded_name(f"{recording.name}-{kind}.bin"), stacks)
    return Recording(
        subject="daemon", trial=0, recorder="memray", file=f"captures/{recording.name}.bin",
        bound_bytes=recorders.BOUNDS["memray"], end="asked", work_s=(at[-1] - at[5]) / S, polls=3, events=4, cycles=1,
        **recorded_copies.totals(found),
    )  # fmt: skip


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
    plan = scenario.plan(scenario.find(NAME), replaced(line.options))
    machine: Environment = msgspec.structs.replace(leave.machine, commit="0123456789ab", go="go1.26.8")
    after = msgspec.structs.replace(machine, go=None, started_at="2026-05-04T11:15:00+00:00")
    run_id = f"20260504T101500Z-box-{plan.id}"
    writer = store.Writer(tmp_path / run_id)
    trials = tuple(trial_of(plan, index, began) for index, began in ((100, 1000), (0, 2000), (1, 3000)))
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
        episodes=tuple(episodes_of()),
        storms=tuple(storms_of()),
        buffer_events=92,
        limitations=("it was so",),
    )
    for trial in trials:
        rows_of(writer, trial)
    writer.save(result)
    writer.seal()
    return writer.folder


def replaced(options: scenario.Options) -> scenario.Options:
    return scenario.Options(**{**vars(options), "guests": GUESTS})


# --- what can be changed --------------------------------------------------------------------------------------------

Step = str | int
Change = Callable[[Any], None]


def places(node: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Give the place of everything in a document."""
    yield path
    if isinstance(node, dict | list):
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
            yield from places(inner, (*path, key))


def field(path: tuple[Step, ...]) -> str:
    """Name a field of the schema: without the numbers of list items, and the keys of free dictionaries."""
    text = "".join("[]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return re.sub(r"(packages|skipped|verdicts|expected_outcomes|churn_bytes_per_poll|max_pairs)\..*", r"\1[]", text)


def others(value: Any) -> Iterator[Any]:
    """Give other values for a value."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, value * 1000 + 7, 0, -5)
    elif isinstance(value, str):
        yield from (
            WORDS - {value}
            if value in WORDS
            else (f"{value}x", "", value.replace("-box-", "-bax-"), value.replace("11:15", "11:16"))
        )
    elif value is None:
        yield from (1, "x", [])
    elif isinstance(value, list):
        yield []
        if value:
            yield from (value[1:], value[:-1], [value[0], *value], [*value, value[-1]])
    elif isinstance(value, dict):
        yield {**value, "zzz": next(iter(value.values()), "x")}


WORDS = {word for kind in vars(terms).values() if get_origin(kind) is Literal for word in get_args(kind)} | {
    *("rootless", "root", "sudo", "slept", "stepped", "growing", "flat", "no_steady_state", "live", "overrun"),
}
MISSING = object()
PARTS = (
    "plan",
    "captures",
    "trials",
    "episodes",
    "storms",
    "environment",
    "recordings",
    "heaps",
)  # the rest is one more
NEVER_WITH_GO = {
    "skipped[]",  # words; this result has measured Go
    *(f"plan.subjects[].build.{name}" for name in ("command", "commit", "dirty", "toolchains")),  # of `netchurn ab`
}


def changed(document: Any, path: tuple[Step, ...], value: Any) -> Any:
    """Copy a document with one value replaced, or left out."""
    if not path:
        return value
    copy = document.copy()
    inner = changed(document[path[0]], path[1:], value)
    if inner is MISSING:
        del copy[path[0]]
    else:
        copy[path[0]] = inner
    return copy


def redone(document: Any) -> Any:
    """Write the plan's id anew, and the end of the run's name."""
    plan = document.get("plan")
    if not isinstance(plan, dict) or "id" not in plan or not isinstance(document.get("run_id"), str):
        return document
    earned = facts.plan_id(plan)
    run_id = document["run_id"].replace(plan["id"], earned) if plan["id"] else document["run_id"]
    return {**document, "plan": {**plan, "id": earned}, "run_id": run_id}


def schema_fields(kind: Any, prefix: str = "") -> Iterator[str]:
    """Walk the types of the schema."""
    info = msgspec.inspect.type_info(kind) if not isinstance(kind, msgspec.inspect.Type) else kind
    if isinstance(info, msgspec.inspect.StructType):
        for member in info.fields:
            yield f"{prefix}.{member.name}".lstrip(".")
            yield from schema_fields(member.type, f"{prefix}.{member.name}".lstrip("."))
    elif isinstance(info, msgspec.inspect.UnionType):
        for one in info.types:
            yield from schema_fields(one, prefix)
    elif isinstance(info, msgspec.inspect.VarTupleType | msgspec.inspect.ListType):
        yield f"{prefix}[]"
        yield from schema_fields(info.item_type, f"{prefix}[]")
    elif isinstance(info, msgspec.inspect.TupleType | msgspec.inspect.DictType):
        yield f"{prefix}[]"


def quick(monkeypatch: pytest.MonkeyPatch, memray: tuple[Path, int, int]) -> None:
    """Leave out what no changed fact can change: digests were written anew, and captures are what they were."""
    total = memray_heap.Allocated(*memray[1:])
    monkeypatch.setattr(checksums, "check", lambda _: [])
    monkeypatch.setattr(check, "_derived", lambda *_: None)
    monkeypatch.setattr(captures, "recounted", lambda files: [total for _ in files])
    monkeypatch.setattr(pprof, "read", lru_cache(None)(pprof.read))
    monkeypatch.setattr(recorded_copies, "retention", lru_cache(None)(read_here))


def read_here(_: str, file: Path, began_ns: int, ended_ns: int) -> Retention:
    """Read a recording without a process of its own."""
    try:
        return memray_retention.read(file, began_ns, ended_ns)
    except OSError as cause:
        raise ValueError(str(cause)) from None


def is_seen(folder: Path, document: Any, result: Result) -> bool:
    """Ask the parts of verify that only look at result.json, and then all of it."""
    with suppress(ArithmeticError):
        if store.unsafe(result) or facts.check(result) or planned.check(result):
            return True
        if result.plan.scenario == NAME and origin.check(result, typed):
            return True
    (folder / store.RESULT).write_bytes(json.dumps(document).encode())
    try:
        return bool(check.verify(folder, typed=typed).deviations)
    except ResultFault:
        return True


def attempts(document: Any, part: str) -> Iterator[tuple[str, tuple[Step, ...], Any, Any]]:
    """Give each change that is tried: the field, the place, the value, and the document."""
    by_field: dict[str, list[tuple[Step, ...]]] = {}
    for path in places(document):
        if part_of(field(path)) == part:
            by_field.setdefault(field(path), []).append(path)
    for name, paths in by_field.items():
        filled = [path for path in paths if at(document, path)] or paths
        chosen = (paths[0], paths[len(paths) // 3], paths[len(paths) // 2], paths[-1], filled[0], filled[-1])
        for path in dict.fromkeys(chosen):
            for other in (*others(at(document, path)), None, *((MISSING,) if path else ())):
                attempt = changed(document, path, other)
                again = path[:1] == ("plan",) and path != ("plan", "id")
                yield name, path, other, redone(attempt) if again else attempt


def at(document: Any, path: tuple[Step, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


def meant(result: Result) -> Result:
    """Leave out what a default that is left out moves alone: the plan's id, and with it the run's."""
    return msgspec.structs.replace(result, run_id="", plan=msgspec.structs.replace(result.plan, id=""))


def part_of(name: str) -> str:
    return next((part for part in PARTS if re.match(rf"{part}\b", name)), "")


def table(folder: Path, part: str) -> dict[str, str]:
    """Give by field of a part the first change that was not seen; nothing where all were."""
    raw = (folder / store.RESULT).read_bytes()
    document, original = json.loads(raw), msgspec.json.decode(raw, type=Result)
    unseen: dict[str, str] = {}
    for name, path, other, attempt in attempts(document, part):
        if unseen.setdefault(name, ""):
            continue
        try:
            result = msgspec.convert(attempt, Result)
        except (msgspec.ValidationError, TypeError):
            continue  # refused when it is read
        same = result == original or (path[0] == "plan" and path != ("plan", "id") and meant(result) == meant(original))
        if not same and not is_seen(folder, attempt, result):
            unseen[name] = f"{path} {'left out' if other is MISSING else str(other)[:60]}"
    return unseen


@pytest.mark.parametrize("part", [*PARTS, ""])
def test_every_field_that_is_changed_is_seen_or_admitted(
    all_of_it: Path, captured: tuple[Path, int, int], monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    whole = check.verify(all_of_it, typed=typed)
    assert [f"{one.where}: {one.words}" for one in whole.deviations] == []
    quick(monkeypatch, captured)
    found = table(all_of_it, part)
    for name, unseen in sorted(found.items()):
        print(f"{'not seen' if unseen else 'seen':8}  {name}  {unseen}")  # noqa: T201 - the table

    of_part = {name for name in schema_fields(Result) if part_of(name) == part}
    expected = {name for one in ADMITTED for name in one.fields if part_of(name) == part}
    assert of_part - found.keys() == NEVER_WITH_GO & of_part
    assert {name for name, unseen in found.items() if unseen} == expected - NEVER_WITH_GO


def test_a_thinned_result_keeps_what_was_recorded_by_its_stacks(all_of_it: Path, tmp_path: Path) -> None:
    copy = thin.thin(all_of_it, tmp_path / "thinned" / all_of_it.name)
    assert not list(copy.glob("captures/recorded-*.bin"))
    assert [one.words for one in check.verify(copy, typed=typed).deviations] == []
    (kept,) = copy.glob("captures/recorded-*-kept.folded.json.gz")
    kept.unlink()
    assert any("recordings: " in one.words for one in check.verify(copy, typed=typed).deviations)


@pytest.mark.parametrize("number", [10**400, 2**63, 1e308, -1e308])
def test_no_number_is_too_large_to_be_refused(
    all_of_it: Path, captured: tuple[Path, int, int], monkeypatch: pytest.MonkeyPatch, number: float
) -> None:
    quick(monkeypatch, captured)
    document = json.loads((all_of_it / store.RESULT).read_text())
    numbers = {field(path): path for path in places(document) if type(at(document, path)) in {int, float}}
    for path in numbers.values():
        (all_of_it / store.RESULT).write_text(json.dumps(changed(document, path, number)))
        with suppress(ResultFault):
            check.verify(all_of_it, typed=typed)


@pytest.mark.parametrize("option", ["--polls", "--pairs", "--duration", "--seed", "--pid seen=1 --trials"])
def test_no_command_is_too_strange_to_be_refused(
    all_of_it: Path, captured: tuple[Path, int, int], monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    quick(monkeypatch, captured)

    def strange(document: dict[str, Any], _: Path) -> None:
        document["command"] += f" {option} {10**400}"

    assert edited(all_of_it, strange)


# --- several fields at once -----------------------------------------------------------------------------------------


def edited(folder: Path, change: Callable[[dict[str, Any], Path], None]) -> list[str]:
    document = json.loads((folder / store.RESULT).read_text())
    change(document, folder)
    (folder / store.RESULT).write_text(json.dumps(redone(document)))
    return [one.where for one in check.verify(folder, typed=typed).deviations]


def gone_early(document: dict[str, Any], folder: Path) -> None:
    run = document["trials"][1]["runs"][0]
    run["exited_after_s"] = 0.0
    (folder / "samples" / f"0-{run['name']}.csv").unlink()


def without_the_leaker(document: dict[str, Any], folder: Path) -> None:
    for trial in document["trials"]:
        trial["runs"] = [one for one in trial["runs"] if one["name"] != "leaker"]
    document["plan"]["subjects"] = [one for one in document["plan"]["subjects"] if one["name"] != "leaker"]
    for path in folder.glob("samples/*-leaker.csv"):
        path.unlink()


def without_go(document: dict[str, Any], _: Path) -> None:
    document["skipped"] = {"go-poll": "no Go here", "go-netlink": "no Go here", "go-churner": "no Go here"}
    document["environment"]["go"] = None


def without_trials(document: dict[str, Any], folder: Path) -> None:
    document["trials"] = []
    for path in folder.glob("samples/*.csv"):
        path.unlink()


def a_trial_copied(document: dict[str, Any], _: Path) -> None:
    document["plan"]["trials"] = 3
    document["trials"].append({**document["trials"][-1], "index": 2})
    document["command"] = document["command"].replace("--trials 2", "--trials 3")


def a_lower_bar(document: dict[str, Any], _: Path) -> None:
    document["plan"]["claims"][0]["tolerance"] = 0.9


def another_command(document: dict[str, Any], _: Path) -> None:
    document["plan"]["interval_s"] = 3.0


def more_polls(document: dict[str, Any], _: Path) -> None:
    one = next(one for one in document["captures"] if one["polls"] == 5)
    one["polls"] = 5000


def a_column(_: dict[str, Any], folder: Path) -> None:
    path = folder / "samples" / "0-poll.csv"
    path.write_text(path.read_text().replace("at_ns,", "", 1))


@pytest.mark.parametrize(
    "change",
    [
        gone_early,
        without_the_leaker,
        without_go,
        without_trials,
        a_trial_copied,
        a_lower_bar,
        another_command,
        more_polls,
        a_column,
    ],
)
def test_what_belongs_together_changed_together_contradicts_the_plan(
    all_of_it: Path,
    captured: tuple[Path, int, int],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[dict[str, Any], Path], None],
) -> None:
    quick(monkeypatch, captured)

    assert edited(all_of_it, change)


@pytest.mark.parametrize("version", ["0.0.9", ""])
def test_a_plan_that_cannot_be_held_against_its_scenario_is_said_not_to_be(
    all_of_it: Path, captured: tuple[Path, int, int], monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    quick(monkeypatch, captured)
    document = json.loads((all_of_it / store.RESULT).read_text())
    if version:
        for name in ("environment", "environment_after"):
            document[name]["netchurn"] = version
    else:
        document["command"] = document["command"].replace(NAME, "./mine.py")
    (all_of_it / store.RESULT).write_text(json.dumps(document))
    found = check.verify(all_of_it, typed=typed)

    assert found.deviations == ()
    assert "scenario" not in dict(found.checked)
    assert len(found.uncompared) == 1


def test_the_help_and_the_documents_have_the_whole_list() -> None:
    text = " ".join(command.get_help(click.Context(command)).split())
    lines = [admitted.FIRST, *(one.line() for one in ADMITTED)]
    assert [line for line in lines if line not in text] == []

    documents = Path(__file__).parents[3] / "docs" / "documents.md"
    if documents.is_file():
        plain = " ".join(documents.read_text().split())
        assert [line for line in lines if line not in plain] == []
