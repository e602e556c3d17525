"""What the columns of a table hold is told by its header and its first rows."""

import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from harness.files import source
from harness.files.series import forms
from harness.files.series.table import Series, Wanted

MIB = 2**20
ROWS = 40
AGES = np.arange(ROWS) * 15.0
SIZES = [50 * MIB + MIB // 16 * at for at in range(ROWS)]


def read(*rows: str, wanted: Wanted | None = None) -> list[Series]:
    text = "".join(f"{row}\n" for row in rows)
    return forms.read(source.source("-", io.BytesIO(text.encode())), wanted or Wanted())


def iso(at: int) -> str:
    return f"2024-05-22T17:{40 + at // 4:02}:{15 * (at % 4):02}Z"


def mib(size: float) -> str:
    return f"{size / MIB:.4f}"


@pytest.mark.parametrize("header", [("time;rss_mib",), ()])
def test_where_semicolons_separate_a_comma_is_a_decimal_point(header: tuple[str, ...]) -> None:
    rows = [f"{iso(at)};{mib(size).replace('.', ',')}" for at, size in enumerate(SIZES)]

    (one,) = read(*header, *rows)
    np.testing.assert_allclose(one.y, SIZES)
    np.testing.assert_array_equal(one.x - one.x[0], AGES)


def test_so_it_is_of_numbers_with_units_and_of_times() -> None:
    rows = [f"{15 * at},5;{mib(size).replace('.', ',')} MiB" for at, size in enumerate(SIZES)]

    (one,) = read("elapsed;memory", *rows)
    np.testing.assert_allclose(one.y, SIZES)
    np.testing.assert_array_equal(one.x, AGES + 0.5)


def test_units_of_kubernetes_have_powers_of_1024() -> None:
    for unit, factor in (("Ki", 2**10), ("Mi", 2**20), ("Gi", 2**30), ("Ti", 2**40)):
        (one,) = read("time,memory", *(f"{age:g},{25 + at}{unit}" for at, age in enumerate(AGES)))
        np.testing.assert_array_equal(one.y, (25.0 + np.arange(ROWS)) * factor)


TWO = {
    "what date and ps print": ("", "{at:%Y-%m-%d %H:%M:%S} {kib}"),
    "with a header of two words": ("time rss_kib", "{at:%Y-%m-%d %H:%M:%S} {kib}"),
    "with a header of three": ("Date Time RSS", "{at:%d.%m.%Y %H:%M:%S} {kib}"),
    "by half days": ("", "{at:%m/%d/%Y %I:%M:%S %p} {kib}"),
    "by half days, with a header": ("Date Time RSS", "{at:%d/%m/%Y %I:%M %p} {kib}"),
    "commas": ("Date,Time,RSS", "{at:%Y-%m-%d},{at:%H:%M:%S},{kib}"),
    "commas and half days": ("Date,Time,RSS", "{at:%d/%m/%Y},{at:%I:%M:%S %p},{kib}"),
    "the date last": ("Time;Host;Date;RSS", "{at:%H:%M:%S};a;{at:%d %b %Y};{kib}"),
    "no header": ("", "{at:%Y/%m/%d},{at:%H:%M:%S},{kib}"),
    "the clock first": ("", "{at:%H:%M:%S}\t{at:%Y-%m-%d}\t{kib}"),
    "JSON lines": ("", '{{"date": "{at:%Y-%m-%d}", "time": "{at:%H:%M:%S}", "rss": {kib}}}'),
}


@pytest.mark.parametrize("form", TWO)
def test_a_date_and_a_time_of_day_in_two_columns_are_one_time(form: str) -> None:
    header, row = TWO[form]
    begin = datetime(2024, 5, 9, 23, 55, tzinfo=UTC)  # of a day that could be a month
    steps = range(0, 3 * 86_400, 3600)
    rows = [row.format(at=begin + timedelta(seconds=step), kib=51_200 + step // 100) for step in steps]

    (one,) = read(*filter(None, [header]), *rows)
    np.testing.assert_array_equal(one.x - one.x[0], steps)
    np.testing.assert_array_equal(one.y, [1024.0 * (51_200 + step // 100) for step in steps])
    assert one.clock.endswith(", and time of day")


def test_a_time_of_day_tells_nobody_apart() -> None:
    rows = [f"{15 * at} 17:{at:02} {4 * (12_800 + at)}" for at in range(ROWS)]

    assert len(read(*rows)) == 1


def test_a_time_of_day_alone_is_one() -> None:
    (one,) = read("host,time,rss_kib", *(f"a,17:{at:02}:00,{4 * (12_800 + at)}" for at in range(ROWS)))

    assert one.clock == "time of day"
