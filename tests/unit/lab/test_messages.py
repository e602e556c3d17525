"""Orders and answers survive the way over the socket."""

import os

import msgspec
import pytest

from harness.lab import messages
from harness.lab.messages import (
    AddPairs,
    AddWatched,
    Answer,
    AnyRequest,
    ChurnPair,
    CountLinks,
    Error,
    Exited,
    Ok,
    Spawn,
    ToggleMtu,
)


@pytest.mark.parametrize(
    "order",
    [
        AddPairs(first=0, count=250),
        AddWatched(ifname="wt0"),
        ToggleMtu(count=16),
        ChurnPair(number=3),
        CountLinks(ifname="wt0"),
        Spawn(arguments=4),
    ],
)
def test_an_order_arrives_as_it_was_given(order: AnyRequest) -> None:
    assert messages.requests.decode(messages.encode(order)) == order


@pytest.mark.parametrize(
    "answer", [Ok(at_ns=1, number=2, index=3, text="veth"), Error(text="no"), Exited(number=7, status=-9)]
)
def test_an_answer_arrives_as_it_was_given(answer: Answer) -> None:
    assert messages.answers.decode(messages.encode(answer)) == answer


@pytest.mark.parametrize(
    "message", [b"", b"{}", b'{"request": "format-disk"}', b'{"request": "add-pairs", "first": 0}']
)
def test_what_is_no_order_is_refused(message: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        messages.requests.decode(message)


def test_a_command_and_its_environment_may_be_of_any_bytes_and_size() -> None:
    folder = os.fsdecode(b"/mnt/caf\xe9")
    environment = {
        "PATH": "/bin",
        "LC": "ä",
        "PWD": folder,
        "BASH_FUNC_x%%": "() {\n}",
        "EMPTY": "",
        "LONG": "x=" * 10**6,
    }
    memory = messages.words(("python3", "-m", "", folder), environment)
    try:
        argv, variables = messages.command(memory, 4)
    finally:
        os.close(memory)
    assert list(map(os.fsdecode, argv)) == ["python3", "-m", "", folder]
    assert {os.fsdecode(name): os.fsdecode(value) for name, value in variables.items()} == environment
