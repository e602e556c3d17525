"""What a file is, by its first bytes: so that an error names it. Pure."""

import re
from typing import NamedTuple

_PROFILE = "netchurn profile shows what is in it"
_UNPACK = "unpack it first"
_JUDGE = " | netchurn judge -"
_LZ4 = b"\x04\x22\x4d\x18"
_BINARY = 0.1  # of the first bytes: more that are no text make a file binary


class Kind(NamedTuple):
    """What a file is, and what to do with it instead; nothing where nothing can be done."""

    name: str
    instead: str = ""


_MAGIC = (
    (b"\x1f\x8b", Kind("gzipped", f"netchurn profile reads a profile; unpack a table: zcat FILE{_JUDGE}")),
    (b"\x28\xb5\x2f\xfd", Kind("packed by zstd", f"netchurn profile reads heaptrack's; else zstdcat FILE{_JUDGE}")),
    (b"PK\x03\x04", Kind("a zip archive", "netchurn profile reads a debug bundle; export a spreadsheet as CSV")),
    (b"BZh", Kind("packed by bzip2", _UNPACK)),
    (b"\xfd7zXZ", Kind("packed by xz", _UNPACK)),
    (b"heaptrack", Kind("heaptrack's recording", _PROFILE)),
    (b"v 1", Kind("heaptrack's recording", _PROFILE)),
    (b"heap profile:", Kind("a heap profile as text", _PROFILE)),
    (b"heap_v2/", Kind("a heap profile of jemalloc", _PROFILE)),
    (b"--- heapz", Kind("a heap profile of Java as text")),
    (b"--- ", Kind("a profile as text", _PROFILE)),
    (b"goroutine profile:", Kind("a goroutine profile as text", _PROFILE)),
    (b"goroutine ", Kind("the goroutines of a Go program", _PROFILE)),
    (b"SQLite format 3", Kind("an SQLite database", "export the table as CSV: sqlite3 -csv -header FILE 'SELECT ...'")),
    (b"PAR1", Kind("a Parquet file", "export it as CSV")),
    (b"\x7fELF", Kind("an executable")),
    (b"\x89PNG", Kind("a picture", "bring the numbers it was drawn from")),
    (b"\xff\xd8\xff", Kind("a picture", "bring the numbers it was drawn from")),
    (b"%PDF", Kind("a PDF document", "bring the numbers it was drawn from")),
    (b"JAVA PROFILE", Kind("a heap dump of Java")),
    (b"FLR\0", Kind("a recording of Java Flight Recorder")),
    (b"PERFILE2", Kind("a recording of perf")),
    (b"\xd0\xcf\x11\xe0", Kind("an old spreadsheet", "export it as CSV")),
)  # fmt: skip
_TEXTS = (
    (
        re.compile(r"(?i)\A\s*(<!doctype html|<html)"),
        Kind("a web page", "fetch the data behind it; a page of an error or a login looks so too"),
    ),
    (re.compile(r"(?i)\A\s*<(\?xml|svg)"), Kind("XML")),
    (
        re.compile(r"\A# HELP |\A# TYPE "),
        Kind(
            "one moment of a metrics endpoint",
            "judge Prometheus' answer of /api/v1/query_range, or collect it over time",
        ),
    ),
    (re.compile(r"(?m)^Rss: +\d+ kB$"), Kind("the memory map of a process at one moment", "collect it over time")),
    (re.compile(r"(?m)^VmRSS:\s"), Kind("the status of a process at one moment", "collect it over time")),
    (re.compile(r"\Adesc: .*\ncmd: "), Kind("a recording of Valgrind's massif", "ms_print shows it")),
)


def is_memray(head: bytes) -> bool:
    """Recognise a memray capture: its header stands in a frame of LZ4, uncompressed since it is short."""
    return head.startswith(b"memray") or (head.startswith(_LZ4) and b"memray" in head[:64])


def other(head: bytes) -> Kind | None:
    """Name a file that is no series of numbers as text; None where it may be one."""
    if is_memray(head):
        return Kind("a memray capture", _PROFILE)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    text = head[:4096].decode("utf-8", errors="replace")
    for pattern, kind in _TEXTS:
        if pattern.search(text):
            return kind
    odd = sum(
        letter == "\N{REPLACEMENT CHARACTER}" or (not letter.isprintable() and letter not in "\t\r\n\x1b\x0c\ufeff")
        for letter in text
    )
    return Kind("binary, of a kind that is not known") if odd > _BINARY * len(text) else None
