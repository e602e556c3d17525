"""Which digit was changed: each is tried until the digest fits again. Pure.

A digest says that a file was changed, not where. Where one digit is all that was changed, putting back the right one
restores the digest, and no other change does: what is found so is certain. Two changed digits are not found.
"""

import hashlib
import re
from typing import NamedTuple

MOST_HASHED_BYTES = 60 * 10**9  # a minute; beyond it nothing is searched
_DIGITS = b"0123456789"
_NUMBER = re.compile(rb"[-+.\w]+")
_KEY = re.compile(r'( *)(?:"((?:[^"\\]|\\.)*)": )?(.*)')


class Slip(NamedTuple):
    """One digit that was changed: its place in the file, and what stood there."""

    offset: int
    was: int


def changed_digit(data: bytes, digest: str) -> Slip | None:
    """Find the digit that gives ``data`` the SHA-256 ``digest`` once it is put back; None if no single one does."""
    places = [place for place, byte in enumerate(data) if byte in _DIGITS]
    if sum(len(data) - place for place in places) * (len(_DIGITS) - 1) > MOST_HASHED_BYTES:
        return None
    before, hashed, view = hashlib.sha256(), 0, memoryview(data)
    for place in places:
        before.update(view[hashed:place])
        hashed = place
        for digit in _DIGITS:
            if digit == data[place]:
                continue
            tried = before.copy()
            tried.update(bytes((digit,)))
            tried.update(view[place + 1 :])
            if tried.hexdigest() == digest:
                return Slip(place, digit)
    return None


def named(file: str, data: bytes, slip: Slip) -> str:
    """Name the number that a slip is in, as it is and as it was: ``line 7, rss_bytes: 35119105, was 35119104``."""
    mended = data[: slip.offset] + bytes((slip.was,)) + data[slip.offset + 1 :]
    found = next(one for one in _NUMBER.finditer(data) if one.start() <= slip.offset < one.end())
    number, was = (whole[found.start() : found.end()].decode(errors="replace") for whole in (data, mended))
    place = _column(data, slip.offset) if file.endswith(".csv") else path(data, slip.offset)
    return f"{place}: {number}, was {was}"


def _column(data: bytes, offset: int) -> str:
    """Give line and column of a place in a CSV file; its columns are named by the first line."""
    start, line = data.rfind(b"\n", 0, offset) + 1, data.count(b"\n", 0, offset) + 1
    columns = data.partition(b"\n")[0].decode(errors="replace").strip().split(",")
    number = data.count(b",", start, offset)
    name = columns[number] if number < len(columns) else f"column {number + 1}"
    return f"line {line}, {name}"


def path(data: bytes, offset: int) -> str:
    """Give the path of a place in a JSON document with one value a line: ``trials[0].runs[1].pid``."""
    end = data.find(b"\n", offset)
    lines = data[: end if end >= 0 else None].decode(errors="replace").split("\n")
    parts: list[str] = []
    depth, index, inside = None, 0, False
    for line in reversed(lines):
        indent, key, rest = _parsed(line)
        if depth is None or indent < depth:
            if inside:
                parts.append(f"[{index}]")
            if key is not None:
                parts.append(f".{key}")
            depth, index, inside = indent, 0, key is None
        elif indent == depth and inside and not rest.startswith(("}", "]")):
            index += 1
    return "".join(reversed(parts)).lstrip(".") or "the document"


def _parsed(line: str) -> tuple[int, str | None, str]:
    found = _KEY.fullmatch(line)
    return (0, None, line) if found is None else (len(found[1]), found[2], found[3])
