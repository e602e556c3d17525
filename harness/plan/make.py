"""A scenario and options become a plan: everything that a run depends on, decided before it. Pure."""

import hashlib

import msgspec

from harness import claim
from harness.errors import UsageFault
from harness.model import (
    ClaimPlan,
    Injection,
    Plan,
    ScriptedEvent,
    ScriptPlan,
    Seen,
    SubjectPlan,
)
from harness.plan import copies, limits, profiling
from harness.plan.checks import check_options
from harness.plan.controls import choose_controls, controls_plan
from harness.plan.options import Options
from harness.plan.subjects import all_subjects
from harness.scenario import Scenario


def make_plan(scenario: Scenario, options: Options) -> Plan:
    """Decide everything that a run depends on. The same scenario and options give the same plan and id."""
    duration_s, interval_s, pace_s = limits.times(scenario, options)
    check_options(scenario, options)
    subjects = all_subjects(scenario, options)
    controls = choose_controls(subjects) if scenario.duration_s else ()
    pairs = limits.pairs(scenario, options)
    draft = Plan(
        id="",
        scenario=scenario.name,
        question=scenario.question,
        pairs=pairs,
        duration_s=duration_s,
        interval_s=interval_s,
        polls=options.polls,
        seed=options.seed,
        sample_interval_s=pace_s,
        churn_pairs_per_s=scenario.churn_pairs_per_s,
        subjects=limits.not_too_many((*subjects, *controls)),
        lab=scenario.lab,
        own_interface=_own_interface(scenario, subjects),
        max_load=options.max_load,
        until_decided=limits.until_decided(options, duration_s, interval_s),
        trials=limits.trials(scenario, options.trials),
        controls=controls_plan(duration_s) if controls else None,
        profile=profiling.profile(scenario, subjects, pairs) if options.profile and scenario.profiled else None,
        compressed=profiling.compressed(scenario, options),
        sweep=scenario.sweep,
        claims=_claims(scenario, subjects, options),
        scripts=_scripts(scenario, subjects),
        storm=scenario.storm,
        dose_trial=copies.trial(scenario.dose_trial, subjects, duration_s),
        dumps=scenario.dumps,
        delta_bytes_per_hour=limits.max_growth(scenario, options),
        delta_bytes_per_poll=scenario.max_growth_per_poll,
        reference_bytes_per_day=scenario.reference_bytes_per_day,
    )
    return identified(draft)


def identified(draft: Plan) -> Plan:
    """Return a plan with its id, a hash over the rest."""
    draft = msgspec.structs.replace(draft, id="")
    draft = msgspec.json.decode(msgspec.json.encode(draft), type=Plan)  # 60 and 60.0 are one plan, as once stored
    identity = hashlib.sha256(msgspec.json.encode(draft)).hexdigest()[:8]
    return msgspec.structs.replace(draft, id=identity)


def _claims(scenario: Scenario, subjects: tuple[SubjectPlan, ...], options: Options) -> tuple[ClaimPlan, ...]:
    """Return the scenario's claims; where programs were given, only those about a subject of the run."""
    names = {one.name for one in subjects}
    claims = tuple(one for one in scenario.claims if not options.external or one.subject in names)
    claims = tuple(msgspec.structs.replace(one, gates=True) for one in claims) if options.strict else claims
    return (*claims, *claim.read(options.claims, [one.name for one in subjects]))


_HELD: set[Injection] = {"hold", "refuse", "limit", "stop"}  # what takes a watcher that speaks of its rounds


def _scripts(scenario: Scenario, subjects: tuple[SubjectPlan, ...]) -> tuple[ScriptPlan, ...]:
    """Ask programs what is true of each event; of several scripts, in the one of the fewest rounds."""
    programs = [one.name for one in subjects if one.source == "exec" and one.detect is not None]
    if not programs or not scenario.scripts:
        return scenario.scripts
    fewest = min(scenario.scripts, key=lambda one: one.rounds)
    events = tuple(_asked(one, programs) for one in fewest.scripted_events)
    asked = msgspec.structs.replace(fewest, scripted_events=events)
    return tuple(asked if one is fewest else one for one in scenario.scripts)


def _asked(event: ScriptedEvent, programs: list[str]) -> ScriptedEvent:
    if event.injection in _HELD:
        return event
    truth: Seen = "detected" if event.valid_reasons else "true_negative"
    return msgspec.structs.replace(
        event, expected_outcomes={**event.expected_outcomes, **dict.fromkeys(programs, truth)}
    )


def _own_interface(scenario: Scenario, subjects: tuple[SubjectPlan, ...]) -> bool:
    ours = [one.name for one in subjects if one.source == "builtin"]
    if scenario.own_interface and ours:
        raise UsageFault(
            "option_conflict",
            f"{scenario.name} leaves the interface to its programs, and {ours[0]} would have none to watch",
            "leave it out",
        )
    return scenario.own_interface
