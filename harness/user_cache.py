"""The user's cache, in folders in which nobody else may put anything: what lies there is executed."""

import os
import stat
from pathlib import Path

from harness.errors import UsageFault
from harness.results.descriptors import open_folder

OURS_ALONE = 0o700
ELSEWHERE = "XDG_CACHE_HOME=FOLDER names another folder, one that is yours alone"
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def folder(name: str) -> Path:
    """Return a folder of the cache, made if need be; UsageFault where it is not a folder of ours alone."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        root = given if given.is_absolute() else Path.home() / ".cache"  # a relative one is to be ignored
        open_folder(root).close()  # nobody else may put another in its place
        for path in (root / "netchurn", root / "netchurn" / name):
            path.mkdir(mode=OURS_ALONE, exist_ok=True)
            _check(path)
    except UsageFault as cause:
        raise UsageFault(cause.id, f"no cache folder for {name}: {cause.message}", ELSEWHERE) from None
    except (OSError, RuntimeError) as cause:  # RuntimeError: there is no home
        raise UsageFault("cache_unusable", f"no cache folder for {name}: {cause}", ELSEWHERE) from None
    return path


def _check(path: Path) -> None:
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise UsageFault("cache_unusable", f"{path} is not a folder", ELSEWHERE)
    if found.st_uid != os.geteuid():
        raise UsageFault("cache_unsafe", f"{path} belongs to user {found.st_uid}, expected {os.geteuid()}", ELSEWHERE)
    if found.st_mode & _OTHERS_MAY_WRITE:
        raise UsageFault("cache_unsafe", f"others may write to {path}: chmod go-w", ELSEWHERE)
