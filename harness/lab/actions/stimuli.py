"""Stimuli of one namespace: each is a few netlink messages of our own, because an ``ip`` process takes milliseconds.

They run in a thread of the agent: what it may do already, and no process more. Every stimulus leaves the namespace as
it found it, but for the last containers, which go together.
"""

import os
import signal
import socket
import struct
from collections.abc import Callable

from harness.errors import LabFault
from harness.lab.actions.faults import Faults, ask
from harness.lab.links import MTUS, wait_until_drained
from harness.lab.namespace import HostGuard

_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_LINK = struct.Struct("=BxHiII")  # ifinfomsg: family, type, index, flags, change
_ADDRESS = struct.Struct("=BBBBi")  # ifaddrmsg: family, prefix, flags, scope, index
_ROUTE = struct.Struct("=BBBBBBBBI")  # rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags
_NEIGHBOUR = struct.Struct("=BxxxiHBB")  # ndmsg: family, index, state, flags, type
_NEWLINK, _DELLINK, _NEWADDR, _DELADDR, _NEWROUTE, _DELROUTE, _NEWNEIGH, _DELNEIGH = 16, 17, 20, 21, 24, 25, 28, 29
_REQUEST, _ACKNOWLEDGE, _CREATE, _EXCLUSIVE = 1, 4, 0x400, 0x200  # NLM_F_*
_IFF_UP = 1
_IFLA_IFNAME, _IFLA_MTU, _IFLA_LINKINFO, _IFLA_INFO_KIND, _IFLA_INFO_DATA, _VETH_INFO_PEER = 3, 4, 18, 1, 2, 1
_IFLA_GROUP, _BOXES = 27, 18  # a group of links, of no meaning to the kernel
_IFA_LOCAL, _RTA_DST, _NDA_DST, _NDA_LLADDR = 2, 1, 1, 2
_MAIN_TABLE, _BOOT, _UNIVERSE, _BLACKHOLE, _PERMANENT = 254, 3, 0, 6, 0x80
_NEST = 0x8000
_PEER = "peer"
_WATCHED = "100.64.0.1"
_PATIENCE_S = 1.0
# A deletion waits for an RCU grace period, 16 ms, and one of a whole group (rtnl_group_dellink in net/core/rtnetlink.c)
# waits once: 49 containers a second become some 250. Eight pairs that go at once are 32 events, a third of what a
# default socket buffer holds.
TOGETHER = 8
OVERRUN_EVENTS = 2000  # a default buffer holds some 92; a buffer of a megabyte some 450


