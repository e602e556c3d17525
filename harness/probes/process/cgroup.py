"""Memory that the kernel charges to a control group, which is where memory shows that belongs to no process.

Source: cgroup-v2.rst and cgroup-v1/memory.rst of the kernel's documentation. Version 1 tells no split of kernel memory,
and no kernel memory at all where it is switched off.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_KINDS = {  # names in memory.stat, of version 2, to names in a sample
    "anon": "charged_anon_bytes",
    "file": "charged_file_bytes",
    "shmem": "charged_shmem_bytes",
    "kernel": "charged_kernel_bytes",
    "kernel_stack": "kernel_stack_bytes",
    "slab": "slab_bytes",
    "sock": "socket_buffer_bytes",
}
_FIRST_KINDS = {"total_rss": "anon", "total_cache": "file", "total_shmem": "shmem"}  # of version 1
Charged = dict[str, int | None]


class Group(NamedTuple):
    """A control group with a memory controller, in the hierarchy of version 1 or 2."""

    folder: Path
    version: int

    def read(self) -> Charged:
        """Read what is charged now, by the columns of a sample; all None where it cannot be read."""
        try:
            stat = (self.folder / "memory.stat").read_text()
            if self.version == 1:
                return charged_1(
                    self._number("memory.usage_in_bytes"), self._number("memory.kmem.usage_in_bytes"), stat
                )
            return charged_2(self._number("memory.current"), stat)
        except OSError:
            return {}

    def _number(self, name: str) -> int | None:
        try:
            return int((self.folder / name).read_text())
        except FileNotFoundError:  # kernel memory that is not accounted
            return None

    def holds_only(self, family: set[int]) -> bool:
        """Return whether nobody else lives in it; the groups below a crowded one are not looked at."""
        try:
            direct = {int(pid) for pid in (self.folder / "cgroup.procs").read_text().split()}
        except OSError:
            return False
        return direct <= family and self.processes() <= family

    def processes(self) -> set[int]:
        """List the processes in it and in the groups below; none where it is gone."""
        try:
            return {int(line) for file in self.folder.rglob("cgroup.procs") for line in file.read_text().split()}
        except OSError:
            return set()


def charged_1(usage: int | None, kernel: int | None, stat: str) -> Charged:
    """Read version 1. Its cache includes shared memory, which belongs to no file: it is taken off."""
    rows = _rows(stat)
    counts = {kind: rows.get(name) for name, kind in _FIRST_KINDS.items()}
    counts["file"] = _less(counts["file"], counts["shmem"])
    found: Charged = {_KINDS[kind]: value for kind, value in counts.items()}
    return {"charged_bytes": usage, **found, "charged_kernel_bytes": kernel}


def charged_2(current: int | None, stat: str) -> Charged:
    """Read version 2. Its file includes shared memory as well."""
    rows = _rows(stat)
    found: Charged = {column: rows.get(name) for name, column in _KINDS.items()}
    found["charged_file_bytes"] = _less(rows.get("file"), rows.get("shmem"))
    return {"charged_bytes": current, **found}


def _less(whole: int | None, part: int | None) -> int | None:
    return None if whole is None else max(0, whole - (part or 0))


def _rows(stat: str) -> dict[str, int]:
    pairs = (line.split() for line in stat.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}  # noqa: PLR2004 - a name and a number


def groups_of(pid: int | str = "self") -> list[Group]:
    """List where a process is charged, version 1 first, since its controller is not in version 2 then.

    Of version 2 also where no memory is counted: see ``counted``.
    """
    try:
        places = _names(Path(f"/proc/{pid}/cgroup"))
        mounts = _names(Path("/proc/self/mountinfo"))
    except OSError:
        return []
    return sorted(_found(filter(None, places.split("\n")), list(hierarchies(mounts))), key=lambda group: group.version)


def _names(file: Path) -> str:
    """Read a file of /proc that has names of files in it, which may be of any bytes."""
    return file.read_text(errors="surrogateescape")


class Hierarchy(NamedTuple):
    """Where a hierarchy is mounted, and which of its groups is at that place."""

    version: int
    root: str
    mounted: Path


def hierarchies(mountinfo: str) -> Iterator[Hierarchy]:
    """Read the hierarchies that may count memory from /proc/self/mountinfo."""
    for line in filter(None, mountinfo.split("\n")):  # a name may have any other white space in it
        fields, _, rest = line.partition(" - ")
        kind, _, options = rest.split(" ", 2)
        root, mounted = fields.split(" ")[3:5]
        if kind == "cgroup2" or (kind == "cgroup" and "memory" in options.split(",")):
            yield Hierarchy(2 if kind == "cgroup2" else 1, root, Path(mounted))


def _found(places: Iterable[str], mounts: list[Hierarchy]) -> Iterator[Group]:
    for place in places:
        number, controllers, path = place.split(":", 2)
        version = 2 if number == "0" else 1
        if version == 1 and "memory" not in controllers.split(","):
            continue
        for mount in mounts:
            if mount.version == version and Path(path).is_relative_to(mount.root):
                yield Group(mount.mounted / Path(path).relative_to(mount.root), version)


def counted(group: Group) -> bool:
    """Return whether memory is counted in a group: not at the root, and not where the controller is off."""
    return (group.folder / ("memory.usage_in_bytes" if group.version == 1 else "memory.current")).exists()


def own_group(pid: int, tree: set[int]) -> Group | None:
    """Return the group that a process shares with nobody but its tree, such as that of a service; else None."""
    family = {pid, *tree}
    return next((group for group in groups_of(pid) if counted(group) and group.holds_only(family)), None)
