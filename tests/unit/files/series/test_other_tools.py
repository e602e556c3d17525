"""What other tools print becomes one table: whatever else stands between its rows."""

import io

import numpy as np
import pytest

from harness.files import source
from harness.files.series import forms, other_tools
from harness.files.series.table import Series, Wanted

RSS_KIB = [6384, 6400, 6416]
NAMED = "UID       PID  minflt/s  majflt/s     VSZ     RSS   %MEM  Command"
CPU = "UID       PID    %usr %system  %guest   %wait    %CPU   CPU  Command"


def read(*rows: str) -> list[Series]:
    text = "".join(f"{row}\n" for row in ("Linux 6.1 (host)\t11/26/26\t_x86_64_\t(2 CPU)", "", *rows))
    return forms.read(source.source("-", io.BytesIO(text.encode())), Wanted())


def of_memory(time: str, rss: int, name: str = "daemon") -> str:
    return f"{time}     0       488    203.00      0.00  135124    {rss}   0.04  {name}"


def of_cpu(time: str) -> str:
    return f"{time}     0       488    0.00    0.00    0.00    0.00    0.00     1  daemon"


HALF_DAYS = ["11:59:50 AM", "12:00:00 PM", "12:00:10 PM"]
SMALL = [time.lower() for time in HALF_DAYS]
UNIX = ["1716400000", "1716400010", "1716400020"]


@pytest.mark.parametrize("times", [HALF_DAYS, SMALL, UNIX, ["11:59:50", "12:00:00", "12:00:10"]])
def test_one_header_of_pidstat_has_rows_of_any_form_of_time(times: list[str]) -> None:
    rows = [of_memory(*one) for one in zip(times, RSS_KIB, strict=True)]

    (one,) = read(f"# Time        {NAMED}", *rows)
    np.testing.assert_array_equal(one.y, [1024.0 * rss for rss in RSS_KIB])
    np.testing.assert_array_equal(one.x - one.x[0], [0, 10, 20])
    assert one.lives is not None


@pytest.mark.parametrize("times", [HALF_DAYS, SMALL, ["11:59:50", "12:00:00", "12:00:10"]])
def test_of_several_tables_of_pidstat_that_of_memory_is_read(times: list[str]) -> None:
    rows = [
        row
        for time, rss in zip(times, RSS_KIB, strict=True)
        for row in (f"{time}   {CPU}", of_cpu(time), "", f"{time}   {NAMED}", of_memory(time, rss), "")
    ]
    averages = [f"Average:   {CPU}", of_cpu("Average:"), "", f"Average:   {NAMED}", of_memory("Average:", 6400)]

    (one,) = read(*rows, *averages)
    np.testing.assert_array_equal(one.y, [1024.0 * rss for rss in RSS_KIB])
    np.testing.assert_array_equal(one.x - one.x[0], [0, 10, 20])


def test_averages_are_left_out_in_any_language() -> None:
    times = ["11:59:50", "12:00:00", "12:00:10"]
    rows = [of_memory(*one) for one in zip(times, RSS_KIB, strict=True)]

    (one,) = read(f"11:59:40   {NAMED}", *rows, "", f"Durchschn.:   {NAMED}", of_memory("Durchschn.:", 6400))
    assert one.y.size == len(RSS_KIB)


def test_decimal_commas_of_a_locale_separate_nothing() -> None:
    times = ["11:59:50", "12:00:00", "12:00:10"]
    rows = [of_memory(*one).replace(".", ",") for one in zip(times, RSS_KIB, strict=True)]

    (one,) = read(f"# Time        {NAMED}", *rows)
    np.testing.assert_array_equal(one.y, [1024.0 * rss for rss in RSS_KIB])


@pytest.mark.parametrize("command", ["foo,bar", "v1,2", "a;b", "a#b"])
def test_a_command_keeps_its_commas(command: str) -> None:
    times = ["11:59:50", "12:00:00", "12:00:10"]
    rows = [of_memory(*one).replace(".", ",") for one in zip(times, RSS_KIB, strict=True)]

    (one,) = read(f"# Time        {NAMED}", *(row.replace("daemon", command) for row in rows))
    assert one.name == command
    np.testing.assert_array_equal(one.y, [1024.0 * rss for rss in RSS_KIB])


def test_a_time_in_what_a_table_says_of_a_row_is_left_as_it_is() -> None:
    rows = [f"{time} {1024 * rss} 05:46 PM" for time, rss in zip(HALF_DAYS, RSS_KIB, strict=True)]

    assert [*other_tools.half_days(iter(rows))] == [row.replace(" ", "", 1) for row in rows]
