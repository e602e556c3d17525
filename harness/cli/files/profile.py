"""``netchurn profile``: what a profile of memory shows, and what lies between two."""

import shutil
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.cli import say_path
from harness.errors import UsageFault
from harness.files import bundle
from harness.files.profiles import forms as profiles
from harness.files.profiles import profile_view
from harness.model.profiled import GoroutineGroup, OneProfile, ProfileFile, TwoLives, TwoMoments
from harness.probes.pprof.diff import KINDS, PROFILING, OtherLife, difference
from harness.probes.pprof.pprof import Profile, totals
from harness.sanitize import json_document, printable
from harness.units import churn_bytes, count, duration, memory_bytes

_WIDE = 80
_TWO = 2
_LISTED = 40


Shown = OneProfile | TwoLives | TwoMoments


class Taken(NamedTuple):
    """What is shown, and the profiles it was taken from."""

    shown: Shown
    profiles: tuple[Profile, ...]


_HELP = """Show what one profile of memory holds, or what lies between two, by function.

\b
Read are:
  pprof        heap, allocs and goroutine profiles of Go, Rust, Python, jemalloc
  text         gperftools, jemalloc, Go's ?debug=1 and goroutine?debug=2
  recordings   memray's captures, heaptrack's files
  bundles      a folder or zip archive of such files

Two profiles of one process give what was allocated between them, and how much that is a day. Two of different
lives or builds are put side by side: their shares and what is in use may be compared, their totals may not.

Flat is what a function has itself, cum with all that it called. Most profiles are samples: Go notes about one
allocation in 512 KiB and scales up, so that what allocates little may not be seen at all. What the program
allocates to write its profiles is left out of a difference, and the amount is printed.

\b
Examples:
  netchurn profile heap.pb.gz -o heap.html
  curl -o before.prof http://127.0.0.1:6060/debug/pprof/allocs
  sleep 600
  curl -o after.prof http://127.0.0.1:6060/debug/pprof/allocs
  netchurn profile before.prof after.prof
  netchurn profile before.prof after.prof --sample-type inuse_space    what was kept
  netchurn profile debug-bundle.zip
"""


@click.command(name="profile", short_help="Show a profile of memory, or what lies between two.", help=_HELP)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE [FILE]")
@click.option("--json", "as_json", is_flag=True, help="the same as a JSON document")
@click.option("--top", type=click.IntRange(1, 10_000), default=20, metavar="N", help="functions to show  [20]")
@click.option("--sample-type", "kind", metavar="TYPE", help="one that the profile has, such as alloc_space")
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="PATH", help="write a flame graph: PATH.html")
def command(files: tuple[Path, ...], kind: str | None, output: Path | None, *, as_json: bool, top: int) -> int:
    if len(files) > _TWO:
        raise UsageFault(
            "out_of_range", f"{len(files)} files are too many", "name one profile, two, or a folder of them"
        )
    console = Console(width=max(_WIDE, shutil.get_terminal_size().columns), highlight=False)
    taken = _take([one for file in files for one in _profiles(file, console, listed=not as_json)], kind, top)
    if as_json:
        click.echo(json_document(taken.shown))
    else:
        _print(console, taken.shown)
    if output:
        path = _write(taken, output)
        if not as_json:
            say_path(path)
    return 0


def _write(taken: Taken, output: Path) -> Path:
    from harness.cli.files import flame  # noqa: PLC0415 - it loads the templates, and memray for the names of functions

    shown = taken.shown
    return flame.write(
        headlines(shown), taken.profiles, shown.sample_type, tuple(one.text for one in shown.warnings), output
    )


def _profiles(path: Path, console: Console, *, listed: bool) -> list[Profile]:
    """Read a profile, or those of a bundle: the first and the last of them where it has several."""
    if not bundle.is_bundle(path):
        return [profiles.read(path)]
    entries = bundle.entries(path)
    if listed:
        _list(console, path, entries)
    found = bundle.heaps(entries) or [one.profile for one in entries if one.profile]
    if not found:
        raise UsageFault(
            "no_profile",
            f"{path} holds no profile of memory among its {len(entries)} files",
            "name a folder of profiles",
        )
    return found[:1] if len(found) == 1 else [found[0], found[-1]]


def _take(found: list[Profile], kind: str | None, top: int) -> Taken:
    first, last = found[0], found[-1]
    if len(found) == 1:
        return Taken(profile_view.one(first, profile_view.best(first, asked=kind), top), (first,))
    if kind is not None:
        for one in (first, last):
            profile_view.best(one, asked=kind)
    try:
        moved = difference(first, last, kind or _moving(last), without=PROFILING)
        return Taken(profile_view.two_moments(moved, (first.name, last.name), top), (first, last))
    except OtherLife as fault:
        best = kind or profile_view.common(first, last)
        return Taken(profile_view.side_by_side(first, last, best, top, fault.message), (first, last))


def _moving(last: Profile) -> str:
    """Choose what was allocated, or what is kept where the profile does not count what was freed (jemalloc)."""
    return KINDS[0] if totals(last).get(KINDS[0]) else "inuse_space"


