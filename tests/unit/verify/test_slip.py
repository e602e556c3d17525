"""One changed digit is found by its digest and named by its place; two are not, and nothing is made up."""

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.verify import slip
from harness.verify.slip import changed_digit, named, path

CSV = b"at_ns,rss_bytes\r\n100,5\r\n200,6\r\n"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@given(st.binary(max_size=40), st.integers(0, 9), st.integers(0, 9), st.binary(max_size=40))
def test_a_changed_digit_is_found(before: bytes, was: int, now: int, after: bytes) -> None:
    original, changed = (before + str(digit).encode() + after for digit in (was, now))
    found = changed_digit(changed, digest(original))

    assert found == (None if was == now else (len(before), ord(str(was))))


def test_two_changed_digits_are_not_found() -> None:
    assert changed_digit(CSV.replace(b"100", b"122"), digest(CSV)) is None


def test_what_would_take_too_long_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slip, "MOST_HASHED_BYTES", 10)

    assert changed_digit(CSV.replace(b"100", b"101"), digest(CSV)) is None


def test_a_number_of_a_table_is_named_by_line_and_column() -> None:
    changed = CSV.replace(b"6", b"7")
    found = changed_digit(changed, digest(CSV))

    assert found is not None
    assert named("x.csv", changed, found) == "line 3, rss_bytes: 7, was 6"


def test_every_number_of_a_document_is_named_by_its_path() -> None:
    document = {
        "plan": {"pairs": 1},
        "trials": [{"runs": [{"pid": 2}, {"pid": 3}], "empty": []}, {"runs": [4, [5]]}],
        "x": 6,
    }
    data = msgspec.json.format(msgspec.json.encode(document), indent=1)

    assert [path(data, data.index(str(number).encode())) for number in range(1, 7)] == [
        "plan.pairs",
        "trials[0].runs[0].pid",
        "trials[0].runs[1].pid",
        "trials[1].runs[0]",
        "trials[1].runs[1][0]",
        "x",
    ]


@given(st.binary(max_size=80).filter(bool), st.data())
def test_a_place_in_anything_has_a_name(data: bytes, draw: st.DataObject) -> None:
    assert path(data, draw.draw(st.integers(0, len(data) - 1)))
