"""``results/`` on disk: append samples, keep facts, seal, load.

A result folder is ``results/<scenario>/<UTC>-<host>-<plan id>/``. Every fact is on disk as soon as it is known:
samples are appended and flushed row by row, ``result.json`` is replaced atomically after each step. ``SHA256SUMS`` is
written last; a folder without it was interrupted. Under sudo every file belongs to the user who called sudo.

Schema history: ``netchurn.result/1``, the first.
"""

import csv
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import msgspec

from harness.errors import ResultFault, UsageFault
from harness.model import RESULT_SCHEMA, Result, Sample, Samples

SUMS = "SHA256SUMS"
_NO_ID = 2**32 - 1
_COLUMNS = Sample.__struct_fields__
_ROW: Any = tuple[tuple(field.type for field in msgspec.structs.fields(Sample))]  # type: ignore[misc]  # made here
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
        self._replace("result.json", msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")

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
    if text == "latest":
        found = sorted(results.glob("*/*/result.json"), key=lambda path: path.parent.name)
        if not found:
            raise ResultFault(f"no result below {results}", "make one: netchurn run docker-host")
        return found[-1].parent
    path = Path(text)
    folder = path.parent if path.name == "result.json" else path
    if not (folder / "result.json").is_file():
        raise ResultFault(f"no result.json in {folder}", "name a folder that netchurn run made, or `latest`")
    return folder


def load(folder: Path) -> Result:
    """Read the facts of a run; ResultFault with the place of what is wrong for anything but a result of this schema."""
    path = folder / "result.json"
    hint = "render it with the netchurn that made it, or run again"
    try:
        raw = path.read_bytes()
        schema = msgspec.json.decode(raw, type=_Header).schema
        if schema != RESULT_SCHEMA:
            raise ResultFault(f"{path} has schema {schema!r}, this netchurn reads {RESULT_SCHEMA!r}", hint)
        return msgspec.json.decode(raw, type=Result)
    except OSError as cause:
        raise ResultFault(f"cannot read {path}: {cause.strerror}", "check the path and its permissions") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise ResultFault(f"{path} is not a result: {cause}", hint) from None


class _Header(msgspec.Struct):
    schema: str


def complete(folder: Path) -> bool:
    """Say whether the run came to its end."""
    return (folder / SUMS).is_file()


def samples(folder: Path, trial: int, subject: str) -> Sequence[Sample]:
    """Read a subject's samples; none where none were taken. A row cut off by a crash is left out."""
    path = folder / "samples" / f"{trial}-{subject}.csv"
    if not path.is_file():
        return ()
    whole, _, _ = path.read_bytes().decode(errors="replace").rpartition("\n")  # a row is whole when its line has ended
    try:
        return _at_once(whole.replace("\r\n", "\n").rstrip("\r"))
    except (msgspec.DecodeError, ValueError, OverflowError):  # something in it is not as it was written
        return _row_by_row(whole)


def _at_once(whole: str) -> Samples:
    """Read a file that is as it was written, a day of rows at once; ValueError for another."""
    header, _, body = whole.partition("\n")
    if header != ",".join(_COLUMNS) or not body:
        raise ValueError(header)
    filled = body.replace(",,", ",null,").replace(",,", ",null,").replace(",\n", ",null\n")
    ended = f"{filled}null" if filled.endswith(",") else filled
    rows = _ROWS.decode("[[" + ended.replace("\n", "],[") + "]]")
    return Samples(tuple(zip(*rows, strict=True)))


def _row_by_row(whole: str) -> list[Sample]:
    """Read what can be read, and leave out the rest."""
    found = []
    for row in csv.DictReader(whole.splitlines()):
        with suppress(msgspec.ValidationError):
            filled = {name: value or None for name, value in row.items()}
            found.append(msgspec.convert(filled, Sample, strict=False))
    return found
