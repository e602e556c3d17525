"""One process of the lab, to talk with and to wait for."""

import os
import select
import selectors
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from subprocess import CompletedProcess
from typing import IO

from harness.lab.client import Lab, LabProcess
from harness.lab.messages import KillProcessGroup
from harness.subprocesses import await_readable

TIMEOUT_S = 60.0
"""How long a process may take before that is an error, unless the caller says otherwise."""
_CHUNK_BYTES = 65_536


class InteractiveProcess:
    """A process inside. ``pid`` is what this process's ``/proc`` calls it, ``inner_pid`` what those inside do."""

    def __init__(self, lab: Lab, process: LabProcess, argv: Sequence[str]) -> None:
        self.argv = list(argv)
        self.pid = process.pid
        self.inner_pid = process.inner_pid
        self.stdin: IO[str] = os.fdopen(process.stdin, "w", buffering=1)
        self.stdout: IO[str] = os.fdopen(process.stdout)
        self.stderr: IO[str] = os.fdopen(process.stderr)
        self._pidfd = process.pidfd
        self._lab = lab

    def wait(self, timeout_s: float = TIMEOUT_S) -> int:
        """Wait for its end and give its exit status, a signal as a negative number; TimeoutError if it lives on."""
        deadline = time.monotonic() + timeout_s
        while self.inner_pid not in self._lab.exits:
            if not await_readable(self._lab, seconds=deadline - time.monotonic()):
                raise TimeoutError(f"{self.argv[0]} lives on after {timeout_s:g} s")
            self._lab.read_notifications()
        return self._lab.exits[self.inner_pid]

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal; nothing happens if it has ended."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)

    def communicate(self, words: str = "", timeout_s: float = TIMEOUT_S) -> CompletedProcess[str]:
        """Write ``words``, read all that it says until it ends; TimeoutError, and its group killed, if it lives on."""
        deadline = time.monotonic() + timeout_s
        try:
            said, complained = self._converse(words.encode(), deadline)
            status = self.wait(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            self._lab.request(KillProcessGroup(number=self.inner_pid))
            raise TimeoutError(f"{self.argv[0]} lives on after {timeout_s:g} s") from None
        finally:
            self.close()
        return CompletedProcess(self.argv, status, said, complained)

    def _converse(self, words: bytes, deadline: float) -> tuple[str, str]:
        heard = {self.stdout: bytearray(), self.stderr: bytearray()}
        os.set_blocking(self.stdin.fileno(), False)
        with selectors.DefaultSelector() as streams:
            for stream in heard:
                streams.register(stream, selectors.EVENT_READ, stream)
            streams.register(self.stdin, selectors.EVENT_WRITE, self.stdin)
            while streams.get_map():
                ready = streams.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    raise TimeoutError
                for key, _ in ready:
                    if key.data is self.stdin:
                        more = words = self._say(words)
                    else:
                        more = os.read(key.fd, _CHUNK_BYTES)
                        heard[key.data] += more
                    if not more:
                        streams.unregister(key.fileobj)
                        key.data.close()
        said, complained = (text.decode(errors="replace") for text in heard.values())
        return said, complained

    def _say(self, words: bytes) -> bytes:
        """Write what fits; what is left, nothing where nobody reads any more."""
        with suppress(BrokenPipeError):
            return words[os.write(self.stdin.fileno(), words[: select.PIPE_BUF]) :]
        return b""

    def close(self) -> None:
        """Close its streams. It does not end by that, unless it wants to."""
        for stream in (self.stdin, self.stdout, self.stderr):
            with suppress(BrokenPipeError):
                stream.close()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
