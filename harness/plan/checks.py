"""What is refused before anything is measured: options and programs that a scenario has no use for. Pure."""

from harness.errors import UsageFault
from harness.model import SubjectPlan
from harness.plan.options import Options
from harness.scenario import Scenario
from harness.subjects import external, registry


def check_options(scenario: Scenario, options: Options) -> None:
    """Refuse options that the scenario has no use for."""
    if not scenario.duration_s and (options.duration_s or options.polls):
        raise UsageFault(
            "option_conflict",
            f"{scenario.name} plays its own script and takes no --duration or --polls",
            "docker-host takes them",
        )
    if scenario.sweep and not options.profile:
        raise UsageFault(
            "option_conflict", f"{scenario.name} needs profiling and does not accept --no-profile", "leave it out"
        )
    _check_external(scenario, options)


def _check_external(scenario: Scenario, options: Options) -> None:
    """Refuse a scenario without a namespace that is to start something in one, or has nothing to look at."""
    if scenario.lab:
        return
    if options.subjects or scenario.programs or any(one.source == "exec" for one in options.external):
        raise UsageFault(
            "option_conflict", f"{scenario.name} makes no namespace to start anything in", "docker-host takes --exec"
        )
    if not options.external:
        raise UsageFault("option_missing", f"{scenario.name} needs at least one process", "add --pid NAME=PID")


def check_events(scenario: Scenario, subjects: tuple[SubjectPlan, ...]) -> None:
    """Refuse programs that a script could not play, or would never know how they took it."""
    if scenario.duration_s:
        return
    for one in subjects:
        if one.source == "pid" or (one.source == "exec" and one.detect is None):
            raise UsageFault(
                "option_missing",
                f"{scenario.name} plays events, and nothing says how {one.name} shows that it noticed one",
                f"add --detect {one.name}=exit, or a pattern that a line of its log matches",
            )
        if one.record:
            raise UsageFault(
                "option_conflict",
                f"{scenario.name} plays its own script and takes no --record",
                "docker-host takes it, beside --exec",
            )
        if one.source == "exec" and not any(external.IFNAME in word for word in one.command):
            raise UsageFault(
                "option_missing",
                f"{scenario.name} makes interfaces of its own, and the command of {one.name} does not say {{ifname}}",
                "write {ifname} where the program is told what to watch",
            )


def check_script(scenario: Scenario, subjects: tuple[SubjectPlan, ...]) -> None:
    """Refuse a script that asks what cannot play it, and subjects that nothing would be asked of."""
    asked = {
        name
        for one in scenario.scripts
        for scripted_event in one.scripted_events
        for name in scripted_event.expected_outcomes
    }
    strangers = sorted(asked - {name for name, kind in registry.SUBJECTS.items() if not kind.control})
    if strangers:
        raise UsageFault(
            "unknown_subject",
            f"{scenario.name}: a contract names {strangers[0]!r}, which plays no script",
            f"name some of {', '.join(name for name, kind in registry.SUBJECTS.items() if not kind.control)}",
        )
    if not scenario.scripts or scenario.duration_s or scenario.storm:
        return
    idle = [one.name for one in subjects if one.name not in asked and one.detect is None]
    if idle:
        raise UsageFault(
            "option_conflict",
            f"{scenario.name} does not ask {', '.join(idle)}",
            f"use some of {', '.join(sorted(asked))}",
        )


def check_names(scenario: Scenario, names: list[str]) -> None:
    """Refuse what is about a subject that there is not; one that was only not chosen leaves it not measured."""
    named = [
        *((f"the claim {one.id!r}", one.subject) for one in scenario.claims),
        *(("its compressed day", name) for name in (scenario.compressed.subjects if scenario.compressed else ())),
        *(("its trial of doses", name) for name in (scenario.dose_trial.subjects if scenario.dose_trial else ())),
        *(("its most_pairs", name) for name in scenario.max_pairs),
    ]
    known = {*names, *registry.SUBJECTS}
    for what, name in named:
        if name not in known:
            raise UsageFault(
                "unknown_subject",
                f"{scenario.name}: {what} is about {name!r}, and there is no such subject",
                f"there are {', '.join(dict.fromkeys(names))}; a program of yours is named by --exec NAME=COMMAND",
            )
