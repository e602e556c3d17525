"""Samples of one process kept as columns: a hundred bytes a row, where a Sample of its own takes four hundred."""

from array import array
from collections.abc import Iterator, Sequence
from typing import Any, overload

from harness.model.record import Sample

_MISSING = -(2**63)  # no count is below zero
_COLUMNS = {name: "d" if of is float else "q" for name, of in Sample.__annotations__.items()}


class Samples(Sequence[Sample]):
    """What reads like a tuple of samples, oldest first, of which a whole column can be had at once."""

    def __init__(self, columns: Sequence[Sequence[Any]]) -> None:
        """Take columns in the order of Sample's fields; OverflowError for a number of more than 63 bits."""
        kinds = _COLUMNS.values()
        self._columns = [_packed(kind, column) for kind, column in zip(kinds, columns, strict=True)]
        self._named = dict(zip(_COLUMNS, self._columns, strict=True))

    def column(self, name: str) -> "array[Any]":
        """Give all values of a field that is measured in every row."""
        return self._named[name]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self._columns[0])

    @overload
    def __getitem__(self, at: int) -> Sample: ...
    @overload
    def __getitem__(self, at: slice) -> "Samples": ...
    def __getitem__(self, at: int | slice) -> "Sample | Samples":
        """Give one row, or some of them."""
        if isinstance(at, slice):
            some = object.__new__(Samples)
            some._columns = [column[at] for column in self._columns]
            some._named = dict(zip(_COLUMNS, some._columns, strict=True))
            return some
        return _sample([column[at] for column in self._columns])

    def __iter__(self) -> Iterator[Sample]:
        """Give row after row."""
        return map(_sample, zip(*self._columns, strict=True))


def _packed(kind: str, column: Sequence[Any]) -> "array[Any]":
    if kind == "q" and None in column:
        column = [_MISSING if value is None else value for value in column]
    return array(kind, column)


def _sample(row: Sequence[Any]) -> Sample:
    values: Iterator[Any] = (None if value == _MISSING else value for value in row)
    return Sample(**dict(zip(_COLUMNS, values, strict=True)))
