"""Processes of ours that must not outlive us."""

import os
import subprocess
import sys
import time
from pathlib import Path

from harness import subprocesses


def test_what_it_says_on_standard_error_is_heard() -> None:
    with subprocesses.start(["sh", "-c", "echo lost; echo kept >&2; exit 3"]) as process:
        _, words = process.communicate()

    assert words == b"kept\n"
    assert process.returncode == 3


def test_it_stands_apart_from_the_terminal() -> None:
    with subprocesses.start(["sleep", "600"]) as process:
        session = os.getsid(process.pid)
        process.kill()

    assert session == process.pid


def test_it_dies_with_whoever_started_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from harness import subprocesses\n"
        "process = subprocesses.start(['sh', '-c', 'echo ready >&2; exec sleep 600'])\n"
        "process.stderr.readline()\n"
        "Path(sys.argv[1]).write_text(str(process.pid))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(subprocesses.__file__).parents[1])}
    subprocess.run([sys.executable, "-P", "-c", script, str(note)], env=environment, check=False)

    assert ends(int(note.read_text()))


def ends(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False
