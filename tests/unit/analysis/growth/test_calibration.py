"""A short form of ``tests/calibration``: the promises on forty series of each shape, always the same ones."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.append(str(Path(__file__).parents[3] / "calibration"))  # the tests are no package
if TYPE_CHECKING:
    from tests.calibration.rates import PROMISES, rates
    from tests.calibration.shapes import DAY, cases
else:
    from rates import PROMISES, rates
    from shapes import DAY, cases

SERIES = 40
SLACK = 2 / SERIES  # of so few, two may be the one in a hundred
CASES = [(at, minutes) for at, case in enumerate(cases()) for minutes in case.minutes if minutes <= 30]


@pytest.mark.slow
@pytest.mark.parametrize(("at", "minutes"), CASES, ids=[f"{cases()[at].name}-{minutes}" for at, minutes in CASES])
def test_promises_hold_on_a_few_series(at: int, minutes: int) -> None:
    found = rates(cases()[at], minutes, range(SERIES), seed=1)
    assert found.series == SERIES
    for promise in PROMISES[found.kind]:
        share = found.share(promise.verdict)
        assert promise.least - SLACK <= share <= promise.most + (SLACK if promise.most else 0)


def test_a_slow_leak_is_found_in_a_day() -> None:
    slow = next(at for at, case in enumerate(cases()) if case.kind == "slow")
    found = rates(cases()[slow], DAY, range(3), seed=1)
    assert found.verdicts == {"slow": 3}
