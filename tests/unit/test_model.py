"""What crosses a boundary is frozen, named, and strict about what it does not know."""

from typing import Any

import msgspec
import pytest

from harness.model import Plan, SubjectPlan, Work

WORK = Work(at_ns=1, polls=2, events=3, allocated_bytes=None, allocations=None)


def test_a_fact_cannot_be_changed() -> None:
    work: Any = WORK

    with pytest.raises(AttributeError):
        work.polls = 5


def test_a_fact_is_made_by_its_names_only() -> None:
    kind: Any = Work

    with pytest.raises(TypeError):
        kind(1, 2, 3, None, None)


def test_an_unknown_field_is_refused_by_name() -> None:
    document = b'{"at_ns": 1, "polls": 2, "events": 3, "allocated_bytes": null, "allocations": null, "color": "red"}'

    with pytest.raises(msgspec.ValidationError, match="unknown field `color`"):
        msgspec.json.decode(document, type=Work)


def test_a_wrong_value_is_refused_with_its_place() -> None:
    subject = b'{"name": "poll", "role": "hero", "language": "python", "accounting": null, "polls": true}'

    with pytest.raises(msgspec.ValidationError, match=r"hero.*\$\[0\]\.role"):
        msgspec.json.decode(b"[" + subject + b"]", type=list[SubjectPlan])


def test_a_plan_without_its_fields_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="missing required field"):
        msgspec.json.decode(b"{}", type=Plan)
