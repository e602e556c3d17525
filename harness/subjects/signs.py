"""What a program that speaks no protocol shows: that it is ready, and that it noticed an event."""

import re
import time

from harness.model import ReportedOutcome
from harness.subjects.protocol import LineBuffer

BY_EXIT = "exit"
BY_PROTOCOL = "protocol"
EXITED, MATCHED = "exited", "matched"
"""Reasons that netchurn gives for a program: it shows that it noticed something, and not what."""


class Signs:
    """Holds the end and the lines of a program against what its plan names.

    The moment of a sign is when netchurn saw it, which is as late as the program's own buffer makes it. Without
    ``detect`` nothing is a sign, and what the program says by the protocol counts.
    """

    def __init__(self, ready: str | None = None, detect: str | None = None) -> None:
        named = None if detect in {BY_EXIT, BY_PROTOCOL} else detect
        self._ready = None if ready is None else re.compile(ready.encode())
        self._detect = None if named is None else re.compile(named.encode())
        self._by_exit = detect == BY_EXIT
        self._streams = {"stdout": LineBuffer(), "stderr": LineBuffer()}
        self.ready = ready is None
        self.by_protocol = detect in {None, BY_PROTOCOL}
        self.over = False  # what comes now was asked for

    def look(self, stream: str, data: bytes) -> ReportedOutcome | None:
        """Process what was read of a stream; give the outcome that a line of it shows."""
        if self._ready is None and self._detect is None:
            return None
        found = None
        for line in self._streams[stream].feed(data):
            if self._ready is not None and self._ready.search(line):
                self.ready = True
            if self._detect is not None and found is None and self._detect.search(line):
                found = self._outcome(MATCHED, line.decode(errors="replace").strip())
        return found

    def ended(self, status: int) -> ReportedOutcome | None:
        """Process the end; give the outcome that it shows."""
        return self._outcome(EXITED, f"status {status}") if self._by_exit else None

    def _outcome(self, reason: str, message: str) -> ReportedOutcome | None:
        if self.over:
            return None
        return ReportedOutcome(at_ns=time.monotonic_ns(), restart=True, reason=reason, message=message)
