"""Captures to views: each capture is folded by a process of its own."""

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from harness.errors import ResultFault
from harness.model import Folded
from harness.report.flamegraph.view import Pair, View, view
from harness.report.readers import Readers
from harness.results.folded import folded_name, read_folded
from harness.results.folder import regular_file

Files = tuple[str, ...]
Done = Callable[[int, int], None]


def views(pairs: list[Pair], folder: Path, done: Done = lambda *_: None, readers: Readers | None = None) -> list[View]:
    """Read the captures of all pairs; a pair of which one is gone or cannot be read is left out."""
    wanted = dict.fromkeys(files for pair in pairs for files in _files(pair))
    folded = fold([files for files in wanted if _there(files, folder)], folder, done, readers)
    folded.update(_kept([files for files in wanted if files not in folded], folder))
    found = []
    for pair in pairs:
        parts = [folded.get(files) for files in _files(pair)]
        last = parts[-1]
        if last is not None and None not in parts:
            found.append(view(pair, parts[0] if len(parts) > 1 else None, last))
    return found


def _files(pair: Pair) -> list[Files]:
    """List what one process each has to read: a memray capture, or two Go profiles."""
    both = (pair.first.file, pair.last.file)
    return [both] if pair.sampled else [(file,) for file in both]


def _there(files: Files, folder: Path) -> bool:
    return all(regular_file(folder, file) for file in files)


def _kept(wanted: list[Files], folder: Path) -> dict[Files, Folded]:
    """Read what a thinned result has in place of memray's captures."""
    found: dict[Files, Folded] = {}
    for files in wanted:
        name = folded_name(files[0])
        if len(files) == 1 and _there((name,), folder):
            with suppress(ResultFault, OSError), (folder / name).open("rb") as stream:
                found[files] = read_folded(stream, name)
    return found


def fold(
    wanted: list[Files], folder: Path, done: Done = lambda *_: None, readers: Readers | None = None
) -> dict[Files, Folded]:
    """Fold captures, in processes of their own; one that cannot be read is left out."""
    with closing(readers or Readers()) as these:
        begun = [(files, these.fold(folder, files)) for files in wanted]
        found = {}
        for number, (files, folded) in enumerate(begun, start=1):
            content = folded()
            if content is not None:
                found[files] = msgspec.json.decode(content, type=Folded)
            done(number, len(wanted))
        return found
