"""One base error: a message, a hint, an exit status."""

import pytest

from harness.errors import LabFault, NetchurnError, ResultFault, SubjectFault, UsageFault


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [(NetchurnError, 2), (UsageFault, 2), (LabFault, 2), (ResultFault, 2), (SubjectFault, 4)],
)
def test_a_fault_earns_its_exit_status(kind: type[NetchurnError], exit_code: int) -> None:
    assert kind("what", "do this").exit_code == exit_code


def test_a_fault_reads_as_its_message_and_keeps_the_hint() -> None:
    fault = UsageFault("no scenario is called 'x'", "netchurn list")

    assert str(fault) == fault.message == "no scenario is called 'x'"
    assert fault.hint == "netchurn list"
    assert isinstance(fault, NetchurnError)
