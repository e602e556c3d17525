"""Temporary folders: gone whatever ends the command, and a full one is not a fault of the result."""

import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.verify.scratch import _REMOVER, scratch
from raising import raises_id

NETCHURN = (sys.executable, "-P", "-m", "harness")
REFERENCE = Path(__file__).parents[3] / "results" / "netbird-5857" / "reference"
HANG_S = 60


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + HANG_S
    while not true():
        assert time.monotonic() < deadline
        os.sched_yield()


def start(captured: tuple[Path, int, int], temporary: Path) -> "subprocess.Popen[bytes]":
    """Start what counts a capture in a temporary folder, in a session of its own."""
    words = "import sys; from pathlib import Path; from harness.verify.recount.captures import recounted"
    argv = [sys.executable, "-P", "-c", f"{words}; recounted([Path(sys.argv[1])] * 50)", str(captured[0])]
    return subprocess.Popen(argv, env={**os.environ, "TMPDIR": str(temporary)}, start_new_session=True)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_no_temporary_folder_outlives_a_signal(
    captured: tuple[Path, int, int], temporary: Path, number: signal.Signals
) -> None:
    with start(captured, temporary) as process:
        until(lambda: list(temporary.glob("netchurn-*/*")))
        process.send_signal(number)
        process.wait()
    until(lambda: not list(temporary.iterdir()))


def test_no_temporary_folder_outlives_its_process_group(captured: tuple[Path, int, int], temporary: Path) -> None:
    with start(captured, temporary) as process:
        until(lambda: list(temporary.glob("netchurn-*/*")))
        os.killpg(process.pid, signal.SIGKILL)
    until(lambda: not list(temporary.iterdir()))


def test_no_temporary_folder_outlives_whoever_ended_before_it_was_made(temporary: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    folder = temporary / "made"
    argv = ["/bin/sh", "-c", _REMOVER, "sh", str(folder)]
    with os.fdopen(write, "w") as nobody:
        subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=nobody, stderr=subprocess.DEVNULL)
    assert not folder.exists()


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["verify", "report", "export"])
def test_no_temporary_folder_outlives_a_closed_terminal(verb: str, temporary: Path, tmp_path: Path) -> None:
    more = {
        "verify": (),
        "report": ("-o", str(tmp_path / "out")),
        "export": ("--format", "thin", "-o", str(tmp_path / "out")),
    }
    result = shutil.copytree(REFERENCE, tmp_path / "results" / "s" / "r")
    (tmp_path / "reports" / "s").mkdir(parents=True)
    (tmp_path / "reports" / "s" / "r").symlink_to(Path(__file__).parents[3] / "reports" / "netbird-5857" / "reference")
    child, terminal = pty.fork()
    if child == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.environ["TMPDIR"] = str(temporary)
        os.execv(sys.executable, [*NETCHURN, verb, str(result), *more[verb]])  # noqa: S606 - a child of our own fork
    begun = temporary if verb == "verify" else tmp_path / "out"
    until(
        lambda: (
            (begun.exists() and list(begun.iterdir()))
            or os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        )
    )
    os.close(terminal)
    os.waitpid(child, 0)
    until(lambda: not list(temporary.iterdir()))


ROOM = """
mount -t tmpfs -o size=64k none "$TMPDIR"
head -c "$0" /dev/zero >"$TMPDIR/filled" 2>/dev/null
exec "$@"
"""


@pytest.fixture(params=["full", "nearly full"])
def with_little_room(request: pytest.FixtureRequest, temporary: Path) -> Callable[..., tuple[int, str]]:
    """Run with a temporary folder on a small file system that has no room, or a page of it."""
    filled = {"full": "64k", "nearly full": "56k"}[request.param]

    def run(*argv: object) -> tuple[int, str]:
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", ROOM, filled, *NETCHURN, *map(str, argv)],
            env={**os.environ, "TMPDIR": str(temporary)},
            check=False,
            capture_output=True,
            text=True,
            timeout=HANG_S,
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.slow
@pytest.mark.netns
def test_a_full_temporary_folder_is_no_fault_of_the_result(
    with_little_room: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    assert with_little_room("report", REFERENCE, "-o", tmp_path / "report")[0] == 0
    status, said = with_little_room("verify", REFERENCE, "--report", tmp_path / "report")
    assert (status, "TMPDIR=" in said) in {(0, False), (2, True)}, said


@pytest.mark.slow
@pytest.mark.netns
def test_a_full_temporary_folder_is_no_fault_of_a_capture(
    with_little_room: Callable[..., tuple[int, str]], full: Path, tmp_path: Path
) -> None:
    assert with_little_room("export", full, "--format", "thin", "-o", tmp_path / "copy")[0] == 0
    assert (tmp_path / "copy" / "SHA256SUMS").is_file()
    status, said = with_little_room("verify", full)
    assert status == 0, said


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder away")
def test_a_temporary_folder_that_a_stranger_may_swap_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(tmp_path, 60_034, 60_034)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with raises_id("temporary_unusable"), scratch("netchurn-test-"):
        pass
    assert list(tmp_path.iterdir()) == []
