"""Where builds are kept, and by which key: the commit, the command, and what the working tree changed."""

import hashlib
import os
import stat
from pathlib import Path

from harness.builds.repository import Repository
from harness.errors import UsageFault

_OURS_ALONE = 0o700
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_ELSEWHERE = "XDG_CACHE_HOME=FOLDER names another folder, one that is yours alone"


def folder() -> Path:
    """Return the folder of all builds, made if need be; UsageFault where others may write to it: it is executed."""
    told = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        root = told if told.is_absolute() else Path.home() / ".cache"
        root.mkdir(parents=True, exist_ok=True)
        for path in (root / "netchurn", root / "netchurn" / "builds"):
            path.mkdir(mode=_OURS_ALONE, exist_ok=True)
            facts = path.lstat()
            ours = stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid()
            if not ours or facts.st_mode & _OTHERS_MAY_WRITE:
                raise UsageFault("cache_unsafe", f"the cache folder {path} is not yours alone", _ELSEWHERE)
    except (OSError, RuntimeError) as cause:  # RuntimeError: there is no home
        raise UsageFault("cache_unusable", f"no cache folder for builds: {cause}", _ELSEWHERE) from None
    return path


def key(repository: Repository, commit: str, command: str, changes: tuple[str, ...]) -> str:
    """Name a build: 32 hexadecimal digits."""
    found = hashlib.sha256(f"{repository.top}\0{commit}\0{command}\0".encode(errors="surrogateescape"))
    for name in sorted(changes):
        path = repository.top / name
        content = path.read_bytes() if path.is_file() else b""
        mode = path.lstat().st_mode if path.exists() else 0
        found.update(f"{name}\0{mode}\0{len(content)}\0".encode(errors="surrogateescape") + content)
    return found.hexdigest()[:32]