def amount(value: float, kind: str, unit: str = "") -> str:
    """Print an amount of a sample type: memory that is held in binary units, what was allocated in decimal ones."""
    if unit == "count" or kind.endswith("_objects"):
        return count(value)
    return churn_bytes(value) if kind.startswith("alloc") else memory_bytes(value)


def _print(console: Console, shown: Shown) -> None:
    for line in headlines(shown):
        console.print(Text(printable(line)), soft_wrap=not console.is_terminal)
    rows, columns = _rows(shown)
    if isinstance(shown, OneProfile) and shown.goroutines:
        console.print(_goroutines(shown.goroutines, console.width))
    elif rows:
        console.print(_table(rows, columns, console.width))
        if shown.functions_left_out:
            console.print(Text(f"{count(shown.functions_left_out)} more: --top N", style="dim"))
    for warning in shown.warnings:
        console.print(Text(f"warning: {warning.text}", style="yellow"), soft_wrap=not console.is_terminal)


def headlines(shown: Shown) -> list[str]:
    """Return what was read, and the sums."""
    if isinstance(shown, OneProfile):
        return [_read(shown.file), f"shown: {shown.sample_type}, {amount(shown.total, shown.sample_type, shown.unit)}"]
    if isinstance(shown, TwoLives):
        sums = [amount(one, shown.sample_type, shown.unit) for one in (shown.before_total, shown.after_total)]
        return [
            f"before: {_read(shown.before)}",
            f"after:  {_read(shown.after)}",
            f"side by side, not one life: {shown.why}",
            f"may be compared: {', '.join(shown.may)}; may not: {', '.join(shown.may_not)}",
            f"shown: {shown.sample_type}, {sums[0]} before, {sums[1]} after",
        ]
    total, error = (amount(value, shown.sample_type) for value in (shown.total, shown.standard_error))
    line = f"{shown.sample_type}: {total}, standard error {error}"
    if shown.seconds is not None and shown.per_day is not None:
        line += f"; {duration(shown.seconds)}, so {amount(shown.per_day, shown.sample_type)} a day"
    return [line]


def _read(file: ProfileFile) -> str:
    sums = ", ".join(f"{one.name} {amount(one.total, one.name, one.unit)}" for one in file.sample_types)
    return f"{file.name}: {file.what}: {sums}"


def _rows(shown: Shown) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
    kind = shown.sample_type
    if isinstance(shown, TwoLives):
        pairs: list[tuple[str, ...]] = [
            (
                one.function,
                amount(one.before_flat, kind, shown.unit),
                _percent(one.before_flat_share),
                amount(one.after_flat, kind, shown.unit),
                _percent(one.after_flat_share),
                _percent(one.after_cumulative_share),
            )
            for one in shown.functions
        ]
        return pairs, ("before", "share", "after", "share", "cum")
    unit = shown.unit if isinstance(shown, OneProfile) else ""
    rows: list[tuple[str, ...]] = [
        (
            one.function,
            amount(one.flat, kind, unit),
            _percent(one.flat_share),
            amount(one.cumulative, kind, unit),
            _percent(one.cumulative_share),
        )
        for one in shown.functions
    ]
    return rows, ("flat", "share", "cum", "share")


def _table(rows: list[tuple[str, ...]], columns: tuple[str, ...], width: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("function", no_wrap=True, header_style="dim")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True, header_style="dim")
    cells = [(title, *column) for title, column in zip(columns, list(zip(*rows, strict=True))[1:], strict=True)]
    numbers = sum(max(map(len, column)) + 2 for column in cells)
    for function, *row in rows:
        table.add_row(Text(_shortened(function, width - numbers - 2)), *row)
    return table


def _goroutines(groups: tuple[GoroutineGroup, ...], width: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("number", justify="right", header_style="dim")
    for column in ("state", "stands in", "created by"):
        table.add_column(column, no_wrap=True, header_style="dim")
    room = max(20, (width - 30) // 2)
    for one in groups:
        names = (_shortened(one.stands_in, room), _shortened(one.creator, room))
        table.add_row(count(one.number), printable(one.state), *map(Text, names))
    return table


def _list(console: Console, path: Path, entries: list[bundle.Entry]) -> None:
    console.print(Text(printable(f"{path}: {count(len(entries))} files")))
    table = Table(box=None, padding=(0, 2, 0, 2), show_header=False)
    for one in entries[:_LISTED]:
        table.add_row(Text(_shortened(one.name, 40)), Text(memory_bytes(one.size)), Text(printable(one.what)))
    console.print(table)
    if len(entries) > _LISTED:
        console.print(Text(f"  and {count(len(entries) - _LISTED)} more", style="dim"))


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _shortened(name: str, width: int) -> str:
    """Cut the beginning off a name: its end says more. What no terminal should be sent is replaced."""
    shown = printable(name)
    return shown if len(shown) <= width else f"…{shown[len(shown) - width + 1 :]}"
