"""Orders and answers survive the way over the socket."""

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
        Spawn(argv=("python3", "-m", "x", ""), environment={"PATH": "/bin", "LC": "ä"}),
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
