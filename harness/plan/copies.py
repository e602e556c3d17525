"""Copies of a subject that differ in their dose alone. Pure."""

import msgspec

from harness.errors import UsageFault
from harness.model import ArmPlan, DosePlan, DoseTrialPlan, SubjectPlan
from harness.subjects import allocators

_INTERVAL = "{interval}"
_NEVER_S = 86_400


def trial(asked: DoseTrialPlan | None, subjects: tuple[SubjectPlan, ...], duration_s: float) -> DoseTrialPlan | None:
    """Return a scenario's trial of doses with its copies; None where none of its subjects is measured.

    It takes no longer than the sampling phase, so that a short run is short.
    """
    if asked is None or not duration_s:
        return None
    chosen = [one for one in subjects if one.name in asked.subjects]
    if not chosen:
        return None
    return msgspec.structs.replace(
        asked,
        subjects=tuple(one.name for one in chosen),
        duration_s=min(asked.duration_s, duration_s),
        copies=tuple(copy for one in chosen for copy in of(one, asked.dose, check=False)),
    )


def of(subject: SubjectPlan, dose: DosePlan, *, check: bool) -> list[SubjectPlan]:
    """List the copies of one subject, the smallest dose first, then those with another allocator at the largest."""
    if dose.stimulus == "polls":
        _check_polls(subject)
    wanted: list[tuple[str, float | None]] = [(f"at-{one:g}", one) for one in dose.doses]
    if dose.cycles is not None:
        wanted = [("idle", 0.0), ("cycled", None)]
    check = check and dose.cycles is None
    early = {} if check else allocators.collected_early(subject)  # a check tells what the collector's own pace does
    subject = msgspec.structs.replace(subject, environment={**subject.environment, **early})
    copies = [_copy(subject, label, one, dose) for label, one in wanted]
    if check:
        copies += [
            _copy(subject, f"{wanted[-1][0]}-{setting.name}", dose.doses[-1], dose, setting)
            for setting in allocators.settings(subject)
        ]
    return copies


def _copy(
    subject: SubjectPlan, label: str, amount: float | None, dose: DosePlan, setting: allocators.Setting | None = None
) -> SubjectPlan:
    pause = f"{1 / amount if amount else _NEVER_S:g}"
    command = tuple(word.replace(_INTERVAL, pause) for word in subject.command)
    environment = {**subject.environment, **(setting.environment if setting else {})}
    subject = msgspec.structs.replace(subject, environment=environment)
    return msgspec.structs.replace(
        subject,
        name=f"{subject.name}-{label}",
        role="alternative",
        pprof=None,
        command=command if dose.stimulus == "polls" else subject.command,
        arm=ArmPlan(
            of=subject.name,
            dose=amount,
            role=subject.role,
            allocator=setting.words if setting else None,
            uncollected_bytes=allocators.uncollected_bytes(subject),
        ),
    )


def _check_polls(subject: SubjectPlan) -> None:
    if subject.source == "builtin" and not subject.polls:
        raise UsageFault("option_conflict", f"{subject.name} does not poll", "choose another --stimulus for it")
    if subject.source == "exec" and not any(_INTERVAL in word for word in subject.command):
        raise UsageFault(
            "option_missing",
            f"the command of {subject.name} does not say {_INTERVAL}, so nothing changes how often it polls",
            f"write {_INTERVAL} where the program is told the seconds between its polls",
        )
