"""Write one result folder while its run goes on.

Every fact is on disk as soon as it is known: samples are appended and flushed row by row, ``result.json`` is replaced
atomically after each step. The folder is written by directory descriptors: whatever a measured program puts in its
place, or in that of a folder in it, nothing is written there.
"""

import csv
import errno
import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TextIO

import msgspec

from harness.errors import ResultFault, UsageFault
from harness.model import Result, Sample
from harness.results.descriptors import make_folder, open_folder
from harness.results.folder import RESULT, SUMS, UNSEALED
from harness.results.sealing import Check, digest, survey

_MODE = 0o7777
_IN_THE_WAY = {errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY, errno.ELOOP}  # what a program put there


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what a full or failing disk says into one line and a remedy."""
    try:
        yield
    except OSError as cause:
        hint = "free some space, or choose another folder"
        if cause.errno in _IN_THE_WAY:
            hint = "run it again, without the program that changes this folder"
        raise UsageFault(
            "folder_not_writable",
            f"cannot write to {folder}: {cause.strerror or cause}",
            f"{hint}; what was written until then is kept",
        ) from None


def write_file(path: Path, content: bytes) -> Path:
    """Write a file as a whole, its folder made if need be; UsageFault where that is refused."""
    with open_folder(path.parent) as folder, writing(folder.path):
        folder.put(path.name, content)
    return path


class Writer:
    """One result folder while the run goes on."""

    def __init__(self, folder: Path) -> None:
        """Make the folder and its rooms; a folder that is there already is left alone, and another name is found."""
        self._folder = make_folder(folder)  # ours alone until it is locked: whoever locks it first stops us for good
        self.folder = self._folder.path
        with suppress(OSError):  # a file system may know no locks
            fcntl.flock(self._folder.descriptor, fcntl.LOCK_EX)
        with writing(self.folder):
            self._captures, self._samples = (self._folder.folder(name) for name in ("captures", "samples"))
        with suppress(OSError):  # a file system may know no modes
            os.fchmod(self._folder.descriptor, os.fstat(self._samples.descriptor).st_mode & _MODE)
        self.captures = self._captures.path
        self._open: dict[tuple[int, str], tuple[TextIO, Any]] = {}

    def save(self, result: Result) -> None:
        """Replace ``result.json`` by what is known now; never half a document, whatever happens."""
        self._replace(RESULT, msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")

    def _replace(self, name: str, content: bytes) -> None:
        with writing(self.folder):
            self._folder.put(name, content)

    def append(self, trial: int, subject: str, sample: Sample) -> None:
        """Append one row to the subject's samples, and push it out of this process at once."""
        key = (trial, subject)
        if key not in self._open:
            if any(one != trial for one, _ in self._open):
                self._close_samples()  # of a trial that is over
            with writing(self.folder):
                stream: TextIO = io.TextIOWrapper(self._samples.create(f"{trial}-{subject}.csv"), newline="")
            self._open[key] = (stream, csv.writer(stream))
            self._open[key][1].writerow(Sample.__struct_fields__)
        stream, rows = self._open[key]
        with writing(self.folder):
            rows.writerow(msgspec.structs.astuple(sample))  # csv writes None as nothing
            stream.flush()

    def keep(self, name: str, content: bytes) -> None:
        """Write a file beside the captures."""
        with writing(self.folder):
            self._captures.put(name, content)

    def create(self, name: str) -> IO[bytes]:
        """Make a file below the folder, by its path from there."""
        return self._folder.create_beneath(name)

    def close(self) -> None:
        """Close the sample files, and let go of the folder."""
        self._close_samples()
        for folder in (self._captures, self._samples, self._folder):
            folder.close()

    def _close_samples(self) -> None:
        for stream, _ in self._open.values():
            with suppress(OSError):  # of a full disk: the row that did not fit was told when it was appended
                stream.close()
        self._open.clear()

    def odd(self, check: Check = lambda: None) -> list[str]:
        """Name what lies in the folder and no seal covers: links, what is no file, what is too large or too deep."""
        return [f"{one.name!r} {one.odd}" for one in survey(self._folder, check, UNSEALED) if one.odd]

    def seal(self, check: Check = lambda: None) -> None:
        """Write SHA256SUMS over everything else: the run is complete. What ``check`` raises leaves it unsealed."""
        self._close_samples()
        lines = []
        for one in survey(self._folder, check, UNSEALED):
            with suppress(OSError):  # it went while we looked
                if not one.odd:
                    lines.append(f"{digest(self._folder, one.name, check)}  {one.name}\n")
        self._replace(SUMS, "".join(lines).encode())

    def check(self) -> None:
        """Raise ResultFault where a name leads elsewhere by now: what is there is not what was measured."""
        for folder in (self._folder, self._captures, self._samples):
            if not folder.in_place:
                raise ResultFault(
                    "result_moved",
                    f"{folder.path} is not the folder that this run wrote to: somebody moved it away",
                    "run it again, without the program that does so",
                )
