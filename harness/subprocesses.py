"""Processes of ours that must not outlive us: one at once, or a queue of them that work in the background."""

import os
import select
import shutil
import subprocess
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

DIE_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL")
"""Put before an argument list: the kernel kills the process when the thread that started it ends."""
END_WITH_PARENT = ("setpriv", "--pdeathsig", "TERM")
"""The same for a process that has to clean up."""
_LOWEST, _NORMAL = (os.SCHED_IDLE, 19), (os.SCHED_OTHER, 0)


def in_folder(folder: Path, program: str, arguments: Sequence[str]) -> tuple[str, ...]:
    """Build the argument list that starts a program, a path, in a folder: the lab's first process lives in ``/``."""
    env = shutil.which("env") or "/usr/bin/env"
    return (env, f"--chdir={folder}", str(Path(program).absolute()), *arguments)


class _Source(Protocol):
    def fileno(self) -> int: ...


def await_readable(*sources: int | _Source, seconds: float | None = None) -> bool:
    """Wait until one of these can be read or has ended; False after so many seconds.

    Not by select(2), which takes no descriptor above 1,023, and a process with many children has more.
    """
    ready = select.poll()
    for source in sources:
        ready.register(source, select.POLLIN)
    return bool(ready.poll(None if seconds is None else max(0.0, seconds) * 1000))


def start(
    argv: Sequence[str],
    environment: dict[str, str] | None = None,
    stdout: int = subprocess.DEVNULL,
    stderr: int = subprocess.PIPE,
    passed: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a helper that dies with us, out of reach of the terminal's Ctrl-C; its words are on its ``stderr``.

    ``passed`` are descriptors that it has besides.
    """
    prefix = DIE_WITH_PARENT if shutil.which(DIE_WITH_PARENT[0]) else ()
    return subprocess.Popen(
        [*prefix, *argv],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        env=environment,
        start_new_session=True,
        pass_fds=passed,
    )


@dataclass(eq=False, kw_only=True)
class Task:
    """A process of a queue, and how it ended; ``status`` is None until then."""

    argv: Sequence[str]
    stdout: int
    passed: Sequence[int]
    process: subprocess.Popen[bytes] | None = None

    @property
    def status(self) -> int | None:
        """Return its exit status, below zero for a signal; None while it waits or runs."""
        return self.process.returncode if self.process else None


class Queue:
    """Processes that run one after the other at the lowest priority, until somebody waits for one."""

    def __init__(self) -> None:
        """Begin empty."""
        self._waiting = deque[Task]()
        self._running = deque[Task]()

    def add(self, argv: Sequence[str], stdout: int = subprocess.DEVNULL, passed: Sequence[int] = ()) -> Task:
        """Put a process at the end; nothing is started yet."""
        task = Task(argv=argv, stdout=stdout, passed=passed)
        self._waiting.append(task)
        return task

    def look(self) -> None:
        """Keep one process running in the background: start the next where it has ended. Takes no time."""
        self._forget_ended()
        self._fill(1)
        for one in self._running:
            _schedule(one, *_LOWEST)

    def wait(self, task: Task, longest_s: float | None = None) -> int:
        """Return how a process ends, with all before it at full speed on all cores; TimeoutExpired where one hangs."""
        self._forget_ended()
        while task.status is None:
            self._fill(os.cpu_count() or 1)
            for one in self._running:
                if not _schedule(one, *_NORMAL):
                    _start_again(one)
            self._await_any(longest_s)
            self._forget_ended()
        return task.status

    def drain(self) -> None:
        """Wait for all."""
        for one in [*self._running, *self._waiting]:
            self.wait(one)
        self.look()

    def close(self) -> None:
        """Kill what runs, and start no more."""
        self._waiting.clear()
        for one in self._running:
            if one.process is not None:
                one.process.kill()
                one.process.wait()
        self._running.clear()

    def _fill(self, most: int) -> None:
        while self._waiting and len(self._running) < most:
            task = self._waiting.popleft()
            _begin(task)
            self._running.append(task)

    def _await_any(self, longest_s: float | None) -> None:
        """Wait until one of those that run has ended, so that no core is idle while the oldest takes its time."""
        processes = [one.process for one in self._running if one.process]
        if any(one.returncode is not None for one in processes):
            return
        ends: list[int] = []
        with ExitStack() as opened:
            for one in processes:
                ends.append(os.pidfd_open(one.pid))
                opened.callback(os.close, ends[-1])
            if not await_readable(*ends, seconds=longest_s):
                raise subprocess.TimeoutExpired(self._running[0].argv, longest_s or 0.0)

    def _forget_ended(self) -> None:
        self._running = deque(one for one in self._running if one.process and one.process.poll() is None)


def _begin(task: Task) -> None:
    task.process = start(task.argv, stdout=task.stdout, stderr=subprocess.DEVNULL, passed=task.passed)


def _start_again(task: Task) -> None:
    """Start a process anew at full speed, and what it writes to as well; one that has ended just now is left alone."""
    if task.process is None or task.process.poll() is not None:
        return
    task.process.kill()
    task.process.wait()
    if task.stdout >= 0:
        os.ftruncate(task.stdout, 0)
        os.lseek(task.stdout, 0, os.SEEK_SET)
    _begin(task)


def _schedule(task: Task, policy: int, autogroup: int) -> bool:
    """Set how a process is scheduled; False where that is refused: an ordinary user may lower it, and not raise it.

    A session has an autogroup of its own, and only that is weighed with others: sched(7).
    """
    if task.process is None:
        return True
    try:
        if os.sched_getscheduler(task.process.pid) != policy:
            os.sched_setscheduler(task.process.pid, policy, os.sched_param(0))
            Path(f"/proc/{task.process.pid}/autogroup").write_text(f"{autogroup}\n")
    except PermissionError:
        return False
    except OSError:  # it has ended, or the kernel knows no autogroups
        return True
    return True
