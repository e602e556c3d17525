"""Temporary folders that do not outlive this process, whatever ends it."""

import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import NetchurnError, UsageFault
from harness.results.descriptors import open_folder

_REMOVER = """
trap '' HUP INT PIPE TERM
mkdir -m 700 -- "$1" && echo made
read _
for _ in 1 2 3 4 5; do rm -rf -- "$1" && exit; sleep 1; done
"""
_LEAST_ROOM_BYTES = 2**16


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """Make a temporary folder, which is removed whatever ends this process, SIGKILL too; UsageFault for a full one.

    A helper makes it, in a session of its own, and removes it when the pipe to it closes. Only if that is killed as
    well, or the machine goes down, the folder stays. It ignores PIPE, as we may end before we read that the folder is
    made. A first attempt may fail: after SIGKILL our other helpers are gone a moment later than the pipe, and may still
    write.
    """
    try:
        open_folder(Path(tempfile.gettempdir())).close()
        folder = Path(tempfile.gettempdir(), f"{prefix}{secrets.token_hex(16)}")
    except UsageFault as cause:
        raise UsageFault(
            "temporary_unusable", cause.message, "set TMPDIR=FOLDER, one that nobody else may change"
        ) from None
    except FileNotFoundError as cause:
        raise _full(cause.strerror) from None
    with _remover(folder) as remover:
        if not (remover.stdout and remover.stdout.readline()):
            raise _full(f"{folder} cannot be made")
        try:
            yield folder
        except (OSError, NetchurnError):
            if _room(folder) < _LEAST_ROOM_BYTES:
                raise _full(f"no space left in {folder.parent}") from None
            raise


def _remover(folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        ["/bin/sh", "-c", _REMOVER, "sh", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _room(folder: Path) -> int:
    found = os.statvfs(folder)
    some_names = found.f_favail or not found.f_files  # btrfs counts none
    return found.f_bavail * found.f_frsize if some_names else 0


def _full(why: str | None) -> UsageFault:
    return UsageFault(
        "temporary_unusable", f"cannot use the temporary folder: {why}", "free some space there, or set TMPDIR=FOLDER"
    )
