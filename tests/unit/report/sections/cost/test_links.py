"""The cost of a poll by links: a line for each subject, and Go and Python apart."""

from collections.abc import Callable

import builders
from harness.analysis.cost.fit import fit
from harness.model import Analysis
from harness.report.document import Lines, Table
from harness.report.sections.cost import links
from harness.report.sections.first_screen import pictures

Make = Callable[..., Analysis]
GO, PYTHON = "go:size-classes", "python:all-objects"


def test_the_line_is_printed_with_its_interval_and_where_it_fits_worst(analysis: Make) -> None:
    costs = builders.costs((10, 101_000), (20, 199_000), (30, 300_000))
    straight = builders.finding("go-poll", cost_by_links=costs, line=fit(costs, 0.95), churn=builders.churn(1e9, GO))
    section = links.links(analysis(straight))
    assert section is not None
    table, line = (one for one in section.blocks if isinstance(one, Table))
    assert table.rows[0][:4] == ("go-poll", "101 kB", "199 kB", "300 kB")
    assert line.rows == (
        ("go-poll", "1 kB + 9.95 kB × links", "8.85 kB to 11.1 kB, 95 %", "0.99992", "0.503 % off at 20 links"),
    )


def test_two_accounting_modes_share_neither_table_nor_picture(analysis: Make) -> None:
    steps = builders.costs((10, 100.0), (20, 200.0), (30, 300.0))
    both = (
        builders.finding("go-poll", cost_by_links=steps, churn=builders.churn(1e9, GO)),
        builders.finding("poll", language="python", cost_by_links=steps, churn=builders.churn(1e12, PYTHON)),
    )
    section = links.links(analysis(*both))
    assert section is not None
    for block in section.blocks:
        if isinstance(block, Table):
            assert len(block.rows) == 1
    assert [one.name for one in section.blocks if isinstance(one, Lines)] == ["links-go", "links-python"]


def test_one_number_of_links_is_no_section(analysis: Make) -> None:
    alone = builders.finding("go-poll", cost_by_links=builders.costs((10, 1.0)), churn=builders.churn(1e9, GO))
    assert links.links(analysis(alone)) is None


def test_what_a_pull_request_said_stands_only_where_the_plan_has_it(analysis: Make) -> None:
    steps = builders.costs((10, 100.0), (20, 200.0), (30, 300.0))
    poller = builders.finding("go-poll", cost_by_links=steps, churn=builders.churn(1e9, GO))
    for said in (1.3e9, None):
        asked = analysis(poller, plan={"reference_bytes_per_day": said})
        section = links.links(asked)
        assert section is not None
        table = next(one for one in section.blocks if isinstance(one, Table))
        figure = next(one for one in section.blocks if isinstance(one, Lines))
        (bars,) = pictures.churn_figures(asked)
        assert len(table.columns) == len(table.rows[0]) == 4 + (said is not None)
        assert [one.mark is not None for one in (figure, bars)] == [said is not None] * 2
