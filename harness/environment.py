"""Facts of the machine that the numbers depend on, read once before and once after a run."""

import os
import platform
import socket
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Literal

import psutil

from harness import __version__
from harness.model import Environment
from harness.sudo_user import gave_up_root

PACKAGES = ("pyroute2", "psutil", "memray", "matplotlib", "numpy", "msgspec", "scipy")


def read() -> Environment:
    """Read the machine as it is now."""
    return Environment(
        netchurn=__version__,
        commit=commit(),
        kernel=platform.release(),
        machine=platform.machine(),
        cpu=_cpu(),
        cpus=len(os.sched_getaffinity(0)),
        memory_bytes=psutil.virtual_memory().total,
        python=platform.python_version(),
        packages={name: metadata.version(name) for name in PACKAGES},
        privilege=privilege(),
        load_average_1m=os.getloadavg()[0],
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def run_id(facts: Environment, plan_id: str) -> str:
    """Name a run: ``20260504T101500Z-host-1a2b3c4d``; of the host's name only what a path may hold."""
    moment = datetime.fromisoformat(facts.started_at).strftime("%Y%m%dT%H%M%SZ")
    host = "".join(letter for letter in socket.gethostname().split(".")[0] if letter.isalnum() or letter == "-")
    return f"{moment}-{host or 'host'}-{plan_id}"


def privilege() -> Literal["root", "sudo", "rootless"]:
    """Return on whose behalf this process runs."""
    if gave_up_root():
        return "sudo"
    return "rootless" if os.geteuid() else "root"


def commit() -> str | None:
    """Name the git commit of the checkout that this package runs from, or was built from; None if nobody knows."""
    here = Path(__file__).resolve().parents[1]
    if not (here / ".git").exists():
        return _read(Path(__file__).with_name("commit.txt"))
    try:
        done = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            check=False,
            capture_output=True,
            text=True,
        )
    except OSError:
        return None
    return done.stdout.strip() or None


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip() or None
    except OSError:
        return None


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()
