"""A control group for each subject, where the run may make one: memory that belongs to no process shows only there."""

import os
from contextlib import suppress
from pathlib import Path

from harness.probes.process.cgroup import Group, counted, groups_of, own_group
from harness.probes.process.process_tree import descendants

PREFIX = "netchurn-"


class ControlGroups:
    """Makes groups below this process's own, and takes them away again. What was not permitted is simply not there.

    Only memory that is charged after a process was moved counts: growth does, and the start of an interpreter does not.
    """

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self._home: Group | None = None
        self._base = self._made()

    @property
    def permitted(self) -> bool:
        """Return whether groups can be made here that count memory."""
        return self._base is not None and counted(self._base)

    def adopt(self, name: str, pid: int) -> None:
        """Move a process of this run, and those that it has started meanwhile, to a group of its own."""
        if self._base is None or pid <= 0:  # -1: it has ended already; 0 would be this process
            return
        group = self._base._replace(folder=self._base.folder / name)
        with suppress(OSError):
            group.folder.mkdir()
            _move(pid, group.folder)
            for one in descendants(pid):
                with suppress(ProcessLookupError):  # it ended meanwhile
                    _move(one, group.folder)
            if counted(group):
                self.groups[name] = group

    def watch(self, name: str, pid: int) -> None:
        """Read the group that a process lives in where it shares it with nobody; it is not moved."""
        group = own_group(pid, set(descendants(pid)))
        if group is not None:
            self.groups[name] = group

    def close(self) -> None:
        """Remove the groups; what still lives in one goes back to where this process is."""
        if self._base is None or self._home is None:
            return
        for pid in self._base.processes():
            with suppress(OSError):
                _move(pid, self._home.folder)
        _remove(self._base.folder)

    def _made(self) -> Group | None:
        for home in groups_of():
            for parent in (home.folder,) if home.version == 1 else (home.folder, *home.folder.parents):
                if base := _base(home, parent):
                    self._home = home
                    return base
        return None


def _base(home: Group, parent: Path) -> Group | None:
    """Make the group of this run below ``parent``; None where that is not permitted, or counts no memory."""
    if home.version == 2 and "memory" not in _controllers(parent):  # noqa: PLR2004 - the version
        return None
    for left in parent.glob(f"{PREFIX}*"):
        if not Path("/proc", left.name.removeprefix(PREFIX)).exists():
            _remove(left)
    folder = parent / f"{PREFIX}{os.getpid()}"
    try:
        folder.mkdir()
        if home.version == 2:  # noqa: PLR2004 - the version
            (folder / "cgroup.subtree_control").write_text("+memory")
    except OSError:
        _remove(folder)
        return None
    return Group(folder, home.version)


def _controllers(folder: Path) -> list[str]:
    with suppress(OSError):
        return (folder / "cgroup.subtree_control").read_text().split()
    return []


def _move(pid: int, folder: Path) -> None:
    (folder / "cgroup.procs").write_text(str(pid))


def _remove(base: Path) -> None:
    """Remove a group, and those below it; the kernel keeps what somebody lives in."""
    with suppress(OSError):
        for folder in base.iterdir():
            if folder.is_dir():
                _remove(folder)
    with suppress(OSError):
        base.rmdir()
