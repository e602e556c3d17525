"""One subject while it lives: its pipes, its lines, its end."""

import contextlib
import os
import signal
from collections import deque
from collections.abc import Sequence

from harness.lab.client import LabProcess
from harness.model import Said, Work
from harness.subjects.wire import Found, Garbage, LineBuffer, Lost, Ready, decode

STDERR_TAIL_BYTES = 2000
_READ_BYTES = 65_536


class Subject:
    """A started process that may speak the protocol. Holds what it said; decides nothing."""

    def __init__(self, name: str, argv: Sequence[str], process: LabProcess) -> None:
        """Take over the process's pipes."""
        self.name = name
        self.argv = tuple(argv)
        self.process = process
        self.ready: Ready | None = None
        self.works: list[Work] = []
        self.said: list[Said] = []
        self.found = False
        self.lost: int | None = None
        self.garbage = 0
        self.exit_status: int | None = None
        self._lines = LineBuffer()
        self._stderr: deque[bytes] = deque(maxlen=64)
        for descriptor in (process.stdout, process.stderr):
            os.set_blocking(descriptor, False)

    @property
    def alive(self) -> bool:
        """Say whether its end has not been told yet."""
        return self.exit_status is None

    @property
    def work(self) -> Work | None:
        """Give its latest count."""
        return self.works[-1] if self.works else None

    @property
    def stderr_tail(self) -> str:
        """Give the last of what it wrote on standard error."""
        return b"".join(self._stderr)[-STDERR_TAIL_BYTES:].decode(errors="replace")

    def hear(self) -> bool:
        """Read standard output once and take in what it says; False at its end."""
        data = _read(self.process.stdout)
        for line in self._lines.feed(data):
            self._take(line)
        return bool(data)

    def hear_errors(self) -> bool:
        """Read standard error once; False at its end."""
        data = _read(self.process.stderr)
        self._stderr.append(data)
        return bool(data)

    def _take(self, line: bytes) -> None:
        match decode(line):
            case Found():
                self.found = True
            case Lost() as lost:
                self.lost = (self.lost or 0) + lost.dropped
            case Ready() as ready:
                self.ready = ready
            case Work() as work:
                self.works.append(work)
            case Said() as said:
                self.said.append(said)
            case Garbage():
                self.garbage += 1

    def forget(self) -> None:
        """Forget one round, before the next."""
        self.ready, self.found, self.lost = None, False, None
        self.said.clear()
        self.works.clear()

    def send(self, word: str) -> None:
        """Write ``mark`` or ``stop``; a subject that is gone is not told."""
        with contextlib.suppress(OSError):
            os.write(self.process.stdin, word.encode() + b"\n")

    def kill(self, number: signal.Signals) -> None:
        """Send a signal; a subject that is gone does not get it."""
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(self.process.pidfd, number)

    def close(self) -> None:
        """Give the descriptors back."""
        for descriptor in (self.process.stdin, self.process.stdout, self.process.stderr, self.process.pidfd):
            os.close(descriptor)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _READ_BYTES)
    except BlockingIOError:
        return b""
