"""What a seal covers: the regular files of a folder, by name, each with its SHA-256. What else lies there is named.

A measured program may leave anything in the folder of its run. So it is read by directory descriptors, no symbolic link
is followed, nothing special is opened, and depth, number and size have bounds.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from harness.results.descriptors import Folder
from harness.safe_read import beneath

MOST_DEPTH = 8  # ours are three deep
MOST_ENTRIES = 100_000
MOST_FILE_BYTES = 8 * 2**30
MOST_BYTES = 32 * 2**30  # half a minute to a minute of hashing
_PIECE_BYTES = 2**20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Check = Callable[[], None]
"""Called again and again meanwhile; what it raises ends the sealing."""


class Entry(NamedTuple):
    """What lies in a folder: a file that a seal covers, or something else, and then ``odd`` says what it is."""

    name: str
    bytes: int
    odd: str = ""


def survey(folder: Folder, check: Check, left_out: Collection[str] = ()) -> list[Entry]:
    """List all that lies in a folder, by name; never raises for what it is."""
    found: list[Entry] = []
    for entry in _walk(folder.descriptor, "", check):
        if len(found) >= MOST_ENTRIES:
            found.append(Entry(".", 0, f"holds more than {MOST_ENTRIES:,} files"))
            break
        if entry.name.rpartition("/")[2] not in left_out:
            found.append(entry)
    return _within_bounds(sorted(found))


def _walk(folder: int, above: str, check: Check) -> Iterator[Entry]:
    with os.scandir(folder) as entries:
        for entry in entries:
            check()
            name = f"{above}{entry.name}"
            yield from _below(folder, entry, name, check) if _is_folder(entry) else [_file(folder, entry, name)]


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    return entry.is_dir(follow_symlinks=False)


def _below(folder: int, entry: "os.DirEntry[str]", name: str, check: Check) -> Iterator[Entry]:
    if name.count("/") >= MOST_DEPTH:
        yield Entry(name, 0, f"lies more than {MOST_DEPTH} folders deep")
        return
    try:
        descriptor = os.open(entry.name, _FOLDER, dir_fd=folder)
    except OSError as cause:
        yield Entry(name, 0, f"cannot be opened: {cause.strerror}")
        return
    try:
        yield from _walk(descriptor, f"{name}/", check)
    finally:
        os.close(descriptor)


def _file(folder: int, entry: "os.DirEntry[str]", name: str) -> Entry:
    try:
        facts = entry.stat(follow_symlinks=False)
    except OSError as cause:
        return Entry(name, 0, f"cannot be looked at: {cause.strerror}")
    readable = os.access(entry.name, os.R_OK, dir_fd=folder, effective_ids=True, follow_symlinks=False)
    too_large = f"has {facts.st_size:,} bytes, more than the {MOST_FILE_BYTES:,} that are sealed"
    reasons = (
        (stat.S_ISLNK(facts.st_mode), "is a symbolic link"),
        (not stat.S_ISREG(facts.st_mode), "is no regular file"),
        (not readable, "cannot be read"),
        (
            not name.isprintable(),
            "has a name that no line of SHA256SUMS can hold",
        ),  # line ends, bytes that are no UTF-8
        (facts.st_size > MOST_FILE_BYTES, too_large),
    )
    return Entry(name, facts.st_size, next((words for holds, words in reasons if holds), ""))


def _within_bounds(found: list[Entry]) -> list[Entry]:
    """Leave out the largest files where all together are too many bytes."""
    total, kept = 0, {}
    for entry in sorted(found, key=lambda one: one.bytes):
        total += 0 if entry.odd else entry.bytes
        odd = entry.odd or (f"is beyond the {MOST_BYTES:,} bytes that are sealed" if total > MOST_BYTES else "")
        kept[entry.name] = entry._replace(odd=odd)
    return [kept[entry.name] for entry in found]


def digest(folder: Folder, name: str, check: Check) -> str:
    """Return the SHA-256 of the first ``MOST_FILE_BYTES`` bytes of a file; OSError if it is no file any more."""
    with beneath(Path(f"/proc/self/fd/{folder.descriptor}"), name) as stream:
        found = hashlib.sha256()
        for _ in range(MOST_FILE_BYTES // _PIECE_BYTES):
            check()
            piece = stream.read(_PIECE_BYTES)
            if not piece:
                break
            found.update(piece)
        return found.hexdigest()
