"""The facts of ``result.json`` held against each other: names, times, counts, and the id of the plan. Pure."""

import hashlib
import re
from itertools import pairwise
from typing import Any

import msgspec

from harness.analysis.doses import dose_trial
from harness.model import Plan, Result, SubjectRun, Trial, Work
from harness.units import NS_A_SECOND

_ID = re.compile(r"-([0-9a-f]{8})(?:\+\d+)?$")
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\+00:00")
_SAME = ("netchurn", "kernel", "machine", "cpu", "python", "packages", "privilege")
_MEASURED = (
    *("environment", "environment_after", "captures", "trials", "timings"),
    *("heaps", "recordings", "event_runs", "storms", "dumps"),
)
_MAY_BE_BELOW = (".exit_status", ".kept_bytes", "].seconds", ".heaps.bytes", ".flat", ".cumulative")
_GRACE_S = 5.0  # between what a watcher says last and its end
_STATUSES = range(-64, 256)  # of an exit: a signal's number below zero
SHA256 = re.compile(r"[0-9a-f]{64}")


def plan_digest(document: dict[str, Any]) -> str:
    """Return the SHA-256 over a plan without its id, in the order in which it was written down.

    ``document`` is the plan as it stands in ``result.json``, so that fields of another version count as they did there.
    """
    return hashlib.sha256(msgspec.json.encode({**document, "id": ""})).hexdigest()


def plan_id(document: dict[str, Any]) -> str:
    """Return the id that a plan earns: the first digits of its digest."""
    return plan_digest(document)[:8]


def plan(document: dict[str, Any], run_id: str) -> list[str]:
    found, earned = document.get("id"), plan_id(document)
    if found == earned:
        return []
    if _id_of(run_id) == earned:
        return [f"plan.id: found {found}, expected {earned}, the hash over the plan, which run_id has"]
    return [f"plan: its id is {found}, and the hash over it is {earned}: something in it was changed"]


def _id_of(run_id: str) -> str | None:
    found = _ID.search(run_id[-20:])
    return found[1] if found else None


def check(result: Result) -> list[str]:
    """Check the facts of a result against each other; each deviation names the fact."""
    ours = {one.name for one in dose_trial.everyone(result.plan) if one.source == "builtin"}
    return [
        *_identity(result),
        *_machine(result),
        *_accounting(result.plan, result),
        *(words for trial in result.trials for words in _trial(trial, ours)),
        *_below_zero(result),
        *_programs(result),
        *(
            f"event_runs[{number}]: done_ns is {one.done_ns:,}, before began_ns, which is {one.began_ns:,}"
            for number, one in enumerate(result.event_runs)
            if one.done_ns < one.began_ns
        ),
        *(
            f"event_runs[{number}]: {seen.subject} reported nothing, not even that it was stopped"
            for number, one in enumerate(result.event_runs)
            for seen in one.observations
            if seen.reported_outcome is None
        ),
    ]


def _programs(result: Result) -> list[str]:
    """Find programs of subjects that the plan does not have, and digests that are none."""
    brought = {one.name for one in result.plan.subjects if one.source != "builtin"}
    strangers = [f"programs: the plan has no program {name}" for name in result.programs if name not in brought]
    digests = [
        (name, digest) for name, one in result.programs.items() for digest in (one.sha256, one.script_sha256) if digest
    ]
    wrong = [
        f"programs: {digest!r} of {name} is no SHA-256" for name, digest in digests if not SHA256.fullmatch(digest)
    ]
    return [*strangers, *wrong]


def _identity(result: Result) -> list[str]:
    """Check the run's name against its plan and its moment."""
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


def _machine(result: Result) -> list[str]:
    """Check the machine after the run against the machine before it: what cannot change meanwhile has not."""
    before, after = result.environment, result.environment_after
    found = []
    if (before.privilege == "sudo") != result.command.startswith("sudo "):
        found.append(f"environment.privilege is {before.privilege}, and the command is {result.command[:60]!r}")
    if after is None:
        return found
    found += [
        f"environment_after.{name} is {getattr(after, name)}; before the run it was {getattr(before, name)}"
        for name in _SAME
        if getattr(after, name) != getattr(before, name)
    ]
    if after.go is not None:
        found.append("environment_after.go is there: it is noted before the run only")
    stepped = any(jump.kind == "stepped" for trial in result.trials for jump in trial.clock_jumps)
    if not _MOMENT.fullmatch(after.started_at) or (after.started_at < before.started_at and not stepped):
        found.append(f"environment_after.started_at is {after.started_at}, not after {before.started_at}")
    return found


def _accounting(plan: Plan, result: Result) -> list[str]:
    """Find bytes that were counted in another way than the plan says."""
    modes = {one.name: one.accounting for one in dose_trial.everyone(plan)}
    return [
        f"captures[{number}]: counted as {one.accounting}; the plan says {modes.get(one.subject)}"
        for number, one in enumerate(result.captures)
        if modes.get(one.subject) != one.accounting
    ]


