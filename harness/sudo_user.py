"""The user on whose behalf this process runs: under sudo the one who called it, and nobody in particular otherwise.

Under sudo root is given up for good before anything is read, started or written. What is left of it is held by two
processes that were started before: the lab's agent, and the reader of ``lab/reader.py`` where ``--pid`` asks for one.
"""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from harness.errors import UsageFault

_NO_ID = 2**32 - 1
_ROOT = 0
NOBODY = 65_534
_CAP_SETUID = 7
ALL_IDS = ("0", "0", "4294967295")
"""The mapping of a namespace in which every user and group id is what it is outside."""
_GIVEN_UP: list[int] = []  # the user that this process became


def root_path() -> str:
    """Return the folders of PATH in which nobody but root may change anything, for programs that root starts.

    A measured program has the caller's files, and ``sudo env PATH="$PATH"`` takes the caller's folders along: a program
    put there while a run goes on would be started by root's agent.
    """
    folders = [Path(name).resolve() for name in os.get_exec_path() if name.startswith("/")]
    return os.pathsep.join(str(folder) for folder in folders if _is_roots(folder))


def _is_roots(folder: Path) -> bool:
    """Return whether only root may put something in a folder, or put another in its place."""
    with suppress(OSError):
        found = folder.stat()
        above = [facts for facts in (path.stat() for path in folder.parents) if not facts.st_mode & stat.S_ISVTX]
        return not any(
            one.st_uid or one.st_mode & (stat.S_IWGRP * bool(one.st_gid) | stat.S_IWOTH) for one in (found, *above)
        )
    return False


def may_take_any_id() -> bool:
    """Return whether this process may be any user: a root with its capabilities and all user ids."""
    if tuple(Path("/proc/self/uid_map").read_text().split()) != ALL_IDS:
        return False
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAP_SETUID & 1)
    return False


def gave_up_root() -> bool:
    """Return whether this process was root under sudo, and is the calling user now."""
    return bool(_GIVEN_UP)


class Caller:
    """Under sudo the user who called it. Without sudo everything here leaves things as they are."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._ids: tuple[int, int] | None = None
        user, group = environment.get("SUDO_UID", ""), environment.get("SUDO_GID", "")
        known = user.isdecimal() and group.isdecimal() and max(int(user), int(group)) < _NO_ID
        if known and int(user) != _ROOT and os.geteuid() == _ROOT and may_take_any_id():
            self._ids = (int(user), int(group))

    @property
    def known(self) -> bool:
        """Return whether there is somebody to become."""
        return self._ids is not None

    def drop_privileges(self) -> None:
        """Drop root for good, with all its groups and capabilities.

        UsageFault where the caller cannot load this Python or this package: nothing more would work.
        """
        if self._ids is None:
            return
        user, group = self._ids
        os.setgroups(self._groups(user, group))
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
        os.environ.update(_home(user))
        _GIVEN_UP.append(user)
        loads = [sys.executable, "-P", "-c", "import harness.cli"]
        try:
            loaded = subprocess.run(loads, check=False, capture_output=True).returncode == 0
        except OSError:
            loaded = False
        if not loaded:
            raise UsageFault(
                "caller_cannot_run",
                f"user {user}, who called sudo, cannot run {sys.executable}, and nothing is run as root",
                "install netchurn where that user can read it; or, for a run of root's own, env -u SUDO_UID netchurn",
            )

    def command_prefix(self, *capabilities: str) -> tuple[str, ...]:
        """Return what root puts before an argument list to start it as the caller, with these capabilities only.

        No set-user-id program gives any back.
        """
        if self._ids is None:
            return ()
        user, group = self._ids
        return as_user(user, group, self._groups(user, group), capabilities)

    @staticmethod
    def _groups(user: int, group: int) -> Sequence[int]:
        """List the groups that a user is in; their own alone if nobody knows them by name."""
        try:
            return os.getgrouplist(pwd.getpwuid(user).pw_name, group)
        except KeyError:
            return [group]


def as_user(user: int, group: int, groups: Sequence[int], capabilities: Sequence[str] = ()) -> tuple[str, ...]:
    """Return what root puts before an argument list to start it as a user, with these capabilities only."""
    kept = ",".join(["-all", *(f"+{name}" for name in capabilities)])
    return (
        shutil.which("setpriv", path=root_path()) or "setpriv",
        f"--reuid={user}",
        f"--regid={group}",
        f"--groups={','.join(map(str, groups))}",
        f"--inh-caps={kept}",
        f"--ambient-caps={kept}",
        f"--bounding-set={kept}",
        "--no-new-privs",
    )


def _home(user: int) -> dict[str, str]:
    """Return the variables that say who one is; sudo leaves root's there."""
    try:
        known = pwd.getpwuid(user)
    except KeyError:
        return {}
    return {"HOME": known.pw_dir, "USER": known.pw_name, "LOGNAME": known.pw_name, "SHELL": known.pw_shell}
