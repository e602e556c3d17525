"""The growth verdict on a day of eight subjects, read once a second, timed: ``tox -e bench``."""

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

from harness.analysis.growth.verdict import Thresholds, Trend, judge

HOURS = np.arange(86_400) / 3600
SUBJECTS = 8


def test_judge_a_day_of_eight_subjects(benchmark: BenchmarkFixture) -> None:
    random = np.random.default_rng(0)
    leaks = [2e6 * subject * HOURS for subject in range(SUBJECTS)]
    series = [np.round((4e7 + leak + random.normal(0, 1e5, HOURS.size)) / 4096) * 4096 for leak in leaks]

    def judge_all() -> list[Trend]:
        return [judge(HOURS, one, Thresholds()) for one in series]

    assert [trend.verdict for trend in benchmark(judge_all)] == ["flat", *["slow"] * 2, *["growing"] * 5]
