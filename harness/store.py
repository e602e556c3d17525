"""``results/`` on disk: append samples, keep facts, seal, load.

A result folder is ``results/<scenario>/<UTC>-<host>-<plan id>/``. Every fact is on disk as soon as it is known:
samples are appended and flushed row by row, ``result.json`` is replaced atomically after each step. ``SHA256SUMS`` is
written last; a folder without it was interrupted, or its run still goes on: then its writer holds a lock on it, which
the kernel drops with the process. It is written by directory descriptors: whatever a measured program puts in the place
of the folder, or of one in it, nothing is written there.

Schema history: ``netchurn.result/1``, the first.
"""

import csv
import errno
import fcntl
import gzip
import io
import os
import re
import zlib
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import msgspec

from harness import folders
from harness.errors import ResultFault, UsageFault
from harness.model import RESULT_SCHEMA, Folded, Result, Sample, Samples, is_header
from harness.safe_read import content, opened
from harness.sealing import Check, digest, survey

_MODE = 0o7777
_IN_THE_WAY = {errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY, errno.ELOOP}  # what a guest put there
SUMS = "SHA256SUMS"
RESULT = "result.json"
PROGRESS = "progress.json"  # of a run without a terminal: see ``harness.run.progress_file``
UNSEALED = frozenset({SUMS, PROGRESS})
MOST_FOLDED_BYTES = 256 * 2**20  # unpacked: a folder may come from anybody
MOST_RESULT_BYTES = 256 * 2**20
MOST_SAMPLES_BYTES = 1024 * 2**20
_FOLDED = ".folded.json.gz"
_RUN = re.compile(r"\d{8}T\d{6}Z-")
_NAME = re.compile(r"[\w.+@:=-]{1,200}")
_CAPTURE = re.compile(r"captures/(?:(?!\.\.?/)[^/\0]+/)*(?!\.\.?$)[^/\0]+")
_COLUMNS = Sample.__struct_fields__
_CHUNK = 2**20  # letters of a file of samples that are decoded at once: as objects they take ten times the room


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
            f"cannot write to {folder}: {cause.strerror}", f"{hint}; what was written until then is kept"
        ) from None


class Writer:
    """One result folder while the run goes on."""

    def __init__(self, folder: Path) -> None:
        """Make the folder and its rooms; a folder that is there already is left alone, and another name is found."""
        self._folder = folders.fresh(folder)  # ours alone until it is locked: whoever locks it first stops us for good
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
            with writing(self.folder):
                stream: TextIO = io.TextIOWrapper(self._samples.create(f"{trial}-{subject}.csv"), newline="")
            self._open[key] = (stream, csv.writer(stream))
            self._open[key][1].writerow(_COLUMNS)
        stream, rows = self._open[key]
        with writing(self.folder):
            rows.writerow(msgspec.structs.astuple(sample))  # csv writes None as nothing
            stream.flush()

    def keep(self, name: str, content: bytes) -> None:
        """Write a file beside the captures."""
        with writing(self.folder):
            self._captures.put(name, content)

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
                    f"{folder.path} is not the folder that this run wrote to: somebody moved it away",
                    "run it again, without the program that does so",
                )


def running(folder: Path) -> bool:
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
            f"cannot look into {folder}: {cause.strerror}", "check the path and its permissions"
        ) from None
    if found:
        return found[-1]
    if text == "latest":
        raise ResultFault(f"no result below {results}", "make one: netchurn run docker-host")
    raise ResultFault(f"no result.json in {folder}", "name a folder that netchurn run made, or `latest`")


def _all(results: Path, holding: str) -> list[Path]:
    """List result folders, the newest last: their names begin with the moment."""
    return sorted((path.parent for path in results.glob(f"*/*/{holding}")), key=lambda folder: _moment(folder.name))


def _moment(name: str) -> str:
    """Return what runs are sorted by; a folder that was given another name comes before all that were made here."""
    return name if _RUN.match(name) else ""


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


def folded_name(capture: str) -> str:
    """Name the file that a thinned result has for a memray capture: everything allocated in it, by stack."""
    return capture.removesuffix(".bin") + _FOLDED


def write_folded(path: Path, folded: Folded) -> None:
    """Write a capture by stack; the same bytes for the same stacks."""
    path.write_bytes(packed(folded))


def packed(folded: Folded) -> bytes:
    """Return a capture by stack as it is stored; the same bytes for the same stacks."""
    return gzip.compress(msgspec.json.encode(folded), mtime=0)


def read_folded(stream: BinaryIO, name: str) -> Folded:
    """Read a capture by stack from an open file that is called ``name`` in messages; ResultFault for anything else."""
    hint = "fetch the result anew, or measure again"
    try:
        with gzip.GzipFile(fileobj=stream) as packed:
            plain = packed.read(MOST_FOLDED_BYTES + 1)
        if len(plain) > MOST_FOLDED_BYTES:
            raise ResultFault(f"{name} unpacks to more than {MOST_FOLDED_BYTES:,} bytes", hint)
        found = msgspec.json.decode(plain, type=Folded)
    except (OSError, EOFError, zlib.error) as cause:
        raise ResultFault(f"{name} cannot be unpacked: {cause}", hint) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise ResultFault(f"{name} holds no stacks: {cause}", hint) from None
    if any(not 0 <= number < len(found.frames) for one in found.stacks for number in one.frames):
        raise ResultFault(f"{name} has {len(found.frames)} functions, and a stack names one beyond them", hint)
    return found


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
        *(name for heap in result.heaps for name in (*heap.files, *heap.rehearsals)),
    }
    found = [f"{name!r} is no name of a subject or a capture" for name in sorted(names) if not _NAME.fullmatch(name)]
    files = {one.file for one in result.captures} | {one.file for one in result.recordings}
    return found + [f"{name!r} does not lie in captures/" for name in sorted(files) if not _CAPTURE.fullmatch(name)]


