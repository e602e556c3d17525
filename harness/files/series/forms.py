"""A file to series of memory: which form it has, and the reader for it."""

from harness.files import kinds
from harness.files.series import delimited, other_tools
from harness.files.series.table import Series, Wanted, no_series
from harness.files.source import Source

_EXPECTED = "name a table of readings over time: netchurn judge --help lists the forms"


def read(source: Source, wanted: Wanted) -> list[Series]:
    """Read all series of a file that are wanted; UsageFault naming what a file is that holds none."""
    if not source.head.strip():
        raise no_series(source.name, "is empty", _EXPECTED)
    if kind := kinds.other(source.head):
        raise no_series(source.name, f"is {kind.name}", kind.instead or _EXPECTED)
    if other_tools.is_prometheus(source.head):
        return other_tools.prometheus(source.whole(), source.name, wanted)
    head, lines = source.head.decode("utf-8", errors="replace"), source.lines()
    if other_tools.is_drawn(head):
        head, lines = (
            "".join(other_tools.drawn(iter(head.splitlines(keepends=True)), head)),
            other_tools.drawn(lines, head),
        )
    if other_tools.is_json_lines(head):
        return delimited.read_json(lines, source.name, wanted)
    for fits, rewritten, kind_name in other_tools.REWRITTEN:
        if fits(head):
            return delimited.read(rewritten(lines), source.name, wanted, kind_name)
    return delimited.read(lines, source.name, wanted)
