"""The run's end of a stimulus: begun, asked, stopped. The agent performs it, or a process that runs a command."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from harness import workers
from harness.errors import LabFault
from harness.lab.actions.pace import Done
from harness.lab.client import Lab
from harness.lab.messages import Stimulate, Stimulated
from harness.lab.process import InteractiveProcess

_PID = "{pid}"
_IFNAME = "{ifname}"


class Stimulus(Protocol):
    """What is done to one copy of a subject."""

    def begin(self, *, rate: float | None, count: int | None, first: int = 0) -> None:
        """Begin, at a rate or so many times."""

    def done(self, *, stop: bool = False) -> Done:
        """Return what was done until now; end it before, where ``stop`` says so."""

    def close(self) -> None:
        """Release what it needed."""


class InNamespace:
    """A stimulus that the agent of a lab performs."""

    def __init__(self, lab: Lab, kind: str, ifname: str, pid: int) -> None:
        """Begin nothing yet; ``pid`` is the program, as the lab counts."""
        self._lab = lab
        self._of = Stimulate(kind=kind, rate=None, count=None, ifname=ifname, pid=pid)

    def begin(self, *, rate: float | None, count: int | None, first: int = 0) -> None:
        """Have the agent begin."""
        self._lab.request(msgspec.structs.replace(self._of, rate=rate, count=count, first=first))

    def done(self, *, stop: bool = False) -> Done:
        """Ask the agent."""
        return msgspec.json.decode(self._lab.request(Stimulated(stop=stop)).text, type=Done)

    def close(self) -> None:
        """Leave it to the lab."""


class ByCommand:
    """A command that a process in the lab runs; ``{pid}`` in it is the program, and ``{ifname}`` what it watches."""

    def __init__(self, lab: Lab, command: Sequence[str], ifname: str, pid: int) -> None:
        """Start the process."""
        filled = [word.replace(_PID, str(pid)).replace(_IFNAME, ifname) for word in command]
        argv = [*workers.COMMAND_REPEATER.command, *filled]
        self._process = InteractiveProcess(lab, lab.spawn(argv), argv)

    def begin(self, *, rate: float | None, count: int | None, first: int = 0) -> None:
        """Have the process begin."""
        self._send(Stimulate(kind="command", rate=rate, count=count, ifname="", pid=0, first=first))

    def done(self, *, stop: bool = False) -> Done:
        """Ask the process."""
        self._send(Stimulated(stop=stop))
        line = self._process.stdout.readline()
        if not line:
            words = self._process.stderr.read().strip().splitlines()
            raise LabFault(
                "lab_ended",
                f"the process that runs the command ended: {words[-1] if words else 'no words'}",
                "run the command by hand",
            )
        return msgspec.json.decode(line, type=Done)

    def _send(self, request: Stimulate | Stimulated) -> None:
        try:
            self._process.stdin.write(msgspec.json.encode(request).decode() + "\n")
        except BrokenPipeError:
            return  # what it answers says why

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.close()
