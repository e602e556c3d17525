"""The first screen: of several pairs it speaks of the first, and pictures keep accounts apart."""

import re
from collections.abc import Callable

import msgspec

import builders
from harness.analysis.facts import Facts
from harness.model import Analysis, Detection, Finding, LinkChange, Trial
from harness.report.sections import formatting
from harness.report.sections.first_screen import pictures, summary

Make = Callable[..., Analysis]
GO, PYTHON = "go:size-classes", "python:all-objects"
SEEN = Detection(
    expected=10, detected=10, missed=0, false_positives=0, latency_p50_s=None, latency_p99_s=None, latency_max_s=None
)


def pairs(detection: Detection | None = None) -> list[Finding]:
    return [
        builders.finding("go-poll", churn=builders.churn(282e9, GO), growth=builders.OPEN, detection=detection),
        builders.finding(
            "go-netlink", "after", churn=builders.churn(0.0, GO), growth=builders.FLAT, detection=detection
        ),
        builders.finding("poll", language="python", churn=builders.churn(2.65e12, PYTHON)),
        builders.finding("netlink", "after", language="python", churn=builders.churn(0.0, PYTHON)),
        builders.finding("leaker", "control", language="python"),
    ]


def test_the_sentence_speaks_of_the_first_pair_and_of_what_it_saw(analysis: Make) -> None:
    assert summary.sentence(analysis(*pairs(SEEN))) == (
        "Watching one interface, go-poll allocates 282 GB a day; go-netlink allocates nothing between events. "
        "Of what happened, go-poll saw 10 of 10, none false; go-netlink saw 10 of 10, none false."
    )


def test_a_pair_that_was_skipped_leaves_the_word_to_the_next(analysis: Make) -> None:
    skipped = [msgspec.structs.replace(one, outcome="skipped", churn=None) for one in pairs()[:2]]
    assert summary.sentence(analysis(*skipped, *pairs()[2:])).startswith("Watching one interface, poll allocates")


def test_nothing_on_the_first_screen_is_finer_than_it_was_measured(analysis: Make) -> None:
    within = msgspec.structs.replace(builders.churn(0.0, GO), resolution_bytes_per_day=49.7e6)
    beyond = msgspec.structs.replace(builders.churn(60e6, GO), resolution_bytes_per_day=49.7e6)
    found = analysis(builders.finding("mine", "alternative", churn=within), builders.finding("me", churn=beyond))
    key_figures = {one.name: f"{one.value} {one.unit}" for one in summary.key_figures(found)}
    assert (key_figures["mine"], key_figures["me"]) == ("≤ 49.7 MB/day", "60 MB/day")
    [figure] = pictures.churn_figures(found)
    assert [one.words for one in figure.bars] == ["at most 49.7 MB/day", "60 MB ± 49.7 MB/day"]
    assert [one.exact for one in figure.bars] == ["0 ± 49,700,000 bytes a day", "60,000,000 ± 49,700,000 bytes a day"]


def test_an_interface_that_is_gone_is_not_named_as_one_that_is_there(
    analysis: Make, facts: Callable[..., Facts]
) -> None:
    trial = Trial(index=0, began_ns=0, ended_ns=1, namespace=builders.WORLD, churned_pairs=0, runs=())
    gone = msgspec.structs.replace(trial, link_change=LinkChange(kind="deleted", after_ns=0, at_ns=1))
    found = analysis(*pairs(), namespace=builders.WORLD)
    there, away = (summary.setting(found, facts(trials=(one,))) for one in (trial, gone))
    assert "wt0 is wireguard" in there
    assert "wt0 was wireguard until it was deleted" in away


def test_the_growth_tile_has_each_verdict_with_its_interval_and_what_would_decide(analysis: Make) -> None:
    *_, seen, key_figure = summary.key_figures(analysis(*pairs(SEEN)))
    assert (key_figure.name, key_figure.value) == ("growth of memory", "go-poll inconclusive, go-netlink flat")
    assert key_figure.detail == (
        f"go-poll {builders.OPEN.explanation}. go-netlink {builders.FLAT.explanation}. "
        "To decide, probably: go-poll 9m more."
    )
    assert (seen.name, seen.value) == ("seen by go-netlink", "10 of 10")


def test_two_accounts_are_two_pictures_and_controls_are_in_none(analysis: Make) -> None:
    go, python = pictures.churn_figures(analysis(*pairs()))
    assert ([bar.label for bar in go.bars], go.unit) == (["go-poll", "go-netlink"], "GB/day")
    assert ([bar.label for bar in python.bars], python.unit) == (["poll", "netlink"], "TB/day")
    assert go.mark is not None
    assert python.mark is None
    assert (go.name, python.name) == ("churn", "churn-2")
    assert go.title == "Allocated per day: Go, counted as go:size-classes"


def test_one_account_is_one_picture_without_ado(analysis: Make) -> None:
    [only] = pictures.churn_figures(analysis(*pairs()[2:]))
    assert only.title == "Allocated per day"
    assert only.mark is not None


def test_the_headline_of_many_programs_names_the_worst_first_in_two_sentences_of_200_letters(analysis: Make) -> None:
    fast = msgspec.structs.replace(
        builders.FLAT, verdict="growing", bytes_per_hour=70 * 2**20, explanation="climbs " + "x" * 90
    )
    slow = msgspec.structs.replace(fast, bytes_per_hour=9 * 2**20)
    growths = [builders.FLAT, builders.OPEN, slow, fast, *[builders.OPEN] * 14]
    many = [builders.finding(f"program-{n}", "alternative", "unknown", growth=one) for n, one in enumerate(growths)]
    said = summary.sentence(analysis(*many))

    assert said.startswith("program-3 ")
    assert len(said) <= formatting.MOST_HEADLINE
    assert said.count(". ") <= 1
    assert re.findall(r"\d+", said.partition(". ")[2]) == ["17", "1", "15", "1"]


def test_the_headline_of_many_watchers_names_the_worst_first_and_ends(analysis: Make) -> None:
    wrong = msgspec.structs.replace(SEEN, missed=3, detected=7)
    many = [builders.finding(f"watcher-{n}", "alternative", "unknown", detection=SEEN) for n in range(17)]
    said = summary.sentence(analysis(*many, builders.finding("bad", "alternative", "unknown", detection=wrong)))

    assert said.startswith("bad saw 7 of 10")
    assert len(said) <= formatting.MOST_HEADLINE
    assert int(re.findall(r"\d+", said)[-1]) + said.count(";") == len(many) + 1


def test_a_watcher_that_a_storm_ended_is_counted_as_not_asked(analysis: Make) -> None:
    ended = msgspec.structs.replace(SEEN, expected=9, detected=9, not_asked=1)
    found = pairs(SEEN)
    found[1] = msgspec.structs.replace(found[1], detection=ended)
    *_, seen, _ = summary.key_figures(analysis(*found))

    assert seen.value == "9 of 9"
    assert re.findall(r"\d+", seen.detail)[:3] == ["0", "0", "1"]
    assert "9 of 9" in summary.sentence(analysis(*found))


def test_a_subject_alone_is_said_to_grow_or_not(analysis: Make) -> None:
    alone = builders.finding("mine", "alternative", "unknown", growth=builders.FLAT)
    asked = analysis(alone, builders.finding("leaker", "control", growth=builders.OPEN))
    assert summary.sentence(asked) == f"mine {builders.FLAT.explanation}."
    assert [key_figure.name for key_figure in summary.key_figures(asked)] == ["growth of memory"]
    assert summary.sentence(analysis(builders.finding("gone", "alternative", "unknown"))) == "?"
