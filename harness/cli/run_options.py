"""What the command line gives ``netchurn run``, as one value."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.model import Build, SubjectPlan
from harness.plan import Options
from harness.subjects.external import guests


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Options by the names that click gives them. Times are seconds; what is NAME=VALUE is split later."""

    pairs: int | None
    duration: float | None
    interval: float | None
    polls: int | None
    until_decided: bool
    max_growth: str | None
    trials: int
    seed: int
    subjects: tuple[str, ...]
    executed: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    exec_as_root: bool  # heeded before the command begins: see ``harness.cli``
    observed: tuple[str, ...]
    detected: tuple[str, ...]
    profiled: tuple[str, ...]
    claims: tuple[str, ...]
    duplicates: tuple[str, ...]
    results: Path
    reports: Path
    no_profile: bool
    no_report: bool
    strict: bool
    as_json: bool
    quiet: bool
    detach: bool

    def for_plan(self, brought: tuple[SubjectPlan, ...] = ()) -> Options:
        """Return what a plan takes of them; ``brought`` are the user's programs."""
        return Options(
            pairs=self.pairs,
            duration_s=self.duration,
            interval_s=self.interval,
            polls=self.polls,
            seed=self.seed,
            trials=self.trials,
            max_growth=self.max_growth,
            subjects=self.subjects,
            profile=not self.no_profile,
            strict=self.strict,
            until_decided=self.until_decided,
            duplicates=self.duplicates,
            claims=self.claims,
            guests=brought,
        )

    def programs(self, builds: Mapping[str, Build]) -> tuple[SubjectPlan, ...]:
        """Return the user's programs; ``builds`` tells of some how they were built."""
        brought = guests(
            self.executed,
            self.observed,
            self.profiled,
            before=self.before,
            after=self.after,
            detected=self.detected,
        )
        return tuple(msgspec.structs.replace(one, build=builds.get(one.name)) for one in brought)
