"""Scenarios and plans that tests begin with."""

import os
from pathlib import Path

from harness import scenario
from harness.model import Plan, SubjectPlan
from harness.plan import Options
from harness.scenario import Scenario
from harness.subjects.external import external_subjects

QUIET = Scenario(name="true_negative", question="Why?", pairs=10, subjects={"poll": "before", "netlink": "after"})
BUNDLED = scenario.names()


def minimal(extra: str = "") -> str:
    return (
        "from harness.scenario import Scenario\n"
        f"{extra}\n"
        "SCENARIO = Scenario(name='mine', question='?', pairs=1, subjects={'poll': 'before'})\n"
    )


def options_for(found: Scenario) -> Options:
    """Give a scenario that brings no subjects somebody to look at."""
    return Options(external=() if found.subjects else external_subjects([], [f"shell={os.getppid()}"], []))


def watchers(planned: Plan) -> list[SubjectPlan]:
    return [one for one in planned.subjects if one.role != "control"]


def wrote(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
