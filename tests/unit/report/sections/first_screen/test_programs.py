"""Programs on the first screen: the worst first, in a headline of two sentences and one row each."""

from collections.abc import Callable

import msgspec
import pytest

import builders
from harness.model import Analysis, Executable, Finding, PairVerdict, Resource
from harness.report.compose import sentence
from harness.report.sections import pairs
from harness.report.sections.first_screen import programs

Make = Callable[..., Analysis]
Bring = Callable[..., Finding]
PROGRAM = Executable(argv=("./it",), sha256="1" * 64)
MIB = 2**20


@pytest.fixture
def brought() -> Bring:
    """Build a program of the user's of a verdict and a rate in MiB an hour."""

    def build(name: str, verdict: str, rate: float | None = None, **given: object) -> Finding:
        growth = msgspec.structs.replace(
            builders.FLAT,
            verdict=verdict,
            bytes_per_hour=None if rate is None else rate * MIB,
            additional_seconds=600.0,
        )
        found: Finding = msgspec.structs.replace(builders.finding(name, growth=growth), program=PROGRAM, **given)
        return found

    return build


def test_the_worst_stands_first_and_the_fastest_of_them(analysis: Make, brought: Bring) -> None:
    found = analysis(
        brought("quiet", "flat", 0.0),
        brought("dead", "flat", 0.0, outcome="crashed"),
        brought("open", "inconclusive"),
        brought("slow", "growing", 5.0),
        brought("fast", "growing", 90.0),
    )

    assert [one.name for one in programs.worst_first(found)] == ["fast", "slow", "dead", "open", "quiet"]
    table = programs.table(found)
    assert table is not None
    assert [row[:3] for row in table.rows][:3] == [
        ("fast", "growing", "90 MiB"),
        ("slow", "growing", "5 MiB"),
        ("dead", "crashed", "–"),
    ]
    assert table.severities == ("bad", "bad", "bad", "unsure", "good")


def resource(name: str, unit: str, per_hour: float) -> Resource:
    return msgspec.convert(
        {
            "name": name,
            "unit": unit,
            "first": 1,
            "last": 2,
            "verdict": "growing",
            "per_hour": per_hour,
            "low": per_hour,
            "high": per_hour,
            "share_of_rss_growth": None,
            "delta_per_hour": 12.0,
        },
        Resource,
    )


def test_what_leaks_something_else_than_memory_grows_and_is_counted(analysis: Make, brought: Bring) -> None:
    found = analysis(
        brought("flat", "flat", 0.0),
        brought("open", "flat", 0.0, resources=(resource("descriptors", "count", 7177.2),), cause="descriptors"),
        brought("unread", "flat", 0.0, resources=(resource("charged_kernel", "bytes", 149.0 * MIB),), cause="kernel"),
        brought("heap", "growing", 9.0, resources=(resource("threads", "count", 60.0),), cause="anonymous"),
    )

    table = programs.table(found)
    assert table is not None
    assert table.rows == (
        ("heap", "growing", "9 MiB", "anonymous"),
        ("open", "growing", "7,177 descriptors", "descriptors"),
        ("unread", "growing", "149 MiB", "kernel"),
        ("flat", "flat", "0 B", "–"),
    )
    alone = sentence(analysis(found.subjects[1]))
    assert "7,177" in alone
    assert alone.startswith("Growing: open ")


def test_a_crash_stands_with_its_reason_beside_the_verdict_and_in_its_row(analysis: Make, brought: Bring) -> None:
    found = analysis(
        brought("dead", "flat", 0.0, outcome="crashed", death="crashed with SIGSEGV; its last words: no heart"),
        brought("well", "flat", 0.0),
    )

    table = programs.table(found)
    assert table is not None
    assert table.rows[0][-1] == "SIGSEGV; its last words: no heart"
    assert programs.beside(found).startswith("dead crashed")
    assert programs.beside(analysis(brought("well", "flat", 0.0))) == ""


@pytest.mark.parametrize("number", [1, 2, 18, 200])
@pytest.mark.parametrize("verdict", ["growing", "inconclusive", "flat"])
def test_a_headline_has_two_sentences_and_two_hundred_letters_at_most(
    analysis: Make, brought: Bring, number: int, verdict: str
) -> None:
    names = [f"{'x' * 60}{at}" for at in range(number)]
    found = analysis(*(brought(name, verdict, 12.345) for name in names), brought("z", "flat", 0.0))

    said = sentence(found)
    assert len(said) <= pairs.MOST_LETTERS
    assert said.count(". ") <= 1


def test_pairs_stand_before_programs_the_worst_first(analysis: Make, brought: Bring) -> None:
    words = ("fix_verified", "not_decided", "regressed", "fix_verified")
    told = [
        {"before": "b", "after": "a", "verdict": word, "explanation": f"because {at} {'y' * 300}"}
        for at, word in enumerate(words)
    ]
    judged = msgspec.convert(told, tuple[PairVerdict, ...])
    found = msgspec.structs.replace(analysis(brought("b0", "growing", 9.0)), pairs=judged)

    said = sentence(found)
    assert "because 2 " in said
    assert len(said) <= pairs.MOST_LETTERS
    assert [one.verdict for one in pairs.worst_first(found)] == [
        "regressed",
        "not_decided",
        "fix_verified",
        "fix_verified",
    ]


def test_subjects_of_netchurns_own_have_no_such_row(analysis: Make) -> None:
    found = analysis(builders.finding("poll", growth=builders.FLAT))

    assert programs.table(found) is None
    assert programs.sentence(found) is None
    assert pairs.sentence(found) is None


def test_the_only_program_is_quoted_with_what_would_decide_it(analysis: Make, brought: Bring) -> None:
    growing, undecided = (sentence(analysis(brought("mine", verdict, 9.0))) for verdict in ("growing", "inconclusive"))

    assert growing.startswith("Growing: mine ")
    assert "10m" not in growing
    assert undecided.startswith("Undecided: mine ")
    assert "10m more" in undecided
