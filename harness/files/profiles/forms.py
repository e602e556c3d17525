"""A profile in any form to the same frozen value: which form it has, and the reader for it."""

import gzip
import io
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from harness.errors import ResultFault, UsageFault
from harness.files import kinds
from harness.files.profiles import captures, goroutine_text, legacy_heap
from harness.probes.pprof import pprof
from harness.probes.pprof.pprof import MAX_FILE_BYTES, MAX_PROFILE_BYTES, Profile
from harness.results.folder import read_bounded
from harness.safe_read import opened

MAX_RECORDING_BYTES = 64 * 2**30  # memray's and heaptrack's are read as a stream by their own tools
PEEK = 4096
_EXPECTED = "name a heap profile: pprof, gperftools, jemalloc, goroutines, memray or heaptrack"
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_HEAPTRACK = re.compile(rb"v [0-9a-f]+(?: [0-9a-f]+)?\n|heaptrack")
_OLD_CPU = struct.pack("<QQQ", 0, 3, 0), struct.pack("<III", 0, 3, 0)
_TIME = "it shows where time goes; go tool pprof shows it, and netchurn judges memory"


def read(path: Path) -> Profile:
    """Read a profile in whatever form; ResultFault or UsageFault naming what a file is that holds none."""
    head = peek(path)
    if kinds.is_memray(head):
        return captures.memray(path)
    if is_heaptrack(head):
        return captures.heaptrack(path)
    return parse(read_bounded(path, MAX_FILE_BYTES, _EXPECTED, follow=True), str(path))


def peek(path: Path) -> bytes:
    """Read the first bytes of a file, unpacked if it is gzipped; ResultFault where it cannot be read."""
    try:
        with opened(path, MAX_RECORDING_BYTES, follow=True) as stream:
            return unpacked_head(stream.read(PEEK))
    except OSError as cause:
        raise ResultFault("file_unreadable", f"{path} cannot be read: {cause.strerror}", _EXPECTED) from None


def unpacked_head(data: bytes) -> bytes:
    """Unpack the beginning of gzipped data as far as it goes; give other data as it is."""
    if not data.startswith(_GZIP):
        return data
    try:
        return zlib.decompressobj(wbits=31).decompress(data, PEEK)
    except zlib.error:
        return data


def is_heaptrack(head: bytes) -> bool:
    """Recognise heaptrack's file, packed by zstd or unpacked, by its beginning."""
    return head.startswith(_ZSTD) or bool(_HEAPTRACK.match(head))


def parse(data: bytes, name: str) -> Profile:
    """Read the bytes of a profile; ResultFault or UsageFault naming what they are instead."""
    plain = _unpacked(data, name)
    head = plain[:PEEK]
    _refuse(head, name)
    for fits, reader in _TEXTS:
        if fits(head):
            return reader(plain, name)
    try:
        found = pprof.parse(plain, name)
    except ResultFault as fault:
        kind = kinds.other(head) or _as_text(head)
        if kind is None:
            raise
        raise ResultFault("not_a_profile", f"{name} is {kind.name}", kind.instead or _EXPECTED) from fault
    if found.what.endswith(pprof.NOT_MEMORY):
        raise UsageFault("not_a_memory_profile", f"{name} is {found.what}: {', '.join(found.kinds)}", _TIME)
    return found


_TEXTS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes, str], Profile]], ...] = (
    (legacy_heap.is_legacy, legacy_heap.parse),
    (goroutine_text.is_goroutines, goroutine_text.parse),
)


def _unpacked(data: bytes, name: str) -> bytes:
    if not data.startswith(_GZIP):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            plain = stream.read(MAX_PROFILE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as cause:
        raise ResultFault("file_damaged", f"{name} is gzipped, and damaged: {cause}", "fetch it again") from None
    if len(plain) > MAX_PROFILE_BYTES:
        raise ResultFault(
            "file_too_large", f"{name} unpacks to more than {MAX_PROFILE_BYTES:,} bytes", "fetch one of a shorter time"
        )
    return plain


def _refuse(head: bytes, name: str) -> None:
    """Name forms that are profiles, and not of memory that can be shown."""
    if head.startswith(_OLD_CPU):
        raise UsageFault("not_a_memory_profile", f"{name} is a CPU profile of gperftools", _TIME)
    if head.startswith(b"--- heapz") or b"\nformat = java" in head:
        raise UsageFault(
            "not_a_memory_profile",
            f"{name} is a heap profile of Java as text, whose form is not read",
            "go tool pprof shows it",
        )
    if head.startswith((b"--- contention", b"--- mutex")):
        raise UsageFault("not_a_memory_profile", f"{name} is a profile of blocking or of locks", _TIME)
    if head.startswith(b"threadcreate profile:"):
        raise UsageFault("not_a_memory_profile", f"{name} is a profile of threads that were made", _EXPECTED)


def _as_text(head: bytes) -> kinds.Kind | None:
    try:
        text = head.decode()
    except UnicodeDecodeError:
        return None
    if not head.strip():
        return kinds.Kind("empty", _EXPECTED)
    return kinds.Kind(f"text that begins {text.split(chr(10))[0][:40]!r}, which is no profile", _EXPECTED)
