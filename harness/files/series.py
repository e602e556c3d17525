"""A file to series of memory: which form it has, and the reader for it."""

from harness.files import commands, delimited, kinds
from harness.files.source import Source
from harness.files.table import Series, Wanted, no_series

_EXPECTED = "name a table of readings over time: netchurn judge --help lists the forms"


def read(source: Source, wanted: Wanted) -> list[Series]:
    """Read all series of a file that are wanted; UsageFault naming what a file is that holds none."""
    if not source.head.strip():
        raise no_series(source.name, "is empty", _EXPECTED)
    if kind := kinds.other(source.head):
        raise no_series(source.name, f"is {kind.name}", kind.instead or _EXPECTED)
    if commands.is_prometheus(source.head):
        return commands.prometheus(source.whole(), source.name, wanted)
    head, lines = source.head.decode("utf-8", errors="replace"), source.lines()
    if commands.is_drawn(head):
        head, lines = "".join(commands.drawn(iter(head.splitlines(keepends=True)), head)), commands.drawn(lines, head)
    if commands.is_json_lines(head):
        return delimited.read_json(lines, source.name, wanted)
    for fits, rewritten, kind_name in commands.REWRITTEN:
        if fits(head):
            return delimited.read(rewritten(lines), source.name, wanted, kind_name)
    return delimited.read(lines, source.name, wanted)
