"""A kernel to test the filtered subscription against: links, queues and messages, without a namespace."""

import ctypes
import errno
import select
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import pytest
from hypothesis import strategies as st

from bpf_machine import accepts
from harness.watchers import filtered
from harness.watchers.classify import LinkEvent
from harness.watchers.filtered import events, watch_filtered
from harness.watchers.outcome import Link, Outcome, Reason
from harness.watchers.protocols import Observer, Stop

WT0 = Link(name="wt0", index=7)
RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR = 16, 17, 20
KINDS = {RTM_NEWLINK: "RTM_NEWLINK", RTM_DELLINK: "RTM_DELLINK"}
IFLA_MTU, IFLA_IFNAME, IFLA_NEW_NETNSID = 4, 3, 45
AF_BRIDGE, RTMGRP_LINK = 7, 1
SO_ATTACH_FILTER, SO_MEMINFO = 26, 55
SIOCGIFNAME, SIOCGIFINDEX = 0x8910, 0x8933

DELETED = Outcome(restart=True, reason=Reason.DELETED, message="interface wt0 deleted")
MOVED = Outcome(restart=True, reason=Reason.MOVED, message="interface wt0 moved to another namespace")
RECREATED = Outcome(restart=True, reason=Reason.RECREATED, message=None)
STOPPED = Outcome(restart=False, reason=Reason.STOPPED, message="wg interface monitor stopped: asked to stop")


def renamed(name: str) -> Outcome:
    return Outcome(restart=True, reason=Reason.RENAMED, message=f"interface wt0 renamed to {name}")


def attribute(kind: int, value: bytes) -> bytes:
    """Build one attribute, padded with zeros to four bytes, as the kernel does."""
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def ifname(name: str) -> bytes:
    return attribute(IFLA_IFNAME, name.encode(errors="surrogateescape") + b"\0")


def message(kind: int, index: int, *attributes: bytes, family: int = 0) -> bytes:
    """Build one link message as the kernel lays it out: header, ifinfomsg, attributes."""
    body = struct.pack("=BBHiII", family, 0, 1, index, 0x1003, 0xFFFFFFFF) + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def read(datagram: bytes) -> list[LinkEvent]:
    return list(events(memoryview(datagram)))


def newlink(index: int, name: str, family: int = 0) -> LinkEvent:
    return LinkEvent(kind="RTM_NEWLINK", index=index, name=name, family=family)


OTHER_ATTRIBUTES = st.lists(
    st.builds(
        attribute,
        st.integers(0, 70).filter(lambda kind: kind not in {IFLA_IFNAME, IFLA_NEW_NETNSID}),
        st.binary(max_size=40),
    ),
    max_size=5,
)
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=15).filter(
    lambda name: len(name.encode()) <= 15
)
INDEXES = st.integers(1, 2**31 - 1)


SUBSCRIPTION, QUESTIONS = 900, 901  # descriptors that the small kernel gives
PATIENCE = 500  # whoever polls that often without anything happening never sleeps


