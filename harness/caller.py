"""The user on whose behalf this process runs: under sudo the one who called it, and nobody in particular otherwise.

What needs no privilege is done as this user: files belong to them, programs that they bring are theirs, and a report is
made after the privilege was given up.
"""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import UsageFault

_NO_ID = 2**32 - 1
_ROOT = 0
_CAP_SETUID = 7
ALL_IDS = ("0", "0", "4294967295")
"""The mapping of a namespace in which every user and group id is what it is outside."""
_ELSEWHERE = "choose another folder with --results and --reports"


def may_take_any_id() -> bool:
    """Say whether this process may be any user: a root with its capabilities and all user ids."""
    if tuple(Path("/proc/self/uid_map").read_text().split()) != ALL_IDS:
        return False
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAP_SETUID & 1)
    return False


class Caller:
    """Under sudo the user who called it. Without sudo everything here leaves things as they are."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Read SUDO_UID and SUDO_GID where this process is root."""
        self._ids: tuple[int, int] | None = None
        user, group = environment.get("SUDO_UID", ""), environment.get("SUDO_GID", "")
        known = user.isdecimal() and group.isdecimal() and max(int(user), int(group)) < _NO_ID
        if known and int(user) != _ROOT and os.geteuid() == _ROOT and may_take_any_id():
            self._ids = (int(user), int(group))

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
            for part in (path.absolute(), *path.absolute().parents):
                self.refuse_link(part)
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

    def refuse_link(self, path: Path) -> None:
        """Raise UsageFault where something is a symbolic link of a stranger: it may point anywhere."""
        ours = {_ROOT, os.geteuid(), *(self._ids or ())[:1]}
        if path.is_symlink() and (owner := path.lstat().st_uid) not in ours:
            raise UsageFault(f"cannot write to {path}: it is a symbolic link of user {owner}", _ELSEWHERE)

    def check(self) -> None:
        """Make sure that the caller can run what they called; UsageFault where this Python is root's alone."""
        loads = [sys.executable, "-P", "-c", "import harness.cli"]
        if (
            self._ids is not None
            and subprocess.run([*self.words(), *loads], check=False, capture_output=True).returncode
        ):
            raise UsageFault(
                f"user {self._ids[0]}, who called sudo, cannot run {sys.executable}, and no report is made as root",
                "install netchurn where that user can read it; or, for a run of root's own, env -u SUDO_UID netchurn",
            )

    def reach(self, path: Path) -> None:
        """Make sure that the caller can write to a folder, as they are, and not as root; UsageFault if not."""
        may = ["test", "-w", str(path), "-a", "-x", str(path)]
        if self._ids is not None and subprocess.run([*self.words(), *may], check=False).returncode:
            raise UsageFault(f"user {self._ids[0]}, who called sudo, cannot write to {path}", _ELSEWHERE)

    def become(self) -> None:
        """Give up root for good, with all its groups and capabilities: nothing that follows needs it.

        UsageFault where what follows could not be loaded.
        """
        if self._ids is None:
            return
        self.check()
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
