"""Tables of numbers as text: comma, tab, semicolon or spaces between, with a header or without; or JSON lines."""

import csv
import warnings
from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.files.series import instants, quantities
from harness.files.series.cutting import Block, Cutter, Delimited, JsonLines, Kind, Order, decoded, flat
from harness.files.series.headers import Chosen, Layout, choose, layout, number, numeric
from harness.files.series.table import Floats, Series, Wanted, no_series

MAX_ROWS = 20_000_000
_CHUNK = 1 << 16  # lines that are converted at once
_HEAD = 64
_PSRECORD = frozenset(("Elapsed time", "Real (MB)"))
MOST_PROCESSES = 1000
_MOST_PID = 2.0**53


class _Sink(NamedTuple):
    """A column that is wanted, what reads its texts, and what was read of it.

    A growing array and not a list of chunks: to join ten million numbers would take their memory twice.
    """

    at: int
    kind: Kind
    read: Callable[[list[str]], Floats]
    taken: "array[Any]"

    def take(self, column: Block) -> None:
        values = self.read(column) if isinstance(column, list) else column
        self.taken.frombytes(values.astype(self.taken.typecode, copy=False).tobytes())

    @property
    def values(self) -> Floats:
        return np.frombuffer(self.taken, dtype=self.taken.typecode)


class _Columns(NamedTuple):
    """What was read of a table. ``time``: to be added. ``owners``: the code in ``keys`` of each text."""

    time: tuple[_Sink, ...]
    values: tuple[_Sink, ...]
    pid: tuple[_Sink, ...]
    keys: tuple[_Sink, ...]
    owners: dict[str, int]


def read(lines: Iterator[str], name: str, wanted: Wanted, kind: str = "a table") -> list[Series]:
    """Read the chosen columns; UsageFault where the lines are no table, or it must be said which column."""
    try:
        head = _head(lines, name)
        table = layout(head, name)
        rest = chain(head[1:] if table.named else head, lines)
        return _read(table, rest, Delimited(table.separator), name, wanted, kind)
    except csv.Error as cause:
        raise no_series(name, f"has a row that cannot be cut into cells: {cause}", "export it again as CSV") from None


def read_json(lines: Iterator[str], name: str, wanted: Wanted) -> list[Series]:
    """Read JSON objects, one a line; an object in an object gives columns such as ``memory.rss``."""
    head = _head(lines, name)
    rows = [flat(decoded(line)) for line in head]
    paths = list(dict.fromkeys(path for row in rows for path in row))
    cells = tuple(tuple(row.get(path, "") for path in paths) for row in rows)
    table = Layout(",", tuple(map(".".join, paths)), named=True, rows=cells)
    return _read(table, chain(head, lines), JsonLines(paths), name, wanted, "JSON lines")


def _head(lines: Iterator[str], name: str) -> list[str]:
    head = list(islice((line for line in lines if line.strip()), _HEAD))
    if not head:
        raise no_series(name, "has no lines", "name a table of numbers over time")
    return head


def _read(  # noqa: PLR0913, PLR0917 - a table and how it is read
    table: Layout, lines: Iterator[str], cutter: Cutter, name: str, wanted: Wanted, kind: str
) -> list[Series]:
    chosen = choose(table, name, wanted)
    if chosen.time is None and wanted.every_s is None:
        raise no_series(
            name, "has no column of time", "say how far apart the readings are: --every 10s", "which_column"
        )
    clock = None if chosen.time is None or numeric(table, chosen.time) else _clock(table, chosen.time, name)
    columns = _columns(table, chosen, clock)
    _fill(columns, lines, cutter, name)
    return _series(table, chosen, columns, clock, wanted, kind)


