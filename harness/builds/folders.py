"""Folders that builds are made in: held by one run at a time, and removed whole where a build is not."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from harness.builds.interruption import uninterrupted
from harness.user_cache import OURS_ALONE

RECORD = "build.json"
"""The file that a folder has once its build is whole."""
_LOCK = "lock"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make a folder if need be and hold its lock, for which others wait; one without a record is removed afterwards."""
    with _locked(folder):
        try:
            yield
        finally:
            if not (folder / RECORD).is_file():
                with uninterrupted():
                    _discard(folder)


def _discard(folder: Path) -> None:
    clear(folder)
    (folder / _LOCK).unlink()  # last: whoever makes a new one may build at once
    with suppress(OSError):  # in which somebody has made a new one
        folder.rmdir()


def clear(folder: Path) -> None:
    """Remove all that lies in a folder but its lock."""
    for path in folder.iterdir():
        if path.name != _LOCK:
            remove(path)


def remove(path: Path) -> None:
    """Remove what there is: a file, of a link only the link, a folder with what is read-only in it, as Go's modules."""
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        path.unlink()
        return
    for below, _, _ in os.walk(path):
        with suppress(OSError):
            Path(below).chmod(OURS_ALONE)
    shutil.rmtree(path, ignore_errors=True)


def _locked(folder: Path) -> ExitStack:
    """Lock a folder until what is returned is closed, and begin again where the holder before has removed it."""
    path = folder / _LOCK
    while True:
        folder.mkdir(mode=OURS_ALONE, exist_ok=True)
        with suppress(FileNotFoundError), ExitStack() as opened:
            lock = opened.enter_context(path.open("wb"))
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(lock.fileno()), path.stat()):
                return opened.pop_all()
