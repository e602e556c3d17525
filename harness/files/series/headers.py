"""What the columns of a table hold, by its header and first rows: the time, the memory, and whose it is. Pure."""

import csv
import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from harness.files.series import dates, instants, quantities
from harness.files.series.table import Wanted, no_series

MAX_COLUMNS = 1000
_ODD = 0.1  # of the first rows: more cells that are no numbers make a column one of text
_MISSING = frozenset(("", "-", "--", "-- / --", "--/--", "na", "n/a", "nan", "null", "none", "nil", "?"))
_MEMORY = (  # the first that matches a header is taken: what a kernel calls resident, then what else may be memory
    re.compile(r"(?i)(rss|resident|working.?set)"),
    re.compile(r"(?i)^(real|res|pss|uss)\b"),
    re.compile(r"(?i)(mem|heap|alloc|in.?use|usage)"),
    re.compile(r"(?i)(bytes|[kmg]i?b\b)"),
)
_NOT_MEMORY = re.compile(r"(?i)(%|perc|limit|total|fault|cpu|vsz|virt|peak|max|hwm|^pid$)")
_KEY = re.compile(r"(?i)^(name|container|instance|pod|host|process|command|comm|cmd|job|service)$")
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+(?:[eE][-+]?\d+)?\s*[A-Za-z]*\s*")
_PID = re.compile(r"(?i)^(pid|process.?id)$")
_OF_DAY = "time of day"  # the title of a column that its table has none for


class Layout(NamedTuple):
    """How the lines of a table are cut. ``named``: the first line names the columns."""

    separator: str | None  # None: any number of spaces
    names: tuple[str, ...]
    named: bool
    rows: tuple[tuple[str, ...], ...]  # the first ones, to see what columns hold

    def title(self, at: int) -> str:
        """Return the header of a column; nothing where the table has none."""
        return self.names[at] if self.named else ""

    def cells(self, at: int) -> list[str]:
        return [row[at] for row in self.rows if len(row) > at]


class Chosen(NamedTuple):
    """The columns to read: the time, if there is one; the values; the process id; and whose values they are.

    ``of_day``: where the time is written in two columns, the one beside that of the dates.
    """

    time: int | None
    values: tuple[int, ...]
    pid: int | None
    keys: tuple[int, ...]
    of_day: int | None = None


def layout(head: list[str], name: str) -> Layout:
    """Find the separator, and whether the first line is a header."""
    first, *rest = head
    rows_of = rest or [first]
    separator = next((one for one in "\t;," if one in rows_of[0]), None)
    rows = [_cut(line, separator) for line in rows_of if line.strip()]
    titles = _titles(first, separator, rows[0])
    named = not any(_is_value(cell) for cell in titles)
    if not named:
        rows = [titles, *rows] if rest else rows
    width = len(rows[0])
    if width > MAX_COLUMNS:
        raise no_series(
            name,
            f"has {width:,} columns in a line",
            f"bring a table of at most {MAX_COLUMNS:,} columns",
            "file_too_large",
        )
    names = tuple(title.strip() for title in titles) if named else tuple(f"column {at + 1}" for at in range(width))
    return Layout(separator, names, named, tuple(rows))


def _titles(first: str, separator: str | None, row: tuple[str, ...]) -> tuple[str, ...]:
    """Cut the first line; where spaces separate, a title may have single ones in it, and a time be of two cells."""
    titles = _cut(first, separator)
    if separator is None and len(titles) != len(row):
        wide = tuple(re.split(r"\s{2,}", first.lstrip("#").strip()))
        if len(wide) == len(row):
            return wide
        if len(titles) == len(row) - 1 and _is_day(row[0]) and dates.is_clock(row[1]):
            return (titles[0], _OF_DAY, *titles[1:])
    return titles


def _cut(line: str, separator: str | None) -> tuple[str, ...]:
    if separator is None:
        return tuple(line.lstrip("#").split())
    cells = tuple(next(csv.reader([line], delimiter=separator), ()))
    return tuple(map(_pointed, cells)) if separator == ";" else cells


def _pointed(cell: str) -> str:
    """Write a number with a decimal point: a comma is one where semicolons separate."""
    return cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell


def _is_value(cell: str) -> bool:
    if cell.strip().lower() in _MISSING:
        return False
    try:
        number(cell)
    except ValueError:
        return _is_moment(cell)
    return True


def _is_moment(cell: str) -> bool:
    try:
        instants.reader([cell])
    except (ValueError, OverflowError):
        return False
    return True


def _is_day(cell: str) -> bool:
    return _is_moment(cell) and not dates.CLOCK.search(cell)


@lru_cache(maxsize=1 << 16)  # of ten million readings with a unit, few are different
def number(cell: str) -> float:
    """Read a number, in bytes if a unit of memory follows it; NaN for what means missing; ValueError for the rest."""
    text = cell.strip()
    try:
        return float(text)
    except ValueError:
        if text.lower() in _MISSING:
            return np.nan
    value, unit = quantities.amount(text)
    if unit not in quantities.FACTORS:
        raise ValueError(cell)
    return value * quantities.FACTORS[unit]


