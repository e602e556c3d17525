"""What ends a run before its time, and what does not."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import harness
from harness.run.interrupt import Interrupt

PACKAGE = str(Path(harness.__file__).resolve().parents[1])
HANGS_UP = (
    "import os, signal\n"
    "from harness.run.interrupt import Interrupt\n"
    "with Interrupt() as interrupt:\n"
    "    os.kill(os.getpid(), signal.SIGHUP)\n"
    "    print(interrupt.asked)\n"
)


def hung_up(*prefix: str) -> str:
    argv = [*prefix, sys.executable, "-P", "-c", HANGS_UP]
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    return subprocess.run(argv, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def test_two_that_listen_may_both_hear_of_one_signal() -> None:
    with Interrupt() as interrupt:
        os.kill(os.getpid(), signal.SIGTERM)
        assert select.select([interrupt], [], [], 10)[0]
        assert interrupt.heard()
        assert interrupt.heard()
        assert interrupt.asked


def test_the_end_of_a_terminal_ends_the_run_but_not_one_that_began_by_nohup() -> None:
    assert hung_up("env", "--default-signal=HUP") == "True"
    assert hung_up("nohup") == "False"