def _clock(table: Layout, at: int, name: str) -> instants.Reader:
    try:
        return instants.reader(table.cells(at), table.title(at))
    except (ValueError, OverflowError):
        example = next((cell for cell in table.cells(at) if cell.strip()), "")
        what = f"has no time in its column {table.names[at]!r}: {example[:40]!r}"
        raise no_series(name, what, "name the column of the time with --time", "which_column") from None


def _columns(table: Layout, chosen: Chosen, clock: instants.Reader | None) -> _Columns:
    owners: dict[str, int] = {}
    decimal = partial(_numbers, comma=table.separator == ";")

    def coded(cells: list[str]) -> Floats:
        return np.array([owners.setdefault(cell, len(owners)) for cell in cells], dtype=np.float64)

    def numbers(at: int, typecode: Literal["d", "f"] = "d") -> _Sink:
        plain = not any(quantities.has_unit(cell) for cell in table.cells(at))
        return _Sink(at, "f8" if plain else "text", decimal, array(typecode))

    def time(at: int) -> _Sink:
        return numbers(at) if clock is None else _Sink(at, clock.block_type or "text", clock.column, array("d"))

    def of_day(at: int) -> _Sink:
        return _Sink(at, "text", instants.OF_DAY.column, array("d"))

    return _Columns(
        time=tuple(read(at) for at, read in ((chosen.time, time), (chosen.of_day, of_day)) if at is not None),
        values=tuple(map(numbers, chosen.values)),
        pid=tuple(numbers(at, "f") for at in (chosen.pid,) if at is not None),  # a kernel counts to 2**22
        keys=tuple(_Sink(at, "text", coded, array("i")) for at in chosen.keys),
        owners=owners,
    )


def _fill(columns: _Columns, lines: Iterator[str], cutter: Cutter, name: str) -> None:
    """Convert the chosen columns chunk by chunk, so that no more than a chunk is ever there as text."""
    sinks = (*columns.time, *columns.values, *columns.pid, *columns.keys)
    order = tuple((sink.at, sink.kind) for sink in sinks)
    rows = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a chunk without rows
        while chunk := list(islice(lines, _CHUNK)):
            rows += len(chunk)
            if rows > MAX_ROWS:
                raise no_series(name, f"has more than {MAX_ROWS:,} rows", "bring every tenth row", "file_too_large")
            for sink, part in zip(sinks, _cut(chunk, cutter, order), strict=True):
                sink.take(part)


def _cut(chunk: list[str], cutter: Cutter, order: Order) -> list[Block]:
    try:
        blocks = cutter.block(chunk, order)
        return [_timed(one) if kind == "S32" else one for one, (_, kind) in zip(blocks, order, strict=True)]
    except (ValueError, TypeError):
        rows = cutter.rows(chunk)
        return [_typed([row[at] if at < len(row) else "" for row in rows], kind) for at, kind in order]


def _timed(block: Block) -> Floats:
    return instants.block(np.asarray(block, dtype="S32"))


def _typed(cells: list[str], kind: Kind) -> Block:
    """Convert cells at once where they allow it; what is empty is missing."""
    with suppress(ValueError):
        if kind == "f8":
            return np.array([cell or "nan" for cell in cells], dtype=np.float64)
        if kind == "S32":
            return _timed(cells)
    return cells


def _numbers(cells: list[str], *, comma: bool) -> Floats:
    found = np.empty(len(cells))
    for at, cell in enumerate(cells):
        try:
            found[at] = number(cell.replace(",", ".") if comma else cell)
        except ValueError:
            found[at] = np.nan
    return found


def _series(  # noqa: PLR0913, PLR0917 - what a series is made of
    table: Layout,
    chosen: Chosen,
    columns: _Columns,
    reader: instants.Reader | None,
    wanted: Wanted,
    kind: str,
) -> list[Series]:
    values = [sink.values for sink in columns.values]
    pid, keys = (next((sink.values for sink in part), None) for part in (columns.pid, columns.keys))
    clock = _times(table, chosen, columns.time, reader) if columns.time else None
    found = []
    for at, column in zip(chosen.values, values, strict=True):
        one = _one(table, at, clock, column, wanted, kind)
        found += [part for whole in _by_key(one, keys, columns.owners) for part in _by_pid(whole, pid, keys)]
    return [one if clock else _evenly(one, wanted.every_s or 0.0) for one in found]