class Stimuli:
    """What can be done in a namespace, by the name of the stimulus. ``pid`` is the program, for ``overrun``."""

    def __init__(self, guard: HostGuard, faults: Faults, ifname: str, pid: int) -> None:
        """Open the socket; LabFault where this is the host's namespace."""
        guard.check()
        self._faults = faults
        self._ifname = ifname
        self._pid = pid
        self._read = True
        self._kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._idle = socket.if_nametoindex("veth0a")

    def of(self, kind: str, *, awaited: bool) -> Callable[[int], int]:
        """Return what performs a stimulus; ``awaited``: it comes back when all subscribers have read what it sent."""
        perform = {
            "link-events": self._toggle,
            "containers": self._container,
            "recreate": self._recreate,
            "addresses": self._address,
            "routes": self._route,
            "neighbours": self._neighbour,
            "overrun": self._overrun,
        }[kind]

        def once(number: int) -> int:
            perform(number)
            if awaited and self._read:
                self._wait()
            return 0

        return once

    def _wait(self) -> None:
        """Wait for readers, and no more once one has stopped reading: a subscription may have been left behind."""
        try:
            wait_until_drained(_PATIENCE_S)
        except LabFault:
            self._read = False

    def _send(self, kind: int, body: bytes, flags: int = 0) -> None:
        flags |= _REQUEST | _ACKNOWLEDGE
        ask(self._kernel, _HEADER.pack(_HEADER.size + len(body), kind, flags, 1, 0) + body)

    def _toggle(self, number: int) -> None:
        self._send(_NEWLINK, _link(self._idle) + attribute(_IFLA_MTU, struct.pack("=I", MTUS[number % 2])))

    def _container(self, number: int) -> None:
        """Bring a container up; before each eighth, delete those that came."""
        boxes = attribute(_IFLA_GROUP, struct.pack("=I", _BOXES))
        if number and number % TOGETHER == 0:
            self._send(_DELLINK, _link(0) + boxes)
        self._pair(f"box{number}", f"box{number}{_PEER}", boxes)

    def _recreate(self, number: int) -> None:
        del number
        self._send(_DELLINK, _link(socket.if_nametoindex(self._ifname)))
        self._pair(self._ifname, f"{self._ifname}{_PEER}")
        index = socket.if_nametoindex(self._ifname)
        body = _ADDRESS.pack(socket.AF_INET, 16, 0, _UNIVERSE, index) + attribute(_IFA_LOCAL, _packed(_WATCHED))
        self._send(_NEWADDR, body, _CREATE | _EXCLUSIVE)

    def _pair(self, name: str, peer: str, more: bytes = b"") -> None:
        other = attribute(_VETH_INFO_PEER | _NEST, _link(0) + _name(peer) + more)
        kind = attribute(_IFLA_INFO_KIND, b"veth") + attribute(_IFLA_INFO_DATA | _NEST, other)
        body = _link(0) + _name(name) + more + attribute(_IFLA_LINKINFO | _NEST, kind)
        self._send(_NEWLINK, body, _CREATE | _EXCLUSIVE)
        for end in (name, peer):
            self._send(_NEWLINK, _link(socket.if_nametoindex(end), up=True))

    def _address(self, number: int) -> None:
        there = _packed(f"10.{number >> 14 & 255}.{number >> 7 & 127}.{1 + number % 127}")
        body = _ADDRESS.pack(socket.AF_INET, 32, 0, _UNIVERSE, self._idle) + attribute(_IFA_LOCAL, there)
        self._send(_NEWADDR, body, _CREATE | _EXCLUSIVE)
        self._send(_DELADDR, body)

    def _route(self, number: int) -> None:
        there = attribute(_RTA_DST, _packed(f"198.18.{number % 256}.0"))
        body = _ROUTE.pack(socket.AF_INET, 24, 0, 0, _MAIN_TABLE, _BOOT, _UNIVERSE, _BLACKHOLE, 0) + there
        self._send(_NEWROUTE, body, _CREATE | _EXCLUSIVE)
        self._send(_DELROUTE, body)

    def _neighbour(self, number: int) -> None:
        there = attribute(_NDA_DST, _packed(f"10.250.{number >> 8 & 255}.{number & 255}"))
        body = _NEIGHBOUR.pack(socket.AF_INET, self._idle, _PERMANENT, 0, 0) + there
        self._send(_NEWNEIGH, body + attribute(_NDA_LLADDR, b"\x02\0\0\0\0\1"), _CREATE | _EXCLUSIVE)
        self._send(_DELNEIGH, body)

    def _overrun(self, number: int) -> None:
        """Stop the program, send more than its socket holds, and let it go on."""
        del number
        os.kill(self._pid, signal.SIGSTOP)
        try:
            self._faults.storm(OVERRUN_EVENTS, None)
        finally:
            os.kill(self._pid, signal.SIGCONT)


def attribute(kind: int, value: bytes) -> bytes:
    """Build one attribute of a netlink message, padded as the kernel asks."""
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def _link(index: int, *, up: bool = False) -> bytes:
    return _LINK.pack(socket.AF_UNSPEC, 0, index, _IFF_UP if up else 0, _IFF_UP if up else 0)


def _name(name: str) -> bytes:
    return attribute(_IFLA_IFNAME, name.encode() + b"\0")


def _packed(address: str) -> bytes:
    return socket.inet_aton(address)
