"""The axes of pictures hold what is drawn on them."""

import pytest

from harness.report.document import Annotation, Line, Lines
from harness.report.pictures import drawing

Band = tuple[tuple[float, float, float], ...]


def line(*heights: float, band: Band = ()) -> Line:
    return Line(label="it", role="alternative", points=tuple(enumerate(heights)), band=band)


@pytest.mark.parametrize(
    ("heights", "bottom", "top"),
    [
        ((1.0, 2.0), 0.0, 2.3),
        ((0.0, 0.0), 0.0, 1.0),
        ((), 0.0, 1.15),
        ((-1.0, 3.0), -1.6, 3.6),
        ((-2.0, -1.0), -2.3, 0.3),
        ((-0.0, -1e-9), -1.15e-9, 0.15e-9),
    ],
)
def test_an_axis_holds_zero_and_all_points_with_room(heights: tuple[float, ...], bottom: float, top: float) -> None:
    assert drawing.ends([line(*heights)]) == pytest.approx((bottom, top), abs=1e-15)


def test_it_holds_what_is_shaded_around_them() -> None:
    banded = line(1.0, 2.0, band=((0, 1.0, 1.0), (1, -0.5, 2.4)))

    assert drawing.ends([banded]) == pytest.approx((-0.5, 2.4))


def test_what_is_shaded_leaves_the_points_a_third_of_it() -> None:
    banded = line(1.0, 2.0, band=((0, 1.0, 1.0), (1, -1e6, 1e6)))

    assert drawing.ends([banded]) == pytest.approx((-2.0, 4.0))


def test_it_holds_marks_too() -> None:
    assert drawing.ends([line(1.0, 2.0)], [-3.0, 9.0]) == pytest.approx((-4.8, 10.8))


@pytest.mark.parametrize("panels", [False, True])
@pytest.mark.parametrize("scale", ["linear", "log-x"])
def test_growth_below_zero_is_drawn(scale: str, *, panels: bool) -> None:
    marks = (Annotation(x=1, y=-4.0, words="left out"),)
    figure = Lines(
        name="doses",
        title="t",
        x_label="x",
        y_label="y",
        lines=(line(-0.5, -1.0, -2.0), line(-0.1, -0.2, -0.1)),
        alt="",
        scale=scale,  # type: ignore[arg-type]  # one of its literals
        annotations=marks,
        panels=panels,
    )

    low, high = drawing.draw(figure, drawing.WIDE)[1].get_ylim()
    assert low < (-2.0 if panels else -4.0)
    assert low < 0 < high
