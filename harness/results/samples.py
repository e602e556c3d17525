"""Read ``samples/<trial>-<subject>.csv``."""

import io
import os
from array import array
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from harness.errors import ResultFault
from harness.model import Sample
from harness.results import digits
from harness.results.columns import Samples
from harness.results.folder import read_bounded, regular_file
from harness.safe_read import opened

MOST_SAMPLES_BYTES = 1024 * 2**20
COLUMNS = Sample.__struct_fields__
_TYPES = dict(zip(COLUMNS, (field.type for field in msgspec.structs.fields(Sample)), strict=True))
_FEWEST = COLUMNS.index("events") + 1  # columns of the first version; later ones were added behind them
_ALWAYS = tuple(name for name, of in _TYPES.items() if of in {int, float})


def read_samples(folder: Path, trial: int, subject: str) -> Sequence[Sample]:
    """Read a subject's samples; none where none were taken. ResultFault for a file that cannot be of ours.

    So is one with other columns, or none: all its rows would be left out without a word.
    """
    name = f"samples/{trial}-{subject}.csv"
    if not os.path.lexists(folder / name):
        return ()
    if regular_file(folder, name) is None:
        words = "is no regular file, or is reached by a symbolic link"
        raise ResultFault(
            "file_unreadable",
            f"cannot read {folder / name}: {words}",
            "do not trust where it came from: a result has none",
        )
    text = read_bounded(folder / name, MOST_SAMPLES_BYTES)
    header = _header(text)
    if header is not None and (words := unlike_columns(header)):
        raise ResultFault(
            "not_a_result", f"{folder / name}: {words}", "read it with the netchurn that wrote it, or fetch it again"
        )
    return parse_samples(text)


def parse_samples(text: bytes) -> Sequence[Sample]:
    """Read rows of samples below their header. What is no row, and one that a crash cut off, is left out."""
    try:
        return _at_once(text)
    except ValueError:  # something in it is not as it was written
        return _row_by_row(text)


def _header(text: bytes) -> list[str] | None:
    """Return the names of the first line; None where it has not ended."""
    end = text.find(b"\n")
    return None if end < 0 else text[:end].decode(errors="replace").rstrip("\r").split(",")


def read_rss(folder: Path, trial: int, subject: str) -> tuple["array[int]", "array[int]"]:
    """Read the times and RSS of a trial that goes on, 16 bytes a row; what is no row ends the reading."""
    at_ns, rss_bytes = array("q"), array("q")
    path = folder / "samples" / f"{trial}-{subject}.csv"
    with suppress(OSError, ValueError), opened(path, MOST_SAMPLES_BYTES) as raw:  # a program may put a pipe there
        rows = io.TextIOWrapper(raw, errors="replace")
        next(rows, None)  # the header
        for row in rows:
            at, rss, *rest = row.split(",", 2)
            if not rest or not row.endswith("\n"):
                break
            moment, memory = int(at), int(rss)  # both, before either is kept
            at_ns.append(moment)
            rss_bytes.append(memory)
    return at_ns, rss_bytes


def unlike_columns(header: Sequence[str]) -> str:
    """Return how a header of samples is not ours; nothing where it is."""
    if is_header(header):
        return ""
    missing = [name for name in COLUMNS if name not in header]
    unknown = [name[:100] for name in header if name not in COLUMNS]
    parts = [f"missing {', '.join(missing)}"] * bool(missing) + [f"unknown {', '.join(unknown[:20])}"] * bool(unknown)
    return f"its columns are not those of samples: {'; '.join(parts) or 'another order, or one twice'}"


def is_header(names: Sequence[str]) -> bool:
    """Return whether these are the columns of a file of samples, of this version or of an older one."""
    return len(names) >= _FEWEST and tuple(names) == COLUMNS[: len(names)]


def _at_once(text: bytes) -> Samples:
    """Read a file that is as it was written, a day of rows at once; ValueError for another."""
    names = _header(text)
    first = text.find(b"\n") + 1
    if names is None or not is_header(names) or first > text.rfind(b"\n"):
        raise ValueError(text[:1000])
    found = dict(zip(names, digits.columns(text, first, [_TYPES[name] for name in names]), strict=True))
    if any(found[name].rows is not None for name in _ALWAYS):
        raise ValueError("not measured what always is")
    return Samples(found)


def _row_by_row(text: bytes) -> list[Sample]:
    """Read what can be read, and leave out the rest; a row is whole when its line has ended."""
    whole, _, _ = text.decode(errors="replace").rpartition("\n")
    names, *rows = [line.split(",") for line in whole.splitlines()] or [[]]
    found = []
    for cells in rows:
        if len(cells) != len(names):
            continue
        with suppress(msgspec.ValidationError):
            filled = {name: cell or None for name, cell in zip(names, cells, strict=True)}
            found.append(msgspec.convert(filled, Sample, strict=False))
    return found
