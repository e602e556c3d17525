"""Files that may come from anybody: regular ones only, of a size that was expected, and none elsewhere.

And the files of a process that only its own user may read.
"""

import errno
import os
import stat
import sys
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import Literal

ProcessFile = Literal["smaps_rollup", "fd", "ns/net"]
"""What is read of a process besides what everybody may read: this, and nothing else."""
_LINKS = {"ns/net"}

_SURELY = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK  # a pipe without a writer is waited for otherwise


def opened(path: Path, most_bytes: int, *, follow: bool = False) -> BufferedReader:
    """Open a regular file of at most ``most_bytes``; OSError whose ``strerror`` says what it is instead.

    Nothing else is opened, not even to look: opening a pipe waits, and opening a device may do something. A symbolic
    link is an error too, unless ``follow``: a user may name one, a result has none.
    """
    _check(path, path.stat() if follow else path.lstat(), most_bytes)
    descriptor = os.open(path, _SURELY if follow else _SURELY | os.O_NOFOLLOW)
    stream = os.fdopen(descriptor, "rb")
    try:
        _check(path, os.fstat(descriptor), most_bytes)  # another file may have taken its place
    except OSError:
        stream.close()
        raise
    return stream


def beneath(folder: Path, name: str, most_bytes: int = sys.maxsize) -> BufferedReader:
    """Open a regular file below a folder, step by step: nobody can put a link in its way. OSError as of ``opened``."""
    *rooms, last = name.split("/")
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for room in rooms:
            inner = os.open(room, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = inner
        _check(folder / name, os.stat(last, dir_fd=here, follow_symlinks=False), most_bytes)
        stream = os.fdopen(os.open(last, _SURELY | os.O_NOFOLLOW, dir_fd=here), "rb")
    finally:
        os.close(here)
    try:
        _check(folder / name, os.fstat(stream.fileno()), most_bytes)  # another file may have taken its place
    except OSError:
        stream.close()
        raise
    return stream


def content(path: Path, most_bytes: int, *, follow: bool = False) -> bytes:
    """Read a regular file of at most ``most_bytes``; OSError whose ``strerror`` says what it is instead."""
    with opened(path, most_bytes, follow=follow) as stream:
        return stream.read(most_bytes)


def _check(path: Path, found: os.stat_result, most_bytes: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        words = "is a symbolic link" if stat.S_ISLNK(found.st_mode) else "is no regular file"
        raise OSError(errno.EINVAL, words, str(path))
    if found.st_size > most_bytes:
        raise OSError(
            errno.EFBIG, f"has {found.st_size:,} bytes, more than the {most_bytes:,} that are read", str(path)
        )


def process_file(pid: int, name: ProcessFile) -> bytes:
    """Read a file of a process that only its own user may read; OSError where that is refused, or the process is gone.

    Of ``ns/net`` it is where the link leads; of ``fd`` the number of each descriptor, a space, and where it leads, each
    ended by NUL; of a socket a space and its protocol as well, such as ``NETLINK``, where the kernel names it.
    """
    path = f"/proc/{pid}/{name}"
    if name in _LINKS:
        return os.fsencode(os.readlink(path))  # noqa: PTH115 - not a path but a name
    if name == "smaps_rollup":
        return Path(path).read_bytes()
    found = []
    for number in os.listdir(path):  # noqa: PTH208 - names are all that is wanted
        with suppress(FileNotFoundError):  # it was closed meanwhile, which says nothing about the others
            found.append(f"{number} {_target(f'{path}/{number}')}\0")
    return os.fsencode("".join(found))


def _target(path: str) -> str:
    target = os.readlink(path)  # noqa: PTH115 - not a path but a name
    if not target.startswith("socket:"):
        return target
    with suppress(OSError):  # a sandbox's kernel may not name protocols: net/socket.c, sockfs_xattr_get
        return f"{target} {os.getxattr(path, 'system.sockprotoname').rstrip(bytes(1)).decode('latin-1')}"
    return target
