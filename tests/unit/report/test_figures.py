"""Figures: names at the ends of lines keep apart, however many there are."""

from itertools import pairwise

import pytest

from harness.report import drawing, figures
from harness.report.document import Line, Lines


@pytest.mark.parametrize("count", [1, 5, 12, 30])
def test_names_keep_apart_and_below_the_top(count: int) -> None:
    placed = drawing.apart([0.9] * count)
    gaps = [after - before for before, after in pairwise(placed)]
    assert max(placed) <= 1
    assert min(placed) >= -1e-9
    assert all(gap >= min(0.075, 1 / count) - 1e-9 for gap in gaps)


def test_twelve_subjects_are_drawn_each_with_its_name() -> None:
    lines = tuple(
        Line(label=f"subject-{n}", role="alternative", points=((0, 1.0), (1, 1.0)), dashed=n > 5) for n in range(12)
    )
    figure = Lines(name="rss", title="t", x_label="x", y_label="y", lines=lines, alt="")
    drawn = figures.svg(figure, drawing.WIDE).svg
    assert all(f"subject-{n}<" in drawn for n in range(12))
