"""Samples of one process kept as columns: some eighty bytes a row, where a Sample of its own takes four hundred."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from harness.model.record import Sample

Values = npt.NDArray[Any]
_BLOCK = 4096  # rows that are turned into samples at once


class Column(NamedTuple):
    """The values of one field, and the rows that have one; None where all have."""

    values: Values
    rows: npt.NDArray[np.int32] | None = None

    def listed(self, first: int, end: int) -> list[Any]:
        """Return the values of some rows, None for each that has none."""
        if self.rows is None:
            return list(self.values[first:end].tolist())
        begin, over = np.searchsorted(self.rows, [first, end])
        filled: list[Any] = [None] * (end - first)
        for row, value in zip(self.rows[begin:over].tolist(), self.values[begin:over].tolist(), strict=True):
            filled[row - first] = value
        return filled

    def picked(self, rows: slice, length: int) -> "Column":
        """Return the column of some of so many rows."""
        if self.rows is None:
            return Column(self.values[rows])
        at = np.full(length, -1, dtype=np.int32)
        at[self.rows] = np.arange(self.rows.size)
        chosen = at[rows]
        there = np.flatnonzero(chosen >= 0).astype(np.int32)
        return Column(self.values[chosen[there]], there)


ABSENT = Column(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32))
"""A column that nobody measured, as those that an older version did not have."""


class Samples(Sequence[Sample]):
    """What reads like a tuple of samples, oldest first, of which a whole column can be had at once."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        """Store columns by the name of their field; those that are missing were not measured."""
        self._columns = {name: columns.get(name, ABSENT) for name in Sample.__struct_fields__}

    def column(self, name: str) -> Values:
        """Return the values of a field, of the rows that have one."""
        return self._columns[name].values

    def rows(self, name: str) -> Values | slice:
        """Return which rows have a value of a field."""
        rows = self._columns[name].rows
        return slice(None) if rows is None else rows

    def __len__(self) -> int:
        return self._columns["at_ns"].values.size

    @overload
    def __getitem__(self, at: int) -> Sample: ...
    @overload
    def __getitem__(self, at: slice) -> "Samples": ...
    def __getitem__(self, at: int | slice) -> "Sample | Samples":
        rows = range(len(self))
        if isinstance(at, int):
            return next(self._between(rows[at], rows[at] + 1))
        if rows[at] == rows:
            return self
        return Samples({name: column.picked(at, len(self)) for name, column in self._columns.items()})

    def __iter__(self) -> Iterator[Sample]:
        for first in range(0, len(self), _BLOCK):
            yield from self._between(first, min(first + _BLOCK, len(self)))

    def _between(self, first: int, end: int) -> Iterator[Sample]:
        for row in zip(*(column.listed(first, end) for column in self._columns.values()), strict=True):
            yield Sample(**dict(zip(Sample.__struct_fields__, row, strict=True)))
