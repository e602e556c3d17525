"""What tests of the real kernel share: a lab, processes with a mark on them, and eyes on what they leave behind.

Every test here is watched from outside: it must leave the host's links and mounts as they were.
"""

import json
import os
import select
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import harness
from harness.lab.client import Lab
from harness.lab.netlab import Netlab

MARK = "NETCHURN_TEST_MARK"
PACKAGE = Path(harness.__file__).resolve().parents[1]
HANG_S = 120.0  # whoever waits longer waits for something that never comes; no statement about speed

Completed = subprocess.CompletedProcess[str]
Process = subprocess.Popen[str]


def host_links() -> list[list[object]]:
    done = subprocess.run(["ip", "-j", "link"], check=True, capture_output=True)
    return [[link.get(key) for key in ("ifindex", "ifname", "mtu", "address")] for link in json.loads(done.stdout)]


def host_mounts() -> list[str]:
    return Path("/proc/self/mounts").read_text().splitlines()


@pytest.fixture(autouse=True)
def untouched_host(privilege: str) -> Iterator[None]:
    """Watch every test, and have it collected for each privilege."""
    del privilege
    links, mounts = host_links(), host_mounts()
    yield
    assert host_links() == links
    assert host_mounts() == mounts


@pytest.fixture
def lab(netlab: Netlab) -> Lab:
    """Give the world of the plugin, below its names and texts."""
    return netlab.lab


@pytest.fixture
def inside(lab: Lab) -> Callable[..., Completed]:
    """Run a program in the lab to its end, as ``subprocess.run`` does."""

    def run(*argv: str, stdin: str = "") -> Completed:
        process = lab.spawn([shutil.which(argv[0]) or argv[0], *argv[1:]])
        with os.fdopen(process.stdin, "w") as words:
            words.write(stdin)
        with os.fdopen(process.stdout) as out, os.fdopen(process.stderr) as errors:
            said, complained = out.read(), errors.read()
        os.close(process.pidfd)
        while process.inner_pid not in lab.exits:
            assert select.select([lab], [], [], HANG_S)[0]
            lab.news()
        return Completed(argv, lab.exits[process.inner_pid], said, complained)

    return run


@pytest.fixture
def outside() -> Iterator[Callable[..., tuple[Process, str]]]:
    """Start a program on the host, in a session of its own, with a mark that all its descendants inherit."""
    started: list[Process] = []

    def start(*argv: str, **variables: str) -> tuple[Process, str]:
        mark = uuid.uuid4().hex
        search = os.pathsep.join(filter(None, [str(PACKAGE), os.environ.get("PYTHONPATH")]))
        started.append(
            subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": search, MARK: mark, **variables},
            )
        )
        return started[-1], mark

    yield start
    for process in started:
        with process:
            process.kill()


@pytest.fixture
def marked() -> Callable[[str], list[int]]:
    return processes_with


def processes_with(mark: str) -> list[int]:
    """Find the processes, anywhere on this host, that carry a mark. One that has ended carries nothing."""
    wanted = f"{MARK}={mark}".encode()
    return [pid for pid in _pids() if wanted in _environment(pid)]


def _pids() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _held(pid: int) -> set[str]:
    """Name what a process keeps alive: its network namespace, and whatever it has open."""
    folder = Path(f"/proc/{pid}")
    try:
        opened = list((folder / "fd").iterdir())
    except OSError:
        opened = []
    return {_target(link) for link in (folder / "ns/net", *opened)}


@pytest.fixture
def worlds() -> Callable[[str], set[str]]:
    """Name the network namespaces that processes with a mark live in, ours left out."""

    def find(mark: str) -> set[str]:
        found = {_target(Path(f"/proc/{pid}/ns/net")) for pid in processes_with(mark)}
        return found - {"", _target(Path("/proc/self/ns/net"))}

    return find


@pytest.fixture
def remains() -> Callable[[str, set[str]], list[str]]:
    """Give what is left of a mark and of its namespaces: nothing, or whatever stays for good.

    Nobody is told of an absence, so this looks again and again until there was nothing twice in a row.
    """

    def look(mark: str, namespaces: set[str]) -> list[str]:
        left = [f"process {pid}" for pid in processes_with(mark)]
        return left + [f"process {pid} holds {held}" for pid in _pids() for held in _held(pid) & namespaces]

    def wait(mark: str, namespaces: set[str]) -> list[str]:
        deadline = time.monotonic() + HANG_S
        clean = 0
        while clean < 2:
            left = look(mark, namespaces)
            if left and time.monotonic() > deadline:
                return left
            clean = 0 if left else clean + 1
            time.sleep(0.01)
        return []

    return wait
