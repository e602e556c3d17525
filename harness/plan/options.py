"""What the command line may change of a scenario."""

from dataclasses import dataclass

from harness.model import SubjectPlan


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line may change; None leaves it to the scenario."""

    pairs: int | None = None
    duration_s: float | None = None
    interval_s: float | None = None
    polls: int | None = None
    seed: int = 0
    subjects: tuple[str, ...] = ()
    profile: bool = True
    sample_interval_s: float | None = None
    max_load: float | None = None
    trials: int = 1
    strict: bool = False
    until_decided: bool = False
    duplicates: tuple[str, ...] = ()  # subjects to be measured twice, side by side
    max_growth: str | None = None
    external: tuple[SubjectPlan, ...] = ()  # what the user brings: see ``harness.subjects.external``
    claims: tuple[str, ...] = ()  # in the grammar of ``harness.claim``
