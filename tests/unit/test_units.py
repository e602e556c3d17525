"""Quantities: what is typed is what is printed, and three figures are never four."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import units

# --- durations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("0s", 0),
        ("500ms", 0.5),
        ("1s", 1),
        ("60s", 60),
        ("1.5m", 90),
        ("10m", 600),
        ("2h", 7200),
        ("1d", 86_400),
        ("  2s ", 2),
        ("0.25s", 0.25),
    ],
)
def test_a_duration_is_read(text: str, value: float) -> None:
    assert units.seconds(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    ["", " ", "5", "s", "-1s", "+1s", ".5s", "1.s", "1e3s", "2 s", "1w", "1S", "1s!", "nan", "inf", "1,5s", "1ss"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        units.seconds(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0s"),
        (0.001, "1ms"),
        (0.5, "500ms"),
        (0.999, "999ms"),
        (1, "1s"),
        (1.5, "1.5s"),
        (2, "2s"),
        (59.999, "59.999s"),
        (60, "1m"),
        (90, "1m 30s"),
        (3600, "1h"),
        (3601, "1h 1s"),
        (86_400, "1d"),
        (90_061.5, "1d 1h 1m 1.5s"),
    ],
)
def test_a_duration_is_printed_the_way_it_is_typed(value: float, text: str) -> None:
    assert units.duration(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.9996, "1s"), (59.9996, "1m"), (3599.9999, "1h"), (86_399.9999, "1d")])
def test_a_duration_that_rounds_up_to_a_unit_is_printed_as_that_unit(value: float, text: str) -> None:
    assert units.duration(value) == text


@given(st.integers(min_value=0, max_value=10**10))
def test_what_is_printed_can_be_typed_again(milliseconds: int) -> None:
    value = milliseconds / 1000

    assert units.seconds(units.duration(value)) == pytest.approx(value, abs=0.0005)


# --- figures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.37, "0.37"),
        (0.0001, "0.0001"),
        (0.9999, "1"),
        (1, "1"),
        (6.294, "6.29"),
        (9.999, "10"),
        (10.04, "10"),
        (33.2, "33.2"),
        (99.94, "99.9"),
        (99.99, "100"),
        (100, "100"),
        (640, "640"),
        (1234.4, "1,234"),
        (-6.294, "-6.29"),
    ],
)
def test_three_figures_are_enough(value: float, text: str) -> None:
    assert units.figures(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.00001, "0.00001"), (0.000001234, "0.00000123"), (-1e-7, "-0.0000001")])
def test_a_small_figure_has_no_exponent_either(value: float, text: str) -> None:
    assert units.figures(value) == text


# --- bytes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1500, "1.5 kB"),
        (999_400, "999 kB"),
        (1_000_000, "1 MB"),
        (14_822_301, "14.8 MB"),
        (1.3e9, "1.3 GB"),
        (640e9, "640 GB"),
        (2.5e12, "2.5 TB"),
        (1e15, "1 PB"),
        (-1500, "-1.5 kB"),
    ],
)
def test_churn_is_printed_in_decimal_units(value: float, text: str) -> None:
    assert units.churn_bytes(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (999.6, "1 kB"),
        (999_500, "1 MB"),
        (999_999, "1 MB"),
        (999_999_999, "1 GB"),
        (999.9e9, "1 TB"),
        (-999_999, "-1 MB"),
    ],
)
def test_churn_that_rounds_up_to_a_unit_is_printed_in_that_unit(value: float, text: str) -> None:
    assert units.churn_bytes(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (512, "512 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (1_048_576, "1 MiB"),
        (34_812_723, "33.2 MiB"),
        (2**30, "1 GiB"),
        (2**40, "1 TiB"),
    ],
)
def test_resident_memory_is_printed_in_binary_units(value: float, text: str) -> None:
    assert units.memory_bytes(value) == text


@pytest.mark.parametrize(("value", "text"), [(1_048_575, "1 MiB"), (2**30 - 1, "1 GiB"), (1023.9, "1 KiB")])
def test_memory_that_rounds_up_to_a_unit_is_printed_in_that_unit(value: float, text: str) -> None:
    assert units.memory_bytes(value) == text


@given(st.floats(min_value=0, max_value=9.99e17, allow_nan=False))
def test_printed_churn_is_within_one_figure_of_the_truth(value: float) -> None:
    number, _, unit = units.churn_bytes(value).partition(" ")
    factor = {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15}[unit]

    assert float(number.replace(",", "")) * factor == pytest.approx(value, rel=0.006)


@given(st.floats(min_value=0, max_value=9.99e17, allow_nan=False))
def test_no_number_of_bytes_has_a_thousand_of_its_unit(value: float) -> None:
    assert "," not in units.churn_bytes(value)


# --- rates and counts -----------------------------------------------------------------------------------------------


def test_a_day_has_43200_polls_at_two_seconds() -> None:
    assert units.polls_a_day(2) == 43_200


def test_polls_back_to_back_have_no_day() -> None:
    assert units.polls_a_day(0) is None


def test_a_rate_per_second_is_86400_times_that_a_day() -> None:
    assert units.per_day(1) == units.SECONDS_A_DAY == 86_400


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (999, "999"), (190_431, "190,431"), (1e6, "1,000,000")])
def test_a_count_separates_its_thousands(value: float, text: str) -> None:
    assert units.count(value) == text


def test_nanoseconds_become_seconds_by_one_constant() -> None:
    package = Path(units.__file__).parent
    literal = re.compile(r"\b1e-?9\b|1_000_000_000\b")
    named = [line for path in package.rglob("*.py") for line in path.read_text().splitlines() if literal.search(line)]

    assert [line for line in named if re.search(r"_ns\b|\bNS", line)] == ["NS_A_SECOND = 1_000_000_000"]


@pytest.mark.parametrize(
    ("text", "bytes_per_hour"),
    [
        ("4MiB/h", 4 * 2**20),
        ("100MiB/30d", 100 * 2**20 / 720),
        ("1GB/day", 1e9 / 24),
        ("24 kB / 1d", 1e3),
        ("60B/min", 3600),
        ("1 GB/week", 1e9 / 168),
        ("2 MiB / hour", 2 * 2**20),
        ("1.5kB/10m", 9000),
    ],
)
def test_a_rate_of_growth_is_read_in_bytes_an_hour(text: str, bytes_per_hour: float) -> None:
    assert units.growth_rate(text) == pytest.approx(bytes_per_hour)


@pytest.mark.parametrize(
    "text", ["", "4MiB", "4/h", "4MiB/", "0MiB/h", "4MiB/0s", "MiB/h", "4MiB/inch", "-4MiB/h", "nan/h"]
)
def test_what_is_no_rate_of_growth_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        units.growth_rate(text)
