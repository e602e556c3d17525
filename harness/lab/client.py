"""The run's end of the lab: make it, give orders, start processes in it, let it go."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.caller import Caller
from harness.errors import LabFault
from harness.lab import namespace, orders
from harness.lab.orders import AddPairs, AddWatched, AnyOrder, CountLinks, Done, Exited, FindLink, Refused, Spawn

PAIRS_A_BATCH = 250


@dataclass(frozen=True, kw_only=True)
class LabProcess:
    """A process inside, as the outside sees it."""

    inner_pid: int
    pid: int  # as the host counts
    pidfd: int
    stdin: int
    stdout: int
    stderr: int


class Lab:
    """A private world of links. Leaving it kills everything inside; so does the death of this process."""

    def __init__(self) -> None:
        """Make the world; LabFault with a remedy where this machine does not allow one."""
        missing = namespace.missing_tools()
        if missing:
            raise LabFault(f"not found: {', '.join(missing)}", namespace.INSTALL)
        self.exits: dict[int, int] = {}
        self._agent: int | None = None  # its pidfd
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = self._start(theirs)
        try:
            greeting, (self._agent,) = self._greeting()
            self.fresh_sysfs = bool(greeting.number)
        except BaseException:
            self.close()
            raise

    def _start(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        agent = [sys.executable, "-P", "-m", "harness.lab.agent", str(theirs.fileno()), namespace.network_namespace()]
        process = subprocess.Popen(
            namespace.command(agent),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C is for the run, which ends the lab in its own time
            env=environment(),
        )
        if namespace.may_map_all_users():
            namespace.map_all_users(process)
        return process

    def _greeting(self) -> tuple[Done, list[int]]:
        try:
            return self._answer()
        except LabFault as fault:
            said = b""
            if self._process.stderr is not None:
                self._process.kill()
                said = self._process.stderr.read()
            words = said.decode(errors="replace").strip().splitlines()
            raise namespace.refused(words[-1] if words else fault.message) from None

    def fileno(self) -> int:
        """Readable when a process inside has ended: then call ``news``."""
        return self._line.fileno()

    def news(self) -> None:
        """Take in what the agent said without being asked; LabFault when it is gone."""
        message = self._line.recv(orders.MAX_MESSAGE_BYTES)
        if not message:
            raise LabFault(
                "the lab ended in the middle of the run",
                "netchurn report latest renders what was measured until then; dmesg may say what killed it",
            )
        self._note(orders.answers.decode(message))

    def _note(self, answer: orders.Answer) -> Done | Refused | None:
        if isinstance(answer, Exited):
            self.exits[answer.number] = answer.status
            return None
        return answer

    def _answer(self) -> tuple[Done, list[int]]:
        while True:
            try:
                message, descriptors, _, _ = socket.recv_fds(self._line, orders.MAX_MESSAGE_BYTES, 1)
            except ConnectionError:
                message, descriptors = b"", []
            if not message:
                raise LabFault("the lab ended", "netchurn doctor tells what this machine allows")
            answer = self._note(orders.answers.decode(message))
            if isinstance(answer, Refused):
                raise LabFault(answer.text, answer.hint)
            if answer is not None:
                return answer, descriptors

    def order(self, order: AnyOrder, descriptors: Sequence[int] = ()) -> Done:
        """Have one order carried out and wait for its answer; LabFault when it is refused."""
        return self._order(order, descriptors)[0]

    def _order(self, order: AnyOrder, descriptors: Sequence[int]) -> tuple[Done, list[int]]:
        try:
            socket.send_fds(self._line, [orders.encode(order)], list(descriptors))
        except OSError as gone:
            raise LabFault(f"the lab is gone: {gone}", "netchurn doctor tells what this machine allows") from None
        return self._answer()

    def add_pairs(self, first: int, count: int, progress: Callable[[int], None] = lambda _: None) -> None:
        """Make ``count`` veth pairs from number ``first`` on, telling how many stand after each batch."""
        for begin in range(first, first + count, PAIRS_A_BATCH):
            self.order(AddPairs(first=begin, count=min(PAIRS_A_BATCH, first + count - begin)))
            progress(min(begin + PAIRS_A_BATCH, first + count))

    def add_watched(self, ifname: str) -> str:
        """Make the watched interface; give the kind of link it came out as."""
        return self.order(AddWatched(ifname=ifname)).text

    def links(self, ifname: str) -> tuple[int, int]:
        """Give the number of links, and the index of the watched one."""
        answer = self.order(CountLinks(ifname=ifname))
        return answer.number, answer.index

    def find(self, ifname: str, index: int) -> tuple[int, str]:
        """Give the index that a name has now, and the name that an index has; 0 and nothing where there is none."""
        answer = self.order(FindLink(ifname=ifname, index=index))
        return answer.index, answer.text

    def spawn(self, argv: Sequence[str], variables: dict[str, str] | None = None) -> LabProcess:
        """Start a process inside, its standard streams on pipes of ours.

        ``variables`` are its whole environment: this package's own, if None.
        """
        inward, *outward = (os.pipe2(os.O_CLOEXEC) for _ in range(3))
        theirs = (inward[0], *(write for _, write in outward))
        for descriptor in theirs:
            Caller().own_open(descriptor)
        ours = (inward[1], *(read for read, _ in outward))
        try:
            order = Spawn(argv=tuple(argv), environment=environment() if variables is None else variables)
            answer, (pidfd,) = self._order(order, theirs)
        except BaseException:
            _close(*ours)
            raise
        finally:
            _close(*theirs)
        stdin, stdout, stderr = ours
        return LabProcess(
            inner_pid=answer.number, pid=_host_pid(pidfd), pidfd=pidfd, stdin=stdin, stdout=stdout, stderr=stderr
        )

    def close(self) -> None:
        """Kill everything inside and wait until it is gone: the agent ends last."""
        self._line.close()
        self._process.kill()
        self._process.wait()
        if self._agent is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._agent, signal.SIGKILL)  # it may be in the middle of a long order
            select.select([self._agent], [], [])
            os.close(self._agent)
            self._agent = None
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def __enter__(self) -> Self:
        """Give the lab."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


def environment() -> dict[str, str]:
    """Build the environment of a process inside: this one's, with this very package on Python's path.

    The hash seed is fixed, so that two processes of one program allocate the same.
    """
    package = str(Path(__file__).resolve().parents[2])
    rest = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([package, *rest]), "PYTHONHASHSEED": "0"}


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _host_pid(pidfd: int) -> int:
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise LabFault("the kernel did not tell a process id for a pidfd", "netchurn needs Linux 5.4 or later")
