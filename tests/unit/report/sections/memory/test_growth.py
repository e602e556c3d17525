"""Growth in words: the verdict with its interval, what would decide it, and what a short look cannot show."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

import builders
from harness.analysis.facts import Facts
from harness.analysis.growth import samples
from harness.model import Analysis, Trial
from harness.report.document import Table, Text
from harness.report.sections.first_screen import summary
from harness.report.sections.memory import growth

Make = Callable[..., Analysis]
Build = Callable[..., Facts]


def lasting(seconds: int) -> Trial:
    return Trial(index=0, began_ns=0, ended_ns=seconds * 10**9, namespace=builders.WORLD, churned_pairs=0, runs=())


def test_each_subject_has_its_verdict_its_interval_and_what_would_decide_it(analysis: Make, facts: Build) -> None:
    two = (
        builders.finding("go-poll", growth=builders.OPEN),
        builders.finding("go-netlink", "after", growth=builders.FLAT),
    )
    section = growth.memory(analysis(*two), facts(trials=(lasting(1200),)))
    assert section is not None
    verdicts, readings = (one for one in section.blocks if isinstance(one, Table))
    assert verdicts.rows == (
        ("go-poll", "inconclusive", builders.OPEN.explanation, "1m", "5 MiB an hour", "9m more"),
        ("go-netlink", "flat", builders.FLAT.explanation, "1m", "5 MiB an hour", "decided"),
    )
    assert readings.columns[1:4] == ("RSS first", "RSS last", "RSS peak")
    said = " ".join(one.words for one in section.blocks if isinstance(one, Text))
    assert "the growth that matters is 4 MiB an hour" in said
    assert "95 % confidence" in said
    assert "inconclusive is not flat" in said
    assert "no verdict is given" not in said


def test_a_subject_that_was_not_sampled_is_not_measured(analysis: Make, facts: Build) -> None:
    section = growth.memory(analysis(builders.finding("gone")), facts())
    assert section is not None
    table = next(one for one in section.blocks if isinstance(one, Table))
    assert table.rows == (("gone", "not measured", "–", "–", "–", "–"),)


def test_controls_stand_in_their_own_section_only(analysis: Make, facts: Build) -> None:
    leaker = builders.finding("leaker", "control", growth=builders.FLAT)
    section = growth.memory(analysis(builders.finding("poll", growth=builders.FLAT), leaker), facts())
    assert section is not None
    assert all(row[0] != "leaker" for one in section.blocks if isinstance(one, Table) for row in one.rows)


def test_a_scenario_without_a_clean_arm_says_nothing_of_growth(analysis: Make, facts: Build) -> None:
    asked = analysis(builders.finding("poll"), plan={"duration_s": 0.0})
    assert growth.memory(asked, facts()) is None
    assert all(one.role != "growth" for one in summary.key_figures(asked))


def test_a_short_look_says_what_it_cannot_show_of_those_that_did_not_move(facts: Build) -> None:
    sample = builders.sample
    spiked = (sample(0, 5), sample(1, 500), sample(2, 5))
    lived = {"netlink": (sample(0, 5), sample(1, 5)), "poll": spiked}
    said = growth.too_short(replace(facts(trials=(lasting(48),)), series=lived), ["netlink", "poll"])
    assert said.startswith(
        "The sampling phase lasted 48s, and no verdict is given below 10m. Nothing moved in netlink, which is "
        "not yet flat."
    )
    assert "cannot show a leak" in said


@pytest.mark.parametrize("seconds", [600, 599, 86_400])
def test_a_look_of_ten_minutes_is_not_called_short(facts: Build, seconds: int) -> None:
    assert growth.too_short(facts(trials=(lasting(seconds),)), ["poll"]) == ""


@pytest.mark.parametrize(
    ("more", "said"),
    [(480.07, "9m more"), (20.65, "21s more"), (7300.0, "2h 2m more"), (None, "cannot be foreseen")],
)
def test_what_is_open_says_how_much_longer_would_decide(more: float | None, said: str) -> None:
    one = builders.finding("mine", growth=msgspec.structs.replace(builders.OPEN, additional_seconds=more))
    assert growth.needed((one,)).endswith(f"mine {said}.")


def test_of_many_that_are_open_each_says_what_it_needs_the_longest_first_and_the_line_ends() -> None:
    needs = {"a": 60.0, "b": None, "c": 19_920.0, "d": 600.0, "e": 1.0}
    many = [
        builders.finding(name, growth=msgspec.structs.replace(builders.OPEN, additional_seconds=s))
        for name, s in needs.items()
    ]
    said = growth.needed((*many, builders.finding("flat", growth=builders.FLAT)))

    assert re.findall(r"\b([a-e]) (\S+)", said) == [("b", "cannot"), ("c", "5h"), ("d", "10m")]
    assert "2 more" in said
    assert growth.needed((builders.finding("flat", growth=builders.FLAT),)) == ""


def test_of_what_lived_a_minute_no_interval_is_printed(analysis: Make, facts: Build) -> None:
    plan = builders.PLAN
    series = tuple(builders.sample(at, 30 * 2**20 + 4096 * (at % 7)) for at in range(61))
    found = samples.growth(series, plan)
    assert found is not None
    assert (found.too_short, found.low is None) == (True, False)
    poll = builders.finding("poll", churn=builders.churn(1e9, "go:size-classes"), growth=found)

    section = growth.memory(analysis(poll), facts())
    assert section is not None
    verdicts = next(one for one in section.blocks if isinstance(one, Table))
    key_figure = summary.key_figures(analysis(poll))[-1]
    for words in (*verdicts.rows[0], key_figure.value, key_figure.detail, growth.said(found)):
        assert "KiB" not in words
        assert "inconclusive" not in words
    assert growth.unjudged((poll,)).startswith("9m")
    external = [builders.finding(f"program-{n}", "alternative", "unknown", growth=found) for n in range(9)]
    assert "program-" not in summary.sentence(analysis(*external))


def test_growing_and_flat_have_one_definition() -> None:
    """The report, the documents and the code: the slope above delta, the whole interval above 0."""
    text = " ".join((Path(__file__).parents[5] / "docs" / "verdicts.md").read_text().split())
    assert growth.GROWING in text
    assert growth.FLAT in text
