"""What a script does to a living interface, each timed: deletion, renaming, moves, a killed daemon, storms.

Single changes go by one netlink message of our own, because an ``ip`` process takes a millisecond or two to start, and
watchers answer faster than that.
"""

import os
import socket
import struct
import subprocess
import time

from harness import workers
from harness.errors import LabFault
from harness.lab.links import MTUS, Links
from harness.lab.namespace import HostGuard

_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_LINK = struct.Struct("=BxHiII")  # ifinfomsg: family, type, index, flags, change
_RTM_SETLINK, _RTM_DELLINK = 19, 17
_REQUEST, _ACKNOWLEDGE = 1, 4
_IFLA_IFNAME, _IFLA_MTU = 3, 4
_REPLY_BYTES = 8192


def message(kind: int, index: int, attribute: int | None = None, value: bytes = b"") -> bytes:
    """Build one link request that asks for an acknowledgement, with at most one attribute."""
    body = _LINK.pack(socket.AF_UNSPEC, 0, index, 0, 0)
    if attribute is not None:
        body += struct.pack("=HH", 4 + len(value), attribute) + value + bytes(-len(value) % 4)
    return _HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | _ACKNOWLEDGE, 1, 0) + body


class Faults:
    """The means to disturb the links of one lab."""

    def __init__(self, guard: HostGuard, links: Links, daemons: tuple[str, ...] = ()) -> None:
        """Nothing is disturbed yet; ``daemons`` is put before the argument list of a process that stays."""
        self._guard = guard
        self._words = daemons
        self._links = links

    def batch(self, lines: tuple[str, ...], netns_pid: int | None) -> int:
        """Run ip's lines here or in the namespace of a process; give the moment at which ip was started."""
        self._guard.check()
        began = time.monotonic_ns()
        if netns_pid is None:
            self._links.batch(*lines)
        else:
            self._links.batch(*lines, inside=("nsenter", f"--net=/proc/{netns_pid}/ns/net"))
        return began

    def create_netns(self) -> int:
        """Make another network namespace, held by a process of its own; give that one's id."""
        self._guard.check()
        argv = ["unshare", "--net", *self._words, "sh", "-c", "echo; exec sleep infinity"]
        holder = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if holder.stdout is None or not holder.stdout.readline():
            raise LabFault(
                "no_namespace",
                "no second network namespace could be made",
                "netchurn doctor tells what is allowed here",
            )
        return holder.pid

    def add_daemon(self, ifname: str) -> None:
        """Make an interface by wireguard-go; LabFault where that is not installed."""
        if not self._links.start_wireguard_go(ifname):
            raise LabFault("tool_missing", "wireguard-go is not installed", "sudo apt install wireguard-go")

    def kill_daemon(self, ifname: str) -> int:
        """Kill the daemon of an interface, and with it the interface; return the moment of the kill."""
        began = time.monotonic_ns()
        self._links.kill_wireguard_go(ifname)
        return began

    def change(self, index: int, name: str | None = None) -> int:
        """Rename a link, or delete it; return the moment at which the request was handed to the kernel."""
        renaming = _RTM_SETLINK, index, _IFLA_IFNAME, (name or "").encode() + b"\0"
        request = message(_RTM_DELLINK, index) if name is None else message(*renaming)
        with self._opened() as kernel:
            began = time.monotonic_ns()
            ask(kernel, request)
        return began

    def storm(self, count: int, rate: float | None) -> None:
        """Flip the mtu of ``veth0a`` back and forth; every flip is one RTM_NEWLINK to every subscriber."""
        index = socket.if_nametoindex("veth0a")
        requests = [message(_RTM_SETLINK, index, _IFLA_MTU, struct.pack("=I", mtu)) for mtu in MTUS]
        with self._opened() as kernel:
            began = time.monotonic()
            for number in range(count):
                if rate:
                    time.sleep(max(0.0, began + number / rate - time.monotonic()))
                ask(kernel, requests[number % 2])

    def calibrate(self) -> int:
        """Count the events that a socket with a default buffer holds, in another namespace: readers here lose none."""
        self._guard.check()
        argv = [*workers.CALIBRATION.command, self._guard.host]
        done = subprocess.run(["unshare", "--net", *argv], check=False, capture_output=True)
        if done.returncode:
            words = done.stderr.decode(errors="replace").strip().splitlines()
            why = words[-1] if words else done.returncode
            raise LabFault(
                "calibration_failed", f"the calibration failed: {why}", "netchurn doctor tells what is allowed here"
            )
        return int(done.stdout)

    def _opened(self) -> socket.socket:
        self._guard.check()
        return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)


def ask(kernel: socket.socket, request: bytes) -> None:
    """Send a request to the kernel and wait for its acknowledgement; OSError where it refuses."""
    kernel.send(request)
    error: int = struct.unpack_from("=i", kernel.recv(_REPLY_BYTES), _HEADER.size)[0]
    if error:
        raise OSError(-error, os.strerror(-error))
