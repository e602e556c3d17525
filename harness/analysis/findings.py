"""Facts to Analysis: every subject's finding, the claims, the verdict of the run."""

from typing import Any, Literal

from harness.analysis import claims, controls, detection, dumps, load, pair_verdict
from harness.analysis.cost import churn, pair, sweep
from harness.analysis.cost.fit import fit
from harness.analysis.doses import dose_trial, from_facts
from harness.analysis.facts import Facts, column
from harness.analysis.facts import Readings as Series
from harness.analysis.growth import samples
from harness.analysis.memory import balance, cause, goroutines, resources, retention
from harness.analysis.verdict import verdict
from harness.analysis.warnings import deaths, warnings
from harness.model import (
    ANALYSIS_SCHEMA,
    Analysis,
    Cpu,
    Executable,
    Finding,
    Growth,
    LinkCost,
    Memory,
    Plan,
    Reference,
    RunOutcome,
    SubjectPlan,
)

_GRAVEST_FIRST: tuple[RunOutcome, ...] = ("crashed", "timed_out", "interrupted", "completed")


def analyse(facts: Facts) -> Analysis:
    """Derive everything that a report says. Pure: the same facts give the same analysis."""
    result = facts.result
    findings = tuple(_finding(facts, subject) for subject in result.plan.subjects)
    dosed = dose_trial.facts_of(facts) or facts
    by_dose, kept = from_facts.doses(dosed), from_facts.kept(dosed)
    judged = claims.ledger(findings, facts, by_dose)
    paired = pair_verdict.pairs(findings, facts)
    proofs = controls.controls(facts, findings)
    caused = from_facts.verdicts(result.plan, by_dose, kept) if result.plan.dose is not None else ()
    copies = {one.name for one in result.plan.subjects if one.arm is not None}
    alone = tuple(one for one in findings if one.name not in copies)
    return Analysis(
        **_of_run(facts),
        verdict=verdict(alone, judged, proofs, paired, complete=facts.complete, caused=caused),
        loads=load.loads(facts),
        warnings=warnings(facts, findings, proofs),
        subjects=findings,
        matrix=detection.matrix(facts),
        storms=result.storms,
        dumps=dumps.judged(facts),
        crossovers=sweep.crossovers(findings, result.plan),
        comparisons=pair.comparisons(findings, facts),
        pairs=paired,
        doses=by_dose,
        cycles=kept,
        claims=judged,
        controls=proofs,
    )


def _of_run(facts: Facts) -> dict[str, Any]:
    """Return what an ``Analysis`` says of the run itself, by its fields."""
    return {
        "schema": ANALYSIS_SCHEMA,
        "run_id": facts.result.run_id,
        "scenario": facts.result.plan.scenario,
        "status": "complete" if facts.complete else _unfinished(facts),
        "plan": facts.result.plan,
        "environment": facts.result.environment,
        "namespace": facts.namespace,
        "lasted_s": facts.lasted_s,
    }


def _finding(facts: Facts, subject: SubjectPlan) -> Finding:
    plan = facts.result.plan
    series = facts.series.get(subject.name, ())
    growths = _growths(facts, subject.name)
    growth = samples.over_trials([one for one in growths if one is not None])
    judged = resources.resources([one.get(subject.name, ()) for one in facts.trials], growth, plan)
    return Finding(
        name=subject.name,
        role=subject.role,
        language=subject.language,
        outcome=_outcome(facts, subject.name),
        death=next((how for name, how in deaths(facts) if name == subject.name), None),
        churn=churn.churn(facts, subject),
        growth=growth,
        trials=growths if len(growths) > 1 else (),
        resources=judged,
        cause=cause.cause(judged),
        compressed=samples.compressed(facts, subject.name),
        retention=retention.retention(facts, subject.name),
        balance=balance.balance(facts, subject.name),
        goroutines=goroutines.accumulating(facts, subject.name),
        retained=retention.retained(facts, subject.name),
        memory=memory(series),
        cpu=cpu(series),
        detection=detection.seen(facts, subject.name),
        loss=detection.loss(facts, subject.name),
        program=program(facts, subject),
        **_by_links(facts, subject),
    )


