"""Captures to views: each capture is folded by a process of its own, as many at a time as there are cores."""

import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE, Popen
from typing import NamedTuple

import msgspec

from harness import subprocesses, workers
from harness.errors import ResultFault
from harness.model import Folded
from harness.report.flamegraph.view import Pair, View, view
from harness.results.folded import folded_name, read_folded
from harness.results.folder import regular_file

_METER = ("main.(*session).tellExactly", "gowatch/internal/meter.")  # what marks cost is in no count of ours

Files = tuple[str, ...]
Done = Callable[[int, int], None]


class _Task(NamedTuple):
    files: Files
    process: Popen[bytes]


def views(pairs: list[Pair], folder: Path, done: Done = lambda *_: None) -> list[View]:
    """Read the captures of all pairs; a pair of which one is gone or cannot be read is left out."""
    wanted = dict.fromkeys(files for pair in pairs for files in _files(pair))
    folded = fold([files for files in wanted if _there(files, folder)], folder, done)
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


def fold(wanted: list[Files], folder: Path, done: Done = lambda *_: None) -> dict[Files, Folded]:
    """Fold captures, in processes of their own; one that cannot be read is left out."""
    found = {}
    waiting, running = deque(wanted), deque[_Task]()
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            running.append(_Task(waiting[0], _start(waiting.popleft(), folder)))
        task = running.popleft()
        folded, _ = task.process.communicate()  # by a pipe: a file would need room, and stay when we are killed
        if task.process.returncode == 0:
            found[task.files] = msgspec.json.decode(folded, type=Folded)
        done(len(wanted) - len(waiting) - len(running), len(wanted))
    return found


def _start(files: Files, folder: Path) -> Popen[bytes]:
    paths = [str((folder / file).absolute()) for file in files]
    without = _METER if len(files) > 1 else ()
    return subprocesses.start([*workers.FOLD_STACKS.command, *paths, *without], stdout=PIPE)
