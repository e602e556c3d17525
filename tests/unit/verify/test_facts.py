"""The facts of a result held against each other, and a plan against its id."""

import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.verify import facts

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
