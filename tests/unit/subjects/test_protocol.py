"""From bytes to a type: whatever somebody's program writes, the answer is one of a few types."""

import json
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.model import ReportedOutcome, Work
from harness.subjects.protocol import MAX_LINE_BYTES, Dumps, Found, LineBuffer, Lost, MalformedLine, Ready, decode

# --- one line -------------------------------------------------------------------------------------------------------


def test_a_ready_line_tells_what_is_watched() -> None:
    line = b'{"event": "ready", "at_ns": 12, "ifname": "wt0", "ifindex": 7}'

    assert decode(line) == Ready(at_ns=12, ifname="wt0", ifindex=7)


def test_a_found_line_tells_what_the_name_was_resolved_to() -> None:
    line = b'{"event": "found", "at_ns": 12, "ifname": "wt0", "ifindex": 7}'

    assert decode(line) == Found(at_ns=12, ifname="wt0", ifindex=7)


def test_a_lost_line_tells_what_an_overrun_cost() -> None:
    assert decode(b'{"event": "lost", "dropped": 508, "at_ns": 12}') == Lost(at_ns=12, dropped=508)


def test_an_overrun_that_cost_nothing_is_told_too() -> None:
    assert decode(b'{"event": "lost", "dropped": 0, "at_ns": 12}') == Lost(at_ns=12, dropped=0)


def test_a_dumps_line_tells_what_is_known_of_dumps() -> None:
    line = b'{"event": "dumps", "at_ns": 12, "made": 9, "marked": 3, "retried": 2, "discarded_ns": 5}'

    assert decode(line) == Dumps(at_ns=12, made=9, marked=3, retried=2, discarded_ns=5)
    assert decode(b'{"event": "dumps", "at_ns": 12, "made": 9}') == Dumps(at_ns=12, made=9)


def test_a_work_line_tells_what_was_done() -> None:
    line = b'{"event": "work", "at_ns": 12, "polls": 3, "events": 4, "allocated_bytes": 5, "allocations": 6}'

    assert decode(line) == Work(at_ns=12, polls=3, events=4, allocated_bytes=5, allocations=6)


@pytest.mark.parametrize("rest", [b"", b', "allocated_bytes": null, "allocations": null'])
def test_bytes_that_were_not_counted_are_none_and_not_zero(rest: bytes) -> None:
    line = b'{"event": "work", "at_ns": 12, "polls": 3, "events": 0' + rest + b"}"

    assert decode(line) == Work(at_ns=12, polls=3, events=0, allocated_bytes=None, allocations=None)


def test_counted_bytes_may_be_zero() -> None:
    line = b'{"event": "work", "at_ns": 12, "polls": 0, "events": 0, "allocated_bytes": 0, "allocations": 0}'

    assert decode(line) == Work(at_ns=12, polls=0, events=0, allocated_bytes=0, allocations=0)


def test_an_outcome_line_tells_the_verdict() -> None:
    line = (
        b'{"event": "outcome", "at_ns": 12, "restart": true, "reason": "deleted", "message": "interface wt0 deleted"}'
    )

    assert decode(line) == ReportedOutcome(at_ns=12, restart=True, reason="deleted", message="interface wt0 deleted")


@pytest.mark.parametrize("rest", [b"", b', "message": null'])
def test_an_outcome_may_have_no_message(rest: bytes) -> None:
    line = b'{"event": "outcome", "at_ns": 12, "restart": false, "reason": "somebody\'s own"' + rest + b"}"

    assert decode(line) == ReportedOutcome(at_ns=12, restart=False, reason="somebody's own", message=None)


