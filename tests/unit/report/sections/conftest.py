"""Analyses built by hand for the sections: values, not mocks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

import builders
from harness.analysis.facts import Facts
from harness.model import Analysis, Finding, Sample

Make = Callable[..., Analysis]


@pytest.fixture
def analysis() -> Make:
    """Build an analysis of the findings given; other keywords replace its fields, ``plan`` those of its plan."""

    def build(*subjects: Finding, plan: dict[str, object] | None = None, **given: object) -> Analysis:
        changed = msgspec.structs.replace(builders.BARE.plan, **(plan or {}))
        return msgspec.structs.replace(builders.BARE, subjects=subjects, plan=changed, **given)

    return build


@pytest.fixture
def facts() -> Callable[..., Facts]:
    """Build the facts of a run; keywords replace fields of its result."""

    def build(series: dict[str, tuple[Sample, ...]] | None = None, **given: Any) -> Facts:
        plan = msgspec.structs.replace(builders.BARE.plan, **given.pop("plan", {}))
        run = builders.measured(plan=plan, **given)
        return replace(run, compressed=series or {})

    return build
