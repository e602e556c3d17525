"""Lines cut into the columns that are wanted: whole blocks by numpy or msgspec, row by row where a block is odd.

Row by row, ten million lines take minutes; the block readers take seconds, and refuse what they could misread.
"""

import csv
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Literal, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

Kind = Literal["f8", "S32", "text"]  # numbers, ISO 8601, anything else
Path = tuple[str, ...]  # where in an object a value stands
Block = npt.NDArray[Any] | list[str]
Order = tuple[tuple[int, Kind], ...]  # which columns are wanted, and what they hold
_LETTERS = 32  # of a text that a block may hold: numpy keeps room for all of them in each cell
_MOST_NESTED = 3


class Cutter(Protocol):
    """How lines of one form become columns."""

    def block(self, lines: list[str], order: Order) -> list[Block]:
        """Cut all lines at once; ValueError where one of them has another form than the rest."""

    def rows(self, lines: list[str]) -> list[list[str]]:
        """Cut each line into all its cells."""


class Delimited:
    """Cells between separators; None: any number of spaces."""

    def __init__(self, separator: str | None) -> None:
        self._separator = separator

    def block(self, lines: list[str], order: Order) -> list[Block]:
        """Cut plain rows; ValueError for one with quotes, a comment or too few cells, and for an empty number."""
        if self._separator and any('"' in line for line in lines):
            raise ValueError
        titles = [f"f{number}" for number in range(len(order))]
        kinds = [f"U{_LETTERS}" if kind == "text" else kind for _, kind in order]
        rows = np.loadtxt(
            lines,
            delimiter=self._separator,
            usecols=[at for at, _ in order],
            dtype=list(zip(titles, kinds, strict=True)),
            ndmin=1,
            comments=None,
        )
        return [_whole(rows[title], kind) for title, (_, kind) in zip(titles, order, strict=True)]

    def rows(self, lines: list[str]) -> list[list[str]]:
        """Cut each line, with quotes; comments and empty lines are left out."""
        cut = csv.reader(lines, delimiter=self._separator) if self._separator else (line.split() for line in lines)
        return [row for row in cut if row and not row[0].startswith("#")]


def _whole(column: npt.NDArray[Any], kind: Kind) -> Block:
    """Return a column as it is wanted; ValueError where numpy may have cut the end of a text off."""
    if kind != "text":
        return np.ascontiguousarray(column)
    texts: list[str] = column.tolist()
    if max(map(len, texts), default=0) >= _LETTERS:
        raise ValueError
    return texts


class JsonLines:
    """One JSON object a line. ``paths``: where in the object each column stands."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._prepared: tuple[Order, msgspec.json.Decoder[Any], list[Callable[[Any], Any]]] | None = None

    def block(self, lines: list[str], order: Order) -> list[Block]:
        """Decode nothing but the wanted fields; ValueError where one has another type than the rest."""
        if self._prepared is None or self._prepared[0] != order:
            self._prepared = (order, *_decoder([(self._paths[at], kind) for at, kind in order]))
        _, decoder, getters = self._prepared
        try:
            rows = decoder.decode_lines("".join(lines))
            columns = [list(map(get, rows)) for get in getters]
        except (msgspec.DecodeError, AttributeError, RecursionError) as cause:
            raise ValueError from cause
        return [
            [text or "" for text in column] if kind == "text" else np.array(column, dtype=kind)
            for column, (_, kind) in zip(columns, order, strict=True)
        ]

    def rows(self, lines: list[str]) -> list[list[str]]:
        """Flatten each object; a line that is none has no cells that are filled."""
        flats = [flat(decoded(line)) for line in lines if line.strip()]
        return [[row.get(path, "") for path in self._paths] for row in flats]


def _decoder(wanted: list[tuple[Path, Kind]]) -> tuple[msgspec.json.Decoder[Any], list[Callable[[Any], Any]]]:
    """Build a type with nothing but the wanted fields, and what takes each of them out of it."""
    tree: dict[str, Any] = {}
    titles: dict[str, str] = {}  # names that Python takes, for names that JSON allows
    for path, kind in wanted:
        node = tree
        for word in path[:-1]:
            node = node.setdefault(word, {})
        node[path[-1]] = float | str | None if kind == "f8" else str | None
        for word in path:
            titles.setdefault(word, f"f{len(titles)}")
    getters: list[Callable[[Any], Any]] = [attrgetter(".".join(titles[word] for word in path)) for path, _ in wanted]
    return msgspec.json.Decoder(_type(tree, titles)), getters


def _type(tree: dict[str, Any], titles: dict[str, str]) -> Any:
    fields = [
        (titles[word], _type(one, titles) | None if isinstance(one, dict) else one, None) for word, one in tree.items()
    ]
    return msgspec.defstruct("Row", fields, rename={titles[word]: word for word in tree})


def decoded(line: str) -> Any:
    """Return what a line holds as JSON; None where it is none."""
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def flat(value: Any, before: Path = ()) -> dict[Path, str]:
    """Return the numbers and texts of an object, and of objects in it, by where they stand."""
    found: dict[Path, str] = {}
    for name, one in value.items() if isinstance(value, dict) else ():
        if isinstance(one, dict) and len(before) < _MOST_NESTED:
            found.update(flat(one, (*before, name)))
        elif isinstance(one, str | int | float) and not isinstance(one, bool):
            found[*before, name] = str(one)
    return found
