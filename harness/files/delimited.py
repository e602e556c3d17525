"""Tables of numbers as text: comma, tab, semicolon or spaces between, with a header or without."""

import csv
import io
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from harness.files import instants, quantities
from harness.files.table import Floats, Series, Wanted, no_series

MAX_ROWS = 20_000_000
MAX_COLUMNS = 1000
_CHUNK = 1 << 16  # lines that are converted at once
_HEAD = 64
_MISSING = frozenset(("", "-", "--", "na", "n/a", "nan", "null", "none", "nil", "?"))
_MEMORY = (  # the first that matches a header is taken: what a kernel calls resident, then what else may be memory
    re.compile(r"(?i)(rss|resident|working.?set)"),
    re.compile(r"(?i)^(real|res|pss|uss)\b"),
    re.compile(r"(?i)(mem|heap|alloc|in.?use|usage)"),
    re.compile(r"(?i)(bytes|[kmg]i?b\b)"),
)
_NOT_MEMORY = re.compile(r"(?i)(%|percent|limit|total|fault|cpu|vsz|virt|peak|max|hwm)")
_PSRECORD = ("Elapsed time", "Real (MB)")


class Layout(NamedTuple):
    """How the lines of a table are cut. ``named``: the first line names the columns."""

    separator: str | None  # None: any number of spaces
    names: tuple[str, ...]
    named: bool
    rows: tuple[tuple[str, ...], ...]  # the first ones, to see what columns hold


class Chosen(NamedTuple):
    """The columns to read: where the time stands, None where there is none, and where the values."""

    time: int | None
    values: tuple[int, ...]


def read(lines: Iterator[str], name: str, wanted: Wanted) -> list[Series]:
    """Read the chosen columns; UsageFault where the lines are no table, or it must be said which column."""
    head = list(islice(lines, _HEAD))
    table = layout(head, name)
    chosen = choose(table, name, wanted)
    body = _chain(head[1:] if table.named else head, lines)
    columns = _columns(body, table, chosen, name)
    return _series(table, chosen, columns, name, wanted)


def _chain(head: Iterable[str], lines: Iterator[str]) -> Iterator[str]:
    yield from head
    yield from lines


def layout(head: list[str], name: str) -> Layout:
    """Find the separator, and whether the first line is a header."""
    first, *rest = head
    rows_of = rest or [first]
    separator = next((one for one in "\t;," if one in rows_of[0]), None)
    rows = [_cut(line, separator) for line in rows_of if line.strip()]
    titles = _titles(first, separator, len(rows[0]))
    named = not any(_is_value(cell) for cell in titles)
    if not named:
        rows = [titles, *rows] if rest else rows
    width = len(rows[0])
    if width > MAX_COLUMNS:
        raise no_series(name, f"has {width:,} columns in a line", f"bring a table of at most {MAX_COLUMNS:,} columns")
    names = tuple(title.strip() for title in titles) if named else tuple(f"column {at + 1}" for at in range(width))
    return Layout(separator, names, named, tuple(rows))


def _titles(first: str, separator: str | None, width: int) -> tuple[str, ...]:
    """Cut the first line; where spaces separate, a title may have single ones in it."""
    titles = _cut(first, separator)
    if separator is None and len(titles) != width:
        wide = tuple(re.split(r"\s{2,}", first.lstrip("#").strip()))
        return wide if len(wide) == width else titles
    return titles


def _cut(line: str, separator: str | None) -> tuple[str, ...]:
    if separator is None:
        return tuple(line.lstrip("#").split())
    return tuple(next(csv.reader([line], delimiter=separator), ()))


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
        instants.reader(cell)
    except (ValueError, OverflowError):
        return False
    return True


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
    if wanted.columns:
        return Chosen(time, tuple(_position(table, one, name) for one in wanted.columns))
    others = [at for at in range(len(table.names)) if at != time and _numeric(table, at)]
    if not others:
        raise no_series(name, f"has no column of numbers beside the time ({_listed(table)})", "name a table of numbers over time")
    if len(others) > 1:
        others = _memory(table, others)
    if len(others) != 1:
        raise no_series(name, f"has several columns that may be memory: {_listed(table)}", "choose with --column NAME")
    return Chosen(time, tuple(others))


def _listed(table: Layout) -> str:
    return ", ".join(one[:40] for one in table.names[:20])


def _position(table: Layout, asked: str, name: str) -> int:
    if asked in table.names:
        return table.names.index(asked)
    if asked.isdecimal() and 1 <= int(asked) <= len(table.names):
        return int(asked) - 1
    alike = [at for at, one in enumerate(table.names) if asked.lower() in one.lower()]
    if len(alike) != 1:
        raise no_series(name, f"has no column {asked!r}; it has {_listed(table)}", "choose one by its name or number: --column 2")
    return alike[0]


def _time(table: Layout) -> int | None:
    titled = [at for at, title in enumerate(table.names) if table.named and instants.is_time(title)]
    if titled:
        return titled[0]
    worked = [at for at, title in enumerate(table.names) if table.named and instants.is_work(title) and _rises(table, at)]
    if worked:
        return worked[0]
    return 0 if len(table.names) > 1 and (_moments(table, 0) or _rises(table, 0)) else None


def _moments(table: Layout, at: int) -> bool:
    return not _numeric(table, at) and all(_is_moment(row[at]) for row in table.rows if len(row) > at)


def _rises(table: Layout, at: int) -> bool:
    if not _numeric(table, at):
        return False
    values = [number(row[at]) for row in table.rows if len(row) > at]
    return len(values) > 1 and all(one < two for one, two in zip(values, values[1:], strict=False))


