"""One base error: a message, a hint, an exit status."""

import pytest

from harness.errors import LabFault, NetchurnError, ResultFault, SubjectFault, UsageFault


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [(NetchurnError, 2), (UsageFault, 2), (LabFault, 2), (ResultFault, 2), (SubjectFault, 4)],
)
def test_a_fault_earns_its_exit_status(kind: type[NetchurnError], exit_code: int) -> None:
    assert kind("usage", "what", "do this").exit_code == exit_code


def test_a_fault_reads_as_its_message_and_keeps_the_hint() -> None:
    fault = UsageFault("unknown_scenario", "no scenario is called 'x'", "netchurn list")

    assert str(fault) == fault.message == "no scenario is called 'x'"
    assert fault.id == "unknown_scenario"
    assert fault.hint == "netchurn list"
    assert isinstance(fault, NetchurnError)


def test_an_id_that_the_catalogue_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="nosuch"):
        NetchurnError("nosuch", "what", "do this")
