"""Try what a run needs, the way a run would: the truth about namespaces is in the first veth pair, not in a file."""

import platform
from typing import NamedTuple

from harness import environment
from harness.errors import LabFault
from harness.lab import namespace
from harness.lab.client import Lab


class Check(NamedTuple):
    """One thing that was tried. ``needed`` ones decide whether a run works; ``fix`` is empty where nothing is wrong."""

    name: str
    ok: bool
    needed: bool
    found: str
    fix: str


def examine() -> list[Check]:
    """Try everything; never raises for what a machine may lack."""
    checks = [_linux(), _tools()]
    if all(check.ok for check in checks):
        checks += _lab()
    return [*checks, _privilege()]


def _linux() -> Check:
    system = platform.system()
    return Check("Linux", system == "Linux", True, f"{system} {platform.release()}", "" if system == "Linux" else "run it on Linux")


def _tools() -> Check:
    missing = namespace.missing_tools()
    found = f"not found: {', '.join(missing)}" if missing else "unshare, setpriv, mount, ip"
    return Check("tools", not missing, True, found, "sudo apt install iproute2 util-linux mount" if missing else "")


def _lab() -> list[Check]:
    try:
        with Lab() as lab:
            lab.add_pairs(0, 1)
            kind = lab.add_watched("wt0")
            sysfs = lab.fresh_sysfs
    except LabFault as fault:
        return [Check("private namespace", False, True, fault.message, fault.hint)]
    real = kind.startswith("wireguard")
    return [
        Check("private namespace", True, True, "made one, with a veth pair in it, and dropped it", ""),
        Check("fresh sysfs", sysfs, False, "mounted" if sysfs else "refused", "" if sysfs else "start the container with --privileged"),
        Check(
            "WireGuard", real, False, f"wt0 is {kind}", "" if real else "sudo modprobe wireguard, or sudo apt install wireguard-go"
        ),
    ]


def _privilege() -> Check:
    return Check("privilege", True, False, environment.privilege(), "")
