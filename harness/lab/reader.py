"""Reads what only a process's own user may read, and hands it over to a run that gave root up under sudo.

In the lab the agent does so, for the processes of the lab. For ``--pid`` it is a process of its own: the calling
user's, with the two capabilities that reading takes, for the processes that were named and their descendants, until the
run lets go of its socket. Nothing else is opened: ``safe_read.ProcessFile`` lists it.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from harness import workers
from harness.errors import LabFault
from harness.lab import messages
from harness.lab.messages import Error, Ok, Read
from harness.safe_read import ProcessFile, process_file
from harness.subprocesses import await_readable


def process_id(pidfd: int) -> int:
    """Return the process id of a pidfd as this process's /proc counts; 0 or less for one that it does not see."""
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise LabFault(
        "kernel_too_old", "the kernel did not tell a process id for a pidfd", "netchurn needs Linux 5.4 or later"
    )


def hand_over(pidfd: int, name: ProcessFile) -> int:
    """Read a file of a process into memory; give its descriptor. OSError where that is refused."""
    content = process_file(process_id(pidfd), name)
    if await_readable(pidfd, seconds=0):
        raise ProcessLookupError(3, "it has ended, and another may have its number")
    return messages.in_memory(name.replace("/", "-"), content)


def taken(memory: int) -> bytes:
    with os.fdopen(memory, "rb") as stream:
        stream.seek(0)
        return stream.read()


class Reader:
    """The run's end of such a process."""

    def __init__(self, words: Sequence[str], pids: Sequence[str]) -> None:
        """Start it as ``words`` say, for these processes."""
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            argv = [*words, *workers.READER.command, str(theirs.fileno()), *pids]
            package = str(Path(__file__).resolve().parents[2])
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([package, os.environ.get("PYTHONPATH", "")])},
            )

    def read(self, pidfd: int, name: ProcessFile) -> bytes:
        """Have a file read; PermissionError where that is refused, or the reader is gone."""
        try:
            socket.send_fds(self._line, [messages.encode(Read(name=name))], [pidfd])
            message, descriptors, _, _ = socket.recv_fds(self._line, messages.MAX_MESSAGE_BYTES, 1)
        except ConnectionError:
            message, descriptors = b"", []
        if not descriptors:
            raise PermissionError(13, message.decode(errors="replace") or "the reader is gone")
        return taken(descriptors[0])

    def forget(self) -> None:
        """Leave it to another process that has it as well."""
        self._line.close()

    def close(self) -> None:
        self._line.close()
        self._process.wait()


class _Named:
    """The processes that were named, and their descendants."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._held: dict[int, int] = {}
        for pid in pids:
            try:
                self._held[pid] = os.pidfd_open(pid)
            except OSError:
                continue

    def __contains__(self, pid: int) -> bool:
        while pid > 0:
            if pid in self._held:
                return not await_readable(self._held[pid], seconds=0)
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
            pid = int(stat.rpartition(")")[2].split()[1])  # its parent
        return False


def serve(line: socket.socket, pids: Sequence[int]) -> None:
    """Read for the run until it hangs up."""
    named = _Named(pids)
    while True:
        message, descriptors, _, _ = socket.recv_fds(line, messages.MAX_MESSAGE_BYTES, 1)
        if not message:
            return
        passed: list[int] = []
        try:
            (pidfd,) = descriptors
            name = messages.reads.decode(message).name
            if process_id(pidfd) not in named:
                raise PermissionError(13, "it was not named")
            passed.append(hand_over(pidfd, name))
            answer: Ok | Error = Ok(at_ns=0)
        except (OSError, ValueError) as fault:
            answer = Error(text=str(fault))
        socket.send_fds(line, [messages.encode(answer)], passed)
        for descriptor in (*descriptors, *passed):
            os.close(descriptor)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), [int(pid) for pid in sys.argv[2:]])
