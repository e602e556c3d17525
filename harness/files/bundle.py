"""A debug bundle, a folder or a zip archive: what is in it, and its profiles in the order in which they were taken."""

import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from harness.errors import NetchurnError, ResultFault, UsageFault
from harness.files import kinds
from harness.files.profiles import forms as profiles
from harness.probes.pprof import pprof
from harness.probes.pprof.pprof import MAX_FILE_BYTES, Profile

MOST_ENTRIES = 2000
MOST_UNPACKED_BYTES = 512 * 2**20  # of an archive, which may be made to unpack for hours
_DEEPEST = 6
_NUMBERS = re.compile(r"([0-9]+)")
_ZIP = b"PK\x03\x04"


class Entry(NamedTuple):
    """One file of a bundle, what it is, and its profile where it has one of memory."""

    name: str
    what: str
    size: int
    profile: Profile | None = None


def is_bundle(path: Path) -> bool:
    """Return whether this is a folder or a zip archive."""
    # Not Path.is_dir: until Python 3.14 that raises for a name that is too long.
    if os.path.isdir(path):  # noqa: PTH112
        return True
    return os.path.isfile(path) and profiles.peek(path).startswith(_ZIP)  # noqa: PTH113


def entries(path: Path) -> list[Entry]:
    """List a bundle; profiles are in order of the time they were taken at, or else of the numbers in their names."""
    found = list(_of_folder(path) if path.is_dir() else _of_zip(path))
    return sorted(found, key=lambda one: (one.profile is None, (one.profile and one.profile.at_ns) or 0, *_place(one)))


def _place(one: Entry) -> tuple[list[tuple[int, str]], str]:
    """Return what puts the tenth dump behind the ninth: numbers of more digits are larger."""
    parts = (part.lstrip("0") if part.isdecimal() else part for part in _NUMBERS.split(one.name))
    return [(len(part) if part.isdecimal() else 0, part) for part in parts], one.name


def heaps(found: list[Entry]) -> list[Profile]:
    """Return the profiles of memory that count alike, of the kind of which there are most.

    Where some tell when they were taken, the others are left out: they are other forms of the same moments.
    """
    of_memory = [one.profile for one in found if one.profile and "bytes" in one.profile.units]
    alike: dict[str, list[Profile]] = {}
    for one in [one for one in of_memory if one.at_ns] or of_memory:
        alike.setdefault(one.accounting, []).append(one)
    return max(alike.values(), key=lambda group: (len(group), group[-1].at_ns or 0), default=[])


def _of_folder(folder: Path) -> Iterator[Entry]:
    number = 0
    for where, names, files in os.walk(folder, followlinks=False):
        if len(Path(where).relative_to(folder).parts) >= _DEEPEST:
            names.clear()
        for name in sorted(files):
            path = Path(where) / name
            number += 1
            if number > MOST_ENTRIES:
                raise UsageFault(
                    "file_too_large",
                    f"{folder} has more than {MOST_ENTRIES:,} files",
                    "name the folder of the profiles",
                )
            yield _of_file(path, str(path.relative_to(folder)))


def _of_file(path: Path, name: str) -> Entry:
    if path.is_symlink() or not path.is_file():
        return Entry(name, "no regular file", 0)
    size = path.stat().st_size
    try:
        return Entry(name, (found := profiles.read(path)).what, size, found)
    except NetchurnError as fault:
        return Entry(name, _words(fault, str(path)), size)


def _of_zip(path: Path) -> Iterator[Entry]:
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory(prefix="netchurn-") as scratch:
            listed = [one for one in archive.infolist() if not one.is_dir()]
            if len(listed) > MOST_ENTRIES:
                raise UsageFault(
                    "file_too_large", f"{path} has more than {MOST_ENTRIES:,} files", "unpack it, and name the folder"
                )
            left = MOST_UNPACKED_BYTES
            for one in listed:
                left -= min(one.file_size, MAX_FILE_BYTES)
                fits = left >= 0
                yield _of_member(archive, one, Path(scratch) / "member") if fits else _left_out(one)
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        zlib.error,
        ArithmeticError,
        LookupError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as cause:
        raise ResultFault(
            "file_damaged", f"{path} is a zip archive that cannot be read: {cause}", "unpack it, and name the folder"
        ) from None


def _left_out(one: zipfile.ZipInfo) -> Entry:
    return Entry(one.filename, f"left out: all unpacks to more than {MOST_UNPACKED_BYTES:,} bytes", one.file_size)


def _of_member(archive: zipfile.ZipFile, one: zipfile.ZipInfo, scratch: Path) -> Entry:
    if one.file_size > MAX_FILE_BYTES:
        return Entry(one.filename, "too large to be read from an archive: unpack it", one.file_size)
    with archive.open(one) as stream:
        data = stream.read(MAX_FILE_BYTES + 1)
    try:
        if kinds.is_memray(data) or profiles.is_heaptrack(profiles.unpacked_head(data[: profiles.PEEK])):
            scratch.write_bytes(data)
            found = profiles.read(scratch)
        else:
            found = profiles.parse(data, one.filename)
    except NetchurnError as fault:
        return Entry(one.filename, _words(fault, one.filename), one.file_size)
    return Entry(one.filename, found.what, one.file_size, found)


def _words(fault: NetchurnError, name: str) -> str:
    return fault.message.removeprefix(name).removeprefix(" is ").removesuffix(pprof.NOT_MEMORY)
