"""Enter a private world, and never touch the host's.

The world is user, network, mount, IPC, UTS and process-id namespaces made by util-linux ``unshare``: no name anywhere
in the file system, so that nothing can be left behind, System V memory included. The kernel's settings are read-only in
it. Its first process is the agent (``agent.py``); when that dies the kernel kills everything inside, and the links go
with the last process. ``setpriv --pdeathsig`` and ``unshare --kill-child`` make it die with its parent, whatever kills
the parent. Only a run that gave root up under sudo may send no death signal to a process of root, and the kernel sends
none for it: there the agent ends by the line that is closed.
"""

import contextlib
import ctypes
import os
import platform
import shutil
import subprocess
from pathlib import Path

from harness.errors import LabFault
from harness.subprocesses import DIE_WITH_PARENT
from harness.sudo_user import ALL_IDS, may_take_any_id

UBUNTU_HINT = "run it with sudo, or allow it: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_GIVE = "run it with sudo; in a container, start the container with --privileged"
_SETTINGS = ("/proc/sys", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sysrq-trigger")  # as runc closes them
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND = 1, 2, 4, 8, 32, 4096  # linux/mount.h
_KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219}  # linux/unistd.h
_JOIN_SESSION_KEYRING = 1  # linux/keyctl.h
_LIMITS = Path("/proc/sys/user")
INSTALL = "sudo apt install iproute2 util-linux"
TOOLS = {"unshare": "util-linux", "setpriv": "util-linux", "ip": "iproute2"}
_UNSHARE = ("--net", "--mount", "--ipc", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")


def network_namespace() -> str:
    """Name the network namespace of this process, as the kernel does: ``net:[4026531840]``."""
    return str(Path("/proc/self/ns/net").readlink())


class HostGuard:
    """Refuses every mutation while this process is still in the host's network namespace."""

    def __init__(self, host: str) -> None:
        self.host = host

    def check(self) -> None:
        """Raise LabFault if a mutation now would touch the host."""
        if network_namespace() == self.host:
            raise LabFault(
                "host_namespace",
                f"refused to change links in the host's network namespace {self.host}",
                "this is a defect of netchurn: please report it, nothing was changed",
            )


def missing_tools(path: str | None = None) -> list[str]:
    """Name the programs that a lab needs and PATH does not have, with the Debian package of each."""
    return [f"{tool} (package {package})" for tool, package in TOOLS.items() if shutil.which(tool, path=path) is None]


def may_map_all_users() -> bool:
    """Return whether this process may write any user mapping: a root with its capabilities and all user ids.

    Root in a rootless container has the former and not the latter.
    """
    return may_take_any_id()


def command(agent: list[str]) -> list[str]:
    """Build the argument list that starts ``agent`` as the first process of a new world.

    Root keeps all its user ids inside (the files of others stay readable); anybody else is root inside by the one id
    that the kernel lets them map. The former waits for a line on standard input, sent when its mapping is written.
    """
    if not may_map_all_users():
        return [*DIE_WITH_PARENT, "unshare", "--user", "--map-root-user", *_UNSHARE, "--", *agent]
    # The mapping gives the capabilities back at the next exec, which clears the death signal: set it again there.
    inner = [*DIE_WITH_PARENT, "unshare", *_UNSHARE, "--", *agent]
    waiting = ["sh", "-c", 'echo; read -r _ && exec "$@"', "sh", *inner]
    return [*DIE_WITH_PARENT, "unshare", "--user", "--", *waiting]


def map_all_users(process: subprocess.Popen[bytes]) -> None:
    """Make the waiting world of a root keep every user and group id; LabFault where the kernel refuses that."""
    if process.stdout is None or not process.stdout.readline():
        return
    for name in ("uid_map", "gid_map"):
        try:
            Path(f"/proc/{process.pid}/{name}").write_text(" ".join(ALL_IDS) + "\n")
        except OSError as cause:
            raise refused(f"its {name} was refused: {cause.strerror}") from None


def mount(what: str, where: str, kind: str | None, flags: int = 0, options: str | None = None) -> None:
    """Ask the kernel for a mount, in the words of its manual; OSError. The program would write a table to ``/run``."""
    words = [None if word is None else word.encode() for word in (what, where, kind, options)]
    library = ctypes.CDLL(None, use_errno=True)
    if library.mount(*words[:3], ctypes.c_ulong(flags), words[3]):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), where)


def close_settings() -> None:
    """Make what is the whole machine's below ``/proc`` read-only in this mount namespace; OSError.

    The kernel asks for no capability there, only for a user id of 0, and a root keeps that inside.
    """
    kept = _NOSUID | _NODEV | _NOEXEC  # what unshare gave to /proc; the kernel lets nobody take it back
    for path in filter(os.path.exists, _SETTINGS):
        mount(path, path, None, _BIND)
        mount(path, path, None, _BIND | _REMOUNT | _RDONLY | kept)


def fresh_keyring() -> None:
    """Leave the session's keyring for a new one, which ends with its last process: no namespace has a copy of it.

    The C library has no function for it, and where this machine's number of the call is not known nothing happens.
    """
    call = _KEYCTL.get(platform.machine())
    if call is not None:
        ctypes.CDLL(None).syscall(call, _JOIN_SESSION_KEYRING, None)


def fresh_sysfs() -> bool:
    """Mount a sysfs of this network namespace over ``/sys``; without it the host's interfaces show there.

    Read-only: most of what can be written in it is a setting of the whole machine.
    """
    with contextlib.suppress(OSError):
        mount("sysfs", "/sys", "sysfs", _RDONLY)
        return True
    return False


def refused(detail: str) -> LabFault:
    """Explain why no world could be made here, with the fix for the reason that applies."""
    if _read(_APPARMOR) == "1" and os.geteuid() != 0:
        return LabFault("no_namespace", f"this kernel restricts user namespaces by AppArmor: {detail}", UBUNTU_HINT)
    for kind in ("user", "net", "mnt", "ipc", "uts", "pid"):
        if _read(_LIMITS / f"max_{kind}_namespaces") == "0":
            return LabFault(
                "no_namespace",
                f"{kind} namespaces are limited to 0 ({_LIMITS}/max_{kind}_namespaces): {detail}",
                f"sudo sysctl -w user.max_{kind}_namespaces=10000",
            )
    return LabFault(
        "no_namespace",
        f"no private namespace could be made: {detail}",
        _GIVE,
    )


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
