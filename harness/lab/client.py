"""The run's end of the lab: make it, give orders, start processes in it, let it go."""

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from harness.errors import LabFault
from harness.lab import messages, namespace
from harness.lab.door import Door, Kept, environment
from harness.lab.messages import (
    AddPairs,
    AddWatched,
    AnyRequest,
    CountLinks,
    Error,
    Exited,
    FindLink,
    Ok,
    Read,
    Spawn,
)
from harness.lab.reader import process_id, taken
from harness.safe_read import ProcessFile, process_file
from harness.subprocesses import await_readable

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

    def __init__(self, kept: Kept | None = None) -> None:
        """Make the world; LabFault with a remedy where this machine does not allow one.

        ``kept`` is what a run under sudo kept of root; its door is opened, and closed with the lab.
        """
        self.exits: dict[int, int] = {}
        self._agent: int | None = None  # its pidfd
        self._reader = kept.reader if kept else None
        self._door = (kept.door if kept else None) or Door()
        self._line = self._door.line
        try:
            self._door.open()
            greeting, (self._agent,) = self._greeting()
            self.fresh_sysfs = bool(greeting.number)
        except BaseException:
            self.close()
            raise

    def _greeting(self) -> tuple[Ok, list[int]]:
        try:
            return self._answer()
        except LabFault as fault:
            raise namespace.refused(self._door.last_words() or fault.message) from None

    def fileno(self) -> int:
        """Readable when a process inside has ended: then call ``read_notifications``."""
        return self._line.fileno()

    def read_notifications(self) -> None:
        """Process what the agent sent without being asked; LabFault when it is gone."""
        try:
            message = self._line.recv(messages.MAX_MESSAGE_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:  # of two groups that listen to one lab, the other has read it
            return
        if not message:
            raise LabFault(
                "lab_ended",
                "the lab ended in the middle of the run",
                "netchurn report latest renders what was measured until then; dmesg may say what killed it",
            )
        self._note(messages.answers.decode(message))

    def _note(self, answer: messages.Answer) -> Ok | Error | None:
        if isinstance(answer, Exited):
            self.exits[answer.number] = answer.status
            return None
        return answer

    def _answer(self) -> tuple[Ok, list[int]]:
        while True:
            try:
                message, descriptors, _, _ = socket.recv_fds(self._line, messages.MAX_MESSAGE_BYTES, 1)
            except ConnectionError:
                message, descriptors = b"", []
            if not message:
                raise LabFault("lab_ended", "the lab ended", "netchurn doctor tells what this machine allows")
            answer = self._note(messages.answers.decode(message))
            if isinstance(answer, Error):
                raise LabFault(answer.id, answer.text, answer.hint)
            if answer is not None:
                return answer, descriptors

    def request(self, request: AnyRequest, descriptors: Sequence[int] = ()) -> Ok:
        """Have one order carried out and wait for its answer; LabFault when it is refused."""
        return self._request(request, descriptors)[0]

    def _request(self, request: AnyRequest, descriptors: Sequence[int]) -> tuple[Ok, list[int]]:
        try:
            socket.send_fds(self._line, [messages.encode(request)], list(descriptors))
        except OSError as gone:
            raise LabFault(
                "lab_ended", f"the lab is gone: {gone}", "netchurn doctor tells what this machine allows"
            ) from None
        return self._answer()

    def add_pairs(self, first: int, count: int, progress: Callable[[int], None] = lambda _: None) -> None:
        """Make ``count`` veth pairs from number ``first`` on, telling how many stand after each batch."""
        for begin in range(first, first + count, PAIRS_A_BATCH):
            self.request(AddPairs(first=begin, count=min(PAIRS_A_BATCH, first + count - begin)))
            progress(min(begin + PAIRS_A_BATCH, first + count))

    def add_watched(self, ifname: str) -> str:
        """Make the watched interface; give the kind of link it came out as."""
        return self.request(AddWatched(ifname=ifname)).text

    def links(self, ifname: str) -> tuple[int, int]:
        """Return the number of links, and the index of the watched one."""
        answer = self.request(CountLinks(ifname=ifname))
        return answer.number, answer.index

    def find(self, ifname: str, index: int) -> tuple[int, str]:
        """Return the index that a name has now, and the name that an index has; 0 and nothing where there is none."""
        answer = self.request(FindLink(ifname=ifname, index=index))
        return answer.index, answer.text

    def spawn(
        self, argv: Sequence[str], variables: dict[str, str] | None = None, *, may_be_root: bool = False
    ) -> LabProcess:
        """Start a process inside, its standard streams on pipes of ours.

        ``variables`` are its whole environment: this package's own, if None. Under sudo it is the calling user's,
        unless it ``may_be_root`` and that was asked for.
        """
        theirs, ours = streams()
        try:
            theirs.append(messages.words(argv, environment() if variables is None else variables))
            answer, (pidfd,) = self._request(Spawn(arguments=len(argv), may_be_root=may_be_root), theirs)
        except BaseException:
            close_all(*ours)
            raise
        finally:
            close_all(*theirs)
        self.exits.pop(answer.number, None)  # of one before that had this number
        stdin, stdout, stderr = ours
        return LabProcess(
            inner_pid=answer.number, pid=process_id(pidfd), pidfd=pidfd, stdin=stdin, stdout=stdout, stderr=stderr
        )

    def read(self, pid: int, name: ProcessFile) -> bytes:
        """Read a file of a process with whatever rights this run has; OSError if they are not enough.

        ``pid`` is as the host counts. Under sudo the run itself has none over processes of the lab: its namespaces are
        root's.
        """
        try:
            return process_file(pid, name)
        except PermissionError:
            return self._handed(pid, name)

    def _handed(self, pid: int, name: ProcessFile) -> bytes:
        pidfd = os.pidfd_open(pid)
        try:
            return taken(self._request(Read(name=name), [pidfd])[1][0])
        except LabFault:
            if self._reader is None:
                raise PermissionError(13, os.strerror(13)) from None
            return self._reader.read(pidfd, name)
        finally:
            os.close(pidfd)

    def close(self) -> None:
        """Kill everything inside and wait until it is gone: the agent ends last."""
        self._door.close()
        if self._agent is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(self._agent, signal.SIGKILL)  # it may be in the middle of a long order
            await_readable(self._agent)
            os.close(self._agent)
            self._agent = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def streams() -> tuple[list[int], list[int]]:
    """Open pipes for the standard streams: the ends of a process, and ours. OSError leaves none open."""
    theirs: list[int] = []
    ours: list[int] = []
    try:
        for inward in (True, False, False):
            read, write = os.pipe2(os.O_CLOEXEC)
            theirs.append(read if inward else write)
            ours.append(write if inward else read)
    except OSError:
        close_all(*theirs, *ours)
        raise
    return theirs, ours


def close_all(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
