"""When a run that is bounded by polls ends."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.run.phases import sampling


def subject(name: str, polls: int | None, *, external: bool = False, alive: bool = True) -> SimpleNamespace:
    work = None if polls is None else SimpleNamespace(polls=polls)
    return SimpleNamespace(name=name, work=work, external=external, alive=alive)


@pytest.mark.parametrize(
    ("program", "ends"),
    [
        (subject("mine", 3, external=True), False),
        (subject("mine", 10, external=True), True),
        (subject("mine", 3, external=True, alive=False), True),
        (subject("mine", None, external=True), True),
        (subject("mine", 0, external=True), True),
    ],
)
def test_a_program_that_reports_polls_is_waited_for(program: SimpleNamespace, *, ends: bool) -> None:
    plan = SimpleNamespace(
        subjects=[SimpleNamespace(name="poll", polls=True), SimpleNamespace(name="mine", polls=False)]
    )
    phase = cast("Any", SimpleNamespace(_context=SimpleNamespace(plan=plan)))
    processes = cast("Any", SimpleNamespace(subjects=[subject("poll", 10), program]))

    assert sampling.SamplingPhase._polled_enough(phase, processes, 10) is ends
