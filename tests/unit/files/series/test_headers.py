"""What the columns of a table hold is told by its header and its first rows."""

import io

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
