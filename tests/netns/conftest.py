"""What tests of the real kernel share: a lab, processes with a mark on them, and eyes on what they leave behind.

Every test here is watched from outside: it must leave the host's links and mounts as they were.
"""

import os
import select
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import harness
from harness.lab.client import Lab
from harness.lab.netlab import Netlab

sys.path.append(str(Path(__file__).parents[1] / "chaos"))  # the tests are no package
if TYPE_CHECKING:
    from tests.chaos import hostwatch
    from tests.chaos import remains as eyes
else:
    import hostwatch
    import remains as eyes

PACKAGE = Path(harness.__file__).resolve().parents[1]
HANG_S = 120.0  # whoever waits longer waits for something that never comes; no statement about speed

Completed = subprocess.CompletedProcess[str]
Process = subprocess.Popen[str]


WATCH = pytest.StashKey[hostwatch.HostWatch]()


@pytest.fixture(scope="session", autouse=True)
def host_watch(pytestconfig: pytest.Config) -> Iterator[hostwatch.HostWatch]:
    """Hear all that happens to links, addresses and routes of the host; fail the session if any of it was ours."""
    watch = pytestconfig.stash[WATCH] = hostwatch.HostWatch()
    yield watch
    watch.hear()
    watch.close()
    assert watch.ours == []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what the watch heard."""
    if WATCH in config.stash:
        watch = config.stash[WATCH]
        terminalreporter.write_line(
            f"host watcher: {len(watch.ours)} events of ours in the host's namespace, {len(watch.others)} of others"
        )


@pytest.fixture(autouse=True)
def untouched_host(host_watch: hostwatch.HostWatch) -> Iterator[None]:
    """Hold every test to the host's links and mounts as they were."""
    links, mounts = eyes.host_links(), eyes.mounts()
    yield
    host_watch.hear()
    assert host_watch.ours == []
    assert eyes.host_links() == links
    assert eyes.mounts() == mounts


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
            lab.read_notifications()
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
                env={**os.environ, "PYTHONPATH": search, eyes.MARK: mark, **variables},
            )
        )
        return started[-1], mark

    yield start
    for process in started:
        with process:
            process.kill()


@pytest.fixture
def marked() -> Callable[[str], list[int]]:
    return eyes.processes_with


@pytest.fixture
def worlds() -> Callable[[str], set[str]]:
    return eyes.worlds


@pytest.fixture
def remains() -> Callable[[str, set[str]], list[str]]:
    return eyes.remains
