"""``netchurn doctor``: what this machine can measure, and the fix for what it cannot."""

import platform
from dataclasses import dataclass

import click
import msgspec

from harness import environment
from harness.errors import LabFault
from harness.lab import namespace
from harness.lab.client import Lab
from harness.lab.door import Kept
from harness.probes.recordings import recorders
from harness.run.machine.control_groups import ControlGroups
from harness.subjects import toolchain


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was tried. ``needed``: a run does not work without; ``fix``: what to type where it failed."""

    name: str
    ok: bool
    found: str
    needed: bool = True
    fix: str = ""


@click.command(name="doctor", short_help="What this machine can measure, and the fix for what it cannot.")
@click.option("--json", "as_json", is_flag=True, help="the same as a JSON document")
@click.pass_obj
def command(kept: Kept | None, *, as_json: bool) -> int:
    """Try what a run needs, the way a run would: a private namespace is made, and a veth pair in it.

    Exit status 0 when a run will work, 2 when it will not.
    """
    checks = examine(kept)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(checks), indent=2))
    else:
        for check in checks:
            _show(check)
    return 2 if any(check.needed and not check.ok for check in checks) else 0


def _show(check: Check) -> None:
    lack = click.style("no", fg="red", bold=True) if check.needed else click.style("--", fg="yellow")
    click.echo(f"{click.style('ok', fg='green') if check.ok else lack}  {check.name}: {check.found}")
    if not check.ok:
        click.echo(f"      try: {check.fix}")


def examine(kept: Kept | None = None) -> list[Check]:
    """Try everything, a veth pair in a namespace too, as a file or an exit code tells little; never raises."""
    checks = [_linux(), _tools()]
    if all(check.ok for check in checks):
        checks += _lab(kept)
    privilege = Check(name="privilege", ok=True, found=environment.privilege())
    return [*checks, _go(), _heaptrack(), _control_groups(), privilege]


def _linux() -> Check:
    system = platform.system()
    return Check(
        name="system", ok=system == "Linux", found=f"{system} {platform.release()}", fix="run it on Linux 5.4 or later"
    )


def _tools() -> Check:
    missing = namespace.missing_tools()
    found = f"not found: {', '.join(missing)}" if missing else ", ".join(namespace.TOOLS)
    return Check(name="tools", ok=not missing, found=found, fix=namespace.INSTALL)


def _go() -> Check:
    found = toolchain.find()
    return Check(
        name="Go",
        ok=found is not None,
        needed=False,
        found=f"{found.version} from {found.origin}: {found.path}"
        if found
        else f"{toolchain.why_not()}: no Go subjects",
        fix=toolchain.HINT,
    )


def _heaptrack() -> Check:
    found = recorders.preload()
    return Check(
        name="heaptrack",
        ok=found is not None,
        needed=False,
        found=str(found) if found else "not installed: no --record NAME=heaptrack",
        fix="sudo apt install heaptrack, or sudo dnf install heaptrack",
    )


def _control_groups() -> Check:
    groups = ControlGroups()
    permitted = groups.permitted
    groups.close()
    return Check(
        name="control groups",
        ok=permitted,
        needed=False,
        found="each subject gets one"
        if permitted
        else "none can be made: memory that belongs to no process is not seen",
        fix="run netchurn as root without sudo, or under systemd-run --user --scope",
    )


def _lab(kept: Kept | None) -> list[Check]:
    try:
        with Lab(kept) as lab:
            lab.add_pairs(0, 1)
            kind = lab.add_watched("wt0")
            sysfs = lab.fresh_sysfs
    except LabFault as fault:
        return [Check(name="private namespace", ok=False, found=fault.message, fix=fault.hint)]
    return [
        Check(name="private namespace", ok=True, found="made one with a veth pair in it, and dropped it"),
        Check(
            name="fresh sysfs",
            ok=sysfs,
            needed=False,
            found="mounted" if sysfs else "refused: /sys/class/net inside shows the host's interfaces",
            fix="in a container, start it with --privileged",
        ),
        Check(
            name="WireGuard",
            ok=kind.startswith("wireguard"),
            needed=False,
            found=f"the watched interface is {kind}",
            fix="sudo modprobe wireguard, or sudo apt install wireguard-go",
        ),
    ]
