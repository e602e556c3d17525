"""The facts of ``result.json`` held against each other: names, times, counts, and the id of the plan. Pure."""

import hashlib
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec

from harness.model import Plan, Result, SubjectRun, Trial, Work

_ID = re.compile(r"-([0-9a-f]{8})(?:\+\d+)?")
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\+00:00")
_DIGITS = "0123456789"
MOST_TRIED_BYTES = 5 * 10**9  # some ten seconds; beyond it no digit is searched

Place = tuple[str | int, ...]


def plan_id(document: dict[str, Any]) -> str:
    """Give the id that a plan earns: a hash over the rest of it, in the order in which it was written down.

    ``document`` is the plan as it stands in ``result.json``, so that fields of another version count as they did there.
    """
    return hashlib.sha256(msgspec.json.encode({**document, "id": ""})).hexdigest()[:8]


def plan(document: dict[str, Any], run_id: str) -> list[str]:
    """Hold a plan against its id; where one digit of it was changed, the number is named."""
    found, earned = document.get("id"), plan_id(document)
    if found == earned:
        return []
    if _id_of(run_id) == earned:
        return [f"plan.id: found {found}, expected {earned}, the hash over the plan, which run_id has"]
    what = f"plan: its id is {found}, and the hash over it is {earned}: something in it was changed"
    for place, value in _slips(document) if _tried_bytes(document) <= MOST_TRIED_BYTES else ():
        if plan_id(_with(document, place, value)) == found:
            return [f"plan{_shown(place)}: found {_at(document, place)!r}, and the plan's id fits {value!r}"]
    return [what]


def _tried_bytes(document: dict[str, Any]) -> int:
    """Give how much would have to be hashed to try every digit."""
    text = msgspec.json.encode(document)
    return len(text) * 9 * sum(digit in b"0123456789" for digit in text)


def _slips(node: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Give every value of the plan with one digit changed, and its place."""
    if isinstance(node, dict | list):
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
            if place or key != "id":
                yield from _slips(inner, (*place, key))
    elif isinstance(node, str | int | float) and not isinstance(node, bool):
        text = json.dumps(node, ensure_ascii=False)  # a changed digit of an escape may be half a letter
        for offset, letter in enumerate(text):
            for digit in _DIGITS if letter in _DIGITS else "":
                changed = text[:offset] + digit + text[offset + 1 :]
                if digit != letter and (isinstance(node, str) or not re.match(r"-?0\d", changed)):
                    yield place, json.loads(changed)


def _at(node: Any, place: Place) -> Any:
    for key in place:
        node = node[key]
    return node


def _with(node: Any, place: Place, value: Any) -> Any:
    """Give a copy with one value replaced."""
    if not place:
        return value
    copy: Any = node.copy()  # a list or a dictionary
    copy[place[0]] = _with(node[place[0]], place[1:], value)
    return copy


def _shown(place: Place) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)


def _id_of(run_id: str) -> str | None:
    found = _ID.search(run_id[-20:])
    return found[1] if found else None


def check(result: Result) -> list[str]:
    """Hold the facts of a result against each other; each deviation names the fact."""
    return [
        *_identity(result),
        *_whereabouts(result.plan, result),
        *(words for trial in result.trials for words in _trial(trial, result.plan)),
        *_captures(result),
        *(
            f"episodes[{number}]: done_ns is {one.done_ns:,}, before began_ns, which is {one.began_ns:,}"
            for number, one in enumerate(result.episodes)
            if one.done_ns < one.began_ns
        ),
    ]


def _identity(result: Result) -> list[str]:
    """Hold the run's name against its plan and its moment."""
    found = []
    if _id_of(result.run_id) != result.plan.id:
        found.append(f"run_id: {result.run_id} does not end with the plan's id, {result.plan.id}")
    when = _MOMENT.fullmatch(result.environment.started_at)
    if when is None:
        return [*found, f"environment.started_at: {result.environment.started_at!r} is no moment in UTC"]
    moment = f"{when[1]}{when[2]}{when[3]}T{when[4]}{when[5]}{when[6]}Z"
    if not result.run_id.startswith(f"{moment}-"):
        found.append(f"run_id: {result.run_id} does not begin with environment.started_at, which is {moment}")
    return found


def _whereabouts(plan: Plan, result: Result) -> list[str]:
    """Find facts of subjects that the plan does not have, and bytes counted in another way than it says."""
    modes = {one.name: one.accounting for one in plan.subjects}
    found = []
    for number, one in enumerate(result.captures):
        if one.subject not in modes:
            found.append(f"captures[{number}]: the plan has no subject {one.subject}")
        elif modes[one.subject] != one.accounting:
            found.append(f"captures[{number}]: counted as {one.accounting}; the plan says {modes[one.subject]}")
    told = [(f"trials[{at}]", run.name) for at, trial in enumerate(result.trials) for run in trial.runs]
    told += [(f"heaps[{at}]", heap.subject) for at, heap in enumerate(result.heaps)]
    return found + [f"{where}: the plan has no subject {name}" for where, name in told if name not in modes]


def _trial(trial: Trial, plan: Plan) -> list[str]:
    where = f"trial {trial.index}"
    found = []
    if trial.ended_ns < trial.began_ns:
        found.append(f"{where}: ended_ns is {trial.ended_ns:,}, before began_ns, which is {trial.began_ns:,}")
    ours = {one.name for one in plan.subjects if one.origin == "builtin"}
    for run in trial.runs:
        if run.name in ours:
            found += [f"{where}, {run.name}: {words}" for words in _run(run)]
    return found


def _run(run: SubjectRun) -> list[str]:
    """Hold the counts of one process against each other: none falls."""
    found = []
    if run.ready_ns is not None and run.marks and run.marks[0].at_ns < run.ready_ns:
        found.append(f"marks[0].at_ns is {run.marks[0].at_ns:,}, before it was ready at {run.ready_ns:,}")
    for number, (before, after) in enumerate(pairwise(run.marks), 1):
        for name in Work.__struct_fields__:
            was, value = getattr(before, name), getattr(after, name)
            if was is not None and value is not None and value < was:
                found.append(f"marks[{number}].{name} is {value:,}, and was {was:,} one mark before: it never falls")
    return found


def _captures(result: Result) -> list[str]:
    return [
        f"captures[{number}].{name} is {getattr(one, name):,}, below zero"
        for number, one in enumerate(result.captures)
        for name in ("bytes", "allocations", "polls", "events", "live_s", "links", "pairs")
        if getattr(one, name) < 0
    ]
