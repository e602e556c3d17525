"""A day of polls back to back, and what compression cannot show."""

from collections.abc import Callable

import msgspec

import builders
from harness.analysis.facts import Facts
from harness.model import Analysis, Trial
from harness.report.document import Lines, Table, Text
from harness.report.sections.memory import compressed_day

Make = Callable[..., Analysis]
Build = Callable[..., Facts]


def lived() -> dict[str, object]:
    """Build a compressed trial in which three quarters of the polls were made in the first half."""
    run = builders.process("go-poll", builders.work(0, 0), builders.work(10, 30_000), builders.work(20, 40_000))
    trial = Trial(
        index=100,
        pace="compressed",
        began_ns=0,
        ended_ns=20 * 10**9,
        namespace=builders.WORLD,
        churned_pairs=0,
        runs=(run,),
    )
    samples = tuple(builders.sample(at, (8 + at) * 1024 * 1024) for at in (0, 10, 20))
    return {"trials": (trial,), "series": {"go-poll": samples}}


def test_a_day_shows_first_last_peak_and_rates_with_their_intervals(analysis: Make, facts: Build) -> None:
    section = compressed_day.day(analysis(builders.finding("go-poll", compressed=builders.DAY)), facts())
    assert section is not None
    assert section.title == "A day of polls in 21s"
    [table] = [one for one in section.blocks if isinstance(one, Table)]
    assert table.rows == (
        (
            "go-poll",
            "flat",
            "8 MiB",
            "10 MiB",
            "31 MiB",
            "75.5 B (-374 B to 525 B)",
            "3 MiB (-15 MiB to 22 MiB)",
        ),
    )
    said = " ".join(one.words for one in section.blocks if isinstance(one, Text))
    assert "43,196 polls, one after another without a pause, in 21s at 75 links" in said
    assert "the growth that matters is 2.28 KiB a poll" in said
    assert f"go-poll {builders.DAY.explanation}." in said
    assert "cannot show: what timers do" in said


def test_fewer_polls_are_not_called_a_day(analysis: Make, facts: Build) -> None:
    some = msgspec.structs.replace(builders.DAY, polls=10_800)
    section = compressed_day.day(analysis(builders.finding("go-poll", compressed=some)), facts())
    assert section is not None
    assert section.title == "10,800 polls in 21s"
    assert isinstance(section.blocks[0], Text)
    assert "25 % of a day's" in section.blocks[0].words


def test_the_picture_stands_over_the_polls_that_were_made_and_not_over_time(analysis: Make, facts: Build) -> None:
    section = compressed_day.day(analysis(builders.finding("go-poll", compressed=builders.DAY)), facts(**lived()))
    assert section is not None
    [figure] = [one for one in section.blocks if isinstance(one, Lines)]
    assert figure.lines[0].points == ((0, 8), (30, 18), (40, 28))
    assert figure.alt == "go-poll: 28 MiB at the end"


def test_without_compressed_time_there_is_no_section(analysis: Make, facts: Build) -> None:
    assert compressed_day.day(analysis(builders.finding("go-poll")), facts()) is None


def test_a_day_of_polls_back_to_back_is_called_one_at_the_pace_under_study(analysis: Make, facts: Build) -> None:
    found = analysis(builders.finding("go-poll", compressed=builders.DAY))
    found = msgspec.structs.replace(found, plan=msgspec.structs.replace(found.plan, interval_s=0.0))
    section = compressed_day.day(found, facts())
    assert section is not None
    assert section.title == "A day of polls in 21s"
    said = " ".join(one.words for one in section.blocks if isinstance(one, Text))
    assert "at one every 2s these are a day's" in said
