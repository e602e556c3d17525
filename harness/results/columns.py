"""Samples of one process kept as columns: a hundred bytes a row, where a Sample of its own takes four hundred."""

from array import array
from collections.abc import Iterator, Sequence
from typing import Any, overload

from harness.model.record import Sample

COLUMNS = Sample.__struct_fields__
_FEWEST = COLUMNS.index("events") + 1  # columns of the first version; later ones were added behind them
_COUNTS = {name for name in COLUMNS[_FEWEST:] if not name.endswith("_bytes")}  # of what a process has: 32 bits hold it
_KINDS = {name: "d" if of is float else "i" if name in _COUNTS else "q" for name, of in Sample.__annotations__.items()}
_MISSING = {"q": -(2**63), "i": -(2**31), "d": None}  # no count is below zero, and a time is always measured
_ABSENT = tuple(_MISSING[kind] for kind in _KINDS.values())


def is_header(names: Sequence[str]) -> bool:
    """Return whether these are the columns of a file of samples, of this version or of an older one."""
    return len(names) >= _FEWEST and tuple(names) == COLUMNS[: len(names)]


class Samples(Sequence[Sample]):
    """What reads like a tuple of samples, oldest first, of which a whole column can be had at once."""

    def __init__(self, columns: Sequence[Sequence[Any]]) -> None:
        """Store columns in the order of Sample's fields; OverflowError for a number of more than 63 bits.

        Columns that an older version did not have are not measured.
        """
        self._columns = [_packed(kind, column) for kind, column in zip(_KINDS.values(), columns, strict=False)]
        absent = list(_KINDS.values())[len(columns) :]
        self._columns += [array(kind, [_MISSING[kind] or 0]) * len(columns[0]) for kind in absent]
        self._named = dict(zip(_KINDS, self._columns, strict=True))

    def column(self, name: str) -> "array[Any]":
        """Return all values of a field; those that were not measured are ``missing(name)``."""
        return self._named[name]

    def missing(self, name: str) -> int | None:
        """Return what stands in a column for what was not measured; None where all is."""
        return _MISSING[_KINDS[name]]

    def extend(self, later: "Samples") -> None:
        for name, column in self._named.items():
            column.extend(later.column(name))

    def __len__(self) -> int:
        return len(self._columns[0])

    @overload
    def __getitem__(self, at: int) -> Sample: ...
    @overload
    def __getitem__(self, at: slice) -> "Samples": ...
    def __getitem__(self, at: int | slice) -> "Sample | Samples":
        if isinstance(at, slice):
            some = object.__new__(Samples)
            some._columns = [column[at] for column in self._columns]
            some._named = dict(zip(_KINDS, some._columns, strict=True))
            return some
        return _sample([column[at] for column in self._columns])

    def __iter__(self) -> Iterator[Sample]:
        return map(_sample, zip(*self._columns, strict=True))


def _packed(kind: str, column: Sequence[Any]) -> "array[Any]":
    if kind != "d" and None in column:
        column = [_MISSING[kind] if value is None else value for value in column]
    return array(kind, column)


def _sample(row: Sequence[Any]) -> Sample:
    values: Iterator[Any] = (None if value == missing else value for value, missing in zip(row, _ABSENT, strict=True))
    return Sample(**dict(zip(_KINDS, values, strict=True)))
