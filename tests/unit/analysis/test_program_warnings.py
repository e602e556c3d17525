"""What is said of programs: once, however many it concerns; and who is not blamed."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

import builders
from harness.analysis.facts import Facts
from harness.analysis.warnings import warnings
from harness.model import LinkChange, ReportedOutcome, SubjectPlan

process = builders.process

Build = Callable[..., Facts]


def program(name: str) -> SubjectPlan:
    return SubjectPlan(
        name=name, role="alternative", language="unknown", accounting=None, polls=False, source="exec", command=(name,)
    )


@pytest.mark.parametrize("number", [1, 2, 18])
def test_what_concerns_many_is_said_once(facts: Build, number: int) -> None:
    names = [f"program-{at}" for at in range(number)]
    runs = tuple(process(name, ready_ns=None, malformed_lines=7) for name in names)

    said = [
        one
        for one in warnings(facts(runs=runs, subjects=tuple(map(program, names))), (), ())
        if "program-0" in one.text
    ]

    assert [one.id for one in said] == ["allocations_not_counted", "malformed_lines"]
    assert {one.subject for one in said} == {"program-0" if number == 1 else None}
    assert all(len(one.text) < 250 for one in said)
    assert all(("15 more" in one.text) == (number == 18) for one in said)


@pytest.mark.parametrize("lost", [True, False])
def test_who_tells_of_an_interface_that_is_gone_is_not_blamed(facts: Build, *, lost: bool) -> None:
    told = ReportedOutcome(at_ns=5 * builders.SECOND, restart=True, reason="deleted", message=None)
    runs = (process("poll", reported_outcome=(told,)), process("mine"))
    built = facts(runs=runs, subjects=(builders.POLL, program("mine")))
    change = LinkChange(kind="deleted", after_ns=4 * builders.SECOND, at_ns=5 * builders.SECOND) if lost else None
    trial = msgspec.structs.replace(built.result.trials[0], link_change=change)
    changed = replace(built, result=msgspec.structs.replace(built.result, trials=(trial,)))

    said = warnings(changed, (), ())

    assert any((one.id, one.subject) == ("false_alarm", "poll") for one in said) != lost
    assert any(one.id == "link_changed" and "wt0" in one.text and "mine" in one.text for one in said) == lost
