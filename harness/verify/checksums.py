"""What lies in a result folder, and whether it is what SHA256SUMS says: nothing outside the folder is ever opened.

A folder may come from anybody. Symbolic links and special files are named and not followed, names in SHA256SUMS that
lead elsewhere are never opened, and files are read in pieces.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from harness.results.descriptors import Folder
from harness.results.folder import SUMS, UNSEALED
from harness.results.sealing import survey
from harness.safe_read import beneath, content
from harness.verify.deviation import Deviation

MOST_SUMS_BYTES = 32 * 2**20
_LINE = re.compile(r"([0-9a-f]{64})  ([^\0\n]+)")


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """The regular files of a folder by their names relative to it, and what else was found."""

    folder: Path
    files: frozenset[str]
    deviations: tuple[Deviation, ...]

    @property
    def sealed(self) -> bool:
        """Return whether the run came to its end."""
        return SUMS in self.files

    def open(self, name: str) -> BufferedReader:
        """Open one of the files for reading; OSError if it is no regular file any more, or may not be read."""
        return beneath(self.folder, name)

    def bytes_of(self, name: str) -> int:
        return (self.folder / name).lstat().st_size


def inventory(folder: Path) -> Inventory:
    """List a folder without following anything out of it; never raises for what lies in it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as cause:
        return Inventory(folder=folder, files=frozenset(), deviations=(unreadable(".", cause),))
    with Folder(descriptor, folder) as opened:
        found = survey(opened, lambda: None)
    odd = tuple(Deviation("file_odd", one.name, f"{one.odd}; no seal covers it") for one in found if one.odd)
    return Inventory(folder=folder, files=frozenset(one.name for one in found if not one.odd), deviations=odd)


def unreadable(where: str, cause: OSError) -> Deviation:
    """Return what is wrong with a file that the system does not let us read."""
    return Deviation("file_not_readable", where, f"cannot be read: {cause.strerror}")


def check(held: Inventory) -> list[Deviation]:
    """Check each file against SHA256SUMS: present, unchanged, and listed."""
    try:
        digests, found = listed(content(held.folder / SUMS, MOST_SUMS_BYTES))
    except OSError as cause:
        return [unreadable(SUMS, cause)]
    for name in sorted(held.files - UNSEALED - set(digests)):
        found.append(
            Deviation("file_not_listed", name, f"{SUMS} does not list it: it was added after the run was sealed")
        )
    for name, digest in sorted(digests.items()):
        found += _compared(held, name, digest)
    return found


def listed(data: bytes) -> tuple[dict[str, str], list[Deviation]]:
    """Read SHA256SUMS: what it lists, and the lines that are not as a seal writes them."""
    digests: dict[str, str] = {}
    found: list[Deviation] = []
    lines = data.decode(errors="replace").split("\n")
    if lines.pop():
        found.append(Deviation("sums_malformed", SUMS, "its last line does not end: it was cut off or changed"))
    for number, line in enumerate(lines, 1):
        one = _LINE.fullmatch(line)
        if one is None:
            text = f"line {number}: {line[:100]!r} is no digest with a file name"
            found.append(Deviation("sums_malformed", SUMS, text))
        elif one[2] in digests:
            found.append(Deviation("sums_malformed", SUMS, f"line {number}: lists {one[2]} a second time"))
        else:
            digests[one[2]] = one[1]
    return digests, found


def _compared(held: Inventory, name: str, digest: str) -> list[Deviation]:
    if name not in held.files:
        return [Deviation("file_missing", name, f"{SUMS} lists it, and it is not there")]
    try:
        with held.open(name) as stream:
            actual = hashlib.file_digest(stream, "sha256").hexdigest()
        if actual == digest:
            return []
        text = f"changed since it was sealed: its SHA-256 is {actual[:16]}…, {SUMS} has {digest[:16]}…"
        return [Deviation("file_changed", name, text)]
    except OSError as cause:
        return [unreadable(name, cause)]
