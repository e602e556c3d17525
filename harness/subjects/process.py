"""One subject while it lives: its pipes, its lines, its end."""

import contextlib
import os
import signal
from collections import deque
from collections.abc import Sequence

from harness.lab.client import LabProcess
from harness.model import ReportedOutcome, Work
from harness.subjects.protocol import Dumps, Found, LineBuffer, Lost, MalformedLine, Ready, decode
from harness.subjects.signs import Signs
from harness.subjects.work_history import Counts
from harness.subprocesses import await_readable

STDERR_TAIL_BYTES = 2000
MOST_SAID = 1000  # outcomes; a watcher has one
MOST_GARBAGE = 1000  # lines; a program that never spoke the protocol is not listened to any more
_READ_BYTES = 65_536


class Subject:
    """A started process that may speak the protocol. Holds what it said; decides nothing.

    ``external``: it is somebody else's program. Whether it speaks the protocol shows when it does.
    """

    def __init__(self, name: str, argv: Sequence[str], process: LabProcess, *, external: bool = False) -> None:
        self.name = name
        self.external = external
        self.sigkilled = False
        self.unresponsive = False  # it said ready, and leaves marks unanswered
        self.argv = tuple(argv)
        self.process = process
        self.ready: Ready | None = None
        self.counts = Counts()
        self.reported_outcome: list[ReportedOutcome] = []
        self.signs = Signs()
        self.found = False
        self.lost: int | None = None
        self.dumps: Dumps | None = None  # the latest count, of the whole process
        self.malformed_lines = 0
        self.exit_status: int | None = None
        self._lines = LineBuffer()
        self._stderr: deque[bytes] = deque(maxlen=64)
        for descriptor in (process.stdin, process.stdout, process.stderr):
            os.set_blocking(descriptor, False)

    @property
    def alive(self) -> bool:
        """Return whether its end has not been told yet."""
        return self.exit_status is None

    @property
    def speaks(self) -> bool:
        """Return whether it understands ``mark`` and ``stop``; an external program does once it has said ready."""
        return not self.external or (self.ready is not None and not self.unresponsive)

    @property
    def work(self) -> Work | None:
        return self.counts.last

    @property
    def works(self) -> tuple[Work, ...]:
        """Return its counts, the first and the last among them; of many, some."""
        return self.counts.kept()

    @property
    def stderr_tail(self) -> str:
        """Return the last of what it wrote on standard error."""
        return b"".join(self._stderr)[-STDERR_TAIL_BYTES:].decode(errors="replace")

    @property
    def last_words(self) -> str:
        """Return the last line of what it wrote on standard error."""
        return (self.stderr_tail.strip().splitlines() or ["no words"])[-1]

    def read_output(self) -> bool:
        """Read standard output once and take in what it says; False at its end."""
        data = _read(self.process.stdout)
        self._note(self.signs.look("stdout", data))
        if self.external and self.ready is None and self.malformed_lines >= MOST_GARBAGE:
            return bool(data)
        for line in self._lines.feed(data):
            self._take(line)
        return bool(data)

    def read_errors(self) -> bool:
        """Read standard error once; False at its end."""
        data = _read(self.process.stderr)
        self._stderr.append(data)
        self._note(self.signs.look("stderr", data))
        return bool(data)

    def _take(self, line: bytes) -> None:
        match decode(line):
            case Found():
                self.found = True
            case Lost() as lost:
                self.lost = (self.lost or 0) + lost.dropped
            case Dumps() as dumps:
                self.dumps = dumps
            case Ready() as ready:
                self.ready = ready
            case Work() as work:
                self.counts.add(work)
            case ReportedOutcome() as said:
                self._note(said if self.signs.by_protocol else None)
            case MalformedLine():
                self.malformed_lines += 1

    def ended(self, status: int) -> None:
        self.exit_status = status
        self._note(self.signs.ended(status))

    def _note(self, outcome: ReportedOutcome | None) -> None:
        if outcome is not None and len(self.reported_outcome) < MOST_SAID:
            self.reported_outcome.append(outcome)

    def forget(self) -> None:
        """Forget one round, before the next."""
        self.ready, self.found, self.lost = None, False, None
        self.reported_outcome.clear()
        self.counts.clear()

    def send(self, word: str) -> None:
        """Write ``mark`` or ``stop``; a subject that is gone, or whose pipe is full, is not told."""
        with contextlib.suppress(OSError):
            os.write(self.process.stdin, word.encode() + b"\n")

    def kill(self, number: signal.Signals) -> bool:
        """Send a signal; a subject that is gone does not get it. False where it is not ours to send."""
        self.sigkilled |= number == signal.SIGKILL
        try:
            signal.pidfd_send_signal(self.process.pidfd, number)
        except OSError as cause:
            return not isinstance(cause, PermissionError)
        return True

    def close(self) -> None:
        for descriptor in (self.process.stdin, self.process.stdout, self.process.stderr, self.process.pidfd):
            os.close(descriptor)


class ObservedProcess(Subject):
    """A process that runs already, somewhere: it is read from outside, and never sent anything, no signal either."""

    def __init__(self, name: str, pid: int) -> None:
        """Open the process; ProcessLookupError when there is none."""
        pidfd = os.pidfd_open(pid)
        ends = [os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC) for _ in range(3)]
        process = LabProcess(inner_pid=0, pid=pid, pidfd=pidfd, stdin=ends[0], stdout=ends[1], stderr=ends[2])
        super().__init__(name, (), process, external=True)

    @property
    def alive(self) -> bool:
        return not await_readable(self.process.pidfd, seconds=0)

    def send(self, word: str) -> None:
        """Send nothing: it is not ours."""

    def kill(self, number: signal.Signals) -> bool:  # noqa: ARG002 - it gets none
        """Leave it alone: it is not ours, and that is as it should be."""
        return True


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _READ_BYTES)
    except BlockingIOError:
        return b""
