"""The pictures of the first screen: what is drawn of memory, and the interval around it."""

from pathlib import Path

import msgspec
import pytest

from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.derive import read_facts
from harness.model import Analysis, Finding
from harness.report.document import Line, Lines
from harness.report.sections import claims as claims_section
from harness.report.sections.first_screen import pictures

KEPT = Path(__file__).parents[4] / "golden" / "netbird-5857"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts(KEPT)


@pytest.fixture(scope="module")
def analysis(facts: Facts) -> Analysis:
    return analyse(facts)


def drawn(analysis: Analysis, facts: Facts) -> dict[str, Line]:
    figure = pictures.rss_figure(analysis, facts)
    assert isinstance(figure, Lines)
    return {line.label: line for line in figure.lines}


def judged(analysis: Analysis) -> Analysis:
    """Take a short run for one that was long enough."""
    subjects = (
        msgspec.structs.replace(one, growth=one.growth and msgspec.structs.replace(one.growth, too_short=False))
        for one in analysis.subjects
    )
    return replaced(analysis, tuple(subjects))


def replaced(analysis: Analysis, subjects: tuple[Finding, ...]) -> Analysis:
    return msgspec.structs.replace(analysis, subjects=subjects)


def test_of_several_trials_the_first_is_drawn_as_the_analysis_judged_it(analysis: Analysis, facts: Facts) -> None:
    once = judged(analysis)
    twice = tuple(msgspec.structs.replace(one, trials=(one.growth, None), growth=None) for one in once.subjects)

    bands = [{name: line.band for name, line in drawn(one, facts).items()} for one in (once, replaced(once, twice))]
    assert bands[0] == bands[1]
    assert any(bands[0].values())


def test_a_control_that_leaks_stands_beside_the_subjects_and_others_do_not(analysis: Analysis, facts: Facts) -> None:
    lines = drawn(analysis, facts)

    assert lines["leaker"].points[-1][1] > 1.5 * lines["leaker"].points[0][1]
    assert lines["leaker"].sign == "(control)"
    assert not {"sleeper", "churner", "go-churner"} & set(lines)


def test_the_interval_is_that_of_the_slope_over_the_part_that_was_judged(analysis: Analysis, facts: Facts) -> None:
    growth = next(one.growth for one in analysis.subjects if one.name == "poll")
    assert not any(
        line.band for line in drawn(analysis, facts).values()
    )  # a minute has no interval that means anything
    (begin, middle, end) = drawn(judged(analysis), facts)["poll"].band
    hours = (end[0] - middle[0]) / 3600  # the axis has seconds

    assert growth is not None
    assert begin[0] == pytest.approx(growth.steady_from_s, abs=1)
    assert middle[1] == middle[2]
    assert (end[1] - middle[1]) * MIB == pytest.approx((growth.low or 0) * hours)
    assert (end[2] - middle[2]) * MIB == pytest.approx((growth.high or 0) * hours)
    assert begin[1] < middle[1] < begin[2]


def test_nothing_is_shaded_where_no_line_could_be_fitted(analysis: Analysis, facts: Facts) -> None:
    unsettled = tuple(
        msgspec.structs.replace(
            one, growth=one.growth and msgspec.structs.replace(one.growth, low=None, too_short=False)
        )
        for one in analysis.subjects
    )
    figure = pictures.rss_figure(msgspec.structs.replace(analysis, subjects=unsettled), facts)

    assert figure is not None
    assert not any(line.band for line in figure.lines)
    assert "Shaded" not in figure.drawn


def test_a_subject_has_the_same_number_in_every_picture(analysis: Analysis, facts: Facts) -> None:
    lines = drawn(analysis, facts)
    bars = {bar.label: bar for figure in pictures.churn_figures(analysis) for bar in figure.bars}

    assert {name: bar.number for name, bar in bars.items()} == {name: lines[name].number for name in bars}


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ((), ""),
        (("reproduced", "inconclusive"), ""),
        (("not_reproduced",), "1 non-gating claim was not reproduced"),
        (("not_reproduced", "not_reproduced"), "2 non-gating claims were not reproduced"),
    ],
)
def test_the_headline_tells_of_claims_that_the_verdict_leaves_out(
    analysis: Analysis, verdicts: tuple[str, ...], said: str
) -> None:
    one = next(one for one in analysis.claims if not one.gates)
    gating = msgspec.structs.replace(one, gates=True, verdict="not_reproduced")
    claims = (gating, *(msgspec.structs.replace(one, verdict=verdict) for verdict in verdicts))

    assert claims_section.beside(msgspec.structs.replace(analysis, claims=claims)) == said
