"""A file that somebody brings, or standard input, read within bounds: its first bytes, its lines, or all of it."""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from harness.errors import UsageFault
from harness.safe_read import opened

MAX_FILE_BYTES = 8 * 2**30  # of lines: what is read of them is bounded by rows
MAX_DOCUMENT_BYTES = 256 * 2**20  # of what must be read whole
MAX_LINE = 1 << 20
_BLOCK = 1 << 20
_PEEK = 1 << 16
STDIN = "-"


class Source(NamedTuple):
    """An open file with its name for messages, and what it begins with."""

    name: str
    head: bytes
    stream: BinaryIO

    def lines(self) -> Iterator[str]:
        """Return its lines; UsageFault for one that is too long, and where the file is damaged."""
        rest = self.head
        try:
            while block := self.stream.read(_BLOCK):
                text, _, rest = (rest + block).rpartition(b"\n")
                yield from _text(text + b"\n") if text or not rest else ()
                self._check(rest)
        except (EOFError, zlib.error, gzip.BadGzipFile) as cause:
            raise UsageFault("file_damaged", f"{self.name} is damaged: {cause}", "fetch the file again") from None
        yield from _text(rest)

    def whole(self) -> bytes:
        """Read all of it; UsageFault where that is more than ``MAX_DOCUMENT_BYTES``."""
        try:
            data = self.head + self.stream.read(MAX_DOCUMENT_BYTES + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as cause:
            raise UsageFault("file_damaged", f"{self.name} is damaged: {cause}", "fetch the file again") from None
        if len(data) > MAX_DOCUMENT_BYTES:
            raise UsageFault(
                "file_too_large", f"{self.name} has more than {MAX_DOCUMENT_BYTES:,} bytes", "bring a shorter period"
            )
        return data

    def _check(self, rest: bytes) -> None:
        if len(rest) > MAX_LINE:
            raise UsageFault(
                "file_too_large",
                f"{self.name} has a line of more than {MAX_LINE:,} bytes",
                "bring a table, one reading a line",
            )


def _text(block: bytes) -> list[str]:
    """Decode whole lines; every end of a line becomes a newline."""
    text = block.decode("utf-8", errors="replace").removeprefix("\ufeff")
    return io.StringIO(text, newline=None).readlines()


def source(path: str, stdin: BinaryIO) -> Source:
    """Open a file, gzipped or not, or standard input for ``-``; UsageFault naming what cannot be read."""
    if path == STDIN:
        return _peeked("standard input", stdin)
    try:
        stream: BinaryIO = opened(Path(path), MAX_FILE_BYTES, follow=True)
    except OSError as cause:
        raise UsageFault(
            "file_unreadable",
            f"{path} cannot be read: {cause.strerror}",
            "name a file that you may read, or - for standard input",
        ) from None
    return _peeked(path, stream)


def _peeked(name: str, stream: BinaryIO) -> Source:
    head = stream.read(_PEEK)
    return Source(name, head, stream)
