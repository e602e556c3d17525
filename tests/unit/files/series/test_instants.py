"""Columns of time become seconds, whatever form they are written in."""

import io
from pathlib import Path

import numpy as np
import pytest

from harness.files import source
from harness.files.series import forms, instants
from harness.files.series.judge import Limits, judge_all
from harness.files.series.table import Floats, Wanted

MIB = 2**20
ROOT = Path(__file__).parents[4]
LEAKER = ROOT / "results" / "netbird-5857" / "reference" / "samples" / "0-leaker.csv"
STEP_S = 15.0
AGES: Floats = np.arange(40, dtype=np.float64) * STEP_S


@pytest.mark.parametrize(
    ("header", "first", "a_second"),
    [
        ("at_ns", 5.1e13, 1e9),
        ("elapsed_ns", 0, 1e9),
        ("elapsed_us", 9e8, 1e6),
        ("uptime_ms", 1e10, 1e3),
        ("time (ms)", 4e8, 1e3),
        ("timestamp_ms", 1.7e12, 1e3),
        ("time_ns", 1.7e18, 1e9),
        ("timestamp_ms", 1.7e18, 1e9),  # what the header says would be in 54 million years
        ("seconds", 1.7e9, 1),
        ("seconds", 1.7e12, 1e3),
        ("time", 1.7e12, 1e3),
        ("time", 1.7e9, 1),
        ("elapsed minutes", 0, 1 / 60),
        ("", 0, 1),
    ],
)
def test_numbers_become_seconds_by_the_unit_in_the_header_and_then_by_their_size(
    header: str, first: float, a_second: float
) -> None:
    found = instants.numbers(first + AGES * a_second, header)

    np.testing.assert_allclose(found.x - found.x[0], AGES, atol=1e-3)


@pytest.mark.parametrize(
    ("header", "first", "form"),
    [
        ("at_ns", 5.1e13, "nanoseconds, by the header 'at_ns'"),
        ("at_ns", 1.7e18, "nanoseconds since 1970, by the header 'at_ns'"),
        ("at", 1.7e18, "nanoseconds since 1970"),
    ],
)
def test_how_numbers_were_read_is_stated(header: str, first: float, form: str) -> None:
    assert instants.numbers(first + AGES * 1e9, header).form == form


def test_the_samples_of_a_result_give_the_growth_that_its_report_gives() -> None:
    (one,) = forms.read(source.source("-", io.BytesIO(LEAKER.read_bytes())), Wanted(columns=("rss_bytes",)))

    growth = judge_all([("it", one)], Limits())[0].series[0].growth
    assert growth is not None
    assert growth.verdict == "growing"
    assert growth.bytes_per_hour == pytest.approx(10 * MIB, rel=0.2)
