"""Every field of a result that is changed is seen by verify, or is on the list of what is not."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest

from harness.cli.running.run import typed
from harness.errors import ResultFault
from harness.model import (
    CycleRound,
    Folded,
    Result,
    terms,
)
from harness.results.folder import RESULT, unsafe_names
from harness.run import recorded_copies
from harness.verify import check, facts, thin
from harness.verify.admitted import ADMITTED
from harness.verify.by_plan import origin, planned
from whole_result import NAME, edited, quick, redone

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
    *("not_sealed", "host_sysfs"),
}
MISSING = object()
PARTS = (
    "plan",
    "captures",
    "trials",
    "event_runs",
    "storms",
    "dumps",
    "environment",
    "recordings",
    "heaps",
)  # the rest is one more
NEVER_WITH_GO = {
    # Of `netchurn dose`: test_stimuli.py.
    *(f"plan.dose.{name}" for name in ("command", "command[]", "cycles", "doses", "doses[]", "max_growth_bytes")),
    "plan.dose.stimulus",
    *(f"plan.subjects[].arm.{name}" for name in ("allocator", "dose", "of", "role", "uncollected_bytes")),
    "trials[].stimuli[].rounds[]",
    *(f"trials[].stimuli[].rounds[].{name}" for name in CycleRound.__struct_fields__),
    *(f"plan.dose_trial.copies[].{name}[]" for name in ("command", "environment", "record")),
    "skipped[]",  # words; this result has measured Go
    *(  # of `netchurn ab`
        f"plan.{whose}[].build.{name}"
        for whose in ("subjects", "dose_trial.copies")
        for name in ("command", "commit", "dirty", "toolchains")
    ),
}


EMPTY_HERE = {"trials[].stimuli[].rounds"}  # of cycles: test_stimuli.py


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


def is_seen(folder: Path, document: Any, result: Result) -> bool:
    """Ask the parts of verify that only look at result.json, and then all of it."""
    with suppress(ArithmeticError):
        if unsafe_names(result) or facts.check(result) or planned.check(result):
            return True
        if result.plan.scenario == NAME and origin.check(result, typed):
            return True
    (folder / RESULT).write_bytes(json.dumps(document).encode())
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
    raw = (folder / RESULT).read_bytes()
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


@pytest.mark.slow
@pytest.mark.parametrize("part", [*PARTS, ""])
def test_every_field_that_is_changed_is_seen_or_admitted(
    all_of_it: Path, captured: tuple[Path, int, int], monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    whole = check.verify(all_of_it, typed=typed)
    assert whole.deviations == ()
    quick(monkeypatch, captured)
    found = table(all_of_it, part)
    for name, unseen in sorted(found.items()):
        print(f"{'not seen' if unseen else 'seen':8}  {name}  {unseen}")  # noqa: T201 - the table

    of_part = {name for name in schema_fields(Result) if part_of(name) == part}
    expected = {name for one in ADMITTED for name in one.fields if part_of(name) == part}
    assert of_part - found.keys() == NEVER_WITH_GO & of_part
    assert {name for name, unseen in found.items() if unseen} == expected - NEVER_WITH_GO - EMPTY_HERE


@pytest.mark.slow
def test_a_thinned_result_keeps_what_was_recorded_by_its_stacks(all_of_it: Path, tmp_path: Path) -> None:
    copy = thin.thin(all_of_it, tmp_path / "thinned" / all_of_it.name)
    assert not list(copy.glob("captures/recorded-*.bin"))
    assert check.verify(copy, typed=typed).deviations == ()
    (kept,) = copy.glob("captures/recorded-*-kept.folded.json.gz")
    kept.unlink()
    assert "recording_differs" in {one.id for one in check.verify(copy, typed=typed).deviations}


def renamed(stacks: Folded) -> Folded:
    frames = (msgspec.structs.replace(one, name=f"{one.name}?", origin="other") for one in stacks.frames)
    return msgspec.structs.replace(stacks, frames=tuple(frames))


@pytest.mark.slow
def test_native_functions_may_have_other_names_on_another_machine_and_no_other_bytes(
    all_of_it: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = recorded_copies.retention

    def elsewhere(*recording: Any) -> Any:
        found = reads(*recording)
        return msgspec.structs.replace(found, kept=renamed(found.kept), churn=renamed(found.churn), keepers=())

    def more(document: dict[str, Any], _: Path) -> None:
        document["recordings"][0]["keepers"][0]["bytes"] += 1

    monkeypatch.setattr(recorded_copies, "retention", elsewhere)
    found = check.verify(all_of_it, typed=typed)
    assert found.deviations == ()
    assert any("recorded" in what for what, _ in found.uncompared)
    edited(all_of_it, more)
    assert "recording_differs" in {one.id for one in check.verify(all_of_it, typed=typed).deviations}


@pytest.mark.slow
@pytest.mark.parametrize("number", [10**400, 2**63, 1e308, -1e308])
def test_no_number_is_too_large_to_be_refused(
    all_of_it: Path, captured: tuple[Path, int, int], monkeypatch: pytest.MonkeyPatch, number: float
) -> None:
    quick(monkeypatch, captured)
    document = json.loads((all_of_it / RESULT).read_text())
    numbers = {field(path): path for path in places(document) if type(at(document, path)) in {int, float}}
    for path in numbers.values():
        (all_of_it / RESULT).write_text(json.dumps(changed(document, path, number)))
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
