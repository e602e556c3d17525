"""The way into a world, made before the world is, and what else is left of root to a run that gives it up.

Under sudo the door is made by root, and opened later by the calling user: between the two the plan is made, and a
mistake in it costs no world. A door that is closed unopened leads nowhere and leaves nothing.
"""

import contextlib
import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness import workers
from harness.errors import LabFault
from harness.lab import namespace
from harness.lab.reader import Reader
from harness.sudo_user import Caller, root_path


class Drop(msgspec.Struct, frozen=True, kw_only=True):
    """How the agent starts what is no part of it: ``words`` come before each argument list, empty without sudo.

    ``exec_as_root``: not before the programs that the user brings.
    """

    words: tuple[str, ...] = ()
    exec_as_root: bool = False


class Door:
    """Namespaces that wait, with nothing in them yet but the process that waits."""

    def __init__(self, drop: Drop | None = None) -> None:
        """Start the process; LabFault with a remedy where this machine lacks a tool for it."""
        variables = environment()
        if drop is not None and drop.words:
            variables["PATH"] = root_path()
        missing = namespace.missing_tools(variables.get("PATH"))
        if missing:
            raise LabFault("tool_missing", f"not found: {', '.join(missing)}", namespace.INSTALL)
        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._refused: LabFault | None = None
        with theirs:
            agent = [*workers.AGENT.command, str(theirs.fileno())]
            agent += [namespace.network_namespace(), msgspec.json.encode(drop or Drop()).decode()]
            self.process = subprocess.Popen(
                namespace.command(agent),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the run, which ends the lab in its own time
                env=variables,
            )
        if namespace.may_map_all_users():
            try:
                namespace.map_all_users(self.process)
            except LabFault as fault:
                self._refused = fault

    def open(self) -> None:
        """Start the agent; LabFault where the kernel refused the mapping of users."""
        if self._refused is not None:
            raise self._refused
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # why it ended is on its standard error
                self.process.stdin.write(b"\n")
                self.process.stdin.flush()

    def last_words(self) -> str:
        """End what is behind it, and give the last line that it left on standard error."""
        self._hang_up()
        said = self.process.stderr.read() if self.process.stderr is not None else b""
        return (said.decode(errors="replace").strip().splitlines() or [""])[-1]

    def _hang_up(self) -> None:
        """End what is behind it: by the closed line, and by a signal where it is ours to send, which is surer."""
        self.line.close()
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        with contextlib.suppress(PermissionError):
            self.process.kill()

    def forget(self) -> None:
        """Leave it to another process that has it as well: a hang-up of that one is to be the end of it."""
        self.line.close()
        if self.process.stdin is not None:
            self.process.stdin.close()

    def close(self) -> None:
        """End what is behind it, and wait until the process outside is gone."""
        self._hang_up()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


class Kept:
    """What is left of root to a run that gave it up: a door, and a reader of processes where that was asked for."""

    def __init__(self, door: Door | None = None, reader: Reader | None = None, more: Sequence["Kept"] = ()) -> None:
        """Keep them; none without sudo. ``more`` have a door each, for further worlds."""
        self.door = door
        self.reader = reader
        self.more = list(more)

    @classmethod
    def of(cls, caller: Caller, observed: Sequence[str], *, exec_as_root: bool, worlds: int = 1) -> "Kept":
        """Start what must be root's, before root is given up; ``observed`` is what was typed after ``--pid``.

        ``worlds`` is how many will be wanted at once.
        """
        if not caller.known:
            return cls()
        pids = [pid for _, _, pid in (text.partition("=") for text in observed) if pid.isascii() and pid.isdigit()]
        reader = Reader(caller.command_prefix("sys_ptrace", "dac_read_search"), pids) if pids else None
        try:
            doors = [Door(Drop(words=caller.command_prefix(), exec_as_root=exec_as_root)) for _ in range(worlds)]
            return cls(doors[0], reader, [cls(door) for door in doors[1:]])
        except LabFault:  # not every run needs one; who does tries again, and is told
            return cls(None, reader)

    def forget(self) -> None:
        """Leave both to a process that was forked."""
        for one in (self.door, self.reader, *self.more):
            if one is not None:
                one.forget()

    def close(self) -> None:
        for one in (self.door, self.reader, *self.more):
            if one is not None:
                one.close()


def environment() -> dict[str, str]:
    """Build the environment of a process inside: this one's, with this very package on Python's path.

    The hash seed is fixed, so that two processes of one program allocate the same.
    """
    package = str(Path(__file__).resolve().parents[2])
    rest = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([package, *rest]), "PYTHONHASHSEED": "0"}
