"""A process that is started in a lab: who it is from outside, what it holds, and how its end becomes known."""

import os
import select
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from harness.lab.client import Lab, LabProcess
from harness.lab.process import InteractiveProcess
from raising import raises_id

pytestmark = pytest.mark.netns

Inside = Callable[..., CompletedProcess[str]]
HANG_S = 120.0


def start(lab: Lab, *argv: str) -> LabProcess:
    return lab.spawn([shutil.which(argv[0]) or argv[0], *argv[1:]])


def close(process: LabProcess) -> None:
    for descriptor in (process.stdin, process.stdout, process.stderr, process.pidfd):
        with suppress(OSError):
            os.close(descriptor)


def status(lab: Lab, process: LabProcess) -> int:
    while process.inner_pid not in lab.exits:
        assert select.select([lab], [], [], HANG_S)[0]
        lab.read_notifications()
    return lab.exits[process.inner_pid]


def ended(pidfd: int, seconds: float) -> bool:
    return bool(select.select([pidfd], [], [], seconds)[0])


def descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def children(of: int) -> dict[int, str]:
    """Give the children of a process with their state letters."""
    found = {}
    for folder in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) == of:
                found[int(folder.name)] = state
    return found


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_its_id_is_told_as_the_host_counts(lab: Lab) -> None:
    process = start(lab, "cat")
    os.write(process.stdin, b"are you there?")
    assert os.read(process.stdout, 100) == b"are you there?"
    ids = Path(f"/proc/{process.pid}/status").read_text().partition("NSpid:")[2].splitlines()[0].split()
    assert [int(ids[0]), int(ids[-1])] == [process.pid, process.inner_pid]
    assert Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")[0].endswith(b"cat")
    close(process)


def test_its_three_streams_are_ours(inside: Inside) -> None:
    done = inside("sh", "-c", "cat; echo complaint >&2", stdin="a line\n")
    assert (done.stdout, done.stderr) == ("a line\n", "complaint\n")


def test_it_holds_nothing_but_its_three_streams(inside: Inside) -> None:
    """Not the agent's line to the run, over which it could give orders, nor anything else that it did not open."""
    done = inside("sh", "-c", "ls /proc/$$/fd")
    assert done.stdout.split() == ["0", "1", "2"]


def test_its_input_ends_when_we_close_it(lab: Lab) -> None:
    process = start(lab, "cat")
    os.close(process.stdin)
    assert status(lab, process) == 0
    close(process)


@pytest.mark.parametrize("code", [0, 7])
def test_its_exit_status_is_delivered(inside: Inside, code: int) -> None:
    assert inside("sh", "-c", f"exit {code}").returncode == code


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_its_death_by_a_signal_is_delivered_as_a_negative_status(lab: Lab, number: signal.Signals) -> None:
    process = start(lab, "cat")
    signal.pidfd_send_signal(process.pidfd, number)
    assert status(lab, process) == -number
    close(process)


def test_the_ends_of_many_are_all_delivered(lab: Lab) -> None:
    processes = [start(lab, "sh", "-c", f"exit {code}") for code in range(40)]
    assert [status(lab, process) for process in processes] == list(range(40))
    for process in processes:
        close(process)


def test_an_end_that_comes_between_an_order_and_its_answer_is_not_lost(lab: Lab) -> None:
    process = start(lab, "cat")
    os.close(process.stdin)
    assert ended(process.pidfd, HANG_S)
    lab.add_pairs(0, 1)
    assert status(lab, process) == 0
    close(process)


def test_orphans_inside_are_reaped(lab: Lab) -> None:
    """A grandchild that outlives its parent ends later: the agent is its parent now, and keeps no zombie of it."""
    process = start(lab, "sh", "-c", "exec 3<&0; read _; cat <&3 >/dev/null & exit 0")
    agent = parent(process.pid)
    os.write(process.stdin, b"go on\n")
    assert status(lab, process) == 0
    [orphan] = children(agent)
    with os.fdopen(os.pidfd_open(orphan)) as end:
        assert children(agent)[orphan] != "Z"
        close(process)
        assert ended(end.fileno(), HANG_S)
    deadline = time.monotonic() + HANG_S
    while children(agent):
        assert time.monotonic() < deadline, children(agent)


def test_an_unknown_program_is_refused_and_the_lab_goes_on(lab: Lab, inside: Inside) -> None:
    with raises_id("system_error", "No such file"):
        lab.spawn(["/nowhere/at/all"])
    assert inside("true").returncode == 0


def test_a_refused_start_leaves_no_descriptor_open(lab: Lab) -> None:
    before = descriptors()
    with raises_id("system_error"):
        lab.spawn(["/nowhere/at/all"])
    assert descriptors() == before


def test_closing_the_lab_ends_them_before_it_returns(lab: Lab) -> None:
    processes = [start(lab, "cat") for _ in range(3)]
    lab.close()
    assert [ended(process.pidfd, 0) for process in processes] == [True] * 3
    for process in processes:
        close(process)


def test_they_are_deaf_to_ctrl_c(lab: Lab) -> None:
    """The terminal sends it to the run's process group: what is measured ends in the run's own time."""
    process = start(lab, "cat")
    group = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[2])
    assert group != os.getpgrp()
    close(process)


def test_a_process_gets_an_environment_of_any_bytes_and_size(lab: Lab) -> None:
    odd = os.fsdecode(b"caf\xe9")
    shell = 'printf %s "$ODD" | od -An -tx1; printf %s "$ONE$TWO$THREE" | wc -c'
    variables = {"PATH": os.environ["PATH"], "ODD": odd, **dict.fromkeys(("ONE", "TWO", "THREE"), "x" * 100_000)}
    argv = ("/bin/sh", "-c", shell)
    said = InteractiveProcess(lab, lab.spawn(argv, variables), argv).communicate()
    assert said.stdout.split() == ["63", "61", "66", "e9", "300000"]
