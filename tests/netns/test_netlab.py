"""The pytest plugin: what it gives, what it refuses, and that nothing of it outlives a killed pytest."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from harness.errors import LabFault
from harness.lab.netlab import Netlab
from harness.probes.process import sockets
from raising import raises_id

pytestmark = pytest.mark.netns

Outside = Callable[..., tuple[Popen[str], str]]
EXAMPLE = Path(__file__).parents[1] / "netlab_example"
PYTEST = (sys.executable, "-P", "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", "-W", "error")


def plugin() -> tuple[str, ...]:
    """Name the plugin on the command line, unless it is installed and names itself."""
    installed = subprocess.run([*PYTEST, "--markers"], check=True, capture_output=True, text=True, cwd="/")
    return () if "netlab(pairs=0)" in installed.stdout else ("-p", "harness.lab.pytest_plugin")


def run(folder: Path, words: str, *options: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(words)
    return subprocess.run(
        [*PYTEST, *plugin(), "--strict-markers", "--rootdir", str(folder), "-rA", *options, str(folder)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path or os.environ["PATH"]},
    )


READER = """
import socket, time
idle = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
idle.bind((0, 1))
print("ready", flush=True)
time.sleep(60)
"""
ASKS = "def test_it(netlab):\n    assert list(netlab.links()) == ['lo']\n"


@pytest.mark.slow
def test_a_stranger_asks_by_the_name_of_the_fixture_alone(tmp_path: Path) -> None:
    done = run(tmp_path, ASKS)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_its_pairs_stand_where_its_mark_says(tmp_path: Path) -> None:
    words = "import pytest\n@pytest.mark.netlab(pairs=3)\ndef test_it(netlab):\n    assert len(netlab.links()) == 7\n"
    done = run(tmp_path, words)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("asked", ["pairs=-1", "pairs=True", "pairs='8'", "8", "pair=8", "pairs=99999999"])
def test_a_mark_that_makes_no_sense_fails_its_test_in_one_line(tmp_path: Path, asked: str) -> None:
    words = f"import pytest\n@pytest.mark.netlab({asked})\ndef test_it(netlab): pass\n"
    done = run(tmp_path, words)
    assert done.returncode == 1
    assert f"netlab({asked}): expected pairs=N" in done.stdout


@pytest.fixture
def without_unshare(tmp_path: Path) -> str:
    """Build a PATH whose unshare is refused, as where namespaces are forbidden."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("ip", "mount", "setpriv", "sh"):
        (folder / name).symlink_to(str(shutil.which(name)))
    (folder / "unshare").write_text("#!/bin/sh\necho unshare: unshare failed: Operation not permitted >&2\nexit 1\n")
    (folder / "unshare").chmod(0o755)
    return str(folder)


@pytest.mark.slow
def test_where_namespaces_are_forbidden_it_skips_with_the_reason_and_the_remedy(
    tmp_path: Path, without_unshare: str
) -> None:
    done = run(tmp_path, ASKS, path=without_unshare)
    assert done.returncode == 0
    assert "SKIPPED" in done.stdout
    assert "netlab: " in done.stdout
    assert "; try: " in done.stdout


@pytest.mark.slow
def test_where_it_is_required_it_fails_instead(tmp_path: Path, without_unshare: str) -> None:
    done = run(tmp_path, ASKS, "--netlab-required", path=without_unshare)
    assert done.returncode == 1
    assert "Operation not permitted" in done.stdout


