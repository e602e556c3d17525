"""Who takes part in a run: the subjects of a scenario or of the command line. Pure."""

import msgspec

from harness.errors import UsageFault
from harness.model import Role, SubjectPlan
from harness.plan.checks import check_events, check_names, check_script
from harness.plan.options import Options
from harness.scenario import Scenario
from harness.subjects import external, registry


def all_subjects(scenario: Scenario, options: Options) -> tuple[SubjectPlan, ...]:
    """Return all subjects but the controls."""
    subjects = _chosen(scenario, options)
    check_events(scenario, subjects)
    subjects = (*subjects, *_duplicates(scenario, subjects, options.duplicates))
    check_script(scenario, subjects)
    check_names(
        scenario, [*scenario.subjects, *(one.name for one in scenario.programs), *(one.name for one in subjects)]
    )
    return subjects


def _chosen(scenario: Scenario, options: Options) -> tuple[SubjectPlan, ...]:
    """Return the subjects that were asked for; with programs on the command line the scenario's own only by name."""
    programs = {one.name: one for one in scenario.programs}
    wanted = options.subjects or (() if options.external else tuple(programs))
    mine = tuple(external.declared(programs[name]) for name in wanted if name in programs)
    taken = {one.name for one in options.external} & set(programs)
    if taken:
        raise UsageFault("bad_name", f"{min(taken)} is a program of {scenario.name} already", "choose another name")
    registered = tuple(name for name in options.subjects if name not in programs)
    theirs = _subjects(scenario, registered) if registered or not (options.external or options.subjects) else ()
    return (*theirs, *mine, *options.external)


def _subjects(scenario: Scenario, chosen: tuple[str, ...]) -> tuple[SubjectPlan, ...]:
    roles: dict[str, Role] = {name: scenario.subjects.get(name, "alternative") for name in chosen} or scenario.subjects
    kinds = {name: registry.find(name) for name in roles}
    for kind in kinds.values():
        if kind.rounds_only and not scenario.scripts:
            raise UsageFault(
                "option_conflict", f"{kind.name} watches in rounds only, and {scenario.name} has none", "leave it out"
            )
    return tuple(planned(kinds[name], role) for name, role in roles.items())


def _duplicates(
    scenario: Scenario, subjects: tuple[SubjectPlan, ...], names: tuple[str, ...]
) -> tuple[SubjectPlan, ...]:
    """Measure subjects once more under another name; nothing may differ between the two."""
    known = {one.name: one for one in subjects}
    strangers = [name for name in names if name not in known]
    if strangers or (names and not scenario.duration_s):
        what = f"{strangers[0]!r} is none of its subjects" if strangers else "it plays its own script"
        raise UsageFault("unknown_subject", f"--duplicate: {scenario.name}: {what}", "netchurn list shows the subjects")
    running = [name for name in names if known[name].source == "pid"]
    if running:
        raise UsageFault(
            "option_conflict", f"--duplicate: {running[0]} is a process that runs already", "start it with --exec"
        )
    return tuple(
        msgspec.structs.replace(
            known[name], name=f"{name}-duplicate", role="alternative", duplicate_of=name, pprof=None, record=()
        )
        for name in dict.fromkeys(names)
    )


def planned(kind: registry.SubjectKind, role: Role) -> SubjectPlan:
    return SubjectPlan(name=kind.name, role=role, language=kind.language, accounting=kind.accounting, polls=kind.polls)