def _trial(trial: Trial, ours: set[str]) -> list[str]:
    where = f"trial {trial.index}"
    found = []
    if trial.ended_ns < trial.began_ns:
        found.append(f"{where}: ended_ns is {trial.ended_ns:,}, before began_ns, which is {trial.began_ns:,}")
    found += [
        f"{where}: a clock jumps at {jump.at_ns:,}, outside of the trial"
        for jump in trial.clock_jumps
        if not trial.began_ns <= jump.at_ns <= trial.ended_ns + NS_A_SECOND
    ]
    found += [
        f"{where}: the load is read at {one.at_ns:,}, outside of the trial"
        for one in trial.loads
        if not trial.began_ns <= one.at_ns <= trial.ended_ns
    ]
    seconds = (trial.ended_ns - trial.began_ns) / NS_A_SECOND
    found += [
        f"{where}: interim_looks has one at {look.at_s:g} s"
        for look in trial.interim_looks
        if not 0 <= look.at_s <= seconds
    ]
    for run in trial.runs:
        found += [f"{where}, {run.name}: {words}" for words in _end(run, trial, ours=run.name in ours)]
        if run.name in ours:
            found += [f"{where}, {run.name}: {words}" for words in (*_ours(run, trial), *_order(run))]
    return found


def _end(run: SubjectRun, trial: Trial, *, ours: bool) -> list[str]:
    """Check how a process ended against when, and against what it reported: one that is gone reports nothing."""
    found = []
    if run.outcome not in _outcomes(run, ours=ours):
        found.append(f"outcome is {run.outcome}; with exit status {run.exit_status} it is another")
    if run.exit_status is not None and run.exit_status not in _STATUSES:
        found.append(f"exit_status is {run.exit_status}, and no process has that")
    if run.sigkilled and run.exited_after_s is not None:
        found.append("sigkilled: it ended before it was asked to")
    if run.exited_after_s is None:
        return found
    seconds = (trial.ended_ns - trial.began_ns) / NS_A_SECOND
    if not 0 <= run.exited_after_s <= seconds + _GRACE_S:
        found.append(f"exited_after_s is {run.exited_after_s:g}; the trial lasted {seconds:,.3f} s")
    gone_ns = trial.began_ns + (run.exited_after_s + _GRACE_S) * NS_A_SECOND
    told_ns = [mark.at_ns for mark in run.marks] + [said.at_ns for said in run.reported_outcome]
    if any(at_ns > gone_ns for at_ns in told_ns):
        found.append(f"exited_after_s is {run.exited_after_s:g}, and it reported something after that")
    return found


def _outcomes(run: SubjectRun, *, ours: bool) -> set[str]:
    """Return what an end is called; of an interrupted run it may be called that."""
    usual = "crashed" if run.exit_status else "completed"
    if run.exited_after_s is not None:
        return {usual, "interrupted"}
    if not ours:
        return {"completed", "interrupted"}
    return {"timed_out" if run.exit_status in {None, -9, -15} else usual, "interrupted"}


def _ours(run: SubjectRun, trial: Trial) -> list[str]:
    """Check one of our own processes against the trial: it was ready before, and reported its work before and after."""
    found = []
    if run.ready_ns is None or run.ready_ns > trial.began_ns:
        found.append(f"ready_ns is {run.ready_ns}; the trial began at {trial.began_ns:,}")
    if run.unresponsive:
        found.append("unresponsive: it is netchurn's own, which answers marks")
    if not run.marks or run.marks[0].at_ns > trial.began_ns:
        found += ["marks: there is none from before the trial"] * (run.exited_after_s != 0)  # else it was gone by then
    elif run.exited_after_s is None and run.exit_status == 0 and run.marks[-1].at_ns < trial.ended_ns:
        found.append("marks: there is none from after the trial, and it lived to its end")
    gone_ns = trial.ended_ns - _GRACE_S * NS_A_SECOND
    if run.exited_after_s is None and any(told.at_ns < gone_ns for told in run.reported_outcome):
        found.append("reported_outcome: a watcher ends after it reports, and this one lived to the end of the trial")
    if run.exited_after_s is None and not run.reported_outcome and not run.exit_status:
        found.append("reported_outcome: there is none, not even that it was stopped")
    return found


def _order(run: SubjectRun) -> list[str]:
    """Check the counts of one process against each other: none falls."""
    found = []
    if run.ready_ns is not None and run.marks and run.marks[0].at_ns < run.ready_ns:
        found.append(f"marks[0].at_ns is {run.marks[0].at_ns:,}, before it was ready at {run.ready_ns:,}")
    for number, (before, after) in enumerate(pairwise(run.marks), 1):
        for name in Work.__struct_fields__:
            was, value = getattr(before, name), getattr(after, name)
            if was is not None and value is not None and value < was:
                found.append(f"marks[{number}].{name} is {value:,}, and was {was:,} one mark before: it never falls")
    return found


def _below_zero(result: Result) -> list[str]:
    """Name each count and time that is below zero; an exit status may be, and a clock may be set back."""
    facts = {name: getattr(result, name) for name in _MEASURED}
    return [
        f"{place} is {value:,}, below zero"
        for place, value in leaves(msgspec.to_builtins(facts)).items()
        if isinstance(value, int | float) and value < 0 and not place.endswith(_MAY_BE_BELOW)
    ]


def leaves(document: object) -> dict[str, object]:
    """Return every value of a document by its path."""
    found: dict[str, object] = {}
    waiting: list[tuple[str, object]] = [("", document)]
    while waiting:
        place, node = waiting.pop()
        if isinstance(node, dict) and node:
            waiting += [(f"{place}.{key}".lstrip("."), inner) for key, inner in node.items()]
        elif isinstance(node, list) and node:
            waiting += [(f"{place}[{number}]", inner) for number, inner in enumerate(node)]
        else:
            found[place] = node
    return found
