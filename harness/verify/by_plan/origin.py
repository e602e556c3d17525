"""A plan held against its scenario: made again from that, and from the command that was typed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import msgspec

from harness import __version__, scenario
from harness.errors import UsageFault
from harness.model import Recorder, Result, Role, SubjectPlan
from harness.plan import Options, make_plan
from harness.verify.facts import leaves


@dataclass(frozen=True, kw_only=True)
class Line:
    """A command line of ``netchurn run`` as it was understood: options, and what the user brought, by its name."""

    options: Options
    scenario: str
    executed: dict[str, tuple[str, ...]]
    roles: dict[str, Role]  # of those that were executed
    observed: dict[str, int]
    profiled: dict[str, str]
    detected: dict[str, str]
    recorded: tuple[tuple[str, Recorder], ...]


Typed = Callable[[str], Line | None]


def unknown(result: Result, typed: Typed) -> str:
    """Return why the plan cannot be held against a scenario here; nothing where it can."""
    there, name, line = result.environment.netchurn, result.plan.scenario, typed(result.command)
    if there != __version__:
        return f"this is netchurn {__version__}, and the result says that it is of {there}"
    if result.command.removeprefix("sudo ").startswith("netchurn ab "):
        return "its programs were built by netchurn ab, and a build is not made again"
    if result.command.removeprefix("sudo ").startswith("netchurn dose "):
        return "its copies were planned by netchurn dose, for which there is no scenario"
    if line is not None and line.scenario.endswith(".py"):
        return f"the command says that it was read from a file, {line.scenario}"
    if line is not None and line.scenario == name and name not in scenario.names():
        return f"this netchurn brings none that is called {name}"
    return ""


def check(result: Result, typed: Typed) -> list[str]:
    """Make the plan again, and name each value that is another."""
    plan, line = result.plan, typed(result.command)
    if line is None or line.scenario != plan.scenario:
        return [f"command: {result.command[:200]!r} is no command that runs {plan.scenario}"]
    typed_names = line.executed.keys() | line.observed.keys()
    external = tuple(
        one
        for one in plan.subjects
        if one.source != "builtin"
        and not one.duplicate_of
        and (one.name in typed_names or not _declared(plan.scenario, one))
    )
    try:
        made = make_plan(scenario.find(plan.scenario), replace(line.options, external=external))
    except UsageFault as fault:
        return [f"command: netchurn run refuses it: {fault.message}"]
    said, has = leaves(msgspec.to_builtins(plan)), leaves(msgspec.to_builtins(made))
    places = [
        place
        for place in sorted((said.keys() | has.keys()) - {"id"})
        if place not in said or place not in has or said[place] != has[place]
    ]
    gone = "not there"
    found = [
        f"plan.{at} is {said.get(at, gone)!r}; its scenario and command give {has.get(at, gone)!r}" for at in places
    ]
    return [*found, *_external(external, line)]


def _declared(name: str, subject: SubjectPlan) -> bool:
    """Return whether a scenario declares a program of that name."""
    return subject.name in {one.name for one in scenario.find(name).programs}


def _external(external: tuple[SubjectPlan, ...], line: Line) -> Iterator[str]:
    """Check what the user brought against the command, except for the folder that a program was started in."""
    typed = [(name, "exec") for name in line.executed] + [(name, "pid") for name in line.observed]
    planned = [(one.name, one.source) for one in external]
    if planned != typed:
        yield f"plan.subjects: the user brought {planned}; the command has {typed}"
        return
    for one in external:
        pprof, arguments = line.profiled.get(one.name), line.executed.get(one.name, ())[1:]
        wanted = SubjectPlan(
            name=one.name,
            role=line.roles.get(one.name, "alternative"),
            language="go" if pprof else "unknown",
            accounting=None,
            polls=False,
            source=one.source,
            command=one.command,
            pid=line.observed.get(one.name),
            pprof=pprof,
            detect=line.detected.get(one.name),
            record=tuple(how for name, how in line.recorded if name == one.name),
        )
        if one != wanted or one.command[len(one.command) - len(arguments) :] != arguments:
            yield f"plan.subjects: {one.name} is not what the command brings"
