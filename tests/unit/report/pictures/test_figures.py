"""Figures: names at the ends of lines keep apart, however many there are."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

import harness
from harness.report.document import Line, Lines
from harness.report.pictures import drawing, figures
from harness.report.sections import formatting


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


def test_a_subject_has_one_colour_in_all_figures_and_marks_where_colours_run_out() -> None:
    alone, among = (
        drawing.styles([("alternative", n, False) for n in numbers])[-1] for numbers in ((3,), (0, 1, 2, 3))
    )
    again = drawing.styles([("alternative", n, False) for n in (0, 5, 10)])

    assert alone == among
    assert len({style.colour for style in again}) == 1
    assert len({style.mark for style in again}) == 3


def test_what_is_drawn_takes_its_colours_from_the_page_and_no_name_is_mathematics() -> None:
    line = Line(label="$\\frac{", role="before", points=((0, 1.0), (1, 2.0)), band=((0, 0.5, 1.5), (1, 1.0, 3.0)))
    figure = Lines(name="rss", title="t_$x$", x_label="x", y_label="y", lines=(line,), alt="", over_time=True)
    for sheet in (drawing.WIDE, drawing.NARROW):
        drawn = figures.svg(figure, sheet).svg

        assert "$\\frac{" in drawn
        assert "stroke: var(--before, #b94e00)" in drawn
        assert "fill: var(--before, #b94e00)" in drawn  # its interval
        assert not set(re.findall(r"(?:fill|stroke): (#\w+)", drawn))


@pytest.mark.parametrize("name", ["a", "b" * 16, "c" * 200])
def test_a_name_that_is_too_long_keeps_its_end(name: str) -> None:
    short = formatting.shortened(f"{name}7", 16)

    assert len(short) <= 16
    assert short.endswith("7")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["text", "pipe", "unreadable"])
def test_the_working_folder_has_no_say_in_what_is_drawn(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "matplotlibrc"
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.write_bytes(b"lines.linewidth: 20\n" if kind == "text" else b"\xff\xfe")
    words = "from harness.report.pictures import figures; print(figures.mpl.rcParams == figures.mpl.rcParamsDefault)"
    search = str(Path(harness.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-P", "-c", words],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": search},
    )
    assert done.stdout == "True\n", done.stderr
