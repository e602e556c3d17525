"""JUnit XML: what passes, fails, is skipped or is an error, read back by the library."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

import builders
from harness.analysis.findings import analyse
from harness.derive import analysis_of
from harness.model import Analysis, Claim, ClaimPlan, ClaimVerdict, Control, PairVerdict
from harness.report import build
from harness.report.renderers import junit

KEPT = Path(__file__).parents[3] / "golden" / "lifecycle"


FACTS = builders.measured()
PLAIN = analyse(FACTS)


def claim(verdict: ClaimVerdict, *, gates: bool = True, name: str = "c", **given: float | None) -> Claim:
    plain = Claim(
        id=name,
        text="It is so.",
        source="a request",
        gates=gates,
        verdict=verdict,
        claimed=5,
        measured=7.0,
        unit="bytes/poll",
    )
    return msgspec.structs.replace(plain, **given)


def control(*, ok: bool) -> Control:
    return Control(name="leaker", what="growth", expected=1.0, measured=2.0, unit="bytes/hour", ok=ok)


def case(*, plan: tuple[ClaimPlan, ...] = (), **parts: object) -> TestCase:
    (found,) = cases(msgspec.structs.replace(PLAIN, plan=msgspec.structs.replace(PLAIN.plan, claims=plan), **parts))
    return found


def cases(analysis: Analysis) -> list[TestCase]:
    (suite,) = JUnitXml.fromstring(junit.render(analysis, FACTS).encode())
    return list(suite)


def test_a_reproduced_claim_passes_with_its_numbers_in_the_output() -> None:
    found = case(claims=(claim("reproduced"),))

    assert found.is_passed
    assert "claimed 5 bytes/poll, measured 7 bytes/poll" in found.system_out


def test_a_gating_claim_that_was_not_reproduced_fails() -> None:
    (result,) = case(claims=(claim("not_reproduced"),)).result

    assert isinstance(result, Failure)
    assert result.message == "not reproduced: claimed 5 bytes/poll, measured 7 bytes/poll"


def test_what_does_not_gate_never_fails_and_never_passes_unseen() -> None:
    (result,) = case(claims=(claim("not_reproduced", gates=False),)).result

    assert isinstance(result, Skipped)
    assert "does not gate" in result.message


def test_what_was_not_measured_or_is_open_is_skipped_with_its_reason() -> None:
    needy = ClaimPlan(
        id="c",
        text="",
        source="",
        subject="",
        quantity="missed",
        relation="at_most",
        claimed=5,
        unit="",
        depends_on="other",
    )
    unmeasured = case(claims=(claim("not_measured", measured=None),)).result[0]
    spread = case(claims=(claim("inconclusive", low=1.0, high=9.0),)).result[0]
    waiting = case(claims=(claim("inconclusive"),), plan=(needy,)).result[0]

    assert all(isinstance(one, Skipped) for one in (unmeasured, spread, waiting))
    assert unmeasured.message == "not measured: claimed 5 bytes/poll, measured nothing"
    assert "its interval holds the claimed value" in spread.message
    assert "(1 to 9)" in spread.message
    assert waiting.message.startswith("inconclusive, other was not reproduced: claimed at most 5")


def test_a_control_that_was_measured_wrong_and_a_subject_that_died_are_errors() -> None:
    dead = msgspec.structs.replace(PLAIN.subjects[0], outcome="timed_out")

    assert case(controls=(control(ok=True),)).is_passed
    (wrong,) = case(controls=(control(ok=False),)).result
    (died,) = case(subjects=(dead,)).result
    assert isinstance(wrong, Error)
    assert isinstance(died, Error)
    assert died.message == "poll timed out"


def test_a_kept_result_has_one_case_a_claim_and_a_control_and_the_counts_of_its_suite() -> None:
    analysis = analysis_of(KEPT)
    text = build.text(KEPT, "junit")
    (suite,) = JUnitXml.fromstring(text.encode())

    assert suite.name == "netchurn lifecycle"
    assert suite.tests == len(list(suite)) == len(analysis.claims) + len(analysis.controls)
    assert {one.name: one.value for one in suite.properties()}["verdict"] == analysis.verdict


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=())))
def test_any_text_is_xml(text: str) -> None:
    hostile = claim("not_reproduced", name=text)
    hostile = msgspec.structs.replace(hostile, text=text, source=text, unit=text)
    beyond = msgspec.structs.replace(control(ok=False), name=text, what=text)

    found = cases(msgspec.structs.replace(PLAIN, claims=(hostile,), controls=(beyond,), scenario=text, run_id=text))

    assert len(found) == 2
    assert [type(one.result[0]) for one in found] == [Failure, Error]


def test_an_exceeded_claim_passes_and_tells_how_many_times() -> None:
    found = case(claims=(claim("exceeded", times=280.0, measured=1400.0),))
    assert found.result == []
    assert "280 times" in found.system_out


@pytest.mark.parametrize(
    ("verdict", "result"),
    [("fix_verified", []), ("no_difference", []), ("regressed", [Failure]), ("not_decided", [Skipped])],
)
def test_a_pair_fails_where_it_regressed_and_is_skipped_where_it_is_open(verdict: str, result: list[type]) -> None:
    told = {"before": "old", "after": "new", "verdict": verdict, "explanation": "it is so"}
    pairs = msgspec.convert([told], tuple[PairVerdict, ...])

    found = case(pairs=pairs)

    assert found.classname.endswith(".pairs")
    assert [type(one) for one in found.result] == result
    assert verdict in found.system_out


def test_a_claimed_state_is_told_by_its_word() -> None:
    flat = ClaimPlan(
        id="c", text="", source="", subject="new", quantity="growth", relation="flat", claimed=0, unit="bytes/hour"
    )

    assert "claimed flat, measured 7 bytes/poll" in case(claims=(claim("reproduced"),), plan=(flat,)).system_out
