"""No lab at all, for observing processes where they run: the controls are plain processes, and no link is made."""

import contextlib
import os
import select
import shutil
import signal
import socket
from collections.abc import Sequence
from typing import NoReturn

from harness.errors import LabFault
from harness.lab.client import Lab, LabProcess, close_all, streams
from harness.lab.door import Kept, environment
from harness.lab.messages import AnyRequest
from harness.safe_read import ProcessFile, process_file
from harness.subprocesses import DIE_WITH_PARENT


class HostLab:
    """Starts processes where this one is, and ends them with itself; has no links to change."""

    fresh_sysfs = True  # it is the host's own

    def __init__(self, kept: Kept | None = None) -> None:
        """Start nothing yet; ``kept`` is what a run under sudo kept of root."""
        self._reader = kept.reader if kept else None
        if kept is not None and kept.door is not None:
            kept.door.close()
        self.exits: dict[int, int] = {}
        self._living: dict[int, int] = {}  # pidfd to process id
        self._ends = select.epoll()

    def fileno(self) -> int:
        """Readable when a process has ended: then call ``read_notifications``."""
        return self._ends.fileno()

    def read_notifications(self) -> None:
        """Record the processes that have ended."""
        for pidfd, _ in self._ends.poll(0):
            self._ends.unregister(pidfd)
            pid = self._living.pop(pidfd)
            _, status = os.waitpid(pid, 0)
            self.exits[pid] = os.waitstatus_to_exitcode(status)
            os.close(pidfd)

    def links(self, ifname: str) -> tuple[int, int]:
        """Return the number of links of this namespace, and the index of one of them."""
        return len(socket.if_nameindex()), socket.if_nametoindex(ifname)

    def find(self, ifname: str, index: int) -> tuple[int, str]:
        """Return both unchanged: no link is watched or made here."""
        return index, ifname

    def request(self, request: AnyRequest) -> NoReturn:
        """Refuse: there is no world to change, and no program of others is started here. LabFault."""
        raise LabFault(
            "no_lab", f"no lab: {type(request).__name__} has nothing to change", "choose a scenario that makes one"
        )

    def read(self, pid: int, name: ProcessFile) -> bytes:
        """Read a file of a process with whatever rights this run has; OSError if they are not enough."""
        try:
            return process_file(pid, name)
        except PermissionError:
            if self._reader is None:
                raise
        pidfd = os.pidfd_open(pid)
        try:
            return self._reader.read(pidfd, name)
        finally:
            os.close(pidfd)

    def spawn(
        self,
        argv: Sequence[str],
        variables: dict[str, str] | None = None,
        *,
        may_be_root: bool = False,  # noqa: ARG002 - as a lab has it; here nothing is root that this process is not
    ) -> LabProcess:
        """Start a process in a session of its own, its standard streams on pipes of ours; it dies with us."""
        theirs, outside = streams()
        prefix = DIE_WITH_PARENT if shutil.which(DIE_WITH_PARENT[0]) else ()
        try:
            pid = os.posix_spawnp(
                [*prefix, *argv][0],
                [*prefix, *argv],
                environment() if variables is None else variables,
                file_actions=[(os.POSIX_SPAWN_DUP2, source, target) for target, source in enumerate(theirs)],
                setsid=True,
            )
        except BaseException:
            close_all(*outside)
            raise
        finally:
            close_all(*theirs)
        pidfd, ours = os.pidfd_open(pid), os.pidfd_open(pid)
        self._living[ours] = pid
        self.exits.pop(pid, None)  # of one before that had this number
        self._ends.register(ours, select.EPOLLIN)
        stdin, stdout, stderr = outside
        return LabProcess(inner_pid=pid, pid=pid, pidfd=pidfd, stdin=stdin, stdout=stdout, stderr=stderr)

    def close(self) -> None:
        """Kill whoever is left, and wait for them."""
        for pidfd, pid in self._living.items():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(pidfd)
        self._living.clear()
        self._ends.close()


ProcessLauncher = Lab | HostLab
"""Where processes are started."""