class _Header(msgspec.Struct):
    schema: str


def complete(folder: Path) -> bool:
    """Return whether the run came to its end."""
    return (folder / SUMS).is_file()


def inside(folder: Path, name: str) -> Path | None:
    """Find a file of a result; None where it is gone, is no regular file, or is reached by a symbolic link."""
    path = folder / name
    there = path.is_file() and path.resolve() == folder.resolve() / name
    return path if there else None


def samples(folder: Path, trial: int, subject: str) -> Sequence[Sample]:
    """Read a subject's samples; none where none were taken. ResultFault for a file that cannot be of ours.

    So is one with other columns, or none: all its rows would be left out without a word.
    """
    name = f"samples/{trial}-{subject}.csv"
    if not os.path.lexists(folder / name):
        return ()
    if inside(folder, name) is None:
        words = "is no regular file, or is reached by a symbolic link"
        raise ResultFault(f"cannot read {folder / name}: {words}", "do not trust where it came from: a result has none")
    text = _content(folder / name, MOST_SAMPLES_BYTES).decode(errors="replace")
    header, ended, _ = text.partition("\n")
    if ended and (words := unlike_columns(header.rstrip("\r").split(","))):
        raise ResultFault(f"{folder / name}: {words}", "read it with the netchurn that wrote it, or fetch it anew")
    return rows(text)


def rows(text: str) -> Sequence[Sample]:
    """Read rows of samples below their header. What is no row, and one that a crash cut off, is left out."""
    whole, _, _ = text.rpartition("\n")  # a row is whole when its line has ended
    try:
        return _at_once(whole.replace("\r\n", "\n").rstrip("\r"))
    except (msgspec.DecodeError, ValueError, OverflowError):  # something in it is not as it was written
        return _row_by_row(whole)


def readings(folder: Path, trial: int, subject: str) -> tuple["array[int]", "array[int]"]:
    """Read the times and RSS of a trial that goes on, 16 bytes a row; what is no row ends the reading."""
    at_ns, rss_bytes = array("q"), array("q")
    path = folder / "samples" / f"{trial}-{subject}.csv"
    with suppress(OSError, ValueError), opened(path, MOST_SAMPLES_BYTES) as raw:  # a guest may put a pipe there
        rows = io.TextIOWrapper(raw, errors="replace")
        next(rows, None)  # the header
        for row in rows:
            at, rss, *rest = row.split(",", 2)
            if not rest or not row.endswith("\n"):
                break
            moment, memory = int(at), int(rss)  # both, before either is kept
            at_ns.append(moment)
            rss_bytes.append(memory)
    return at_ns, rss_bytes


def unlike_columns(header: Sequence[str]) -> str:
    """Return how a header of samples is not ours; nothing where it is."""
    if is_header(header):
        return ""
    missing = [name for name in _COLUMNS if name not in header]
    unknown = [name[:100] for name in header if name not in _COLUMNS]
    parts = [f"missing {', '.join(missing)}"] * bool(missing) + [f"unknown {', '.join(unknown[:20])}"] * bool(unknown)
    return f"its columns are not those of samples: {'; '.join(parts) or 'another order, or one twice'}"


def _at_once(whole: str) -> Samples:
    """Read a file that is as it was written, a day of rows at once; ValueError for another."""
    header, _, body = whole.partition("\n")
    names = header.split(",")
    if not is_header(names) or not body:
        raise ValueError(header)
    first, *later = (_decoded(chunk, len(names)) for chunk in _chunks(body))
    for some in later:
        first.extend(some)
    return first


def _decoded(lines: str, width: int) -> Samples:
    filled = lines.replace(",,", ",null,").replace(",,", ",null,").replace(",\n", ",null\n")
    ended = f"{filled}null" if filled.endswith(",") else filled
    rows = _decoder(width).decode("[[" + ended.replace("\n", "],[") + "]]")
    return Samples(tuple(zip(*rows, strict=True)))


def _chunks(body: str) -> Iterator[str]:
    """Cut a text into parts of whole lines."""
    at = 0
    while at < len(body):
        end = body.find("\n", at + _CHUNK)
        end = len(body) if end < 0 else end
        yield body[at:end]
        at = end + 1


@lru_cache
def _decoder(width: int) -> Any:
    """Return a decoder of rows of so many columns."""
    types = tuple(field.type for field in msgspec.structs.fields(Sample))[:width]
    return msgspec.json.Decoder(list[tuple[types]])  # type: ignore[valid-type]  # made here


def _row_by_row(whole: str) -> list[Sample]:
    """Read what can be read, and leave out the rest."""
    found = []
    for row in csv.DictReader(whole.splitlines()):
        if None in row.values():  # shorter than the header
            continue
        with suppress(msgspec.ValidationError):
            filled = {name: value or None for name, value in row.items()}
            found.append(msgspec.convert(filled, Sample, strict=False))
    return found