@dataclass
class World:
    """A kernel with links, a receive buffer and a filter. Its script goes on while the watcher is in a system call.

    As in the real one an overrun is told once, ahead of what is queued, and everything is dropped until the queue is
    empty. ``paces`` says how many steps of the script pass in each system call; after them, none: then the script goes
    on only while the watcher sleeps.
    """

    script: Sequence[Callable[["World"], None]] = ()
    paces: Sequence[int] = ()
    capacity: int = 1000
    links: dict[int, str] = field(default_factory=lambda: {1: "lo", 7: "wt0", 8: "veth0"})
    refuses: dict[str, list[OSError]] = field(default_factory=dict)  # by system call, each once
    ask_fails: int = 0  # so many questions are not answered
    tells_overrun: bool = True  # False: somebody has eaten the error

    def __post_init__(self) -> None:
        self.calls: list[str] = []
        self.code = b""
        self.bound = False
        self.queue: deque[tuple[bytes, int]] = deque()
        self.error = self.congested = self.sleeps_at_end = False
        self.drops = 0
        self.told: list[LinkEvent] = []  # what was queued for the watcher, in this order
        self.open = 0
        self._script, self._paces = deque(self.script), deque(self.paces)

    # what happens

    def tell(self, data: bytes, sender: int = 0) -> None:
        if not self.bound or not accepts(self.code, data):
            return
        if self.congested or len(self.queue) >= self.capacity:
            self.error |= self.tells_overrun and not self.congested
            self.congested = True
            self.drops += 1
            return
        self.queue.append((data, sender))
        if sender == 0:
            self.told += read(data)

    def go_on(self) -> bool:
        if self._script:
            self._script.popleft()(self)
            return True
        return False

    def called(self, what: str) -> None:
        """Begin a system call: time passes."""
        self.calls.append(what)
        for _ in range(self._paces.popleft() if self._paces else 0):
            self.go_on()
        if self.refuses.get(what):
            raise self.refuses[what].pop(0)

    # what is asked of it

    @property
    def readable(self) -> bool:
        return bool(self.queue) or self.error

    def take(self) -> tuple[bytes, int]:
        self.called("receive")
        if self.error:
            self.error = False
            raise OSError(errno.ENOBUFS, "No buffer space available")
        if not self.queue:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        taken = self.queue.popleft()
        self.congested &= bool(self.queue)
        return taken

    def ioctl(self, asking: "Endpoint", question: int, request: bytes) -> bytes:
        assert asking.descriptor == QUESTIONS
        self.called("ask")
        if self.ask_fails:
            self.ask_fails -= 1
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        name, index = struct.unpack("=16si20x", request)
        found = {one: at for at, one in self.links.items()}.get(name.rstrip(b"\0").decode())
        answer: tuple[str | None, int | None] = {
            SIOCGIFINDEX: (name.rstrip(b"\0").decode(), found),
            SIOCGIFNAME: (self.links.get(index), index),
        }[question]
        if answer[0] is None or answer[1] is None:
            raise OSError(errno.ENODEV, "No such device")
        return struct.pack("=16si20x", answer[0].encode(), answer[1])


class Endpoint:
    """A socket of the small kernel."""

    def __init__(self, world: World, family: int) -> None:
        self.descriptor = SUBSCRIPTION if family == socket.AF_NETLINK else QUESTIONS
        self._world = world
        world.called(f"open {self.descriptor}")
        world.open += 1

    def setsockopt(self, level: int, option: int, handle: bytes) -> None:
        assert (level, option) == (socket.SOL_SOCKET, SO_ATTACH_FILTER)
        length, address = struct.unpack("@HP", handle)
        self._world.called("filter")
        self._world.code = ctypes.string_at(address, length * 8)

    def bind(self, address: tuple[int, int]) -> None:
        assert address == (0, RTMGRP_LINK)
        self._world.called("bind")
        self._world.bound = True

    def fileno(self) -> int:
        return self.descriptor

    def recvmsg_into(self, buffers: list[bytearray]) -> tuple[int, list[Any], int, tuple[int, int]]:
        data, sender = self._world.take()
        size = min(len(data), len(buffers[0]))
        buffers[0][:size] = data[:size]
        return size, [], socket.MSG_TRUNC if size < len(data) else 0, (sender, RTMGRP_LINK)

    def recv_into(self, buffer: bytearray) -> int:
        return self.recvmsg_into([buffer])[0]

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        assert (level, option) == (socket.SOL_SOCKET, SO_MEMINFO)
        self._world.called("count")
        return struct.pack("=9I", *[0] * 8, self._world.drops)[:size]

    def close(self) -> None:
        self._world.open -= 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Poll:
    """Sleep: the script goes on until something is readable; at its end comes the request to stop."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stop = -1
        self._looks = 0

    def register(self, descriptor: int, mask: int) -> None:
        assert mask == select.POLLIN
        if descriptor != SUBSCRIPTION:
            self._stop = descriptor

    def poll(self, timeout_ms: float | None = None) -> list[tuple[int, int]]:
        self._looks += 1
        assert self._looks < PATIENCE
        self._world.called("sleep")
        while not self._world.readable and timeout_ms != 0:
            if not self._world.go_on():
                return [(self._stop, select.POLLIN)] if timeout_ms is None or self._looks > PATIENCE / 2 else []
        return [(SUBSCRIPTION, select.POLLIN)] if self._world.readable else []


class Module:
    """A module of the standard library with some names replaced."""

    def __init__(self, module: Any, **replaced: Any) -> None:
        self._module = module
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


@contextmanager
def inside(world: World) -> Iterator[None]:
    """Put the watcher into the small kernel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filtered, "socket", Module(socket, socket=lambda family, _kind, *_: Endpoint(world, family)))
        patch.setattr(filtered, "fcntl", Module(None, ioctl=world.ioctl))
        patch.setattr(filtered, "select", Module(select, poll=lambda: Poll(world)))
        yield


