"""Tables of numbers as text: comma, tab, semicolon or spaces between, with a header or without."""

import csv
import io
import warnings
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from harness.files import instants, quantities
from harness.files.layout import Chosen, Layout, choose, layout, number, numeric
from harness.files.table import Floats, Series, Wanted, no_series

MAX_ROWS = 20_000_000
_CHUNK = 1 << 16  # lines that are converted at once
_HEAD = 64
_PSRECORD = frozenset(("Elapsed time", "Real (MB)"))
MOST_PROCESSES = 1000
_MOST_PID = 2.0**53
Codes = npt.NDArray[np.int64]


@dataclass(kw_only=True)
class _Columns:
    """What was read of a table, chunk by chunk. ``owners``: the code in ``keys`` of each text.

    Growing arrays and not lists of chunks: to join ten million numbers would take their memory twice.
    """

    time: "array[float]" = field(default_factory=lambda: array("d"))
    values: "tuple[array[float], ...]"
    pid: "array[float]" = field(default_factory=lambda: array("d"))
    keys: "array[int]" = field(default_factory=lambda: array("q"))
    owners: dict[str, int] = field(default_factory=dict)


def read(lines: Iterator[str], name: str, wanted: Wanted, kind: str = "a table") -> list[Series]:
    """Read the chosen columns; UsageFault where the lines are no table, or it must be said which column."""
    try:
        return _read(lines, name, wanted, kind)
    except csv.Error as cause:
        raise no_series(name, f"has a row that cannot be cut into cells: {cause}", "export it again as CSV") from None


def _read(lines: Iterator[str], name: str, wanted: Wanted, kind: str) -> list[Series]:
    head = list(islice((line for line in lines if line.strip()), _HEAD))
    if not head:
        raise no_series(name, "has no lines", "name a table of numbers over time")
    table = layout(head, name)
    chosen = choose(table, name, wanted)
    if chosen.time is None and wanted.every_s is None:
        raise no_series(
            name, "has no column of time", "say how far apart the readings are: --every 10s", "which_column"
        )
    clock = None if chosen.time is None or numeric(table, chosen.time) else _clock(table, chosen.time, name)
    columns = _columns(_chain(head[1:] if table.named else head, lines), table, chosen, clock, name)
    return _series(table, chosen, columns, clock, wanted, kind)


def _chain(head: Iterable[str], lines: Iterator[str]) -> Iterator[str]:
    yield from head
    yield from lines


def _clock(table: Layout, at: int, name: str) -> instants.Reader:
    example = next((cell for cell in table.cells(at) if cell.strip()), "")
    try:
        return instants.reader(example)
    except (ValueError, OverflowError):
        what = f"has no time in its column {table.names[at]!r}: {example[:40]!r}"
        raise no_series(name, what, "name the column of the time with --time", "which_column") from None


def _columns(lines: Iterator[str], table: Layout, chosen: Chosen, clock: instants.Reader | None, name: str) -> _Columns:
    """Convert the chosen columns chunk by chunk, so that no more than a chunk is ever there as text."""
    found = _Columns(values=tuple(array("d") for _ in chosen.values))
    rows = 0
    while chunk := list(islice(lines, _CHUNK)):
        rows += len(chunk)
        if rows > MAX_ROWS:
            raise no_series(name, f"has more than {MAX_ROWS:,} rows", "bring every tenth row", "file_too_large")
        quick = not chosen.keys and (clock is None or clock.block_type)
        if not quick or not _quickly(chunk, table.separator, chosen, clock, found):
            _carefully(chunk, table.separator, chosen, clock, found)
    return found


def _quickly(
    chunk: list[str], separator: str | None, chosen: Chosen, clock: instants.Reader | None, found: _Columns
) -> bool:
    """Convert rows of plain numbers and times; False where a cell is empty, quoted, has a unit or another zone."""
    order = [at for at in (chosen.time, *chosen.values, chosen.pid) if at is not None]
    try:
        columns = _block(chunk, separator, order, clock)
    except ValueError:
        return False
    into = [
        *([found.time] if chosen.time is not None else []),
        *found.values,
        *([found.pid] if chosen.pid is not None else []),
    ]
    for part, column in zip(into, columns, strict=True):
        part.frombytes(column.tobytes())
    return True


def _block(chunk: list[str], separator: str | None, order: list[int], clock: instants.Reader | None) -> list[Floats]:
    kinds = [(f"f{at}", clock.block_type if clock and not at else "f8") for at in range(len(order))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a chunk without rows
        text = io.StringIO("".join(chunk))
        if clock is None:
            return list(np.loadtxt(text, delimiter=separator, usecols=order, ndmin=2).T)
        rows = np.loadtxt(text, delimiter=separator, usecols=order, dtype=kinds, ndmin=1)
        return [instants.block(rows["f0"]), *(rows[title] for title, _ in kinds[1:])]


def _carefully(
    chunk: list[str], separator: str | None, chosen: Chosen, clock: instants.Reader | None, found: _Columns
) -> None:
    rows = csv.reader(chunk, delimiter=separator) if separator else (line.split() for line in chunk)
    cut = [row for row in rows if row and not row[0].startswith("#")]

    def cells(at: int) -> list[str]:
        return [row[at] if at < len(row) else "" for row in cut]

    if chosen.time is not None:
        times = cells(chosen.time)
        found.time.frombytes((clock.column(times) if clock else _numbers(times, separator)).tobytes())
    for part, at in zip(found.values, chosen.values, strict=True):
        part.frombytes(_numbers(cells(at), separator).tobytes())
    if chosen.pid is not None:
        found.pid.frombytes(_numbers(cells(chosen.pid), separator).tobytes())
    for at in chosen.keys:
        found.keys.extend(found.owners.setdefault(cell, len(found.owners)) for cell in cells(at))


def _numbers(cells: list[str], separator: str | None) -> Floats:
    found = np.empty(len(cells))
    for at, cell in enumerate(cells):
        try:
            found[at] = number(cell.replace(",", ".") if separator == ";" else cell)
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
    values = [np.frombuffer(part) for part in columns.values]
    clock = _times(table, chosen, np.frombuffer(columns.time), reader) if chosen.time is not None else None
    pid = np.frombuffer(columns.pid) if chosen.pid is not None else None
    keys = np.frombuffer(columns.keys, dtype=np.int64) if chosen.keys else None
    found = []
    for at, column in zip(chosen.values, values, strict=True):
        one = _one(table, at, clock, column, wanted, kind)
        found += [part for whole in _by_key(one, keys, columns.owners) for part in _by_pid(whole, pid, keys)]
    return [one if clock else _evenly(one, wanted.every_s or 0.0) for one in found]


def _times(table: Layout, chosen: Chosen, column: Floats, reader: instants.Reader | None) -> instants.Clock:
    if reader:
        return instants.finished(column, reader.form)
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
    series: Series, keys: Codes | None, owners: dict[str, int]
) -> list[tuple[Series, npt.NDArray[np.bool_] | None]]:
    if keys is None or not owners:
        return [(series, None)]
    masks = [(owner, keys == code) for owner, code in owners.items()]
    return [(replace(_only(series, mask), name=owner or series.name), mask) for owner, mask in masks]


def _by_pid(part: tuple[Series, npt.NDArray[np.bool_] | None], pids: Floats | None, keys: Codes | None) -> list[Series]:
    """Distinguish processes that follow each other, which are lives of one, from processes that live at once."""
    series, mask = part
    if pids is None:
        return [series]
    mine = pids if mask is None else pids[mask]
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