def _numeric(table: Layout, at: int) -> bool:
    cells = [row[at] for row in table.rows if len(row) > at]
    try:
        return any(np.isfinite(number(cell)) for cell in cells)
    except ValueError:
        return False


def _memory(table: Layout, others: list[int]) -> list[int]:
    fit = [at for at in others if not _NOT_MEMORY.search(table.names[at])]
    for pattern in _MEMORY:
        if found := [at for at in fit if pattern.search(table.names[at])]:
            return found
    return fit


def _columns(lines: Iterator[str], table: Layout, chosen: Chosen, name: str) -> tuple[list[Floats], instants.Reader | None]:
    """Convert the chosen columns chunk by chunk; the time first, where there is one."""
    order = ([] if chosen.time is None else [chosen.time]) + list(chosen.values)
    clock = None if chosen.time is None or _numeric(table, chosen.time) else _clock(table, chosen.time, name)
    parts: list[list[Floats]] = [[] for _ in order]
    rows = 0
    while chunk := list(islice(lines, _CHUNK)):
        rows += len(chunk)
        if rows > MAX_ROWS:
            raise no_series(name, f"has more than {MAX_ROWS:,} rows", "bring every tenth row")
        for part, column in zip(parts, _converted(chunk, table.separator, order, clock), strict=True):
            part.append(column)
    return [_joined(part) for part in parts], clock


def _clock(table: Layout, at: int, name: str) -> instants.Reader:
    example = next((row[at] for row in table.rows if len(row) > at and row[at].strip()), "")
    try:
        return instants.reader(example)
    except (ValueError, OverflowError):
        what = f"has no time in its column {table.names[at]!r}: {example[:40]!r}"
        raise no_series(name, what, "name the column of the time with --time") from None


def _joined(parts: list[Floats]) -> Floats:
    found = np.concatenate(parts) if parts else np.empty(0)
    parts.clear()
    return found


def _converted(
    chunk: list[str], separator: str | None, order: Sequence[int], clock: instants.Reader | None
) -> list[Floats]:
    if clock is None:
        try:
            return _quickly(chunk, separator, order)
        except ValueError:
            pass  # a cell is empty, quoted, or has a unit
    rows = csv.reader(chunk, delimiter=separator) if separator else (line.split() for line in chunk)
    cut = [row for row in rows if row and not row[0].startswith("#")]
    cells = [[row[at] if at < len(row) else "" for row in cut] for at in order]
    first = [clock.column(cells[0])] if clock else []
    return [*first, *(_values(column, separator) for column in cells[len(first) :])]


def _quickly(chunk: list[str], separator: str | None, order: Sequence[int]) -> list[Floats]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a chunk without rows
        block = np.loadtxt(io.StringIO("".join(chunk)), delimiter=separator, usecols=order, ndmin=2)
    return [np.ascontiguousarray(block[:, at]) for at in range(len(order))]


def _values(cells: list[str], separator: str | None) -> Floats:
    found = np.empty(len(cells))
    for at, cell in enumerate(cells):
        try:
            found[at] = number(cell.replace(",", ".") if separator == ";" else cell)
        except ValueError:
            found[at] = np.nan
    return found


def _series(
    table: Layout, chosen: Chosen, read: tuple[list[Floats], instants.Reader | None], name: str, wanted: Wanted
) -> list[Series]:
    columns, reader = read
    clock = _times(table, chosen, columns, reader, wanted, name)
    values = columns[-len(chosen.values) :]
    return [
        _one(table, at, clock, column, wanted) for at, column in zip(chosen.values, values, strict=True)
    ]


def _times(  # noqa: PLR0913, PLR0917 - what a clock may be read from
    table: Layout,
    chosen: Chosen,
    columns: list[Floats],
    reader: instants.Reader | None,
    wanted: Wanted,
    name: str,
) -> instants.Clock:
    if chosen.time is not None:
        return instants.finished(columns[0], reader.form) if reader else instants.numbers(columns[0], _title(table, chosen.time))
    if wanted.every_s is None:
        raise no_series(name, "has no column of time", "say how far apart the readings are: --every 10s")
    return evenly(columns[-1].size, wanted.every_s)


def evenly(rows: int, every_s: float) -> instants.Clock:
    """Give readings without times the ones that the user says."""
    return instants.Clock(np.arange(rows) * every_s, f"one reading each {every_s:g} s, as given")


def _title(table: Layout, at: int) -> str:
    return table.names[at] if table.named else ""


def _one(table: Layout, at: int, clock: instants.Clock, values: Floats, wanted: Wanted) -> Series:
    unit = _unit(table, at, values, wanted)
    kind = "psrecord" if set(_PSRECORD) <= set(table.names) else "a table"
    return Series(
        name=table.names[at],
        kind=kind,
        x=clock.x,
        y=values * unit.factor,
        per="unit" if clock.work else "hour",
        unit=f"{unit.name}, {unit.source}",
        clock=clock.form,
    )


def _unit(table: Layout, at: int, values: Floats, wanted: Wanted) -> quantities.Unit:
    if wanted.unit_bytes is not None:
        return quantities.Unit(wanted.unit_bytes, "as given")
    if any(quantities.has_unit(row[at]) for row in table.rows if len(row) > at):
        return quantities.Unit(1.0, "each value has its unit")
    if set(_PSRECORD) <= set(table.names):
        return quantities.Unit(1024.0**2, "psrecord's MB has 1,048,576 bytes")
    return (table.named and quantities.from_header(table.names[at])) or quantities.guess(values)