class Diary(Observer):
    def __init__(self, world: World) -> None:
        self._world = world
        self.ready_with: list[Link] = []
        self.heard = 0
        self.losses: list[int] = []
        self.decided_while_open: list[tuple[Outcome, bool]] = []

    def decided(self, outcome: Outcome) -> None:
        self.decided_while_open.append((outcome, self._world.open > 0))

    def ready(self, link: Link) -> None:
        self._world.calls.append("ready")
        self.ready_with.append(link)

    def received(self) -> None:
        self.heard += 1

    def lost(self, dropped: int) -> None:
        self.losses.append(dropped)


class Hurried(Stop):
    """A stop for which time flies; counts how often somebody waited for it in vain."""

    waited = 0

    def wait(self, timeout_s: float) -> bool:
        self.waited += timeout_s > 0
        return super().wait(0)


def watch(world: World) -> tuple[Outcome, Diary]:
    diary, stop = Diary(world), Hurried()
    try:
        with inside(world):
            outcome = watch_filtered(WT0, stop, diary)
    finally:
        stop.close()
    assert world.open == 0, "a descriptor was left open"
    return outcome, diary


Step = Callable[[World], None]


def flip(index: int = 7, *, family: int = 0) -> Step:
    """Change something that is not the identity; as AF_BRIDGE: become a port."""

    def step(world: World) -> None:
        if index in world.links:
            world.tell(message(RTM_NEWLINK, index, ifname(world.links[index]), family=family))

    return step


def release(index: int = 7) -> Step:
    def step(world: World) -> None:
        if index in world.links:
            world.tell(message(RTM_DELLINK, index, ifname(world.links[index]), family=AF_BRIDGE))

    return step


def delete(index: int = 7, *attributes: bytes) -> Step:
    def step(world: World) -> None:
        if index in world.links:
            world.tell(message(RTM_DELLINK, index, ifname(world.links.pop(index)), *attributes))

    return step


def move(index: int = 7) -> Step:
    return delete(index, attribute(IFLA_NEW_NETNSID, b"\0\0\0\0"))


def create(index: int, name: str) -> Step:
    def step(world: World) -> None:
        if index not in world.links and name not in world.links.values():
            world.links[index] = name
            world.tell(message(RTM_NEWLINK, index, ifname(name)))

    return step


def rename(name: str, index: int = 7, *, filler: bytes = b"") -> Step:
    def step(world: World) -> None:
        if index in world.links and name not in world.links.values():
            world.links[index] = name
            world.tell(message(RTM_NEWLINK, index, filler, ifname(name)))

    return step


def forge(sender: int = 4711) -> Step:
    """Let another process send what looks like our deletion."""
    return lambda world: world.tell(message(RTM_DELLINK, 7, ifname("wt0")), sender)
