"""Watching in rounds: the words that come in, and one process that lives through many rounds on the link ``lo``."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness.model import ReportedOutcome, Work
from harness.subjects import protocol, registry
from harness.subjects.protocol import Dumps, Found, Ready
from harness.subjects.repeated_watch import DumpTally, words

PACKAGE = str(Path(harness.__file__).resolve().parents[1])  # what a subject's Python must search to find this very one

Process = subprocess.Popen[bytes]
WATCHERS = ("poll", "poll-name", "poll-psutil", "poll-retry", "netlink", "netlink-filtered")


def read(*pieces: bytes) -> list[str]:
    """Read all words of an input that holds these pieces and then ends."""
    inward, outward = os.pipe()
    for piece in pieces:
        os.write(outward, piece)
    os.close(outward)
    try:
        return list(words(inward))
    finally:
        os.close(inward)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"again\n", ["again"]),
        (b"again\nstop\n", ["again", "stop"]),
        (b"hold\r\ngo\r\n", ["hold", "go"]),
        (b"  again \n\n\n stop", ["again", "stop"]),
        (b"\n \n", []),
        (b"ag\xffain\n", ["ag\ufffdain"]),
    ],
)
def test_an_input_holds_words_until_it_ends(data: bytes, expected: list[str]) -> None:
    assert read(data) == expected


@given(st.lists(st.sampled_from(["again", "hold", "go", "stop", "?"]), max_size=50))
def test_as_many_words_come_out_as_went_in(told: list[str]) -> None:
    assert read(*(f"{word}\n".encode() for word in told)) == told


def test_a_word_is_given_as_it_comes_before_the_next_is_there() -> None:
    inward, outward = os.pipe()
    with open(outward, "wb", buffering=0) as mouth, open(inward, "rb", buffering=0) as ear:  # noqa: PTH123 - pipes
        found = words(ear.fileno())
        for word in ("again", "stop", "hold"):
            mouth.write(f"{word}\n".encode())
            assert next(found) == word


def test_nothing_is_read_before_it_is_asked_for() -> None:
    inward, outward = os.pipe()
    with open(outward, "wb", buffering=0) as mouth, open(inward, "rb", buffering=0) as ear:  # noqa: PTH123 - pipes
        found = words(ear.fileno())
        mouth.write(b"again\n")
        assert ear.read(100) == b"again\n"
        mouth.write(b"stop\n")
        assert next(found) == "stop"


def test_a_word_is_read_and_the_one_behind_it_left_where_it_can_be_seen() -> None:
    inward, outward = os.pipe()
    with open(outward, "wb", buffering=0) as mouth, open(inward, "rb", buffering=0) as ear:  # noqa: PTH123 - pipes
        mouth.write(b"again\nstop\n")
        assert next(words(ear.fileno())) == "again"
        assert ear.read(100) == b"stop\n"


# --- a process --------------------------------------------------------------------------------------------------------


@contextmanager
def started(name: str, *, ifname: str = "lo") -> Iterator[Process]:
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    environment.pop("NB_USE_NETSTACK_MODE", None)
    argv = registry.rounds_command(name, ifname=ifname, interval_s=600.0)
    with subprocess.Popen(argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def tell(process: Process, word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(word.encode() + b"\n")
    process.stdin.flush()


def read_output(process: Process) -> protocol.Line:
    assert process.stdout is not None
    return protocol.decode(process.stdout.readline().rstrip(b"\n"))


def hear_the_end_of_a_round(process: Process) -> ReportedOutcome:
    assert isinstance(read_output(process), Work)
    dumps = read_output(process)
    assert isinstance(dumps, Dumps)
    assert dumps.retried == 0
    said = read_output(process)
    assert isinstance(said, ReportedOutcome)
    return said


@pytest.mark.slow
@pytest.mark.parametrize("name", WATCHERS)
def test_one_process_watches_in_many_rounds_and_ends_with_its_input(name: str) -> None:
    with started(name) as process:
        for _ in range(3):
            tell(process, "again")
            assert isinstance(read_output(process), Ready)
            tell(process, "stop")
            said = hear_the_end_of_a_round(process)
            assert (said.restart, said.reason) == (False, "stopped")
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 0


@pytest.mark.parametrize("name", WATCHERS)
def test_a_held_round_watches_nothing_before_it_may_go_on(name: str) -> None:
    with started(name) as process:
        tell(process, "hold")
        assert isinstance(read_output(process), Found)
        tell(process, "go")
        assert isinstance(read_output(process), Ready)
        tell(process, "stop")
        assert hear_the_end_of_a_round(process).reason == "stopped"


def test_any_word_ends_a_round_and_the_word_for_another_begins_it_too() -> None:
    with started("netlink") as process:
        tell(process, "again")
        assert isinstance(read_output(process), Ready)
        tell(process, "again")
        assert hear_the_end_of_a_round(process).reason == "stopped"
        assert isinstance(read_output(process), Ready)


@pytest.mark.parametrize("words_before", [("again",), ("hold",)])
def test_the_end_of_the_input_ends_a_round_and_the_process(words_before: tuple[str, ...]) -> None:
    with started("netlink") as process:
        for word in words_before:
            tell(process, word)
        assert isinstance(read_output(process), Ready | Found)
        assert process.stdin is not None
        process.stdin.close()
        assert hear_the_end_of_a_round(process).reason == "stopped"
        assert process.wait() == 0


@pytest.mark.parametrize("first", ["again", "hold"])
def test_words_that_come_all_at_once_are_heeded_one_after_the_other(first: str) -> None:
    with started("netlink") as process:
        tell(process, f"{first}\nstop")
        assert isinstance(read_output(process), Ready | Found | Work)
        while not isinstance(said := read_output(process), ReportedOutcome):
            assert isinstance(said, Work | Dumps)
        assert said.reason == "stopped"


def test_words_between_rounds_mean_nothing() -> None:
    with started("netlink") as process:
        for word in ("stop", "go", "mark", "again"):
            tell(process, word)
        assert isinstance(read_output(process), Ready)


def test_a_name_that_is_not_there_ends_its_round_and_the_process_lives_on() -> None:
    with started("netlink-filtered", ifname="nosuch0") as process:
        for _ in range(2):
            tell(process, "again")
            said = hear_the_end_of_a_round(process)
            assert (said.restart, said.reason) == (False, "not_found")


def test_a_watcher_that_nobody_knows_is_refused() -> None:
    argv = [sys.executable, "-P", "-m", "harness.subjects.repeated_watch", "nobody"]
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    done = subprocess.run(argv, env=environment, check=False, capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert b"invalid choice: 'nobody'" in done.stderr


def test_dumps_are_added_up_and_a_mark_that_nobody_sees_is_unknown() -> None:
    tally = DumpTally()
    for marked, discarded_ns in ((False, None), (True, 5), (True, 7), (True, None)):
        tally.add(marked=marked, discarded_ns=discarded_ns)
    assert (tally.made, tally.marked, tally.retried, tally.discarded_ns) == (4, 3, 2, 12)
    tally.add(marked=None, discarded_ns=None)
    tally.add(marked=True, discarded_ns=None)
    assert (tally.made, tally.marked) == (6, None)
