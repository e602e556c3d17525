"""Columns of numbers out of lines of text: the same numbers as Python reads, or a refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results import digits

ROWS = st.lists(
    st.tuples(st.integers(0, 10**18 - 1), st.none() | st.integers(0, 2**40), st.decimals(0, 10**9, places=4)),
    min_size=1,
)


@given(ROWS, st.sampled_from(["\n", "\r\n"]), st.integers(1, 60))
def test_each_number_is_what_python_reads(rows: list[tuple[int, int | None, object]], end: str, chunk: int) -> None:
    text = "".join(f"{one},{'' if two is None else two},{three}{end}" for one, two, three in rows)
    before, digits._CHUNK = digits._CHUNK, max(chunk, 50)
    try:
        first, second, third = digits.columns(text.encode(), 0, (int, int, float))
    finally:
        digits._CHUNK = before

    assert first.values.tolist() == [one for one, _, _ in rows]
    assert second.listed(0, len(rows)) == [two for _, two, _ in rows]
    assert third.values.tolist() == [float(str(three)) for _, _, three in rows]


@pytest.mark.parametrize(
    "line",
    ["-1,2.5", "1,", "1,.5", "1,5.", "1,1.2.3", "1,nan", "x,1.5", "1;2.5", "1", "1,2.5,3", "1234567890123456789,1.0",
     "1,0.12345678901234567", "\xb2,1.5", " 1,1.5", "1,1e5"],
)  # fmt: skip
def test_anything_else_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        digits.columns(f"1,2.5\n{line}\n".encode(), 0, (int, float))


def test_what_has_no_end_is_no_line_yet() -> None:
    first, second = digits.columns(b"head\n1,2.5\n3,4", 5, (int, float))

    assert (first.values.tolist(), second.values.tolist()) == ([1], [2.5])


def test_a_line_without_an_end_in_sight_is_refused() -> None:
    with pytest.raises(ValueError, match="without an end"):
        digits.columns(b"1" * (3 * digits._CHUNK) + b"\n", 0, (int,))


def test_counts_are_kept_in_as_few_bytes_as_hold_them() -> None:
    sizes = [digits.columns(f"{most}\n".encode(), 0, (int,))[0].values.itemsize for most in (255, 256, 2**32, 2**40)]

    assert sizes == [1, 2, 8, 8]
