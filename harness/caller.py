"""The user on whose behalf this process runs: under sudo the one who called it, and nobody in particular otherwise.

What needs no privilege is done as this user: files belong to them, programs that they bring are theirs, and a report is
made after the privilege was given up.
"""

import os
import pwd
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import UsageFault

_NO_ID = 2**32 - 1
_ROOT = 0
_ELSEWHERE = "choose another folder with --results and --reports"


class Caller:
    """Under sudo the user who called it. Without sudo everything here leaves things as they are."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Read SUDO_UID and SUDO_GID where this process is root."""
        self._ids: tuple[int, int] | None = None
        user, group = environment.get("SUDO_UID", ""), environment.get("SUDO_GID", "")
        if os.geteuid() == _ROOT and user.isdecimal() and group.isdecimal() and max(int(user), int(group)) < _NO_ID:
            self._ids = (int(user), int(group)) if int(user) != _ROOT else None

    def own(self, path: Path) -> Path:
        """Give one path to the caller."""
        if self._ids is not None:
            os.chown(path, *self._ids, follow_symlinks=False)
        return path

    def own_open(self, descriptor: int) -> None:
        """Give an open pipe to the caller: who is not its owner may not open ``/dev/stdout``."""
        if self._ids is not None:
            os.fchown(descriptor, *self._ids)

    def folder(self, path: Path) -> Path:
        """Make a folder with all that is missing above it, each given to the caller; UsageFault if that is refused.

        A symbolic link on the way is followed only if it is root's, ours, or the caller's.
        """
        try:
            self._refuse_links_of_others(path.absolute())
            missing = [part for part in (path, *path.parents) if not part.exists()]
            for part in reversed(missing):
                self.own(_made(part))
            if not path.is_dir():
                raise NotADirectoryError(20, "Not a directory", str(path))
            if not os.access(path, os.W_OK | os.X_OK):
                raise PermissionError(13, "Permission denied", str(path))
        except OSError as cause:
            raise UsageFault(f"cannot write to {path}: {cause.strerror}", _ELSEWHERE) from None
        return path

    def _refuse_links_of_others(self, path: Path) -> None:
        ours = {_ROOT, os.geteuid(), *(self._ids or ())[:1]}
        for part in (path, *path.parents):
            if part.is_symlink() and (owner := part.lstat().st_uid) not in ours:
                raise UsageFault(f"cannot write to {path}: {part} is a symbolic link of user {owner}", _ELSEWHERE)

    def become(self) -> None:
        """Give up root for good, with all its groups and capabilities: nothing that follows needs it."""
        if self._ids is None:
            return
        user, group = self._ids
        os.setgroups(self._groups())
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
        os.environ.update(self._home())

    def words(self) -> tuple[str, ...]:
        """Give what is put before an argument list to start it as the caller, without any capability."""
        if self._ids is None:
            return ()
        user, group = self._ids
        groups = ",".join(map(str, self._groups()))
        none = ("--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all")
        setpriv = shutil.which("setpriv") or "setpriv"
        home = [f"{name}={value}" for name, value in self._home().items()]
        return (setpriv, f"--reuid={user}", f"--regid={group}", f"--groups={groups}", *none, "env", *home)

    def _groups(self) -> Sequence[int]:
        """List the groups that the caller is in; their own alone if nobody knows them by name."""
        user, group = self._ids or (os.getuid(), os.getgid())
        try:
            return os.getgrouplist(pwd.getpwuid(user).pw_name, group)
        except KeyError:
            return [group]

    def _home(self) -> dict[str, str]:
        """Give the variables that say who one is; sudo leaves root's there."""
        try:
            known = pwd.getpwuid((self._ids or (os.getuid(),))[0])
        except KeyError:
            return {}
        return {"HOME": known.pw_dir, "USER": known.pw_name, "LOGNAME": known.pw_name, "SHELL": known.pw_shell}


def _made(part: Path) -> Path:
    part.mkdir()
    return part
