"""What is told of the rounds of cycles together."""

from harness.lab.actions.pace import Done
from harness.run.phases.dose import _added


def test_what_went_wrong_in_an_earlier_round_is_not_forgotten() -> None:
    first = Done(began_ns=0, ended_ns=5, performed=100, failed=7, last_status=3, busy_ns=4, running=False, fault="gone")
    last = Done(began_ns=9, ended_ns=20, performed=100, failed=1, busy_ns=6, running=False)
    found = _added(_added(None, first), last)
    assert (found.performed, found.failed, found.last_status, found.busy_ns) == (200, 8, 3, 10)
    assert (found.fault, found.ended_ns) == ("gone", 20)
