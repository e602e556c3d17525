"""Many series in small pictures of their own."""

import pytest

from harness.report.document import Line, Lines
from harness.report.pictures import figures
from harness.report.pictures.drawing import NARROW, SLIDE, WIDE, Sheet
from harness.report.renderers import html


def panels(number: int) -> Lines:
    lines = tuple(
        Line(label=f"program-{at}", role="alternative", points=((0.0, 1.0), (1.0, 1.0 + at)), sign="↗")
        for at in range(number)
    )
    return Lines(name="rss", title="Memory", x_label="minutes", y_label="RSS, MiB", lines=lines, alt="", panels=True)


@pytest.mark.slow
@pytest.mark.parametrize("sheet", [WIDE, NARROW, SLIDE])
@pytest.mark.parametrize("number", [1, 7, 18])
def test_each_series_has_its_name_above_its_own_picture(sheet: Sheet, number: int) -> None:
    text = figures.svg(panels(number), sheet).svg

    assert all(f">program-{at} ↗<" in text for at in range(number))


@pytest.mark.slow
def test_a_picture_of_many_tells_no_values_where_it_is_pointed_at() -> None:
    assert html._picture(panels(9)).values["places"] == []


@pytest.mark.slow
def test_a_picture_of_many_is_drawn_for_a_slide() -> None:
    assert figures.png(panels(18)).startswith(b"\x89PNG")
