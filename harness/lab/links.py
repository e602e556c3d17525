"""Make, change and delete links, inside the lab only: every function asks the guard first.

Batches go through one ``ip -batch`` process each: kernel-bound at some 0.45 ms a pair, where one process a link
costs four times as much.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from harness.errors import LabFault
from harness.lab.namespace import HostGuard, mount
from harness.sudo_user import NOBODY

WATCHED_ADDRESS = "100.64.0.1/16"  # from the block that overlay networks use
MTUS = (1400, 1401)  # back and forth: a change each time
BURST_EVENTS = 16  # a default receive buffer holds some 92 link messages; stay far below
_NETLINK_TABLE = Path("/proc/net/netlink")
_UAPI = Path("/run/wireguard")  # where wireguard-go puts its control sockets
_LOOK_S = 0.005
_STAND_INS = (("dummy", "type dummy"), ("veth", "type veth peer name wt0peer"))


class Links:
    """The links of one lab."""

    def __init__(self, guard: HostGuard, daemons: tuple[str, ...] = ()) -> None:
        """Nothing is made yet; ``daemons`` is put before the argument list of a daemon."""
        self._guard = guard
        self._daemons = daemons
        self._mtu = MTUS[0]
        self._has_run = False  # a /run of the lab's own
        self._running: dict[str, subprocess.Popen[bytes]] = {}  # wireguard-go, by interface

    def batch(self, *lines: str, inside: tuple[str, ...] = ()) -> None:
        """Run ``ip`` commands, one a line; LabFault with ip's own words at the first that fails.

        ``inside`` is put before ip's argument list, to run it in another namespace of the lab.
        """
        self._guard.check()
        argv = [*inside, "ip", "-batch", "-"]
        done = subprocess.run(argv, input="\n".join(lines).encode(), check=False, capture_output=True)
        if done.returncode:
            words = done.stderr.decode(errors="replace").strip().splitlines()
            raise LabFault(
                "ip_refused", f"ip refused: {words[0] if words else done.returncode}", "netchurn doctor tells why"
            )

    def add_pairs(self, first: int, count: int) -> None:
        """Make veth pairs, both ends down and without addresses."""
        self.batch(*(f"link add veth{n}a type veth peer name veth{n}b" for n in range(first, first + count)))

    def churn_pair(self, number: int) -> None:
        """Create a pair, bring both ends up, delete it: what a container's life sends to every subscriber."""
        name = f"cycle{number}"
        self.batch(
            f"link add {name}a type veth peer name {name}b",
            f"link set {name}a up",
            f"link set {name}b up",
            f"link delete {name}a",
        )

    def add_watched(self, ifname: str) -> str:
        """Make the watched interface and give its kind: a kernel WireGuard link, wireguard-go's, or a stand-in.

        It comes up with an address, as a VPN's does: a look-up by ``psutil.net_if_addrs`` does not see it otherwise.
        """
        kind = self._make_watched(ifname)
        self.batch(f"address add {WATCHED_ADDRESS} dev {ifname}", f"link set {ifname} up")
        return kind

    def _make_watched(self, ifname: str) -> str:
        if self._try(f"link add {ifname} type wireguard"):
            return "wireguard"
        if self.start_wireguard_go(ifname):
            return "wireguard-go"
        for kind, words in _STAND_INS:
            if self._try(f"link add {ifname} {words}"):
                return kind
        raise LabFault(
            "no_link_kind", "this kernel makes neither WireGuard, dummy nor veth links", "load one: sudo modprobe veth"
        )

    def _try(self, line: str) -> bool:
        try:
            self.batch(line)
        except LabFault:
            return False
        return True

    def start_wireguard_go(self, ifname: str) -> bool:
        """Make an interface by wireguard-go and bring it here; False where there is none, or it gives up.

        wireguard-go lives in a network namespace of its own, where no link event of this one reaches its netlink
        socket: when that overruns, wireguard-go ends and takes its interface with it (``routineNetlinkListener`` in
        its tun/tun_linux.go gives up on any error, ENOBUFS included). It is made to have its interface moved: the same
        file's ``routineHackListener`` watches the device "across network namespaces".
        """
        self._guard.check()
        if shutil.which("wireguard-go") is None:
            return False
        if not self._has_run:  # it writes there, and so would a wireguard-go of the host, by the same names
            mount("tmpfs", "/run", "tmpfs", options=f"uid={NOBODY},mode=0755" if self._daemons else None)
            self._has_run = True
        if ifname in self._running:  # when it ends it removes its control socket, the next one's too
            self.kill_wireguard_go(ifname)
        daemon = subprocess.Popen(
            ["unshare", "--net", *self._daemons, "wireguard-go", "-f", ifname],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if not _opens(_UAPI / f"{ifname}.sock", daemon):
            return False
        there = ("nsenter", f"--net=/proc/{daemon.pid}/ns/net")
        self.batch(f"link set {ifname} netns {os.getpid()}", inside=there)
        self._running[ifname] = daemon
        return True

    def kill_wireguard_go(self, ifname: str) -> None:
        """Kill the daemon of an interface, and with it the interface; KeyError where there is none."""
        daemon = self._running.pop(ifname)
        daemon.kill()
        daemon.wait()

    def toggle_mtu(self, count: int) -> None:
        """Send ``count`` RTM_NEWLINK of a veth to every subscriber, waiting for them to drain in between."""
        self._guard.check()
        for sent in range(0, count, BURST_EVENTS):
            lines = []
            for _ in range(min(BURST_EVENTS, count - sent)):
                self._mtu = sum(MTUS) - self._mtu
                lines.append(f"link set veth0a mtu {self._mtu}")
            self.batch(*lines)
            wait_until_drained()

    def count(self) -> int:
        """Count the links of this namespace, lo included."""
        return len(socket.if_nameindex())


def find_link(ifname: str, index: int) -> tuple[int, str]:
    """Return the index that a name has now, and the name that an index has; 0 and nothing where there is none."""
    found, name = 0, ""
    with contextlib.suppress(OSError):
        found = socket.if_nametoindex(ifname)
    with contextlib.suppress(OSError):
        name = socket.if_indextoname(index)
    return found, name


def _opens(control: Path, daemon: subprocess.Popen[bytes]) -> bool:
    """Wait until a daemon has made its control socket, which it does last; False if it ends instead."""
    control.unlink(missing_ok=True)  # what one that was killed has left
    while not control.exists():
        with contextlib.suppress(subprocess.TimeoutExpired):
            daemon.wait(_LOOK_S)
            return False
    return True


def wait_until_drained(seconds: float = 30) -> None:
    """Wait until no subscription of this namespace holds unread bytes; what asks for itself may leave answers unread.

    The kernel tells nobody when a queue becomes empty, so this looks, at a millisecond's pace. LabFault if that takes
    longer than ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        rows = _NETLINK_TABLE.read_text().splitlines()[1:]
        if all(row.split()[4] == "0" for row in rows if int(row.split()[3], 16)):
            return
        time.sleep(0.001)
    raise LabFault(
        "subscriber_stalled",
        f"a subscriber stopped reading its netlink socket for {seconds:g} s",
        "give the machine a quieter moment",
    )