@pytest.mark.parametrize(
    "line",
    [
        b'{"at_ns": 1, "x": [1, {"y": null}], "polls": 2, "event": "work", "events": 3}',
        b' {"event":"work","at_ns":1,"polls":2,"events":3}\r',
    ],
)
def test_what_a_newer_protocol_adds_is_skipped(line: bytes) -> None:
    assert decode(line) == Work(at_ns=1, polls=2, events=3, allocated_bytes=None, allocations=None)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"listening on wt0", id="words"),
        pytest.param(b"{", id="half a document"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"at_ns": 1, "polls": 2, "events": 3}', id="no event"),
        pytest.param(b'{"event": "hello", "at_ns": 1}', id="an unknown event"),
        pytest.param(b'{"event": 7, "at_ns": 1}', id="an event that is no word"),
        pytest.param(b'{"event": "work", "at_ns": 1, "polls": 2}', id="a field is missing"),
        pytest.param(b'{"event": "work", "at_ns": 1, "polls": "2", "events": 3}', id="a number in quotes"),
        pytest.param(b'{"event": "work", "at_ns": 1, "polls": 2.5, "events": 3}', id="half a poll"),
        pytest.param(b'{"event": "work", "at_ns": 1, "polls": null, "events": 3}', id="no number of polls"),
        pytest.param(b'{"event": "work", "at_ns": 1, "polls": NaN, "events": 3}', id="not JSON"),
        pytest.param(b'{"event": "outcome", "at_ns": 1, "restart": 1, "reason": "x"}', id="a one for a truth"),
        pytest.param(b'{"event": "dumps", "at_ns": 1}', id="dumps without a number"),
        pytest.param(b'{"event": "lost", "at_ns": 1}', id="a loss of nobody knows what"),
        pytest.param(b'{"event": "lost", "at_ns": 1, "dropped": -1}', id="a loss below zero"),
        pytest.param(b'{"event": "work", "at_ns": 1, "polls": 2, "events": 3}{', id="something after the end"),
    ],
)
def test_a_line_that_is_not_of_the_protocol_is_garbage(line: bytes) -> None:
    assert decode(line) == MalformedLine(text=line.decode())


@pytest.mark.parametrize("field", ["polls", "events", "allocated_bytes", "allocations"])
def test_a_count_below_zero_is_garbage(field: str) -> None:
    told = {"event": "work", "at_ns": 1, "polls": 0, "events": 0, "allocated_bytes": 0, "allocations": 0, field: -1}

    assert isinstance(decode(json.dumps(told).encode()), MalformedLine)


def test_garbage_keeps_its_beginning_and_no_more() -> None:
    assert decode(b"x" * 10_000) == MalformedLine(text="x" * 200)


def test_bytes_that_are_no_text_are_shown_as_well_as_they_can_be() -> None:
    assert decode(b"a\xffb") == MalformedLine(text="a\ufffdb")


@pytest.mark.parametrize(
    "line",
    [
        b'{"event": "ready", "at_ns": 1, "ifname": "\xff", "ifindex": 7}',
        b'{"event": "outcome", "at_ns": 1, "restart": true, "reason": "\xc3\x28"}',
        b'{"event": "\xff"}',
    ],
)
def test_a_line_of_the_protocol_with_bytes_that_are_no_text_is_garbage(line: bytes) -> None:
    assert isinstance(decode(line), MalformedLine)


def test_a_line_nested_beyond_all_measure_is_garbage() -> None:
    assert isinstance(decode(b'{"event": "work", "x": ' + b"[" * 50_000), MalformedLine)


SHAPED = st.builds(
    lambda before, event, inside, after: before + b'{"event": "' + event + b'", ' + inside + b"}" + after,
    st.binary(max_size=3),
    st.sampled_from([b"work", b"ready", b"found", b"lost", b"outcome", b"\xff"]),
    st.binary(max_size=40),
    st.binary(max_size=3),
)


@given(st.one_of(st.binary(max_size=300), SHAPED))
@example(b'{"event": "ready", "at_ns": 1, "ifname": "\x80", "ifindex": 7}')
def test_no_bytes_whatever_raise(line: bytes) -> None:
    assert isinstance(decode(line), Found | Ready | Lost | Work | ReportedOutcome | MalformedLine)


NUMBERS = st.integers(min_value=0, max_value=2**63 - 1)


