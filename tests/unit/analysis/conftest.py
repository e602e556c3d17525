"""Facts of a run, built by hand: values, not mocks."""

from collections.abc import Callable

import msgspec
import pytest

import builders
from harness.analysis.facts import Facts
from harness.model import Capture, Sample, SubjectRun, Trial

Build = Callable[..., Facts]


@pytest.fixture
def facts() -> Build:
    """Build facts from captures, processes and series; the sampling phase lasts a minute."""

    def build(
        *captures: Capture,
        runs: tuple[SubjectRun, ...] = (),
        series: dict[str, tuple[Sample, ...]] | None = None,
        complete: bool = True,
        **plan: object,
    ) -> Facts:
        trial = Trial(
            index=0, began_ns=0, ended_ns=60 * builders.SECOND, namespace=builders.WORLD, churned_pairs=0, runs=runs
        )
        return builders.measured(
            complete=complete,
            series=series,
            plan=msgspec.structs.replace(builders.PLAN, **plan),
            captures=captures,
            trials=(trial,) if runs else (),
        )

    return build
