"""What must be the same before two results may be compared, and what else is worth saying of them. Pure."""

import shlex
from dataclasses import dataclass

from msgspec import Struct

from harness.analysis.facts import Trialed
from harness.model import Analysis, Executable, Finding, Plan, SubjectPlan

FIELDS = ("scenario", "links", "interval", "duration", "compressed", "accounting", "program")
"""What must be the same on both sides; each may be allowed to differ."""

Value = str | int | float | None


@dataclass(frozen=True, kw_only=True)
class Side:
    """One result: what was derived of it, and the samples of each trial at the real pace, by subject."""

    analysis: Analysis
    trials: tuple[Trialed, ...]


class Refusal(Struct, frozen=True, kw_only=True):
    """A field in which two results differ so that they may not be compared, with both values."""

    field: str
    where: str
    base: Value
    other: Value


def refusals(base: Side, other: Side) -> tuple[Refusal, ...]:
    """Name every field in which two results are not of one kind."""
    mine, theirs = _setting(base.analysis), _setting(other.analysis)
    found = [
        Refusal(field=field, where="", base=mine[field], other=theirs[field])
        for field in mine
        if mine[field] != theirs[field]
    ]
    for before, after in shared(base, other):
        modes = [one.churn.accounting if one.churn else None for one in (before, after)]
        if None not in modes and modes[0] != modes[1]:
            found.append(Refusal(field="accounting", where=before.name, base=modes[0], other=modes[1]))
        mine_is, theirs_is = (program(one.program) for one in (before, after))
        if mine_is != theirs_is:
            found.append(Refusal(field="program", where=before.name, base=mine_is, other=theirs_is))
    return tuple(found)


def program(one: Executable | None) -> str | None:
    """Name a program by its digests and arguments; None for a subject of netchurn's own.

    Its path does not count: two worktrees hold the same build at two paths. The digest of a script stands in for its
    path, and where nothing could be read, the whole argument list does.
    """
    if one is None:
        return None
    if one.sha256 is None:
        return shlex.join(one.argv or ()) or "an unknown program"
    digests = [f"sha256:{one.sha256}", *([f"script sha256:{one.script_sha256}"] if one.script_sha256 else [])]
    words = [word for word in (one.argv or ())[1:] if not (one.script_sha256 and word == one.script)]
    return " ".join([*digests, *([f"with {shlex.join(words)}"] if words else [])])


def _setting(analysis: Analysis) -> dict[str, Value]:
    plan = analysis.plan
    return {
        "scenario": analysis.scenario,
        "links": analysis.namespace.links if analysis.namespace else None,
        "interval": plan.interval_s,
        "duration": plan.duration_s,
        "compressed": _day(plan),
    }


def _day(plan: Plan) -> str | None:
    return f"{plan.compressed.polls} polls at {plan.compressed.links} links" if plan.compressed else None


def shared(base: Side, other: Side) -> list[tuple[Finding, Finding]]:
    """Pair the findings of the subjects that both have."""
    theirs = {one.name: one for one in other.analysis.subjects}
    return [(one, theirs[one.name]) for one in base.analysis.subjects if one.name in theirs]


def notes(base: Side, other: Side) -> list[str]:
    """Return what differs, forbids nothing, and may matter."""
    mine, theirs = base.analysis, other.analysis
    return [
        *_lacking(base, other),
        *_programs(base, other),
        *_commands(mine.plan, theirs.plan),
        *_elsewhere(mine, theirs),
    ]


def _programs(base: Side, other: Side) -> list[str]:
    """Return which programs of one name are two, where that was allowed."""
    pairs = [(one.name, program(one.program), program(two.program)) for one, two in shared(base, other)]
    return [f"program of {name}: {mine} and {theirs}" for name, mine, theirs in pairs if mine != theirs]


def _lacking(base: Side, other: Side) -> list[str]:
    mine, theirs = ({one.name for one in side.analysis.subjects} for side in (base, other))
    found = [f"only in the base: {', '.join(sorted(mine - theirs))}"] if mine - theirs else []
    return [*found, f"only in the other: {', '.join(sorted(theirs - mine))}"] if theirs - mine else found


def _commands(base: Plan, other: Plan) -> list[str]:
    """Return which of the user's own programs were started by another command, or are another process."""
    theirs = {one.name: one for one in other.subjects}
    pairs = [(one, theirs[one.name]) for one in base.subjects if one.name in theirs]
    return [
        f"command of {one.name}: {_started(one)} and {_started(two)}"
        for one, two in pairs
        if (one.source, one.command, one.pid) != (two.source, two.command, two.pid)
    ]


def _started(one: SubjectPlan) -> str:
    return {"builtin": "netchurn's own", "exec": shlex.join(one.command), "pid": f"process {one.pid}"}[one.source]


_MACHINE = ("machine", "cpu", "cpus", "memory_bytes", "kernel", "python", "netchurn", "commit", "privilege")


def _elsewhere(base: Analysis, other: Analysis) -> list[str]:
    """Return where the two runs were not made alike."""
    here, there = base.environment, other.environment
    pairs: list[tuple[str, object, object]] = [(name, getattr(here, name), getattr(there, name)) for name in _MACHINE]
    mine, theirs = here.packages, there.packages
    pairs += [(name, mine.get(name), theirs.get(name)) for name in sorted({*mine, *theirs})]
    pairs += [
        ("load when it began", round(base.environment.load_average_1m), round(other.environment.load_average_1m)),
        ("watched link", _kind(base), _kind(other)),
        ("seed", base.plan.seed, other.plan.seed),
        ("status", base.status, other.status),
    ]
    return [f"{name}: {_said(one)} and {_said(two)}" for name, one, two in pairs if one != two]


def _kind(analysis: Analysis) -> str | None:
    return analysis.namespace.kind if analysis.namespace else None


def _said(value: object) -> str:
    return "unknown" if value is None else str(value)
