"""A file to series of memory: which form it has, and the reader for it."""

from harness.files import delimited
from harness.files.source import Source
from harness.files.table import Series, Wanted, no_series


def read(source: Source, wanted: Wanted) -> list[Series]:
    """Read all series of a file that are wanted; UsageFault naming what a file is that holds none."""
    if not source.head.strip():
        raise no_series(source.name, "is empty", "name a table of numbers over time")
    return delimited.read(source.lines(), source.name, wanted)
