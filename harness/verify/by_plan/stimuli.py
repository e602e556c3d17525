"""What was done to the copies of a run in doses, held against its plan. Pure."""

from collections.abc import Iterator

from harness.model import DosePlan, StimulusRun, SubjectPlan, Trial
from harness.units import NS_A_SECOND
from harness.verify.by_plan.expected import Scope


def check(scope: Scope) -> Iterator[str]:
    """Name stimuli that are missing, that nobody planned, and that cannot have been."""
    wanted = sorted(one.name for one in scope.subjects if _stimulated(one, scope.plan.dose))
    for trial in scope.result.trials:
        there = sorted(one.subject for one in trial.stimuli)
        if there != (wanted if trial.pace == "real" else []):
            yield f"trial {trial.index}: stimuli are of {there}, and the plan has {wanted}"
            continue
        for one in trial.stimuli:
            arm = scope.kinds[one.subject].arm
            for words in _impossible(one, trial, arm.dose if arm else None, scope.plan.dose):
                yield f"trial {trial.index}, stimuli of {one.subject}: {words}"


def _stimulated(subject: SubjectPlan, dose: DosePlan | None) -> bool:
    if dose is None or subject.arm is None or dose.stimulus == "polls":
        return False
    return subject.arm.dose is None if dose.cycles is not None else bool(subject.arm.dose)


def _impossible(one: StimulusRun, trial: Trial, rate: float | None, dose: DosePlan | None) -> Iterator[str]:
    seconds = (one.ended_ns - one.began_ns) / NS_A_SECOND
    if not trial.began_ns - NS_A_SECOND <= one.began_ns <= one.ended_ns:
        yield "they began before their trial, or after they ended"
    most = seconds * rate + 1 if rate is not None else 2 * (dose.cycles or 0) if dose else 0
    if not 0 <= one.failed <= one.performed <= most:
        yield f"{one.failed:,} of {one.performed:,} failed; the plan allows {most:,.0f} in that time"
    if (one.last_status is None) != (one.failed == 0):
        yield f"last_status is {one.last_status}, and {one.failed:,} failed"
    if one.behind_s < 0 or one.busy_s < 0:
        yield "behind_s or busy_s is negative"
    yield from _rounds(one, rate)


def _rounds(one: StimulusRun, rate: float | None) -> Iterator[str]:
    if rate is not None and one.rounds:
        yield "there are rounds, and the plan has doses"
    past, made = one.began_ns, 0
    for turn in one.rounds:
        if not past <= turn.began_ns <= turn.ended_ns <= turn.rested_ns or not turn.began_ns <= turn.settled_ns:
            yield "a round ends before it began"
        if turn.cycles <= made or turn.settled_ns > turn.rested_ns:
            yield "a round has no cycles, or settled after its rest"
        past, made = turn.rested_ns, turn.cycles
    if one.rounds and one.performed != made:
        yield f"performed is {one.performed:,}, and the rounds made {made:,}"
