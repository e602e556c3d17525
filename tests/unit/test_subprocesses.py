"""Processes of ours that must not outlive us."""

import fcntl
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

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


def idle(task: subprocesses.Task) -> bool:
    assert task.process is not None
    return os.sched_getscheduler(task.process.pid) == os.SCHED_IDLE


def test_a_queue_runs_one_at_a_time_at_the_lowest_priority_until_somebody_waits() -> None:
    with closing(subprocesses.Queue()) as queue:
        first, second, third = (queue.add(["sleep", seconds]) for seconds in ("600", "600", "0"))
        assert (first.process, second.process) == (None, None)  # nothing has begun
        queue.look()
        queue.look()
        assert idle(first)
        assert second.process is None

        assert first.process is not None
        first.process.kill()
        first.process.wait()
        queue.look()
        assert first.status == -signal.SIGKILL
        assert idle(second)
        assert third.process is None

        with pytest.raises(subprocess.TimeoutExpired):
            queue.wait(second, 0.01)
        assert not idle(second)


def test_a_queue_tells_how_each_ends_and_drains() -> None:
    with closing(subprocesses.Queue()) as queue:
        tasks = [queue.add(["sh", "-c", f"exit {status}"]) for status in (0, 3, 0)]
        assert queue.wait(tasks[1]) == 3
        queue.drain()
        assert [task.status for task in tasks] == [0, 3, 0]


def test_a_queue_starts_the_next_as_any_ends_and_not_only_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with closing(subprocesses.Queue()) as queue:
        oldest, *rest = (queue.add(["sleep", seconds]) for seconds in ("600", "0", "0", "0"))

        assert queue.wait(rest[-1], 10) == 0
        assert oldest.status is None


@pytest.fixture
def ordinary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody raise a process that was lowered, as the kernel does for an ordinary user."""
    schedule = os.sched_setscheduler

    def refused(pid: int, policy: int, param: os.sched_param) -> None:
        if policy == os.SCHED_OTHER:
            raise PermissionError(pid)
        schedule(pid, policy, param)

    monkeypatch.setattr(os, "sched_setscheduler", refused)


@pytest.mark.usefixtures("ordinary")
def test_what_an_ordinary_user_cannot_speed_up_again_is_started_again() -> None:
    memory = os.memfd_create("said")
    with closing(subprocesses.Queue()) as queue:
        task = queue.add(["sh", "-c", "echo whole; sleep 0.5; echo part"], stdout=memory)
        queue.look()
        slow = task.process
        while os.fstat(memory).st_size == 0:
            os.sched_yield()
        assert slow is not None
        assert idle(task)
        assert queue.wait(task, 10) == 0
    assert task.process is not slow
    assert os.pread(memory, 100, 0) == b"whole\npart\n"


@pytest.mark.usefixtures("ordinary")
def test_what_has_ended_is_not_started_again(tmp_path: Path) -> None:
    with closing(subprocesses.Queue()) as queue:
        task = queue.add(["sh", "-c", f"echo >> {tmp_path}/runs"])
        queue.look()
        assert task.process is not None
        assert ends(task.process.pid)
        assert queue.wait(task, 10) == 0
    assert (tmp_path / "runs").read_text() == "\n"


def test_a_queue_that_is_closed_leaves_no_process() -> None:
    queue = subprocesses.Queue()
    task, never = queue.add(["sleep", "600"]), queue.add(["sleep", "600"])
    queue.look()
    queue.close()
    queue.look()

    assert task.status == -signal.SIGKILL
    assert never.process is None


def test_a_descriptor_of_any_number_is_waited_for() -> None:
    reader, writer = os.pipe()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    try:
        high = fcntl.fcntl(reader, fcntl.F_DUPFD_CLOEXEC, 2000)
        assert not subprocesses.await_readable(high, seconds=0)
        os.close(writer)
        assert subprocesses.await_readable(high)
        os.close(high)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(reader)
