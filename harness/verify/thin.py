"""A result to a copy that is small enough for git, and still verifies and renders to the same report.

memray records every allocation: some tens of megabytes a run. The copy keeps what each stack allocated in sum, which is
all that a report draws and all that ``verify`` recounts, and leaves out the order and the life of each allocation, and
with them memray's own pages. Go's profiles are kept where something was counted from them. Facts, samples and whatever
else lies in the folder stay as they are, so the copy has the same line of evidence. ``THINNED.json`` names what was
left out, with the digest that the whole result has of it.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import msgspec

from harness.errors import ResultFault, UsageFault
from harness.model import Capture, Folded, Result
from harness.model.terms import Model
from harness.report.flamegraph import fold
from harness.results.folded import folded_name, packed
from harness.results.folder import SUMS, load_result
from harness.results.writer import Writer, writing
from harness.safe_read import beneath, content
from harness.verify import checksums
from harness.verify.deviation import Deviation

SCHEMA = "netchurn.thinned/1"
NOTE = "THINNED.json"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PIECE_BYTES = 2**20
_CHANGED = "do not trust where it lies: copy it to a folder of your own, and verify it there"

Done = Callable[[int, int], None]


class LeftOut(Model, frozen=True, kw_only=True):
    """One file of the whole result."""

    sha256: Annotated[str, msgspec.Meta(description="digest of the file in the whole result")]
    bytes: Annotated[int, msgspec.Meta(description="its size in bytes")]
    instead: Annotated[str | None, msgspec.Meta(description="file that stands for it here; null: nothing needs it")]


class Thinned(Model, frozen=True, kw_only=True):
    """``THINNED.json``."""

    schema: Annotated[str, msgspec.Meta(description="schema of this document")]
    left_out: Annotated[dict[str, LeftOut], msgspec.Meta(description="files of the whole that are not here, by path")]


def thin(folder: Path, target: Path, done: Done = lambda *_: None) -> Path:
    """Write the copy and seal it; ResultFault where the whole is interrupted, changed, or does not add up."""
    if target.exists() or target.resolve().is_relative_to(folder.resolve()):
        raise UsageFault(
            "already_there", f"{target} is there already", "name a folder that is not, outside of the result"
        )
    result, held, sealed = _checked(folder)
    folded = _folded(result, folder, done)
    gone = _left_out(result, sealed, folded)
    with closing(Writer(target)) as writer, writing(target):
        for name in sealed:
            if name not in gone:
                _copy(held, name, sealed[name], writer)
        for capture, stacks in folded.items():
            _write(writer, folded_name(capture), packed(stacks))
        note = {name: _note(held, name, digest, folded) for name, digest in sealed.items() if name in gone}
        document = msgspec.json.encode(Thinned(schema=SCHEMA, left_out=note))
        _write(writer, NOTE, msgspec.json.format(document, indent=1) + b"\n")
        writer.seal()
    return writer.folder


def _checked(folder: Path) -> tuple[Result, checksums.Inventory, dict[str, str]]:
    """Read a result, and the digests of its files; only a sealed one in which nothing was changed is worth keeping."""
    held = checksums.inventory(folder)
    result = load_result(folder)
    if not held.sealed:
        raise ResultFault("not_thinnable", f"{folder} was interrupted: it has no {SUMS}", "thin a complete result")
    if NOTE in held.files:
        raise ResultFault("not_thinnable", f"{folder} was thinned before", "thin the whole result")
    for one in (*held.deviations, *checksums.check(held)):
        raise ResultFault(
            "result_changed", f"{folder}: {one.where}: {one.text}", "netchurn verify RESULT tells all that deviates"
        )
    return result, held, checksums.listed(content(folder / SUMS, checksums.MOST_SUMS_BYTES))[0]


def _folded(result: Result, folder: Path, done: Done) -> dict[str, Folded]:
    """Fold every memray capture; ResultFault where the stacks of one do not add up to what was counted."""
    captures = {one.file: one for one in result.captures if one.file.endswith(".bin")}
    found = fold.fold([(file,) for file in captures], folder, done)
    for file, one in captures.items():
        stacks = found.get((file,))
        if stacks is None or not _adds_up(one, stacks):
            raise ResultFault(
                "result_changed", f"{folder / file} does not fold to what was counted", "netchurn verify RESULT"
            )
    return {file: found[file,] for file in captures}


def _adds_up(one: Capture, folded: Folded) -> bool:
    return (one.bytes, one.allocations) == (
        sum(stack.bytes for stack in folded.stacks),
        sum(stack.allocations for stack in folded.stacks),
    )


def _left_out(result: Result, names: dict[str, str], folded: dict[str, Folded]) -> set[str]:
    """Choose the captures that go: memray's with its statistics, and Go's profiles that nothing was counted from."""
    used = {one.file for one in result.captures}
    beside = {str(Path(file).with_suffix(".stats.json")) for file in folded}
    folders = {str(Path(file).parent) for file in used - set(folded)}
    unused = {name for name in names if str(Path(name).parent) in folders and name not in used}
    recordings = {one.file for one in result.recordings} & set(names)  # their stacks lie beside them already
    return {*folded, *(beside & set(names)), *unused, *recordings}


def _write(writer: Writer, name: str, content: bytes) -> None:
    with writer.create(name) as stream:
        stream.write(content)


def _copy(held: checksums.Inventory, name: str, digest: str, writer: Writer) -> None:
    """Copy a file, and hash what was copied: while captures are folded, another may take its place."""
    hashed = hashlib.sha256()
    try:
        source = held.open(name)
    except OSError as cause:
        raise ResultFault("file_unreadable", f"{held.folder / name}: {cause.strerror}", _CHANGED) from None
    with source, writer.create(name) as copy:
        while piece := source.read(_PIECE_BYTES):
            hashed.update(piece)
            copy.write(piece)
        if hashed.hexdigest() == digest:
            return
        copy.seek(0)
        copy.truncate()  # who may read the copy may not read what took the place of a file
        raise ResultFault("result_changed", f"{held.folder / name} has changed meanwhile", _CHANGED)


def _note(held: checksums.Inventory, name: str, digest: str, folded: dict[str, Folded]) -> LeftOut:
    instead = folded_name(name) if name in folded else None
    return LeftOut(sha256=digest, bytes=held.bytes_of(name), instead=instead)


def check(held: checksums.Inventory, result: Result) -> list[Deviation]:
    """Check what a copy says was left out against what it has, and against what nothing is counted from."""
    folded = {folded_name(one.file) for one in result.captures if one.file.endswith(".bin")} & held.files
    if NOTE not in held.files:
        return [
            Deviation("thinned_wrong", name, f"stands for a capture, and there is no {NOTE}") for name in sorted(folded)
        ]
    try:
        with beneath(held.folder, NOTE, checksums.MOST_SUMS_BYTES) as stream:
            note = msgspec.json.decode(stream.read(), type=Thinned)
    except OSError as cause:
        return [checksums.unreadable(NOTE, cause)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        return [Deviation("thinned_wrong", NOTE, f"is no such note: {cause}")]
    found = [] if note.schema == SCHEMA else [f"has schema {note.schema!r}; expected {SCHEMA!r}"]
    expected = {one.file: folded_name(one.file) for one in result.captures if one.file.endswith(".bin")}
    found += [f"does not name {name}, which is not there" for name in sorted(set(expected) - set(note.left_out))]
    for name, left in note.left_out.items():
        found += [f"{name}: {words}" for words in _unlike(name, left, held, expected)]
    may = _left_out(result, dict.fromkeys(note.left_out, ""), dict.fromkeys(expected, Folded(frames=(), stacks=())))
    found += [f"{name}: nothing of that name is ever left out" for name in sorted(set(note.left_out) - may)]
    return [Deviation("thinned_wrong", NOTE, text) for text in found]


def _unlike(name: str, left: LeftOut, held: checksums.Inventory, expected: dict[str, str]) -> Iterator[str]:
    if name in held.files:
        yield "it is there"
    if left.instead != expected.get(name):
        yield f"instead is {left.instead}; expected {expected.get(name)}"
    elif left.instead is not None and left.instead not in held.files:
        yield f"{left.instead} is not there"
    if not _SHA256.fullmatch(left.sha256) or left.bytes < 0:
        yield "it has no digest, or no size"
