"""What a plan has recorded must be there, recorder by recorder, or a warning must say why not."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.model.warning import DataWarning
from harness.run.recorded_copies import noted
from harness.verify.recount.recorded import wanted


def scope(*failed: str) -> Any:
    notes = [
        DataWarning(id="recording_failed", text=f"{noted('mine', cast('Any', how))}it died", subject="mine")
        for how in failed
    ]
    result = SimpleNamespace(recordings=(), limitations=tuple(notes))
    return SimpleNamespace(subjects=[SimpleNamespace(name="mine", record=("memray", "heaptrack"))], result=result)


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        ((), ["memray", "heaptrack"]),
        (("memray",), ["heaptrack"]),
        (("memray", "heaptrack"), []),
    ],
)
def test_a_recorder_that_failed_excuses_no_other(failed: tuple[str, ...], expected: list[str]) -> None:
    assert [how for _, how, _ in wanted(scope(*failed))] == expected
