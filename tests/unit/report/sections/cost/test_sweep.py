"""The sections of a sweep: what a reader is told of time, processor and crossing points."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

import builders
from harness.model import Analysis, ClaimPlan, Crossover, Finding, Reference, SweepPlan, UnitCost, WorkUnit
from harness.report.document import Lines, Table
from harness.report.sections.cost import links, sweep
from harness.report.sections.first_screen import summary

Make = Callable[..., Analysis]
GO = "go:size-classes"


def cost(at: int, unit: WorkUnit, spent: float | None, seconds: float | None, cpu_s: float) -> UnitCost:
    return UnitCost(
        links=at,
        unit=unit,
        bytes=spent,
        allocations=spent,
        seconds=seconds,
        cpu_s=cpu_s,
        user_s=cpu_s / 2,
        system_s=0.0,
    )


def swept(analysis: Make) -> Analysis:
    poll: Finding = builders.finding("go-poll", cost_by_links=builders.costs((4, 30_000), (402, 4_000_000)))
    poll = replace(
        poll,
        role="before",
        churn=builders.churn(1e9, GO),
        sweep=(cost(4, "poll", 30_000, 30e-6, 20e-6), cost(402, "poll", 4e6, 4e-3, 3e-3)),
        break_even=(
            Reference(bytes_per_day=1e9, answer="at", links=3.2),
            Reference(bytes_per_day=1e12, answer="at", links=9000.0),
        ),
    )
    watch = replace(
        builders.finding("go-netlink"),
        role="after",
        sweep=(cost(4, "event", 7_400, None, 2e-8), cost(402, "event", 7_400, None, 1e-5)),
    )
    found = analysis(poll, watch)
    plan = replace(found.plan, sweep=SweepPlan(seconds=1.0, min_polls=4, events=1000))
    rates = (Crossover(before="go-poll", after="go-netlink", links=402, by_bytes=270.3, by_cpu=None),)
    return replace(found, plan=plan, crossovers=rates)


def tables(found: Analysis) -> dict[str, Table]:
    section = sweep.sweep(found)
    assert section is not None
    return {one.caption: one for one in section.blocks if isinstance(one, Table)}


def test_time_is_of_polls_and_processor_time_of_both(analysis: Make) -> None:
    shown = tables(swept(analysis))
    assert shown["time of a poll, by the clock"].rows == (("go-poll", "30 µs", "4 ms"),)
    events = shown["processor time of a link event that concerns another link"]
    assert shown["of it in the kernel"].rows == (("go-netlink", "below a tick", "below a tick"),)
    assert events.rows == (("go-netlink", "0.02 µs", "10 µs"),)


def test_a_crossing_beyond_what_was_measured_gives_no_number(analysis: Make) -> None:
    shown = tables(swept(analysis))
    crossed = next(one for caption, one in shown.items() if caption.startswith("links at which"))
    assert crossed.rows == (("go-poll", "3.2 links", "beyond 402"),)


def test_the_rates_are_laid_over_links_and_a_dash_is_none(analysis: Make) -> None:
    shown = tables(swept(analysis))
    assert shown["events a second, by bytes allocated"].rows == (("go-poll, go-netlink", "270"),)
    assert shown["events a second, by processor time"].rows == (("go-poll, go-netlink", "–"),)


def test_the_picture_is_on_logarithmic_axes(analysis: Make) -> None:
    section = sweep.sweep(swept(analysis))
    assert section is not None
    (picture,) = (one for one in section.blocks if isinstance(one, Lines))
    assert picture.scale == "log-log"
    assert [at for at, _ in picture.lines[0].points] == [4, 402]
    assert [spent for _, spent in picture.lines[0].points] == pytest.approx([0.03, 4.0])


def test_the_first_sentence_says_how_the_dump_rises(analysis: Make) -> None:
    assert summary.sentence(swept(analysis)) == (
        "A poll of go-poll allocates 30 kB at 4 links and 4 MB at 402; "
        "go-netlink allocates 7.4 kB an event at any number of them."
    )


def test_what_was_claimed_is_marked_where_it_lies(analysis: Make) -> None:
    found = swept(analysis)
    claim = ClaimPlan(
        id="x",
        text="",
        source="",
        subject="go-poll",
        quantity="bytes_per_poll",
        relation="about",
        claimed=30_000,
        unit="bytes/poll",
        links=4,
    )
    section = links.links(replace(found, plan=replace(found.plan, claims=(claim, claim))))
    assert section is not None
    (picture,) = (one for one in section.blocks if isinstance(one, Lines))
    assert [(one.x, one.y, one.words) for one in picture.annotations] == [(4, 1.296, "claimed: 1.3 GB/day at 4")]


def test_another_scenario_has_no_such_section(analysis: Make) -> None:
    assert sweep.sweep(analysis(builders.finding("poll"))) is None
