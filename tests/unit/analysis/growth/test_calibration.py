"""A short form of ``tests/calibration``: the promises on forty series of each shape, always the same ones."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.append(str(Path(__file__).parents[3] / "calibration"))  # the tests are no package
if TYPE_CHECKING:
    from tests.calibration.rates import PROMISES, rates
    from tests.calibration.shapes import cases
else:
    from rates import PROMISES, rates
    from shapes import cases

SERIES = 40
SLACK = 2 / SERIES  # of so few, two may be the one in a hundred


@pytest.mark.parametrize("minutes", [10, 30])
@pytest.mark.parametrize("at", range(len(cases())), ids=[case.name for case in cases()])
def test_promises_hold_on_a_few_series(at: int, minutes: int) -> None:
    found = rates(cases()[at], minutes, range(SERIES), seed=1)
    promise = PROMISES[found.kind]
    assert found.series == SERIES
    if promise is not None:
        assert promise.least - SLACK <= found.share(promise.verdict) <= promise.most + (SLACK if promise.most else 0)
