"""Facts to the doses and cycles of a run: which copies belong together, what each got, and which are left out."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
from msgspec.structs import replace

from harness.analysis.doses import cycles, dose
from harness.analysis.doses.cycles import Watched
from harness.analysis.doses.dose import Copy
from harness.analysis.facts import Facts, Readings, column
from harness.analysis.growth.samples import thresholds
from harness.model import ArmPlan, Cycles, Dose, DosePlan, DoseVerdict, Plan, StimulusRun, SubjectPlan, SubjectRun
from harness.units import NS_A_SECOND, count, duration

Judged = TypeVar("Judged", Dose, Cycles)
Copies = list[tuple[SubjectPlan, ArmPlan]]
_ON_TIME = 0.02  # of a rate: how far a stimulus may miss it, and still be that dose
_FAILED = 0.01  # of a command's runs


def doses(facts: Facts) -> tuple[Dose, ...]:
    """Judge each subject of a run in doses; none of any other run."""
    plan = facts.result.plan
    if plan.dose is None or plan.dose.cycles is not None or facts.trial is None:
        return ()
    limits = thresholds(plan)
    return tuple(
        told(dose.judged(subject, plan.dose, [_copy(facts, plan.dose, *one) for one in copies], limits), copies)
        for subject, copies in _subjects(facts)
    )


def kept(facts: Facts) -> tuple[Cycles, ...]:
    """Judge what each subject keeps a cycle; none of a run without cycles."""
    plan = facts.result.plan
    if plan.dose is None or plan.dose.cycles is None:
        return ()
    return tuple(
        told(cycles.judged(subject, plan.dose, _watched(facts, copies), plan.confidence), copies)
        for subject, copies in _subjects(facts)
    )


def told(found: Judged, copies: Copies) -> Judged:
    """Add to a verdict what netchurn set for all copies: variables of the environment."""
    shared = set.intersection(*(set(one.environment.items()) for one, _ in copies))
    words = ", ".join(f"{name}={value}" for name, value in sorted(shared))
    return replace(found, explanation=f"{found.explanation}; copies ran with {words}") if words else found


def verdicts(plan: Plan, found: Sequence[Dose], kept: Sequence[Cycles]) -> tuple[DoseVerdict, ...]:
    """Return the verdicts that decide a run: a subject that is the problem, a before, may grow."""
    befores = {one.arm.of for one in plan.subjects if one.arm is not None and one.arm.role == "before"}
    judged = {one.subject: one.verdict for one in found} | {one.subject: one.verdict for one in kept}
    return tuple(judged[name] for name in judged.keys() - befores or judged)


def _subjects(facts: Facts) -> Iterator[tuple[str, Copies]]:
    copies = [(one, one.arm) for one in facts.result.plan.subjects if one.arm is not None]
    for name in dict.fromkeys(arm.of for _, arm in copies):
        yield name, [(one, arm) for one, arm in copies if arm.of == name]


def _copy(facts: Facts, plan: DosePlan, subject: SubjectPlan, arm: ArmPlan) -> Copy:
    series = facts.series.get(subject.name, ())
    seconds = column(series, "at_ns") / NS_A_SECOND
    planned = arm.dose or 0.0
    reached = _polled(facts, subject) if plan.stimulus == "polls" else _reached(_stimuli(facts, subject.name))
    return Copy(
        name=subject.name,
        dose=planned,
        reached=planned if reached is None else reached,
        seconds=seconds - seconds[:1],
        rss=column(series, "rss_bytes").astype(np.float64),
        left_out=_died(facts, subject.name) or _untaken(facts, plan, subject.name, planned, reached),
        allocator=arm.allocator,
        uncollected_bytes=_uncollected(arm, series),
    )


def _uncollected(arm: ArmPlan, series: Readings) -> float:
    return dose.most_uncollected(arm.uncollected_bytes, float(column(series, "rss_bytes")[:1].sum()))


def _stimuli(facts: Facts, name: str) -> StimulusRun | None:
    return next((one for one in (facts.trial.stimuli if facts.trial else ()) if one.subject == name), None)


def _reached(run: StimulusRun | None) -> float | None:
    return None if run is None else run.performed * NS_A_SECOND / max(1, run.ended_ns - run.began_ns)


def _polled(facts: Facts, subject: SubjectPlan) -> float | None:
    """Return the polls a second that a copy said it made; None of a program that says nothing."""
    run = facts.run_of(subject.name)
    if run is None or len(run.marks) < 2:  # noqa: PLR2004 - a rate takes two
        return None
    first, last = run.marks[0], run.marks[-1]
    return (last.polls - first.polls) * NS_A_SECOND / max(1, last.at_ns - first.at_ns)


def _died(facts: Facts, name: str) -> str | None:
    run = facts.run_of(name)
    if run is None or not facts.series.get(name):
        return "it was not measured"
    return None if run.exited_after_s is None else f"it ended after {duration(round(run.exited_after_s))}"


def _untaken(facts: Facts, plan: DosePlan, name: str, planned: float, reached: float | None) -> str | None:
    """Return why a copy did not get its dose; None where it did."""
    run, stimuli = facts.run_of(name), _stimuli(facts, name)
    if run is not None and run.dropped and plan.stimulus != "overrun":
        return f"the kernel dropped {count(run.dropped)} of its events"
    if stimuli is not None and (failed := _failed(stimuli)):
        return failed
    if not planned or reached is None:
        return None
    seconds = _lasted_s(run, stimuli)
    one = 1 / seconds if seconds else 0.0  # the first comes at once, and the last may just miss
    if reached and abs(reached - planned) <= max(_ON_TIME * planned, one):
        return None
    how = "fell behind" if reached < planned else "went ahead"
    return f"the stimulus {how}: {reached:.4g} a second in place of {planned:.4g}"


def _lasted_s(run: SubjectRun | None, stimuli: StimulusRun | None) -> float:
    """Return for how many seconds a copy got stimuli, or reported polls."""
    if stimuli is not None:
        return (stimuli.ended_ns - stimuli.began_ns) / NS_A_SECOND
    return (run.marks[-1].at_ns - run.marks[0].at_ns) / NS_A_SECOND if run is not None and run.marks else 0.0


def _watched(facts: Facts, copies: Copies) -> Watched | None:
    busy = next((one.name for one, arm in copies if arm.dose is None), "")
    idle = next((one.name for one, arm in copies if arm.dose is not None), "")
    run = _stimuli(facts, busy)
    if run is None:
        return None
    why = _died(facts, busy) or _failed(run)
    may = max(_uncollected(arm, facts.series.get(one.name, ())) for one, arm in copies)
    return Watched(run, facts.series.get(busy, ()), facts.series.get(idle, ()), why, may)


def _failed(run: StimulusRun) -> str | None:
    if run.fault:
        return f"the stimuli ended early: {run.fault}"
    if run.failed <= _FAILED * run.performed:
        return None
    return f"{count(run.failed)} of {count(run.performed)} stimuli failed, the last with {run.last_status}"
