"""Name of a subject to its command."""

import sys
from pathlib import Path

import pytest

from harness.subjects.registry import ALL_OBJECTS, SUBJECTS, command, find
from raising import raises_id

PROGRAM = (sys.executable, "-P", "-m", "harness.subjects.subject_main")


def test_a_command_names_the_subject_the_interface_and_the_interval() -> None:
    assert command("poll", ifname="wt0", interval_s=2.0) == (*PROGRAM, "poll", "--ifname", "wt0", "--interval", "2")


def test_a_bounded_and_profiled_command_says_so() -> None:
    argv = command("poll-name", ifname="wt0", interval_s=0, polls=5, capture=Path("/x/poll.bin"))

    assert argv[-6:] == ("--interval", "0", "--polls", "5", "--capture", "/x/poll.bin")


def test_zero_polls_are_not_the_same_as_no_bound() -> None:
    assert "--polls" in command("poll", ifname="wt0", interval_s=2, polls=0)


@pytest.mark.parametrize("interval_s", [0.0, 0.05, 0.123456789, 1.0000001, 86_400.0, 1_234_567.5])
def test_an_interval_arrives_as_it_was_asked_for(interval_s: float) -> None:
    argv = command("poll", ifname="wt0", interval_s=interval_s)

    assert float(argv[argv.index("--interval") + 1]) == interval_s


def test_an_unknown_subject_is_a_usage_fault_that_names_all_there_are() -> None:
    with raises_id("unknown_subject") as caught:
        find("telepathy")

    assert "'telepathy'" in caught.value.message
    assert ", ".join(SUBJECTS) in caught.value.message
    assert "netchurn list" in caught.value.hint


def test_no_command_is_built_for_an_unknown_subject() -> None:
    with raises_id("unknown_subject", "telepathy"):
        command("telepathy", ifname="wt0", interval_s=2)


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_subject_is_found_under_its_own_name_and_described(name: str) -> None:
    kind = find(name)

    assert kind.name == name
    assert kind.line
    assert "\n" not in kind.line
    if kind.language == "python" and name != "leaker":
        assert kind.accounting == ALL_OBJECTS


def test_only_the_pollers_poll() -> None:
    assert {name for name, kind in SUBJECTS.items() if kind.polls} >= {"poll", "poll-name", "poll-psutil"}
    assert not SUBJECTS["netlink"].polls
    assert not SUBJECTS["netlink-filtered"].polls
