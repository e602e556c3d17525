"""What the command line gives ``netchurn run``, as one value."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.model import Build, SubjectPlan
from harness.plan import Options
from harness.subjects.external import external_subjects


@dataclass(frozen=True, kw_only=True)
class RunOptions(Options):
    """What a plan takes, and the rest, by the names that click gives them; what is NAME=VALUE is split later."""

    executed: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    exec_as_root: bool  # heeded before the command begins: see ``harness.cli``
    observed: tuple[str, ...]
    detected: tuple[str, ...]
    profiled: tuple[str, ...]
    recorded: tuple[str, ...]
    results: Path
    reports: Path
    no_report: bool
    as_json: bool
    quiet: bool
    detach: bool

    def programs(self, builds: Mapping[str, Build]) -> tuple[SubjectPlan, ...]:
        """Return the user's programs; ``builds`` tells of some how they were built."""
        brought = external_subjects(
            self.executed,
            self.observed,
            self.profiled,
            before=self.before,
            after=self.after,
            detected=self.detected,
            recorded=self.recorded,
        )
        return tuple(msgspec.structs.replace(one, build=builds.get(one.name)) for one in brought)
