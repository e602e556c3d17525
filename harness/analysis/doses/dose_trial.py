"""The trial of doses within a scenario's run, seen as the run of ``netchurn dose`` that it is.

So it is performed, judged and verified by the functions that do so for that run. What is left out are controls, which
the scenario's own trials have.
"""

from dataclasses import replace as with_fields
from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.model import DOSE_TRIAL, Plan, Result, SubjectPlan, Trial

if TYPE_CHECKING:
    from harness.analysis.facts import Facts  # with numpy, which no help page waits for

SAMPLE_S = 0.5  # between samples, at most: the verdict on doses was calibrated with it


def everyone(plan: Plan) -> tuple[SubjectPlan, ...]:
    """Return all subjects of a plan, and the copies of some of them that get doses."""
    return (*plan.subjects, *(plan.dose_trial.copies if plan.dose_trial else ()))


def plan_of(plan: Plan) -> Plan | None:
    """Return the plan of the trial alone; None where there is none, or nothing that it copies is measured."""
    trial, names = plan.dose_trial, {one.name for one in plan.subjects}
    copies = tuple(one for one in trial.copies if one.arm is not None and one.arm.of in names) if trial else ()
    if trial is None or not copies:
        return None
    return Plan(
        id=plan.id,
        scenario=plan.scenario,
        question=plan.question,
        pairs=trial.pairs,
        duration_s=trial.duration_s,
        interval_s=plan.interval_s,
        polls=None,
        seed=plan.seed,
        sample_interval_s=min(SAMPLE_S, plan.sample_interval_s),
        churn_pairs_per_s=0.0,
        subjects=copies,
        profile=None,
        claims=(),
        dose=trial.dose,
        delta_bytes_per_hour=plan.delta_bytes_per_hour,
        confidence=plan.confidence,
        reference_bytes_per_day=None,
    )


def split(result: Result) -> tuple[Result, Result | None]:
    """Return a result without its trial of doses, and that trial as one of its own; None where none was planned."""
    measured = tuple(one for one in result.plan.subjects if one.name not in result.skipped)
    plan = plan_of(replace(result.plan, subjects=measured))
    if plan is None:
        return result, None
    world = result.namespace
    if world is not None:
        world = replace(world, pairs=plan.pairs, links=world.links + 2 * (plan.pairs - world.pairs))
    trials = tuple(_alone(one) for one in result.trials if one.pace == "dosed")
    rest = tuple(one for one in result.trials if one.pace != "dosed")
    return replace(result, trials=rest), replace(result, plan=plan, namespace=world, trials=trials, skipped={})


def _alone(trial: Trial) -> Trial:
    return replace(trial, pace="real", index=trial.index - DOSE_TRIAL)


def facts_of(facts: "Facts") -> "Facts | None":
    """Return the facts of the trial alone; None where there is none."""
    _, result = split(facts.result)
    return None if result is None else with_fields(facts, result=result, series=facts.dosed, repeats=(), compressed={})
