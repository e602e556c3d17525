"""Eyes on what a run leaves behind. They look at one run's own things only: others may run on the same machine.

A run carries a mark in its environment that everything it starts inherits. Network namespaces are known by the
processes that live in them, so they are noted while the run lives.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

MARK = "NETCHURN_TEST_MARK"
OUR_LINKS = re.compile(r"(veth\d+[ab]|cycle\d+[ab]|wt0(peer)?|wg\d+[pxb]?|odd0p?)")
PATIENCE_S = 60.0


def pids() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def processes_with(mark: str) -> list[int]:
    """Find the processes, anywhere on this host, that carry a mark. One that has ended carries nothing."""
    wanted = f"{MARK}={mark}".encode()
    return [pid for pid in pids() if wanted in _environment(pid).split(b"\0")]


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def worlds(mark: str) -> set[str]:
    """Name the network namespaces that processes with a mark live in, ours left out."""
    found = {target(Path(f"/proc/{pid}/ns/net")) for pid in processes_with(mark)}
    return found - {"", target(Path("/proc/self/ns/net"))}


def held(pid: int) -> set[str]:
    """Name what a process keeps alive: its network namespace, and whatever it has open."""
    folder = Path(f"/proc/{pid}")
    try:
        opened = list((folder / "fd").iterdir())
    except OSError:
        opened = []
    return {target(link) for link in (folder / "ns/net", *opened)}


def remains(mark: str, namespaces: set[str], patience_s: float = PATIENCE_S) -> list[str]:
    """Give what is left of a mark and of its namespaces: nothing, or whatever stays for good.

    Nobody is told of an absence, so this looks again and again until there was nothing twice in a row.
    """
    deadline = time.monotonic() + patience_s
    clean = 0
    while clean < 2:
        left = [f"process {pid}" for pid in processes_with(mark)]
        if namespaces:
            left += [f"process {pid} holds {name}" for pid in pids() for name in held(pid) & namespaces]
        if left and time.monotonic() > deadline:
            return left
        clean = 0 if left else clean + 1
        time.sleep(0.01)
    return []


def host_links() -> list[list[object]]:
    done = subprocess.run(["ip", "-j", "link"], check=True, capture_output=True)
    return [[link.get(key) for key in ("ifindex", "ifname", "mtu", "address")] for link in json.loads(done.stdout)]


def links_of_ours() -> list[str]:
    """Name the host's links that are called like those of a lab."""
    return [str(name) for _, name, *_ in host_links() if OUR_LINKS.fullmatch(str(name))]


def mounts() -> list[str]:
    return Path("/proc/self/mounts").read_text().splitlines()


def files_below(*folders: Path) -> list[str]:
    """List the files below folders that are for the time of a run only."""
    return [f"file {path}" for folder in folders for path in _walk(folder)]


def _walk(folder: Path) -> Iterable[Path]:
    for parent, names, files in os.walk(folder):
        yield from (Path(parent) / name for name in (*names, *files))
