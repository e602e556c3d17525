"""Which level holds of a result: consistent, re-derived, signed, reproduced."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from harness.compare.comparability import Side
from harness.compare.document import read
from harness.evidence import reproduced
from harness.report import build

NETCHURN = (sys.executable, "-P", "-m", "harness")


def levels(*arguments: object) -> tuple[int, list[str], list[str]]:
    """Verify; give the status, the levels, and what was not compared."""
    argv = [*NETCHURN, "verify", *map(str, arguments), "--json"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = json.loads(done.stdout)
    return done.returncode, [one["level"] for one in found["levels"]], [one["what"] for one in found["not_compared"]]


def test_a_result_by_itself_is_consistent_at_most(result: Path) -> None:
    assert levels(result)[:2] == (0, ["consistent"])


def test_with_its_report_it_is_re_derived(result: Path) -> None:
    build.render(result, result.parents[2] / "reports" / "lifecycle" / result.name, ("md", "json"))

    assert levels(result)[:2] == (0, ["consistent", "re-derived"])


def test_what_deviates_or_was_interrupted_reaches_no_level(result: Path) -> None:
    (result / "SHA256SUMS").unlink()
    assert levels(result)[:2] == (3, [])

    (result / "SHA256SUMS").write_text("")
    assert levels(result)[:2] == (1, [])


def test_a_run_reproduces_nothing_of_itself(result: Path) -> None:
    assert levels(result, "--against", result) == (0, ["consistent"], ["the run of your own"])


@pytest.fixture(scope="module")
def side(whole: Path) -> Side:
    return read(whole)


def another(side: Side, times: float = 1.0, **facts: object) -> Side:
    """Give another run of the same plan, whose poll churns so many times as much."""
    subjects = [
        msgspec.structs.replace(
            one, churn=msgspec.structs.replace(one.churn, bytes_per_poll=one.churn.bytes_per_poll * times)
        )
        if one.name == "poll" and one.churn and one.churn.bytes_per_poll
        else one
        for one in side.analysis.subjects
    ]
    analysis = msgspec.structs.replace(side.analysis, **{"run_id": "another", "subjects": tuple(subjects), **facts})
    return Side(analysis=analysis, trials=side.trials)


def test_another_run_that_agrees_reproduces(side: Side) -> None:
    found = reproduced.check(side, another(side))

    assert found.words.startswith("another: ")
    assert (found.deviations, found.uncompared) == ((), "")


def test_another_run_that_differs_is_a_deviation(side: Side) -> None:
    found = reproduced.check(side, another(side, times=1.01))

    assert [one.where for one in found.deviations] == ["against another"]
    assert "poll" in found.deviations[0].words
    assert not found.words


def test_a_run_of_another_kind_is_not_compared(side: Side) -> None:
    found = reproduced.check(side, another(side, scenario="sweep"))

    assert found.uncompared
    assert (found.words, found.deviations) == ("", ())


def test_a_run_that_decides_nothing_reproduces_nothing(side: Side) -> None:
    without = tuple(msgspec.structs.replace(one, churn=None) for one in side.analysis.subjects)
    analysis = msgspec.structs.replace(side.analysis, subjects=without)
    found = reproduced.check(Side(analysis=analysis, trials=side.trials), another(side, subjects=without))

    assert found.uncompared
    assert not found.words
