"""Folders that are written to: opened once, by directory descriptors, and never found by their names again.

Whoever may change a folder on the way could put a symbolic link in place of another. So each step is taken from the
folder before it, a symbolic link is followed only if it is root's or ours, a folder on the way that a stranger owns
or may change is refused (memray and Go know nothing but names), and every file is made anew: nothing is ever written
through a link, or into what is there.
"""

import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Self

from harness.errors import UsageFault
from harness.sudo_user import ALL_IDS, NOBODY

_STEP = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_LINKS = 40  # as the kernel has it: path_resolution(7)
_MOST_NAMES = 100
_ROOT = 0
_ELSEWHERE = "choose another folder with --results and --reports"


class Folder:
    """An open folder."""

    def __init__(self, descriptor: int, path: Path) -> None:
        """Store a descriptor; ``path`` is for messages, and for programs that know nothing but names."""
        self.descriptor = descriptor
        self.path = path

    def folder(self, name: str, mode: int = 0o777) -> "Folder":
        """Make a folder in it; FileExistsError where there is anything of that name."""
        os.mkdir(name, mode, dir_fd=self.descriptor)
        return Folder(os.open(name, _OPEN, dir_fd=self.descriptor), self.path / name)

    def create(self, name: str) -> IO[bytes]:
        """Make a file in it; FileExistsError where there is anything of that name, a dangling link too."""
        return os.fdopen(os.open(name, _NEW, 0o666, dir_fd=self.descriptor), "wb")

    def create_beneath(self, name: str) -> IO[bytes]:
        """Make a file below it, and what is missing of the folders that ``name`` leads through."""
        *above, last = name.split("/")
        with ExitStack() as opened:
            here = self
            for part in above:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=here.descriptor)
                step = os.open(part, _OPEN, dir_fd=here.descriptor)
                here = opened.enter_context(Folder(step, here.path / part))
            return here.create(last)

    def put(self, name: str, content: bytes) -> None:
        """Replace a file as a whole: who reads it sees the old one or the new one."""
        draft = f".{name}"
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=self.descriptor)  # of one who was killed
        try:
            with self.create(draft) as stream:
                stream.write(content)
            os.replace(draft, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(draft, dir_fd=self.descriptor)

    @property
    def in_place(self) -> bool:
        """Return whether its name still leads to it."""
        with suppress(OSError):
            return os.path.samestat(self.path.stat(), os.fstat(self.descriptor))
        return False

    def close(self) -> None:
        """Close it; a second call does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_folder(path: Path) -> Folder:
    """Open a folder to write in, made with all that is missing above it; UsageFault where that is refused."""
    with _explained(path):
        step = _walked(path)
        try:
            folder = Folder(os.open(".", _OPEN, dir_fd=step), path)
            if not os.access(".", os.W_OK | os.X_OK, dir_fd=step, effective_ids=True):
                folder.close()
                raise PermissionError(13, os.strerror(13), str(path))
            return folder
        finally:
            os.close(step)


def make_folder(path: Path) -> Folder:
    """Make a folder that nobody had before, and nobody else may open yet.

    Where there is one of that name, another name is found beside it.
    """
    with open_folder(path.parent) as parent, _explained(path):
        for name in (path.name, *(f"{path.name}+{number}" for number in range(2, _MOST_NAMES))):
            with suppress(FileExistsError):
                return parent.folder(name, 0o700)
        return parent.folder(path.name, 0o700)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise UsageFault("folder_not_writable", f"cannot write to {path}: {cause.strerror}", _ELSEWHERE) from None


def _walked(path: Path) -> int:
    """Go to a folder from the root on, and make what is missing; a descriptor that only leads on."""
    at = os.open("/", _STEP)
    parts = deque(path.absolute().parts[1:])
    links = 0
    try:
        while parts:
            _check(at, path)
            step = _stepped(at, parts.popleft())
            found = os.fstat(step)
            if stat.S_ISLNK(found.st_mode):
                links += 1
                target = _target(step, found, path, links)
                parts.extendleft(reversed([part for part in target.parts if part != "/"]))
                step = os.open("/", _STEP) if target.is_absolute() else os.dup(at)
            os.close(at)
            at = step
        _check(at, path)
    except BaseException:
        os.close(at)
        raise
    return at


def _stepped(at: int, part: str) -> int:
    with suppress(FileNotFoundError):
        return os.open(part, _STEP, dir_fd=at)
    with suppress(FileExistsError):  # of somebody who did the same
        os.mkdir(part, dir_fd=at)
    return os.open(part, _STEP, dir_fd=at)


def _target(link: int, found: os.stat_result, path: Path, links: int) -> Path:
    """Read where a symbolic link leads; UsageFault for a stranger's: it may lead anywhere."""
    try:
        if found.st_uid not in _trusted():
            raise UsageFault(
                "folder_unsafe",
                f"cannot write to {path}: on the way is a symbolic link of user {found.st_uid}",
                _ELSEWHERE,
            )
        if links > _MOST_LINKS:
            raise OSError(40, os.strerror(40), str(path))
        return Path(os.readlink("", dir_fd=link))
    finally:
        os.close(link)


def _check(folder: int, path: Path) -> None:
    """Raise UsageFault for a folder in which a stranger may put something else in the place of what is ours."""
    found = os.fstat(folder)
    where = Path(f"/proc/self/fd/{folder}").readlink()
    if found.st_uid not in _trusted():
        words = f"{where} belongs to user {found.st_uid}, who may change what is in it"
        raise UsageFault("folder_unsafe", f"cannot write to {path}: {words}", _ELSEWHERE)
    others = found.st_mode & stat.S_IWOTH
    group = found.st_mode & stat.S_IWGRP and found.st_gid not in {_ROOT, os.getegid(), *os.getgroups()}
    if (others or group) and not found.st_mode & stat.S_ISVTX:
        who = "everybody" if others else f"group {found.st_gid}"
        raise UsageFault(
            "folder_unsafe",
            f"cannot write to {path}: {who} may change what is in {where}",
            f"chmod go-w {where}, or {_ELSEWHERE}",
        )


def _trusted() -> set[int]:
    """List the users whose folders are as good as ours: root, and who looks like root's in a user namespace.

    Where not every id is mapped, what is root's outside belongs to the overflow id, and so does a stranger's. What a
    stranger could do with that is to this user, who is no root.
    """
    whole = Path("/proc/self/uid_map").read_text().split() == list(ALL_IDS)
    return {_ROOT, os.geteuid(), *([] if whole else [NOBODY])}