@given(NUMBERS, NUMBERS, NUMBERS, st.none() | NUMBERS, st.none() | NUMBERS)
def test_work_comes_back_as_it_was_told(
    at_ns: int, polls: int, events: int, allocated_bytes: int | None, allocations: int | None
) -> None:
    work = Work(at_ns=at_ns, polls=polls, events=events, allocated_bytes=allocated_bytes, allocations=allocations)
    line = {name: getattr(work, name) for name in work.__struct_fields__} | {"event": "work"}

    assert decode(json.dumps(line).encode()) == work


@given(NUMBERS, st.booleans(), st.text(), st.none() | st.text())
def test_an_outcome_comes_back_as_it_was_told(
    at_ns: int,
    restart: bool,  # noqa: FBT001 - hypothesis gives it
    reason: str,
    message: str | None,
) -> None:
    said = ReportedOutcome(at_ns=at_ns, restart=restart, reason=reason, message=message)
    line = {name: getattr(said, name) for name in said.__struct_fields__} | {"event": "outcome"}

    assert decode(json.dumps(line).encode()) == said


# --- many lines -----------------------------------------------------------------------------------------------------


def lines(*chunks: bytes) -> list[bytes]:
    buffer = LineBuffer()
    return [line for chunk in chunks for line in buffer.feed(chunk)]


def test_a_line_is_given_when_it_ends() -> None:
    buffer = LineBuffer()

    assert buffer.feed(b"a") == []
    assert buffer.feed(b"b\nc") == [b"ab"]
    assert buffer.feed(b"\n") == [b"c"]


def test_blank_lines_say_nothing() -> None:
    assert lines(b"\n\na\n  \n\r\nb\n") == [b"a", b"b"]


def test_nothing_fed_is_nothing_said() -> None:
    assert lines(b"", b"") == []


def test_an_unfinished_line_is_not_given() -> None:
    assert lines(b"a\nb") == [b"a"]


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[begin:end] for begin, end in pairwise(places)]


CUTS = st.lists(st.integers(min_value=0, max_value=2**20), max_size=12)


@given(st.lists(st.sampled_from([b"a", b"\n", b" ", b'{"event": 1}', b"\xff", b"\r\n"]), max_size=30), CUTS)
def test_any_split_of_the_same_bytes_gives_the_same_lines(parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(parts)

    assert lines(*split(data, cuts)) == lines(data) == [line for line in data.split(b"\n")[:-1] if line.strip()]


def test_a_line_of_the_greatest_length_is_whole() -> None:
    longest = b"x" * MAX_LINE_BYTES

    assert lines(longest + b"\n") == [longest]
    assert lines(longest, b"\n") == [longest]


def test_a_line_that_is_too_long_is_cut() -> None:
    assert lines(b"x" * (MAX_LINE_BYTES + 1), b"y" * 10, b"\nnext\n") == [b"x" * MAX_LINE_BYTES, b"next"]


def test_a_line_that_is_too_long_is_cut_when_it_comes_in_one_piece_too() -> None:
    assert lines(b"x" * (MAX_LINE_BYTES + 1) + b"\nnext\n") == [b"x" * MAX_LINE_BYTES, b"next"]


def test_the_tail_of_a_line_that_was_cut_is_never_taken_for_a_line() -> None:
    tail = b'{"event": "work", "at_ns": 1, "polls": 2, "events": 3}'

    assert lines(b"x" * (MAX_LINE_BYTES + 1), tail, b"\n") == [b"x" * MAX_LINE_BYTES]


@given(st.lists(st.integers(0, 5) | st.integers(MAX_LINE_BYTES - 2, MAX_LINE_BYTES + 4), max_size=4), CUTS)
def test_any_split_gives_the_same_lines_where_some_are_too_long(lengths: list[int], cuts: list[int]) -> None:
    data = b"".join(b"x" * length + b"\n" for length in lengths)

    assert lines(*split(data, cuts)) == [b"x" * min(length, MAX_LINE_BYTES) for length in lengths if length]
