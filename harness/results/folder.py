"""A result folder: its files, where it lies, whether it is complete, and its facts.

A result folder is ``results/<scenario>/<UTC>-<host>-<plan id>/``. ``SHA256SUMS`` is written last; a folder without it
was interrupted, or its run still goes on: then its writer holds a lock on it, which the kernel drops with the process.

Schema history: ``netchurn.result/1``, the first.
"""

import fcntl
import os
import re
from pathlib import Path

import msgspec

from harness.errors import ResultFault
from harness.model import RESULT_SCHEMA, Result
from harness.safe_read import content

SUMS = "SHA256SUMS"
RESULT = "result.json"
PROGRESS = "progress.json"  # of a run without a terminal: see ``harness.run.watching.progress_file``
METADATA = "ro-crate-metadata.json"  # written by export, from the result: see ``harness.evidence.crate``
UNSEALED = frozenset({SUMS, PROGRESS, METADATA})
MOST_RESULT_BYTES = 256 * 2**20
_RUN = re.compile(r"\d{8}T\d{6}Z-")
_NAME = re.compile(r"[\w.+@:=-]{1,200}")
_CAPTURE = re.compile(r"captures/(?:(?!\.\.?/)[^/\0]+/)*(?!\.\.?$)[^/\0]+")


def is_running(folder: Path) -> bool:
    """Return whether a run still writes to the folder; False as well where the file system knows no locks."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def locate(text: str, results: Path, holding: str = RESULT) -> Path:
    """Find a result folder by its path, by its ``result.json``, or as ``latest`` of those ``holding`` a file."""
    path = Path(text)
    folder = results if text == "latest" else path.parent if path.name == RESULT else path
    try:
        found = _all(results, holding) if text == "latest" else [folder] if (folder / RESULT).is_file() else []
    except OSError as cause:
        raise ResultFault(
            "file_unreadable", f"cannot look into {folder}: {cause.strerror}", "check the path and its permissions"
        ) from None
    if found:
        return found[-1]
    if text == "latest":
        raise ResultFault("no_result", f"no result below {results}", "make one: netchurn run docker-host")
    raise ResultFault("no_result", f"no result.json in {folder}", "name a folder that netchurn run made, or `latest`")


def _all(results: Path, holding: str) -> list[Path]:
    """List result folders, the newest last: their names begin with the moment."""
    return sorted((path.parent for path in results.glob(f"*/*/{holding}")), key=lambda folder: _moment(folder.name))


def _moment(name: str) -> str:
    """Return what runs are sorted by; a folder that was given another name comes before all that were made here."""
    return name if _RUN.match(name) else ""


def load_result(folder: Path) -> Result:
    """Read the facts of a run; ResultFault with the place of what is wrong for anything but a result of this schema.

    Nothing in it leads out of its folder, were it made part of a path.
    """
    path = folder / RESULT
    result = decode_result(read_bounded(path, MOST_RESULT_BYTES), path)
    if found := unsafe_names(result):
        raise ResultFault(
            "not_a_result", f"{path}: {found[0]}", "do not trust where it came from: netchurn never writes such a name"
        )
    return result


def decode_result(raw: bytes, path: Path) -> Result:
    """Decode ``result.json``, which lies at ``path``, strictly; ResultFault for anything but a result."""
    hint = "render it with the netchurn that made it, or run again"
    try:
        schema = msgspec.json.decode(raw, type=_Header).schema
        if schema != RESULT_SCHEMA:
            raise ResultFault(
                "other_schema", f"{path} has schema {schema!r}, this netchurn reads {RESULT_SCHEMA!r}", hint
            )
        return msgspec.json.decode(raw, type=Result)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise ResultFault("not_a_result", f"{path} is not a result: {cause}", hint) from None


def read_bounded(
    path: Path, most_bytes: int, hint: str = "check the path and its permissions", *, follow: bool = False
) -> bytes:
    """Read a file of so many bytes at most; ResultFault where it cannot be read."""
    try:
        return content(path, most_bytes, follow=follow)
    except OSError as cause:
        raise ResultFault("file_unreadable", f"cannot read {path}: {cause.strerror}", hint) from None


def unsafe_names(result: Result) -> list[str]:
    """Name what would lead out of the result folder, were it made part of a path."""
    names = {
        *(one.name for one in result.plan.subjects),
        *(run.name for trial in result.trials for run in trial.runs),
        *(one.subject for one in result.captures),
        *(name for heap in result.heaps for name in (*heap.files, *heap.rehearsals)),
    }
    found = [f"{name!r} is no name of a subject or a capture" for name in sorted(names) if not _NAME.fullmatch(name)]
    files = {one.file for one in result.captures} | {one.file for one in result.recordings}
    return found + [f"{name!r} does not lie in captures/" for name in sorted(files) if not _CAPTURE.fullmatch(name)]


class _Header(msgspec.Struct):
    schema: str


def is_complete(folder: Path) -> bool:
    """Return whether the run came to its end."""
    return (folder / SUMS).is_file()


def regular_file(folder: Path, name: str) -> Path | None:
    """Find a file of a result; None where it is gone, is no regular file, or is reached by a symbolic link."""
    path = folder / name
    there = path.is_file() and path.resolve() == folder.resolve() / name
    return path if there else None
