"""Which doses were taken as planned."""

from types import SimpleNamespace
from typing import Any

import pytest

from harness.analysis.doses import from_facts
from harness.model import StimulusRun


def taken(performed: int, seconds: float, planned: float, *, failed: int = 0) -> str | None:
    run = StimulusRun(
        subject="mine",
        began_ns=0,
        ended_ns=int(seconds * 1e9),
        performed=performed,
        failed=failed,
        last_status=1 if failed else None,
        fault="",
        behind_s=0.0,
        busy_s=0.0,
        rounds=(),
    )
    facts: Any = SimpleNamespace(trial=SimpleNamespace(stimuli=[run]), run_of=lambda _: None)
    plan: Any = SimpleNamespace(stimulus="recreate")
    return from_facts._untaken(facts, plan, "mine", planned, from_facts._reached(run))


@pytest.mark.parametrize(("performed", "planned"), [(8, 0.05), (7, 0.05), (2940, 20.0), (3001, 20.0)])
def test_one_more_or_less_than_planned_is_the_dose(performed: int, planned: float) -> None:
    assert taken(performed, 150.0, planned) is None


@pytest.mark.parametrize(
    ("performed", "planned", "how"),
    [(0, 0.005, "fell behind"), (6, 0.1, "fell behind"), (2900, 20.0, "fell behind"), (3100, 20.0, "went ahead")],
)
def test_what_is_not_the_dose_is_told_with_both_rates(performed: int, planned: float, how: str) -> None:
    assert how in (taken(performed, 150.0, planned) or "")


def test_failures_leave_a_dose_out() -> None:
    assert "40 of 3,000 stimuli failed" in (taken(3000, 150.0, 20.0, failed=40) or "")