def _times(table: Layout, chosen: Chosen, sinks: tuple[_Sink, ...], reader: instants.Reader | None) -> instants.Clock:
    column = sum((sink.values for sink in sinks[1:]), sinks[0].values)
    if reader:
        clock = instants.finished(column, reader)
        return clock if chosen.of_day is None else clock._replace(form=f"{clock.form}, and {instants.TIME_OF_DAY}")
    return instants.numbers(column, table.title(chosen.time or 0))


def _one(  # noqa: PLR0913, PLR0917 - what a series is made of
    table: Layout, at: int, clock: instants.Clock | None, values: Floats, wanted: Wanted, kind: str
) -> Series:
    unit = _unit(table, at, values, wanted)
    if unit.factor != 1:
        values *= unit.factor
    return Series(
        name=table.names[at],
        kind="psrecord" if set(table.names) >= _PSRECORD else kind,
        x=clock.x if clock else values,
        y=values,
        per="unit" if clock and clock.work else "hour",
        unit=f"{unit.name}, {unit.source}",
        clock=clock.form if clock else "",
    )


def _unit(table: Layout, at: int, values: Floats, wanted: Wanted) -> quantities.Unit:
    if wanted.unit_bytes is not None:
        return quantities.Unit(wanted.unit_bytes, "as given")
    if any(quantities.has_unit(cell) for cell in table.cells(at)):
        return quantities.Unit(1.0, "each value has its unit")
    if set(table.names) >= _PSRECORD:
        return quantities.Unit(1024.0**2, "psrecord's MB has 1,048,576 bytes")
    return quantities.from_header(table.title(at)) or quantities.guess(values)


def _evenly(series: Series, every_s: float) -> Series:
    """Assign times at the user's interval to readings without any."""
    return replace(
        series, x=np.arange(series.y.size, dtype=np.float64) * every_s, clock=f"a reading each {every_s:g} s, as given"
    )


def _by_key(
    series: Series, keys: Floats | None, owners: dict[str, int]
) -> list[tuple[Series, npt.NDArray[np.bool_] | None]]:
    if keys is None or not owners:
        return [(series, None)]
    if len(owners) == 1:
        return [(replace(series, name=next(iter(owners)) or series.name), None)]
    masks = [(owner, keys == code) for owner, code in owners.items()]
    return [(replace(_only(series, mask), name=owner or series.name), mask) for owner, mask in masks]


def _by_pid(
    part: tuple[Series, npt.NDArray[np.bool_] | None], pids: Floats | None, keys: Floats | None
) -> list[Series]:
    """Distinguish processes that follow each other, which are lives of one, from processes that live at once."""
    series, mask = part
    if pids is None:
        return [series]
    mine = pids if mask is None else pids[mask]
    if mine.size and (mine == mine[0]).all():  # all of one process: nothing of ten million is copied
        return [replace(series, lives=np.broadcast_to(np.int64(0), mine.size))]
    known = np.unique(mine[np.isfinite(mine)])
    changes = int((np.diff(mine) != 0).sum())
    if changes < known.size:
        return [replace(series, lives=np.clip(np.nan_to_num(mine), 0, _MOST_PID).astype(np.int64))]
    names = [
        (f"{series.name} {pid:.0f}" if keys is not None else f"process {pid:.0f}", mine == pid)
        for pid in known[:MOST_PROCESSES]
    ]
    return [replace(_only(series, one), name=name) for name, one in names]


def _only(series: Series, mask: npt.NDArray[np.bool_]) -> Series:
    return replace(series, x=series.x[mask], y=series.y[mask])
