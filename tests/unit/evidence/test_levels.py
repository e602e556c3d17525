"""Which level holds of a result: consistent, re-derived, signed, reproduced."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.cli.verify import Reached
from harness.compare.comparability import Side
from harness.compare.document import read
from harness.evidence import reproduced
from harness.report import build
from harness.verify.check import verify
from harness.verify.deviation import Deviation
from harness.verify.report import beside

NETCHURN = (sys.executable, "-P", "-m", "harness")


def levels(result: Path) -> list[str]:
    return list(Reached(found=verify(result, beside(result))).levels)


def test_a_result_by_itself_is_consistent_at_most(result: Path) -> None:
    assert levels(result) == ["consistent"]


def test_with_its_report_it_is_re_derived(result: Path) -> None:
    build.render(result, result.parents[2] / "reports" / "lifecycle" / result.name, ("md", "json"))

    assert levels(result) == ["consistent", "re-derived"]


def test_an_interrupted_result_reaches_no_level(result: Path) -> None:
    (result / "SHA256SUMS").unlink()

    assert levels(result) == []


def test_a_result_that_deviates_reaches_no_level(result: Path) -> None:
    (result / "SHA256SUMS").write_text("")

    assert levels(result) == []


def test_a_signature_and_a_run_of_ones_own_count_only_where_nothing_deviates(result: Path) -> None:
    found = verify(result)
    both = Reached(found=found, signed="a workflow", reproduced="a run")
    deviates = replace(found, deviations=(Deviation("file_changed", "result.json", "changed"),))

    assert both.levels == {"consistent": "", "signed": "a workflow", "reproduced": "a run"}
    assert replace(both, found=deviates).levels == {}


@pytest.mark.slow
def test_a_run_reproduces_nothing_of_itself(result: Path) -> None:
    argv = [*NETCHURN, "verify", str(result), "--against", str(result), "--json"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = json.loads(done.stdout)

    assert (done.returncode, [one["level"] for one in found["levels"]]) == (0, ["consistent"])
    assert [one["what"] for one in found["not_compared"]] == ["the run of your own"]


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

    assert [(one.id, one.where) for one in found.deviations] == [("not_reproduced", "against another")]
    assert "poll" in found.deviations[0].text
    assert not found.words


@pytest.mark.parametrize(
    "facts", [{"scenario": "sweep"}, {"status": "interrupted"}, {"status": "running"}, {"verdict": "invalid"}]
)
def test_a_run_of_another_kind_or_one_that_is_not_whole_is_not_compared(side: Side, facts: dict[str, Any]) -> None:
    found = reproduced.check(side, another(side, **facts))

    assert found.uncompared
    assert (found.words, found.deviations) == ("", ())


def test_a_run_that_decides_nothing_reproduces_nothing(side: Side) -> None:
    without = tuple(msgspec.structs.replace(one, churn=None) for one in side.analysis.subjects)
    analysis = msgspec.structs.replace(side.analysis, subjects=without)
    found = reproduced.check(Side(analysis=analysis, trials=side.trials), another(side, subjects=without))

    assert found.uncompared
    assert not found.words
