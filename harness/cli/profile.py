"""``netchurn profile``: compare two heap profiles of a Go program after the fact."""

import shutil
from pathlib import Path

import click
from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.probes import pprof
from harness.probes.pprof_diff import KINDS, PROFILING, Difference, difference, least_seen_bytes
from harness.sanitize import json_document, printable
from harness.units import churn_bytes, count, duration, memory_bytes, per_day

SCHEMA = "netchurn.profile/1"
_WIDE = 80
_SPARSE = 0.25  # a standard error of a quarter of the total: no better than its order of magnitude


class Row(Struct, frozen=True, kw_only=True):
    """What one function has of the difference. ``share``: of the total, None where that is not above zero."""

    function: str
    flat: int
    flat_share: float | None
    cumulative: int
    cumulative_share: float | None


class Document(Struct, frozen=True, kw_only=True):
    """What is printed. Bytes where ``sample_type`` ends in space, allocations where it ends in objects.

    ``left_out`` is what taking the profiles took, by the stacks of net/http/pprof and runtime/pprof; not in ``total``.
    """

    schema: str
    before: str
    after: str
    sample_type: str
    accounting: str
    period_bytes: int
    total: int
    left_out: int
    standard_error: float
    seconds: float | None
    per_day: float | None
    functions: tuple[Row, ...]
    functions_left_out: int
    warnings: tuple[str, ...]


@click.command(name="profile", short_help="Compare two heap profiles of a Go program.")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="the same as a JSON document")
@click.option("--top", type=click.IntRange(1, 10_000), default=20, metavar="N", help="functions to show  [20]")
@click.option(
    "--sample-type",
    "kind",
    type=click.Choice(KINDS),
    default=KINDS[0],
    metavar="TYPE",
    help=f"one of {', '.join(KINDS)}  [{KINDS[0]}]",
)
def command(before: Path, after: Path, kind: str, *, as_json: bool, top: int) -> int:
    """Say what a Go program allocated between two pprof heap profiles, BEFORE and AFTER, and where.

    Both must be of one process, without a restart in between: allocs or heap profiles as Go's runtime/pprof writes
    them, such as those of two debug bundles. Flat is what a function allocated itself, cum with all that it called.

    The profiles are samples: Go notes about one allocation in 512 KiB and scales up. The total is therefore an
    estimate, printed with its standard error, and what allocates little may not be seen at all. What the program
    allocates to write its profiles is left out, and told.

    \b
    Examples:
      curl -o before.prof http://127.0.0.1:6060/debug/pprof/allocs
      sleep 600
      curl -o after.prof http://127.0.0.1:6060/debug/pprof/allocs
      netchurn profile before.prof after.prof
      netchurn profile before.prof after.prof --sample-type inuse_space    what was kept
    """  # noqa: D301 - click looks for the character, not for its name
    changed = difference(pprof.read(before), pprof.read(after), kind, without=PROFILING)
    found = document(changed, (str(before), str(after)), top)
    if as_json:
        click.echo(json_document(found))
    else:
        _print(found)
    return 0


def document(found: Difference, names: tuple[str, str], top: int) -> Document:
    """Decide what is said of a difference: pure."""
    rows = [
        Row(
            function=one.name,
            flat=one.flat,
            flat_share=_share(one.flat, found.total),
            cumulative=one.cumulative,
            cumulative_share=_share(one.cumulative, found.total),
        )
        for one in found.functions
    ]
    return Document(
        schema=SCHEMA,
        before=printable(names[0]),
        after=printable(names[1]),
        sample_type=found.kind,
        accounting=found.accounting,
        period_bytes=found.period,
        total=found.total,
        left_out=found.left_out,
        standard_error=found.standard_error,
        seconds=found.seconds,
        per_day=per_day(found.total / found.seconds) if found.seconds else None,
        functions=tuple(rows[:top]),
        functions_left_out=len(rows[top:]),
        warnings=tuple(_warnings(found)),
    )


def _share(part: int, total: int) -> float | None:
    return part / total if total > 0 else None


def _warnings(found: Difference) -> list[str]:
    said = []
    if found.left_out:
        amount = _amount(found.left_out, found.kind)
        said.append(f"not included: {amount} in stacks of net/http/pprof and runtime/pprof, which write the profiles")
    if found.period > 1:
        said.append(f"sampled, one allocation in {memory_bytes(found.period)}: an estimate, no count")
    if found.period > 1 and not found.stacks:
        least = churn_bytes(least_seen_bytes(found.period))
        said.append(f"no sample is new: less than {least} was allocated, or kept (95 %)")
    elif found.standard_error > _SPARSE * abs(found.total):
        said.append("few samples: take the profiles further apart")
    if found.seconds is None:
        said.append("the profiles do not tell two moments: no rate")
    else:
        said.append("each shows its process as of the last garbage collection before it")
    return said


def _amount(value: float, kind: str) -> str:
    if kind.endswith("_objects"):
        return count(value)
    return memory_bytes(value) if kind == "inuse_space" else churn_bytes(value)


def _print(found: Document) -> None:
    console = Console(width=max(_WIDE, shutil.get_terminal_size().columns), highlight=False)
    console.print(Text(_headline(found)))
    if found.functions:
        console.print(_table(found, console.width))
    if found.functions_left_out:
        console.print(Text(f"{count(found.functions_left_out)} more: --top N", style="dim"))
    for warning in found.warnings:
        console.print(Text(f"warning: {warning}", style="yellow"), soft_wrap=True)


def _headline(found: Document) -> str:
    total, error = (_amount(value, found.sample_type) for value in (found.total, found.standard_error))
    line = f"{found.sample_type}: {total}, standard error {error}"
    if found.seconds is not None and found.per_day is not None:
        line += f"; {duration(found.seconds)}, so {_amount(found.per_day, found.sample_type)} a day"
    return line


def _table(found: Document, width: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("function", no_wrap=True, header_style="dim")
    for column in ("flat", "share", "cum", "share"):
        table.add_column(column, justify="right", no_wrap=True, header_style="dim")
    cells = [
        (
            _amount(one.flat, found.sample_type),
            _percent(one.flat_share),
            _amount(one.cumulative, found.sample_type),
            _percent(one.cumulative_share),
        )
        for one in found.functions
    ]
    numbers = sum(max(map(len, (*column, "share"))) + 2 for column in zip(*cells, strict=True))
    for one, row in zip(found.functions, cells, strict=True):
        table.add_row(Text(_shortened(one.function, width - numbers - 2)), *row)
    return table


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _shortened(name: str, width: int) -> str:
    """Cut the beginning off a name: its end says more. What no terminal should be sent is replaced."""
    shown = printable(name)
    return shown if len(shown) <= width else f"…{shown[len(shown) - width + 1 :]}"
