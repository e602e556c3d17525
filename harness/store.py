"""``results/`` on disk: append samples, keep facts, seal, load.

A result folder is ``results/<scenario>/<UTC>-<host>-<plan id>/``. Every fact is on disk as soon as it is known:
samples are appended and flushed row by row, ``result.json`` is replaced atomically after each step. ``SHA256SUMS`` is
written last; a folder without it was interrupted. Under sudo every file belongs to the user who called sudo.

Schema history: ``netchurn.result/1``, the first.
"""

import csv
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import msgspec

from harness.errors import ResultFault, UsageFault
from harness.model import RESULT_SCHEMA, Result, Sample
from harness.reading import content

SUMS = "SHA256SUMS"
RESULT = "result.json"
MOST_RESULT_BYTES = 256 * 2**20
MOST_SAMPLES_BYTES = 1024 * 2**20
_NAME = re.compile(r"[\w.+@:=-]{1,200}")
_CAPTURE = re.compile(r"captures/(?:(?!\.\.?/)[^/\0]+/)*(?!\.\.?$)[^/\0]+")
_NO_ID = 2**32 - 1
_COLUMNS = Sample.__struct_fields__
_ROW: Any = msgspec.defstruct(  # a row of numbers, in the order of the columns
    "_Row",
    [(field.name, field.type) for field in msgspec.structs.fields(Sample)],
    array_like=True,
    forbid_unknown_fields=True,
)
_ROWS = msgspec.json.Decoder(list[_ROW])


class Caller:
    """The user whom files should belong to: under sudo the one who called it, otherwise nobody in particular."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Read SUDO_UID and SUDO_GID where this process is root."""
        self._ids: tuple[int, int] | None = None
        user, group = environment.get("SUDO_UID", ""), environment.get("SUDO_GID", "")
        if os.geteuid() == 0 and user.isdecimal() and group.isdecimal() and max(int(user), int(group)) < _NO_ID:
            self._ids = (int(user), int(group))

    def own(self, path: Path) -> Path:
        """Give one path to the caller."""
        if self._ids is not None:
            os.chown(path, *self._ids, follow_symlinks=False)
        return path

    def folder(self, path: Path) -> Path:
        """Make a folder with all that is missing above it, each given to the caller; UsageFault if that is refused."""
        try:
            missing = [part for part in (path, *path.parents) if not part.exists()]
            for part in reversed(missing):
                self.own(_made(part))
            if not path.is_dir():
                raise NotADirectoryError(20, "Not a directory", str(path))
            if not os.access(path, os.W_OK | os.X_OK):
                raise PermissionError(13, "Permission denied", str(path))
        except OSError as cause:
            raise UsageFault(
                f"cannot write to {path}: {cause.strerror}", "choose another folder with --results and --reports"
            ) from None
        return path


def _made(part: Path) -> Path:
    part.mkdir()
    return part


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what a full or failing disk says into one line and a remedy."""
    try:
        yield
    except OSError as cause:
        raise UsageFault(
            f"cannot write to {folder}: {cause.strerror}",
            "free some space, or choose another folder; what was written until then is kept",
        ) from None


class Writer:
    """One result folder while the run goes on."""

    def __init__(self, folder: Path) -> None:
        """Make the folder and its rooms; a folder that is there already is left alone, and another name is found."""
        self._caller = Caller()
        self.folder = self._caller.folder(_free(folder))
        self.captures = self._caller.folder(self.folder / "captures")
        self._samples = self._caller.folder(self.folder / "samples")
        self._open: dict[tuple[int, str], tuple[TextIO, Any]] = {}

    def save(self, result: Result) -> None:
        """Replace ``result.json`` by what is known now; never half a document, whatever happens."""
        self._replace(RESULT, msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")

    def _replace(self, name: str, content: bytes) -> None:
        draft = self.folder / f".{name}"
        try:
            with writing(self.folder):
                draft.write_bytes(content)
                self._caller.own(draft).replace(self.folder / name)
        finally:
            draft.unlink(missing_ok=True)

    def append(self, trial: int, subject: str, sample: Sample) -> None:
        """Append one row to the subject's samples, and push it out of this process at once."""
        key = (trial, subject)
        if key not in self._open:
            path = self._samples / f"{trial}-{subject}.csv"
            stream: TextIO = path.open("w", newline="")
            self._caller.own(path)
            self._open[key] = (stream, csv.writer(stream))
            self._open[key][1].writerow(_COLUMNS)
        stream, rows = self._open[key]
        with writing(self.folder):
            rows.writerow(["" if value is None else value for value in msgspec.structs.astuple(sample)])
            stream.flush()

    def close(self) -> None:
        """Close the sample files."""
        for stream, _ in self._open.values():
            stream.close()
        self._open.clear()

    def seal(self) -> None:
        """Write SHA256SUMS over everything else: the run is complete."""
        self.close()
        for path in _files(self.folder):
            self._caller.own(path)
        lines = [f"{_digest(path)}  {path.relative_to(self.folder)}\n" for path in _files(self.folder)]
        self._replace(SUMS, "".join(lines).encode())