def choose(table: Layout, name: str, wanted: Wanted) -> Chosen:
    """Choose the columns of time and memory by what their headers say, or by what the user says."""
    time = _position(table, wanted.time, name) if wanted.time else _time(table)
    time, of_day = _in_two(table, time)
    pid, keys = _owner(table, time)
    if wanted.columns:
        return Chosen(time, tuple(_position(table, one, name) for one in wanted.columns), pid, keys, of_day)
    others = [at for at in range(len(table.names)) if at not in {time, pid, *keys} and numeric(table, at)]
    if not others:
        raise no_series(
            name, f"has no column of numbers beside the time ({_listed(table)})", "name a table of numbers over time"
        )
    if len(others) > 1:
        others = _memory(table, others)
    if len(others) != 1:
        raise no_series(
            name,
            f"has several columns that may be memory: {_listed(table)}",
            "choose with --column NAME",
            "which_column",
        )
    return Chosen(time, tuple(others), pid, keys, of_day)


def _owner(table: Layout, time: int | None) -> tuple[int | None, tuple[int, ...]]:
    """Find the columns that tell whose memory a row is of: a name rather than an id, or the only words there are."""
    if not table.named:
        texts = [at for at in range(len(table.names)) if at != time and not (numeric(table, at) or _moments(table, at))]
        return None, tuple(texts) if len(texts) == 1 else ()
    pid = next((at for at, title in enumerate(table.names) if _PID.match(title) and numeric(table, at)), None)
    keys = [
        at
        for at, title in enumerate(table.names)
        if at != time and _KEY.match(title) and not (numeric(table, at) or _hold(table, at, dates.is_clock))
    ]
    return pid, tuple(sorted(keys, key=lambda at: table.names[at].lower() != "name")[:1])


def _hold(table: Layout, at: int, told: Callable[[str], bool]) -> bool:
    """Return whether a column's cells are all of one kind, but for those that are missing."""
    cells = [cell for cell in table.cells(at) if cell.strip().lower() not in _MISSING]
    return bool(cells) and all(map(told, cells))


def _listed(table: Layout) -> str:
    return ", ".join(one[:40] for one in table.names[:20])


def _position(table: Layout, asked: str, name: str) -> int:
    if asked in table.names:
        return table.names.index(asked)
    if asked.isdecimal() and 1 <= int(asked) <= len(table.names):
        return int(asked) - 1
    alike = [at for at, one in enumerate(table.names) if asked.lower() in one.lower()]
    if len(alike) != 1:
        raise no_series(
            name,
            f"has no column {asked!r}; it has {_listed(table)}",
            "choose one by its name or number: --column 2",
            "which_column",
        )
    return alike[0]


def _time(table: Layout) -> int | None:
    titled = [at for at, title in enumerate(table.names) if table.named and instants.is_time(title)]
    if titled:
        return titled[0]
    worked = [
        at for at, title in enumerate(table.names) if table.named and instants.is_work(title) and _rises(table, at)
    ]
    if worked:
        return worked[0]
    return 0 if len(table.names) > 1 and (_moments(table, 0) or _rises(table, 0)) else None


def _in_two(table: Layout, time: int | None) -> tuple[int | None, int | None]:
    """Find the column of dates and that of times of day where a time is written in both; else the time alone."""
    if time is None or numeric(table, time):
        return time, None
    beside = [
        at
        for at, title in enumerate(table.names)
        if at != time and (instants.is_time(title) if table.named else abs(at - time) == 1)
    ]
    if _hold(table, time, _is_day):
        return time, next((at for at in beside if _hold(table, at, dates.is_clock)), None)
    day = next((at for at in beside if _hold(table, at, _is_day)), None) if _hold(table, time, dates.is_clock) else None
    return (time, None) if day is None else (day, time)


def _moments(table: Layout, at: int) -> bool:
    return not numeric(table, at) and _hold(table, at, _is_moment)


def _rises(table: Layout, at: int) -> bool:
    if not numeric(table, at):
        return False
    values = _parsed(table, at)[0]
    return len(values) > 1 and all(one < two for one, two in pairwise(values))


def numeric(table: Layout, at: int) -> bool:
    """Return whether a column holds numbers; now and then a cell that is none is taken for missing."""
    values, odd = _parsed(table, at)
    return any(map(np.isfinite, values)) and odd <= _ODD * len(table.rows)


def _parsed(table: Layout, at: int) -> tuple[list[float], int]:
    """Return the numbers of a column's first cells, and how many cells are none."""
    values = []
    for cell in table.cells(at):
        with suppress(ValueError):
            values.append(number(cell))
    return values, len(table.cells(at)) - len(values)


def _memory(table: Layout, others: list[int]) -> list[int]:
    fit = [at for at in others if not _NOT_MEMORY.search(table.names[at])]
    for pattern in _MEMORY:
        if found := [at for at in fit if pattern.search(table.names[at])]:
            return found
    return fit
