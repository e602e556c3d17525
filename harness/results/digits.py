"""Read columns of decimal numbers out of lines of text, a column of many lines at a time.

A parser that makes an object of each number takes ten times as long: a day of eight subjects has 25 million.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.results.columns import Column

_CHUNK = 2**20  # letters that are read at once: about what a core's own cache takes
_MOST_DIGITS = 18  # that 63 bits hold
_MOST_EXACT = 15  # digits of which a double holds each number, so that one division by a power of ten rounds once:
_POWERS = 10.0 ** np.arange(_MOST_EXACT + 1)  # Clinger 1990, "How to read floating point numbers accurately"
_ZERO, _NINE, _POINT, _COMMA, _NEWLINE = b"09.,\n"

Numbers = npt.NDArray[Any]


def columns(text: bytes, first: int, of: Sequence[type]) -> list[Column]:
    """Read lines of as many numbers as there are types, from a place on; ValueError for anything else.

    A number is digits, and a float may have a point. One that is not there is not in its column; a float always is.
    """
    chunks = [_chunk(text[begin:end].replace(b"\r\n", b"\n"), of) for begin, end in _cuts(text, first)]
    first_rows = np.cumsum([0, *(len(chunk[0].values) for chunk in chunks)])
    return [_joined([chunk[at] for chunk in chunks], first_rows) for at in range(len(of))]


def _cuts(text: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Yield where parts of whole lines begin and end; what is behind the last line is no line yet."""
    last = text.rfind(b"\n") + 1
    while at < last:
        end = text.find(b"\n", min(at + _CHUNK, last - 1)) + 1
        if end - at > 2 * _CHUNK:
            raise ValueError("a line without an end")
        yield at, end
        at = end


def _chunk(text: bytes, of: Sequence[type]) -> list[Column]:
    letters = np.frombuffer(text, dtype=np.uint8)
    newline = letters == _NEWLINE
    ends = np.flatnonzero(newline | (letters == _COMMA)).astype(np.int32)
    wide = len(of)
    if ends.size % wide or not newline[ends[wide - 1 :: wide]].all() or newline.sum() * wide != ends.size:
        raise ValueError("a line has another number of columns")
    begins = np.concatenate([np.zeros(1, dtype=np.int32), ends[:-1] + 1]).reshape(-1, wide).T.copy()
    found = zip(of, begins, ends.reshape(-1, wide).T.copy(), strict=True)
    return [(_floats if one is float else _counts)(letters, begin, end - begin) for one, begin, end in found]


def _counts(letters: Numbers, begins: Numbers, lengths: Numbers) -> Column:
    rows = None
    if not lengths.all():
        rows = np.flatnonzero(lengths).astype(np.int32)
        begins, lengths = begins[rows], lengths[rows]
    shortest, longest = (int(lengths.min()), int(lengths.max())) if lengths.size else (0, 0)
    if longest > _MOST_DIGITS:
        raise ValueError("a number of too many digits")
    values = np.zeros(lengths.size, dtype=np.int64)
    for at in range(longest):
        digits = letters[begins + at] - _ZERO if at < shortest else _padded(letters, begins + at) - _ZERO
        there = slice(None) if at < shortest else lengths > at
        if (digits[there] > _NINE - _ZERO).any():
            raise ValueError("what is no digit")
        values[there] = values[there] * 10 + digits[there]
    return Column(_narrow(values), rows)


def _padded(letters: Numbers, at: Numbers) -> Numbers:
    """Return the letters at places that may lie behind the last."""
    return letters[np.minimum(at, letters.size - 1)]


def _floats(letters: Numbers, begins: Numbers, lengths: Numbers) -> Column:
    longest = int(lengths.max())
    if not lengths.all() or longest > _MOST_EXACT + 1:
        raise ValueError("no number, or one of too many digits")
    whole = np.zeros(lengths.size, dtype=np.int64)
    behind = np.full(lengths.size, -1, dtype=np.int8)  # digits behind the point; -1 before it
    for at in range(longest):
        letter, there = _padded(letters, begins + at), lengths > at
        point = there & (letter == _POINT)
        digit = there & ~point
        if ((letter - _ZERO)[digit] > _NINE - _ZERO).any() or (behind[point] >= 0).any():
            raise ValueError("no number")
        whole[digit] = whole[digit] * 10 + (letter[digit] - _ZERO)
        behind[(digit & (behind >= 0)) | point] += 1
    if (behind == 0).any() or (letters[begins] == _POINT).any():  # "5." and ".5", which nobody of us writes
        raise ValueError("a point at an end")
    return Column(whole / _POWERS[np.maximum(behind, 0)])


def _narrow(values: Numbers) -> Numbers:
    """Return whole numbers in as few bytes as hold them."""
    kind = np.min_scalar_type(int(values.max())) if values.size else np.uint8
    return values.astype(kind if kind != np.uint64 else np.int64)


def _joined(parts: Sequence[Column], first_rows: Numbers) -> Column:
    """Put the parts of a column one behind the other."""
    values = np.concatenate([part.values for part in parts])
    if all(part.rows is None for part in parts):
        return Column(values)
    sizes = np.diff(first_rows)
    each = [
        np.arange(size, dtype=np.int32) if part.rows is None else part.rows
        for part, size in zip(parts, sizes, strict=True)
    ]
    rows = [(one + first).astype(np.int32) for one, first in zip(each, first_rows, strict=False)]
    return Column(values, np.concatenate(rows))
