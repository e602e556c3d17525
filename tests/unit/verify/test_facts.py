"""The facts of a result held against each other, and a plan against its id."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model import Executable, Result
from harness.verify import evidence, facts

DOCUMENT: dict[str, Any] = {
    "id": "",
    "pairs": 200,
    "duration_s": 60.0,
    "claims": [{"claimed": 1300000000.0, "gates": True, "text": "at 402 links"}],
    "profile": None,
}
ID = hashlib.sha256(msgspec.json.encode(DOCUMENT)).hexdigest()[:8]
RUN_ID = f"20260504T101500Z-box-{ID}"


def plan(**changed: object) -> list[str]:
    return facts.plan({**DOCUMENT, "id": ID, **changed}, RUN_ID)


def test_a_plan_has_the_id_that_it_earns() -> None:
    assert facts.plan_id({**DOCUMENT, "id": ID}) == ID
    assert plan() == []


def test_a_changed_plan_is_found_and_which_of_the_two_ids_was_changed() -> None:
    (words,) = plan(pairs=317)
    assert words.startswith(f"plan: its id is {ID}, and the hash over it is ")

    (words,) = plan(id="00000000")
    assert words.startswith(f"plan.id: found 00000000, expected {ID}")


@given(st.integers(0, 10**6), st.floats(0, 1e6))
def test_any_other_number_is_found(pairs: int, duration_s: float) -> None:
    same = pairs == 200 and duration_s == 60.0

    assert (plan(pairs=pairs, duration_s=duration_s) == []) == same


@pytest.mark.parametrize("suffix", ["", "+2"])
def test_a_run_is_named_after_its_plan_though_its_folder_had_to_be_another(suffix: str) -> None:
    (words,) = facts.plan({**DOCUMENT, "id": "00000000"}, RUN_ID + suffix)

    assert words.startswith("plan.id")


# --- programs -------------------------------------------------------------------------------------------------------


def brought(name: str, **digests: str | None) -> list[str]:
    """Hold a program of a result against the plan, which has one that is called mine."""
    text = (Path(__file__).parents[2] / "golden" / "lifecycle" / "result.json").read_bytes()
    result = msgspec.json.decode(text, type=Result)
    mine = msgspec.structs.replace(result.plan.subjects[0], name="mine", source="exec")
    plan = msgspec.structs.replace(result.plan, subjects=(*result.plan.subjects, mine))
    program = msgspec.convert({"argv": ["it"], "sha256": None, **digests}, Executable)
    changed = msgspec.structs.replace(result, plan=plan, programs={name: program})
    return [words for words in facts.check(changed) if words.startswith("programs")]


def test_a_program_belongs_to_a_subject_that_the_user_brought() -> None:
    assert brought("mine", sha256="a" * 64, script_sha256="b" * 64) == []
    assert brought("mine") == []
    assert len(brought("poll")) == 1
    assert len(brought("nobody")) == 1


@pytest.mark.parametrize("digest", ["a" * 63, "A" * 64, "", "g" * 64])
def test_a_digest_has_sixty_four_digits(digest: str) -> None:
    assert len(brought("mine", sha256=digest)) == bool(digest)
    assert len(brought("mine", script_sha256=digest)) == bool(digest)


def test_the_evidence_line_has_the_first_digits_of_each_program() -> None:
    plain = evidence.line("pass", "docker-host", "run", "c" * 64)

    assert evidence.line("pass", "docker-host", "run", "c" * 64, {}) == plain
    assert (
        evidence.line("pass", "docker-host", "run", "c" * 64, {"old": "b" * 64, "new": "a" * 64})
        == f"{plain} new=sha256:{'a' * 16} old=sha256:{'b' * 16}"
    )