@pytest.mark.slow
def test_a_run_that_does_not_ask_loads_nothing_of_it(tmp_path: Path) -> None:
    own = {"harness.lab", "harness.lab.pytest_plugin"}
    found = "{n for n in sys.modules if n.startswith('harness.lab')}"
    words = f"import sys\ndef test_it():\n    assert {found} == {own}\n"
    done = run(tmp_path, words)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_its_example_passes(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "example")
    done = run(tmp_path, "", "--netlab-required")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_killed_it_leaves_nothing(
    tmp_path: Path,
    outside: Outside,
    worlds: Callable[[str], set[str]],
    remains: Callable[[str, set[str]], list[str]],
) -> None:
    """SIGKILL in the middle of a test, with a process inside that would live for ever."""
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    (tmp_path / "test_it.py").write_text(
        "import pytest\n@pytest.mark.netlab(pairs=20)\ndef test_it(netlab):\n"
        "    netlab.elsewhere()\n    sleeper = netlab.start('sleep', 'infinity')\n"
        f"    open({str(ready)!r}, 'w').close()\n    sleeper.wait(3600)\n"
    )
    process, mark = outside(*PYTEST, *plugin(), "--rootdir", str(tmp_path), str(tmp_path))
    ready.read_text()
    inhabited = worlds(mark)
    process.kill()
    process.wait()
    assert len(inhabited) == 2  # the test's, and the one elsewhere
    assert remains(mark, inhabited) == []


# --- what it gives ----------------------------------------------------------------------------------------------------


def test_a_process_inside_has_the_tests_environment_and_folder(
    netlab: Netlab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARKED", "yes")
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    monkeypatch.chdir(tmp_path)
    said = netlab.run("sh", "-c", "pwd; echo $MARKED $PYTHONHASHSEED").stdout.split()
    assert said == [str(tmp_path), "yes"]


def test_words_larger_than_a_pipe_go_in_and_come_out(netlab: Netlab) -> None:
    words = "0123456789" * 100_000
    assert netlab.run("cat", stdin=words).stdout == words


def test_a_program_that_does_not_listen_is_no_error(netlab: Netlab) -> None:
    assert netlab.run("true", stdin="x" * 1_000_000).returncode == 0


def test_a_program_that_does_not_end_is_killed_and_told(netlab: Netlab) -> None:
    with pytest.raises(TimeoutError, match=r"sleep lives on after 0\.05 s"):
        netlab.run("sleep", "infinity", timeout_s=0.05)


def test_a_signal_is_told_as_a_negative_status(netlab: Netlab) -> None:
    sleeper = netlab.start("sleep", "infinity")
    sleeper.kill()
    assert sleeper.wait() == -9
    sleeper.kill()


def test_a_program_that_is_not_there_is_told_at_once(netlab: Netlab) -> None:
    with pytest.raises(FileNotFoundError, match="no program is called nosuch"):
        netlab.run("nosuch")


def test_a_storm_without_a_pair_says_what_it_lacks(netlab: Netlab) -> None:
    with raises_id("option_missing", "veth0a"):
        netlab.storm(1)


def test_a_calibration_needs_no_pair_and_leaves_none(netlab: Netlab) -> None:
    assert netlab.calibrate() > 0
    assert list(netlab.links()) == ["lo"]


@pytest.mark.netlab(pairs=1)
def test_a_calibration_drops_nothing_of_a_reader_here(netlab: Netlab) -> None:
    reader = netlab.start(sys.executable, "-c", READER)
    assert reader.stdout.readline() == "ready\n"
    netlab.calibrate()
    assert sockets.of(reader.pid) == [sockets.Row(queued=0, dropped=0, groups=1)]


@pytest.mark.netlab(pairs=1)
@pytest.mark.skipif(shutil.which("wireguard-go") is None, reason="wireguard-go is not installed")
def test_no_storm_reaches_the_daemon_behind_the_watched_interface(netlab: Netlab) -> None:
    if netlab.add_watched("wt0") != "wireguard-go":
        pytest.skip("this kernel has WireGuard itself")
    inside = netlab.run("pgrep", "-x", "wireguard-go").stdout.strip()
    netlab.run("kill", "-STOP", inside)
    netlab.storm(3 * netlab.calibrate())
    table = netlab.run("cat", f"/proc/{inside}/net/netlink").stdout
    netlab.run("kill", "-CONT", inside)
    assert {(row.queued, row.dropped) for row in sockets.rows(table).values()} == {(0, 0)}
    assert "wt0" in netlab.links()


def test_a_link_of_an_odd_name_is_no_command(netlab: Netlab, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    with pytest.raises(LabFault):
        netlab.rename("lo", f"$(touch {planted})")
    netlab.ip("link add name $(reboot) type bridge")
    assert "$(reboot)" in netlab.links()
    assert not planted.exists()
