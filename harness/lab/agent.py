"""The first process of the lab: carries out orders, reaps everybody, and dies with the run.

It is process 1 of its own process-id namespace, so its end is the end of everything inside. It ends when the run's
socket closes, in the middle of whatever it does, and by SIGKILL when a run dies that may send it one. A run under sudo
may not: it gave root up. There the agent alone is root, starts everything else as the calling user, and writes nothing.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import threading
import time

import msgspec

from harness.errors import LabFault
from harness.lab import messages, reader
from harness.lab.actions.faults import Faults
from harness.lab.actions.pace import Pacer
from harness.lab.actions.stimuli import Stimuli
from harness.lab.door import Drop
from harness.lab.links import Links, find_link
from harness.lab.messages import (
    AddDaemon,
    AddPairs,
    AddWatched,
    AnyRequest,
    Batch,
    Calibrate,
    ChurnPair,
    CountLinks,
    CreateNetns,
    DeleteLink,
    Disturbance,
    Error,
    Exited,
    FindLink,
    KillDaemon,
    KillProcessGroup,
    Ok,
    Read,
    RenameLink,
    Signal,
    Spawn,
    Stimulate,
    Stimulated,
    Storm,
    ToggleMtu,
)
from harness.lab.namespace import HostGuard, close_settings, fresh_keyring, fresh_sysfs
from harness.sudo_user import NOBODY, as_user

DAEMONS = as_user(NOBODY, NOBODY, [NOBODY], ["net_admin"])
"""How daemons of the lab are started under sudo: as a user that no measured program is, who may change links."""
_HOME = {name: value for name, value in os.environb.items() if name in {b"HOME", b"USER", b"LOGNAME", b"SHELL"}}


class Agent:
    """One socket, one loop."""

    def __init__(self, line: socket.socket, guard: HostGuard, drop: Drop) -> None:
        """Store the run's socket; ask to be woken when a child ends."""
        self._line = line
        self._drop = drop
        daemons = DAEMONS if drop.words else ()
        self._guard = guard
        self._links = Links(guard, daemons)
        self._faults = Faults(guard, self._links, daemons)
        self._children: set[int] = set()
        self._pacer: Pacer | None = None
        self._wakeup, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # as the kernel does for the rest: it is process 1
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Carry out orders until the run hangs up."""
        poll = select.poll()
        poll.register(self._line, select.POLLIN)
        poll.register(self._wakeup, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if self._wakeup in ready:
                os.read(self._wakeup, 4096)
                self._reap()
            if self._line.fileno() in ready and not self._answer_one():
                return

    def _answer_one(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._line, messages.MAX_MESSAGE_BYTES, 4)
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)  # noqa: FBT003 - os takes no keyword; a subject gets three streams and nothing else
        if not message:
            return False
        try:
            answer, passed = self._carry_out(messages.requests.decode(message), descriptors)
        except LabFault as fault:
            answer, passed = Error(id=fault.id, text=fault.message, hint=fault.hint), []
        except (OSError, msgspec.DecodeError) as fault:  # the latter of a request that is longer than a message can be
            answer, passed = Error(text=str(fault)), []
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        socket.send_fds(self._line, [messages.encode(answer)], passed)
        for descriptor in passed:
            os.close(descriptor)
        return True

    def _carry_out(self, request: AnyRequest, descriptors: list[int]) -> tuple[Ok | Error, list[int]]:
        done: Ok | Error = Ok(at_ns=0)
        passed: list[int] = []
        match request:
            case AddPairs():
                self._links.add_pairs(request.first, request.count)
            case AddWatched():
                done = Ok(at_ns=0, text=self._links.add_watched(request.ifname))
            case ToggleMtu():
                self._links.toggle_mtu(request.count)
            case ChurnPair():
                self._links.churn_pair(request.number)
            case Stimulate():
                self._stimulate(request)
            case Stimulated():
                done = Ok(at_ns=0, text=self._stimulated(stop=request.stop))
            case CountLinks():
                done = Ok(at_ns=0, number=self._links.count(), index=socket.if_nametoindex(request.ifname))
            case FindLink():
                index, text = find_link(request.ifname, request.index)
                done = Ok(at_ns=0, index=index, text=text)
            case Spawn() | Signal() | Read() | KillProcessGroup():
                done, passed = self._manage(request, descriptors)
            case _:
                done = self._disturb(request)
        return msgspec.structs.replace(done, at_ns=time.monotonic_ns()), passed

    def _stimulate(self, request: Stimulate) -> None:
        stimuli = Stimuli(self._guard, self._faults, request.ifname, request.pid)
        perform = stimuli.of(request.kind, awaited=request.rate is None)
        self._pacer = Pacer(perform, rate=request.rate, count=request.count, first=request.first)

    def _stimulated(self, *, stop: bool) -> str:
        if self._pacer is None:
            raise LabFault("defect", "no stimulus was begun", "this is a defect of netchurn: please report it")
        done = self._pacer.stop() if stop else self._pacer.done
        return msgspec.json.encode(done).decode()

    def _manage(
        self, request: Spawn | Signal | Read | KillProcessGroup, descriptors: list[int]
    ) -> tuple[Ok, list[int]]:
        """Start, signal, read or end a process inside; give the descriptors that the run gets."""
        match request:
            case Spawn():
                pid = self._spawn(request, descriptors)
                return Ok(at_ns=0, number=pid), [os.pidfd_open(pid)]
            case Signal():
                os.kill(request.number, request.signal)
            case Read():
                return Ok(at_ns=0), [reader.hand_over(descriptors[0], request.name)]
            case KillProcessGroup():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(request.number, signal.SIGKILL)
        return Ok(at_ns=0), []

    def _disturb(self, request: Disturbance) -> Ok:
        match request:
            case Batch():
                return Ok(at_ns=0, began_ns=self._faults.batch(request.lines, request.netns_pid))
            case Calibrate():
                return Ok(at_ns=0, number=self._faults.calibrate())
            case CreateNetns():
                return Ok(at_ns=0, number=self._faults.create_netns())
            case AddDaemon():
                self._faults.add_daemon(request.ifname)
            case KillDaemon():
                return Ok(at_ns=0, began_ns=self._faults.kill_daemon(request.ifname))
            case DeleteLink():
                name = request.name if isinstance(request, RenameLink) else None
                return Ok(at_ns=0, began_ns=self._faults.change(request.index, name))
            case Storm():
                self._faults.storm(request.count, request.rate)
        return Ok(at_ns=0)

    def _spawn(self, request: Spawn, descriptors: list[int]) -> int:
        *streams, words = descriptors
        as_root = request.may_be_root and self._drop.exec_as_root
        command, variables = messages.command(words, request.arguments)
        argv: list[str | bytes] = [*(() if as_root else self._drop.words), *command]
        pid = os.posix_spawn(
            argv[0],
            argv,
            {**variables, **_HOME} if as_root else variables,
            file_actions=[(os.POSIX_SPAWN_DUP2, source, target) for target, source in enumerate(streams)],
            setsid=True,
            setsigdef=[signal.SIGPIPE, signal.SIGCHLD, signal.SIGINT],
        )
        self._children.add(pid)
        return pid

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._children:
                self._children.discard(pid)
                exited = Exited(number=pid, status=os.waitstatus_to_exitcode(status))
                self._line.send(messages.encode(exited))


def _end_with(line: socket.socket) -> None:
    """End when the run has hung up, even in the middle of an order."""
    poll = select.poll()
    poll.register(line, 0)  # what is left to be told of is the hang-up
    poll.poll()
    os._exit(0)


def main() -> None:
    """Start from ``agent DESCRIPTOR HOST_NAMESPACE DROP``; greet with whether sysfs shows this namespace."""
    line = socket.socket(fileno=int(sys.argv[1]))
    line.set_inheritable(False)
    guard = HostGuard(sys.argv[2])
    try:
        guard.check()
        threading.Thread(target=_end_with, args=[line], daemon=True).start()
        os.chdir("/")
        agent = Agent(line, guard, msgspec.json.decode(sys.argv[3], type=Drop))
        close_settings()
        fresh_keyring()
        sysfs = fresh_sysfs()
        agent._links.batch("link set lo up")  # noqa: SLF001 - the agent's own
    except (LabFault, OSError) as fault:
        line.send(messages.encode(Error(text=str(fault))))
        return
    myself = os.pidfd_open(os.getpid())
    socket.send_fds(line, [messages.encode(Ok(at_ns=time.monotonic_ns(), number=int(sysfs)))], [myself])
    os.close(myself)
    agent.serve()


if __name__ == "__main__":
    main()
