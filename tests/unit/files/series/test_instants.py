"""Columns of time become seconds, whatever form they are written in."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from harness.files import source
from harness.files.series import forms, instants
from harness.files.series.clean import clean
from harness.files.series.judge import Limits, judge_all
from harness.files.series.table import Floats, Series, Wanted

MIB = 2**20
ROOT = Path(__file__).parents[4]
LEAKER = ROOT / "results" / "netbird-5857" / "reference" / "samples" / "0-leaker.csv"
STEP_S = 15.0
BEGAN = 1_716_400_000
AGES: Floats = np.arange(40, dtype=np.float64) * STEP_S


def read(*rows: str, wanted: Wanted | None = None) -> list[Series]:
    text = "".join(f"{row}\n" for row in rows)
    return forms.read(source.source("-", io.BytesIO(text.encode())), wanted or Wanted())


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
        ("time (µs)", 0, 1e6),
        ("time (US Eastern)", 1.7e9, 1),
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


@pytest.mark.parametrize(
    "form", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S+02:00", "%Y-%m-%d %H:%M:%S", "%d %b %Y %H:%M:%S"]
)
@pytest.mark.parametrize("place", [0, 7])
def test_an_empty_cell_of_time_is_left_out_and_counted(form: str, place: int) -> None:
    cells = [datetime.fromtimestamp(BEGAN + age, UTC).strftime(form) for age in AGES]
    cells[place] = ""
    rows = [f"{cell},{4096 * (1000 + at)}" for at, cell in enumerate(cells)]

    (one,) = read("time,rss_bytes", *rows)
    found = clean(one)
    assert np.ptp(found.x) == np.ptp(np.delete(AGES, place))
    assert [(told.id, told.text[:2]) for told in found.warnings] == [("readings_missing", "1 ")]


def stated(*cells: str, title: str = "time") -> tuple[list[float], str]:
    """Return the seconds since the first of the times of a column, and how they were read."""
    (one,) = read(f"{title};rss_bytes", *(f"{cell};{4096 * (1000 + at)}" for at, cell in enumerate(cells)))
    return [round(at - one.x[0], 6) for at in one.x], one.clock


@pytest.mark.parametrize(
    "zone", [" UTC", " +0000", " +0000 UTC", " -0500", " -0500 EST", " CET", " +0200 CEST m=+0.25"]
)
def test_iso_8601_with_a_zone_behind_a_space_is_a_time(zone: str) -> None:
    cells = [f"2024-01-01 {clock}{zone}" for clock in ("23:59:50", "23:59:55.5")]

    assert stated(*cells, f"2024-01-02 00:00:00{zone}")[0] == [0, 5.5, 10]


@pytest.mark.parametrize(
    "cells",
    [
        ("11:58 PM", "11:59 PM", "12:00 AM"),
        ("23:58:00,000", "23:59:00,000", "00:00:00,000"),
        ("23:58:00.000", "23:59:00.000", "00:00:00.000"),
    ],
)
def test_times_of_day_need_no_seconds_and_go_on_after_midnight(cells: tuple[str, ...]) -> None:
    assert stated(*cells) == ([0, 60, 120], "time of day")


def test_of_two_numbers_that_nothing_tells_hours_and_minutes_are_assumed() -> None:
    said = "time of day (assumed: hours and minutes)"

    assert stated("23:58", "23:59", "00:00") == ([0, 60, 120], said)
    assert stated("24:58", "", "24:59")[1] == said


def test_texts_that_grow_within_the_first_rows_count_from_a_start() -> None:
    said = "minutes and seconds since a start"

    assert stated("24:59", "01:00:01", "01:30:01") == ([0, 2102, 3902], said)


def test_a_table_without_a_header_counts_from_a_start_too() -> None:
    rows = [f"{at // 60:02}:{at % 60:02} {4 * (1000 + at)}" for at in range(10 * 60, 30 * 60, 10)]

    (one,) = read(*rows)
    assert np.ptp(one.x) == 1190
    assert one.clock == "minutes and seconds since a start"


@pytest.mark.parametrize("title", ["time", "when"])
@pytest.mark.parametrize("begin_s", [0, 10 * 60, 24 * 60, 59 * 60, 86000])
def test_minutes_and_seconds_are_told_by_any_row(title: str, begin_s: int) -> None:
    ages = range(begin_s, begin_s + 7200, 10)
    clocks = [f"{age // 60 % 60:02}:{age % 60:02}" for age in ages]
    hours = [f"{age // 3600 % 24:02}:" if age >= 3600 else "" for age in ages]
    days = [f"{age // 86400}-" if age >= 86400 else "" for age in ages]
    cells = map("".join, zip(days, hours, clocks, strict=True))

    seconds = [age - begin_s for age in ages]
    assert stated(*cells, title=title) == (seconds, "minutes and seconds since a start")


DAYS = [datetime(2024, month, day, 23, 59, 50, tzinfo=UTC) for month, day in ((5, 10), (12, 11), (5, 22))]


@pytest.mark.parametrize("order", ["day first", "month first"])
@pytest.mark.parametrize("form", ["{}/{}/%Y %H:%M:%S", "{}-{}-%Y %H:%M", "{}/{}/%y %I:%M:%S %p", "{}/{}/%Y, %H:%M:%S"])
@pytest.mark.parametrize("begin", DAYS)
def test_whether_the_day_or_the_month_is_first_is_one_for_a_column(begin: datetime, form: str, order: str) -> None:
    written = form.format(*(("%d", "%m") if order == "day first" else ("%m", "%d")))
    hours = range(0, 100, 5)
    cells = [(begin + timedelta(hours=at)).strftime(written) for at in hours]

    seconds, said = stated(*cells)
    assert seconds == [3600 * at for at in hours]
    assert said == f"dates such as {cells[0]!r}, {order}"


def test_it_is_told_by_rows_far_behind_the_first() -> None:
    cells = [f"{day:02}/05/2024 {hour:02}:00" for day in (10, 11, 12, 13, 14) for hour in range(24)]

    seconds, said = stated(*cells)
    assert seconds == [3600 * at for at in range(120)]
    assert said.endswith("day first")


@pytest.mark.parametrize(
    ("cells", "hours"),
    [
        (("03/10/2024 23:30:00 +0100", "04/10/2024 00:30:00 +0200", "04/10/2024 01:30:00 +0200"), [0, 0, 1]),
        (("03/10/2024 12:00:00 +0100", "04/02/2024 12:00:00 +0200"), [0, 551]),
    ],
)
def test_zones_count_where_the_day_could_be_the_month(cells: tuple[str, ...], hours: list[int]) -> None:
    assert stated(*cells)[0] == [3600 * at for at in hours]


def test_points_separate_a_day_that_is_first() -> None:
    assert stated("10.05.2024 10:00", "10.05.2024 10:01") == ([0, 60], "dates such as '10.05.2024 10:00', day first")
    assert stated("05.22.2024 10:00", "05.22.2024 10:01")[1].endswith("month first")


def test_what_nothing_tells_is_said_to_be_assumed() -> None:
    seconds, said = stated("10/05/2024 10:00", "10/05/2024 10:01")

    assert seconds == [0, 60]
    assert said.endswith("month first (assumed)")


def test_a_date_that_its_column_does_not_allow_is_missing() -> None:
    cells = [f"22/05/2024 10:{at:02}" for at in range(60)] + [f"22/05/2024 11:{at:02}" for at in range(60)]
    cells[100] = "05/22/2024 11:40"

    assert np.flatnonzero(np.isnan(stated(*cells)[0])).tolist() == [100]


def test_fractions_behind_a_comma_are_read() -> None:
    assert stated("17:46:40,125", "17:46:40,250")[0] == [0, 0.125]
    assert stated("2024-05-22 17:46:40,125", "2024-05-22 17:46:40,250")[0] == [0, 0.125]


@pytest.mark.parametrize(
    ("title", "cells"),
    [
        ("ELAPSED", ("00:30", "01:00", "01:30")),
        ("elapsed", ("59:30", "01:00:00", "01:00:30")),
        ("etime", ("23:59:30", "1-00:00:00", "1-00:00:30")),
        ("time", ("59:00", "59:30", "01:00:00")),  # no day has so many hours
        ("time", ("24:00", "24:30", "25:00")),
        ("time", ("23:59:30", "1-00:00:00", "1-00:00:30")),
    ],
)
def test_what_ps_writes_of_a_life_is_no_time_of_day(title: str, cells: tuple[str, ...]) -> None:
    assert stated(*cells, title=title) == ([0, 30, 60], "minutes and seconds since a start")