def _by_links(facts: Facts, subject: SubjectPlan) -> dict[str, Any]:
    """Return what a subject costs against the number of links, by the fields of a ``Finding``."""
    plan, costs = facts.result.plan, churn.cost_by_links(facts, subject)
    return {
        "cost_by_links": costs,
        "line": fit(costs, plan.confidence),
        "reference": _reference(costs, plan) if subject.polls else None,
        "sweep": sweep.costs(facts, subject),
        "break_even": sweep.break_even(costs, plan) if subject.polls else (),
    }


def program(facts: Facts, subject: SubjectPlan) -> Executable | None:
    """Return what a program of the user's is, by its process or at least by its plan; None for netchurn's own."""
    if subject.source == "builtin":
        return None
    planned = Executable(argv=subject.command or None, sha256=None)
    return facts.result.programs.get(subject.name, planned)


def _growths(facts: Facts, name: str) -> tuple[Growth | None, ...]:
    """Judge each trial by the hour; none where there was no sampling phase, or where its time was compressed."""
    plan = facts.result.plan
    if not plan.duration_s or not plan.interval_s:
        return ()
    return tuple(samples.growth(one.get(name, ()), plan) for one in facts.trials)


def _reference(costs: tuple[LinkCost, ...], plan: Plan) -> Reference | None:
    said = plan.reference_bytes_per_day
    return None if said is None else churn.reference(costs, said, plan.interval_s)


def _unfinished(facts: Facts) -> Literal["running", "interrupted"]:
    return "running" if facts.running else "interrupted"


def _outcome(facts: Facts, name: str) -> RunOutcome:
    if name in facts.result.skipped:
        return "skipped"
    outcomes = {run.outcome for _, run in facts.runs_of(name)}
    worst = next((one for one in _GRAVEST_FIRST if one in outcomes), None)
    if worst is not None:
        return worst
    if not facts.complete:
        return _unfinished(facts)
    result = facts.result
    return "completed" if result.event_runs or result.storms or result.dumps or result.timings else "skipped"


def memory(series: Series) -> Memory:
    """Return first, last and peak resident memory; None where nothing was sampled."""
    full = next((one for one in reversed(series) if one.pss_bytes is not None), None)
    return Memory(
        rss_first_bytes=series[0].rss_bytes if series else None,
        rss_last_bytes=series[-1].rss_bytes if series else None,
        rss_peak_bytes=int(column(series, "rss_peak_bytes").max()) if series else None,
        pss_last_bytes=full.pss_bytes if full else None,
        uss_last_bytes=full.uss_bytes if full else None,
    )


def cpu(series: Series) -> Cpu:
    """Return what the processor did between the first and the last sample; None where there are not two."""
    if len(series) < 2:  # noqa: PLR2004 - a difference takes two
        return Cpu(user_s=None, system_s=None, voluntary_switches=None, involuntary_switches=None, minor_faults=None)
    first, last = series[0], series[-1]
    return Cpu(
        user_s=round(last.user_s - first.user_s, 6),
        system_s=round(last.system_s - first.system_s, 6),
        voluntary_switches=_difference(series, "voluntary_switches"),
        involuntary_switches=_difference(series, "involuntary_switches"),
        minor_faults=last.minor_faults - first.minor_faults,
    )


def _difference(series: Series, name: str) -> int | None:
    """Subtract the first from the last that is known of a sparse count; None where there are not two."""
    known = (value for one in series if (value := getattr(one, name)) is not None)
    first = next(known, None)
    last = next((value for one in reversed(series) if (value := getattr(one, name)) is not None), None)
    return None if first is None or last is None else last - first