def _free(folder: Path) -> Path:
    """Find a name that nothing has yet: two runs of one plan may begin in the same second."""
    names = (folder, *(folder.with_name(f"{folder.name}+{number}") for number in range(2, 100)))
    return next((name for name in names if not os.path.lexists(name)), folder)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != SUMS)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def locate(text: str, results: Path) -> Path:
    """Find a result folder by its path, by its ``result.json``, or as ``latest`` below ``results``."""
    path = Path(text)
    folder = results if text == "latest" else path.parent if path.name == RESULT else path
    try:
        found = _all(results) if text == "latest" else [folder] if (folder / RESULT).is_file() else []
    except OSError as cause:
        raise ResultFault(
            f"cannot look into {folder}: {cause.strerror}", "check the path and its permissions"
        ) from None
    if found:
        return found[-1]
    if text == "latest":
        raise ResultFault(f"no result below {results}", "make one: netchurn run docker-host")
    raise ResultFault(f"no result.json in {folder}", "name a folder that netchurn run made, or `latest`")


def _all(results: Path) -> list[Path]:
    """List result folders, the newest last: their names begin with the moment."""
    return sorted((path.parent for path in results.glob(f"*/*/{RESULT}")), key=lambda folder: folder.name)


def load(folder: Path) -> Result:
    """Read the facts of a run; ResultFault with the place of what is wrong for anything but a result of this schema.

    Nothing in it leads out of its folder, were it made part of a path.
    """
    path = folder / RESULT
    result = decode(_content(path, MOST_RESULT_BYTES), path)
    if found := unsafe(result):
        raise ResultFault(f"{path}: {found[0]}", "do not trust where it came from: netchurn never writes such a name")
    return result


def decode(raw: bytes, path: Path) -> Result:
    """Decode ``result.json``, which lies at ``path``, strictly; ResultFault for anything but a result."""
    hint = "render it with the netchurn that made it, or run again"
    try:
        schema = msgspec.json.decode(raw, type=_Header).schema
        if schema != RESULT_SCHEMA:
            raise ResultFault(f"{path} has schema {schema!r}, this netchurn reads {RESULT_SCHEMA!r}", hint)
        return msgspec.json.decode(raw, type=Result)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise ResultFault(f"{path} is not a result: {cause}", hint) from None


def _content(path: Path, most_bytes: int) -> bytes:
    try:
        return content(path, most_bytes)
    except OSError as cause:
        raise ResultFault(f"cannot read {path}: {cause.strerror}", "check the path and its permissions") from None


def unsafe(result: Result) -> list[str]:
    """Name what would lead out of the result folder, were it made part of a path."""
    names = {
        *(one.name for one in result.plan.subjects),
        *(run.name for trial in result.trials for run in trial.runs),
        *(one.subject for one in result.captures),
        *(name for heap in result.heaps for name in heap.files),
    }
    found = [f"{name!r} is no name of a subject or a capture" for name in sorted(names) if not _NAME.fullmatch(name)]
    files = {one.file for one in result.captures}
    return found + [f"{name!r} does not lie in captures/" for name in sorted(files) if not _CAPTURE.fullmatch(name)]


class _Header(msgspec.Struct):
    schema: str


def complete(folder: Path) -> bool:
    """Say whether the run came to its end."""
    return (folder / SUMS).is_file()


def inside(folder: Path, name: str) -> Path | None:
    """Find a file of a result; None where it is gone, is no regular file, or is reached by a symbolic link."""
    path = folder / name
    there = path.is_file() and path.resolve() == folder.resolve() / name
    return path if there else None


def samples(folder: Path, trial: int, subject: str) -> list[Sample]:
    """Read a subject's samples; an empty list where none were taken. ResultFault for a file that cannot be of ours."""
    name = f"samples/{trial}-{subject}.csv"
    if not os.path.lexists(folder / name):
        return []
    if inside(folder, name) is None:
        words = "is no regular file, or is reached by a symbolic link"
        raise ResultFault(f"cannot read {folder / name}: {words}", "do not trust where it came from: a result has none")
    return rows(_content(folder / name, MOST_SAMPLES_BYTES).decode(errors="replace"))


def rows(text: str) -> list[Sample]:
    """Read rows of samples below their header. What is no row, and one that a crash cut off, is left out."""
    whole, _, _ = text.rpartition("\n")  # a row is whole when its line has ended
    try:
        return _at_once(whole.replace("\r\n", "\n").rstrip("\r"))
    except (msgspec.DecodeError, ValueError):  # something in it is not as it was written
        return _row_by_row(whole)


def _at_once(whole: str) -> list[Sample]:
    """Read a file that is as it was written, a day of rows at once; ValueError for another."""
    header, _, body = whole.partition("\n")
    if header != ",".join(_COLUMNS) or not body:
        raise ValueError(header)
    filled = body.replace(",,", ",null,").replace(",,", ",null,").replace(",\n", ",null\n")
    ended = f"{filled}null" if filled.endswith(",") else filled
    rows = _ROWS.decode("[[" + ended.replace("\n", "],[") + "]]")
    return msgspec.convert(rows, list[Sample], from_attributes=True)


def _row_by_row(whole: str) -> list[Sample]:
    """Read what can be read, and leave out the rest."""
    found = []
    for row in csv.DictReader(whole.splitlines()):
        with suppress(msgspec.ValidationError):
            filled = {name: value or None for name, value in row.items()}
            found.append(msgspec.convert(filled, Sample, strict=False))
    return found
