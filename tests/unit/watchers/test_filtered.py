"""The filter, the reading, the asking, and the watch: against a small kernel in this file, and against the real one."""

import ctypes
import errno
import os
import resource
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
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from harness.watchers import filtered
from harness.watchers.classify import LinkEvent
from harness.watchers.filtered import FilteredSubscription, events, program, query_link, watch_filtered
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


# --- messages -------------------------------------------------------------------------------------------------------


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


# --- the filter -----------------------------------------------------------------------------------------------------

LD_B_ABS, LD_W_ABS, LD_W_IND, LD_IMM, LDX_IMM, JEQ, TAX, RET = 0x30, 0x20, 0x40, 0x00, 0x01, 0x15, 0x07, 0x06
SKF_AD_NLATTR = 0xFFFFF000 + 12


class OutOfPacket(Exception):
    """A load beyond the end: the kernel refuses the packet then."""


class Machine:
    """Classic BPF, as far as the filter uses it; any other operation is a KeyError."""

    def __init__(self, packet: bytes) -> None:
        self._packet = packet
        self.a = self.x = 0

    def run(self, code: bytes) -> int:
        steps = list(struct.iter_unpack("=HBBI", code))
        at = 0
        try:
            while steps[at][0] != RET:
                operation, yes, no, operand = steps[at]
                at += 1 + ((yes if self.a == operand else no) if operation == JEQ else self._do(operation, operand))
        except OutOfPacket:
            return 0
        return int(steps[at][3])

    def _do(self, operation: int, operand: int) -> int:
        loads: dict[int, Callable[[], int]] = {
            LD_B_ABS: lambda: self._load(operand, 1),
            LD_W_ABS: lambda: self._attribute() if operand == SKF_AD_NLATTR else self._load(operand, 4),
            LD_W_IND: lambda: self._load(self.x + operand, 4),
            LD_IMM: lambda: operand,
        }
        if operation == LDX_IMM:
            self.x = operand
        elif operation == TAX:
            self.x = self.a
        else:
            self.a = loads[operation]()
        return 0

    def _load(self, at: int, size: int) -> int:
        if at + size > len(self._packet):
            raise OutOfPacket
        return int.from_bytes(self._packet[at : at + size], "big")

    def _attribute(self) -> int:
        """Find an attribute as ``nla_find`` does."""
        at = self.a
        while at + 4 <= len(self._packet):
            length, kind = struct.unpack_from("=HH", self._packet, at)
            if not 4 <= length <= len(self._packet) - at:
                return 0
            if kind & 0x3FFF == self.x:
                return at
            at += (length + 3) & ~3
        return 0


def accepts(code: bytes, packet: bytes) -> bool:
    return Machine(packet).run(code) > 0


@st.composite
def links_and_names(draw: st.DrawFn) -> tuple[Link, str]:
    """Draw a link, and the name that a message carries: the link's own, one that resembles it, or any."""
    name = draw(NAMES)
    other = draw(
        st.one_of(
            st.just(name),
            st.integers(1, len(name)).map(lambda end: name[:end]),
            NAMES.map(lambda more: name + more).filter(lambda longer: len(longer.encode()) <= 15),
            st.just(name.swapcase()).filter(lambda swapped: len(swapped.encode()) <= 15),
            NAMES,
            st.just(""),
        )
    )
    return Link(name=name, index=draw(INDEXES)), other


@st.composite
def filtered_packets(draw: st.DrawFn) -> tuple[Link, bytes, bool]:
    """Draw a link, a message, and whether the message is of the link's index or name and of the device itself."""
    link, name = draw(links_and_names())
    index = draw(st.just(link.index) | INDEXES | st.just(int.from_bytes(struct.pack(">i", link.index), "little") >> 1))
    family = draw(st.just(0) | st.integers(0, 255))
    before, after = draw(OTHER_ATTRIBUTES), draw(OTHER_ATTRIBUTES)
    named = [ifname(name)] if draw(st.booleans()) else []
    packet = message(draw(st.sampled_from([*KINDS])), index, *before, *named, *after, family=family)
    return link, packet, family == 0 and (index == link.index or (bool(named) and name == link.name))


@given(filtered_packets())
def test_the_filter_lets_through_exactly_what_is_of_our_index_or_our_name(drawn: tuple[Link, bytes, bool]) -> None:
    link, packet, ours = drawn

    assert accepts(program(link), packet) == ours


@pytest.mark.parametrize("length", range(1, 16))
def test_a_name_of_any_length_is_told_from_its_prefix_and_from_what_it_is_a_prefix_of(length: int) -> None:
    name = "abcdefghijklmnopq"[:length]
    code = program(Link(name=name, index=7))

    assert accepts(code, message(RTM_NEWLINK, 8, ifname(name)))
    assert not accepts(code, message(RTM_NEWLINK, 8, ifname(name + "x")))
    assert not accepts(code, message(RTM_NEWLINK, 8, ifname(name[:-1])))


def test_a_name_that_is_no_text_is_found_too() -> None:
    name = b"wg\xff\xfe".decode(errors="surrogateescape")
    code = program(Link(name=name, index=7))

    assert accepts(code, message(RTM_NEWLINK, 8, ifname(name)))
    assert not accepts(code, message(RTM_NEWLINK, 8, ifname("wg")))


@pytest.mark.parametrize("size", range(36))
def test_a_packet_that_ends_early_is_judged_by_what_it_holds(size: int) -> None:
    whole = message(RTM_NEWLINK, 7)[:size]

    assert accepts(program(WT0), whole) == (size >= 24)


class KernelFilter:
    """The real kernel's BPF, with the filter on one end of a socket pair: what arrives was accepted."""

    def __init__(self, code: bytes) -> None:
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        kept = ctypes.create_string_buffer(code, len(code))
        handle = struct.pack("@HP", len(code) // 8, ctypes.addressof(kept))
        self._theirs.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, handle)

    def accepts(self, packet: bytes) -> bool:
        try:
            self._ours.send(packet)
            return self._theirs.recv(65_536) == packet
        except (BlockingIOError, PermissionError):  # a unix socket tells its sender of a refused packet
            return False

    def close(self) -> None:
        self._ours.close()
        self._theirs.close()


@given(filtered_packets(), st.binary(min_size=1, max_size=80))
def test_the_real_kernel_judges_as_this_test_does(drawn: tuple[Link, bytes, bool], noise: bytes) -> None:
    link, packet, ours = drawn
    code = program(link)
    kernel = KernelFilter(code)

    assert kernel.accepts(packet) == ours
    assert kernel.accepts(noise) == accepts(code, noise)
    kernel.close()


# --- the reading ----------------------------------------------------------------------------------------------------


@st.composite
def told(draw: st.DrawFn) -> tuple[bytes, LinkEvent | None]:
    """Draw a message and what is to be read from it; None for one that is not about a link."""
    kind = draw(st.sampled_from([*KINDS, RTM_NEWADDR, 3, 2, 0]))
    name, moved = draw(NAMES | st.just("")), draw(st.booleans())
    event = LinkEvent(
        kind=KINDS.get(kind, ""), index=draw(INDEXES), name=name, family=draw(st.integers(0, 255)), moved=moved
    )
    attributes = draw(OTHER_ATTRIBUTES)
    for one in ([ifname(name)] if name else []) + ([attribute(IFLA_NEW_NETNSID, b"\1\0\0\0")] if moved else []):
        attributes.insert(draw(st.integers(0, len(attributes))), one)
    return message(kind, event.index, *attributes, family=event.family), event if kind in KINDS else None


@given(st.lists(told(), max_size=5))
def test_a_datagram_is_read_to_its_end(messages: list[tuple[bytes, LinkEvent | None]]) -> None:
    assert read(b"".join(data for data, _ in messages)) == [event for _, event in messages if event]


@given(st.lists(told(), min_size=1, max_size=4), st.data())
def test_a_message_that_is_cut_off_is_left_out(
    messages: list[tuple[bytes, LinkEvent | None]], data: st.DataObject
) -> None:
    datagram = b"".join(one for one, _ in messages)
    end = data.draw(st.integers(0, len(datagram)))
    whole = [
        event for number, (_, event) in enumerate(messages) if sum(len(m) for m, _ in messages[: number + 1]) <= end
    ]

    assert read(datagram[:end]) == [event for event in whole if event]


@settings(max_examples=500)
@given(st.binary(max_size=200))
@example(b"")
@example(b"\0" * 200)
@example(b"\xff" * 200)
@example(struct.pack("=IHHII", 16, RTM_NEWLINK, 0, 0, 0) * 5)
def test_no_bytes_whatever_raise_or_never_end(data: bytes) -> None:
    assert len(read(data)) <= len(data) / 32


@given(st.integers(0, 40), st.integers(0, 2**16 - 1), st.binary(max_size=60))
def test_no_attribute_whatever_raises_or_never_ends(length: int, kind: int, rest: bytes) -> None:
    [event] = read(message(RTM_NEWLINK, 7, ifname("wt0"), struct.pack("=HH", length, kind) + rest))

    assert event.index == 7


def test_attributes_are_read_up_to_the_first_that_cannot_be() -> None:
    broken = struct.pack("=HH", 3, IFLA_MTU)

    assert read(message(RTM_NEWLINK, 7, ifname("wt0"), broken, ifname("no"))) == [newlink(7, "wt0")]
    assert read(message(RTM_NEWLINK, 7, broken, ifname("wt0"))) == [newlink(7, "")]


def test_a_message_may_end_within_four_bytes_and_the_next_begins_at_the_fourth() -> None:
    body = struct.pack("=BBHiII", 0, 0, 1, 7, 0, 0) + struct.pack("=HH", 4 + 5, IFLA_IFNAME) + b"wt01\0"
    odd = struct.pack("=IHHII", 16 + len(body), RTM_NEWLINK, 0, 0, 0) + body
    assert len(odd) % 4 == 1

    assert read(odd) == [newlink(7, "wt01")]
    assert read(odd + b"\0\0\0" + message(RTM_NEWLINK, 8, ifname("b"))) == [newlink(7, "wt01"), newlink(8, "b")]


def test_a_name_that_is_no_text_is_kept_byte_for_byte() -> None:
    name = b"wg\xff".decode(errors="surrogateescape")

    assert read(message(RTM_NEWLINK, 7, ifname(name))) == [newlink(7, name)]


def test_it_reads_in_this_kernels_own_dump_what_pyroute2_reads() -> None:
    request = struct.pack("=IHHII", 32, 18, 0x301, 1, 0) + struct.pack("=BBHiII", 0, 0, 0, 0, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.send(request)
        data = kernel.recv(1 << 20)
    decoded = [one for one in MarshalRtnl().parse(data) if one["event"] == "RTM_NEWLINK"]

    assert [(one.index, one.name) for one in read(data)] == [
        (one["index"], one.get_attr("IFLA_IFNAME")) for one in decoded
    ]
    assert "lo" in {one.name for one in read(data)}


# --- a kernel to test against ---------------------------------------------------------------------------------------

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


# --- before it listens ----------------------------------------------------------------------------------------------


def test_it_filters_then_binds_then_looks_then_is_ready() -> None:
    world = World()
    outcome, diary = watch(world)
    order = [call for call in world.calls if not call.startswith(("open", "count"))]

    assert outcome == STOPPED
    assert order == ["filter", "bind", "ask", "ready", "sleep"]
    assert diary.ready_with == [WT0]


def test_the_outcome_is_told_before_anything_is_put_away() -> None:
    outcome, diary = watch(World(script=[delete()]))

    assert diary.decided_while_open == [(outcome, True)]


CALLS_AT_START = ["open 900", "filter", "bind", "open 901"]


@pytest.mark.parametrize("what", CALLS_AT_START)
def test_a_refusal_passes_and_leaves_nothing_open(what: str) -> None:
    refusal = OSError(errno.EMFILE, "Too many open files")
    outcome, diary = watch(World(script=[delete()], refuses={what: [refusal] * 3}))

    assert outcome == DELETED
    assert diary.ready_with == [WT0]


@pytest.mark.parametrize("what", CALLS_AT_START)
def test_what_happens_while_it_is_refused_is_seen_by_looking(what: str) -> None:
    """The steps go on in the third system call, which is before the fourth, whatever was refused until then."""
    refusal = OSError(errno.EMFILE, "Too many open files")
    outcome, diary = watch(World(script=[delete()], paces=[0, 0, 1], refuses={what: [refusal] * 4}))

    assert outcome == DELETED
    assert diary.ready_with == []


@pytest.mark.parametrize("what", CALLS_AT_START)
def test_what_is_forbidden_asks_for_a_restart_and_names_its_cause(what: str) -> None:
    outcome, diary = watch(World(refuses={what: [OSError(errno.EPERM, "Operation not permitted")]}))

    assert outcome == Outcome(
        restart=True,
        reason=Reason.SUBSCRIBE_FAILED,
        message="subscribe to link updates: [Errno 1] Operation not permitted",
    )
    assert diary.ready_with == []


def test_between_two_attempts_it_waits_and_hears_a_stop() -> None:
    world, stop = World(refuses={"bind": [OSError(errno.ENOMEM, "No memory")] * 9}), Hurried()
    diary = Diary(world)
    stop.set()
    with inside(world):
        assert watch_filtered(WT0, stop, diary) == STOPPED
    stop.close()

    assert stop.waited == 1
    assert diary.ready_with == []
    assert world.open == 0


@pytest.mark.parametrize(
    ("step", "outcome"),
    [(delete(), DELETED), (rename("wt1"), renamed("wt1"))],
    ids=["deleted", "renamed"],
)
@pytest.mark.parametrize("call", range(4))
def test_what_happened_before_the_subscription_stood_is_seen_by_looking(
    step: Step, outcome: Outcome, call: int
) -> None:
    seen, diary = watch(World(script=[step], paces=[*[0] * call, 1]))

    assert seen == outcome
    assert diary.ready_with == []


def test_a_recreation_before_the_subscription_stood_is_one() -> None:
    outcome, diary = watch(World(script=[delete(), create(9, "wt0")], paces=[2]))

    assert outcome == RECREATED
    assert diary.ready_with == []


def test_a_question_that_is_not_answered_at_the_start_is_no_deletion() -> None:
    assert watch(World(ask_fails=2))[0] == STOPPED
    assert watch(World(ask_fails=2, script=[delete()], paces=[0, 0, 1]))[0] == DELETED


# --- how it stands --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("links", "outcome"),
    [
        pytest.param({7: "wt0"}, None, id="as it was"),
        pytest.param({9: "wt0"}, RECREATED, id="another index"),
        pytest.param({7: "wt1"}, renamed("wt1"), id="another name"),
        pytest.param({7: "wt1", 9: "wt0"}, RECREATED, id="another name, and its own taken"),
        pytest.param({8: "veth0"}, DELETED, id="gone"),
        pytest.param({}, DELETED, id="everything is gone"),
    ],
)
def test_a_look_tells_how_the_link_stands(links: dict[int, str], outcome: Outcome | None) -> None:
    world = World(links=links)
    with inside(world):
        kernel = FilteredSubscription(WT0)
        assert query_link(WT0, kernel) == outcome
        kernel.close()


def test_a_rename_that_is_undone_between_two_questions_is_left_to_its_events() -> None:
    world = World(script=[flip(), rename("wt1"), rename("wt0")], paces=[*[0] * 4, 2, 1])

    outcome, _ = watch(world)

    assert outcome == renamed("wt1")


def test_the_real_kernel_answers_by_name_and_by_index() -> None:
    lo = Link(name="lo", index=socket.if_nametoindex("lo"))
    kernel = FilteredSubscription(lo)

    assert kernel.index_of("lo") == lo.index
    assert kernel.name_of(lo.index) == "lo"
    assert kernel.index_of("nope0") is None
    assert kernel.name_of(2**31 - 1) is None
    assert query_link(lo, kernel) is None
    assert query_link(Link(name="lo", index=2**31 - 1), kernel) == RECREATED
    assert query_link(Link(name="nope0", index=2**31 - 1), kernel) == Outcome(
        restart=True, reason=Reason.DELETED, message="interface nope0 deleted"
    )
    assert query_link(Link(name="nope0", index=lo.index), kernel) == Outcome(
        restart=True, reason=Reason.RENAMED, message="interface nope0 renamed to lo"
    )
    kernel.close()


def test_its_descriptors_are_given_back() -> None:
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are wanted
    kernel = FilteredSubscription(WT0)

    assert kernel.fileno() >= 0
    kernel.close()
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


@contextmanager
def no_descriptors_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_without_descriptors_it_cannot_start_but_it_can_look() -> None:
    lo, stop = Link(name="lo", index=socket.if_nametoindex("lo")), Stop()
    kernel = FilteredSubscription(lo)
    stop.set()  # it would try until there are some
    with no_descriptors_left():
        with pytest.raises(OSError, match="Too many open files"):
            FilteredSubscription(lo)
        outcome, standing = watch_filtered(lo, stop, Observer()), query_link(lo, kernel)
    kernel.close()
    stop.close()

    assert outcome == STOPPED
    assert standing is None


# --- what ends it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        pytest.param([delete()], DELETED, id="deleted"),
        pytest.param([delete(), create(9, "wt0")], DELETED, id="recreated"),
        pytest.param([delete(), create(7, "wt0")], DELETED, id="recreated with the same index"),
        pytest.param([rename("wt1")], renamed("wt1"), id="renamed"),
        pytest.param([rename("wt1"), rename("wt0")], renamed("wt1"), id="renamed and back"),
        pytest.param([rename("wt1"), create(9, "wt0")], renamed("wt1"), id="renamed, and its name taken"),
        pytest.param([move()], MOVED, id="moved to another namespace"),
        pytest.param([move(), create(7, "wt0")], MOVED, id="out and back"),
        pytest.param([flip(family=AF_BRIDGE), release(), flip()], STOPPED, id="a bridge's port for a while"),
        pytest.param([flip()] * 5, STOPPED, id="flags, mtu, alias"),
        pytest.param([delete(8), create(9, "veth0"), move(9)], STOPPED, id="others come and go"),
        pytest.param([rename("veth1", 8)], STOPPED, id="another is renamed"),
        pytest.param([forge()], STOPPED, id="somebody sends what only the kernel may say"),
        pytest.param([forge(), delete()], DELETED, id="a forgery, and then the truth"),
    ],
)
def test_what_happens_means_what_it_is(steps: list[Step], outcome: Outcome) -> None:
    assert watch(World(script=[flip(), *steps]))[0] == outcome
    assert watch(World(script=[flip(), *steps], paces=[*[0] * 6, 99]))[0] == outcome  # all of it in one moment


def test_a_name_that_comes_to_another_index_is_a_recreation() -> None:
    """No kernel sends this without an event of our index before; the event alone says enough."""
    assert watch(World(script=[lambda world: world.tell(message(RTM_NEWLINK, 9, ifname("wt0")))]))[0] == RECREATED


def test_what_is_not_ours_is_never_received() -> None:
    steps = [step for index in range(10, 60) for step in (create(index, f"veth{index}"), flip(index), delete(index))]
    world = World(script=[*steps, flip()])
    outcome, diary = watch(world)

    assert outcome == STOPPED
    assert diary.heard == 1
    assert world.calls.count("receive") == 1


def test_being_asked_to_stop_comes_before_whatever_is_queued() -> None:
    lo, stop = Link(name="lo", index=socket.if_nametoindex("lo")), Stop()
    stop.set()

    assert watch_filtered(lo, stop, Observer()) == STOPPED
    stop.close()


def test_a_spurious_wake_up_is_none() -> None:
    world = World(script=[flip(), flip()])
    empty = [True]

    def nothing_there() -> tuple[bytes, int]:
        if empty and empty.pop():
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return World.take(world)

    world.take = nothing_there  # type: ignore[method-assign]

    outcome, diary = watch(world)
    assert outcome == STOPPED
    assert diary.heard == 2


@pytest.mark.parametrize("number", [errno.EBADF, errno.ENOMEM, errno.ECONNRESET])
def test_a_subscription_that_ends_by_itself_is_closed_and_no_crash(number: int) -> None:
    outcome, _ = watch(World(script=[flip()], refuses={"receive": [OSError(number, os.strerror(number))]}))

    assert outcome == Outcome(
        restart=True, reason=Reason.CLOSED, message="link subscription channel closed unexpectedly"
    )


def test_a_failing_observer_does_not_keep_descriptors_open() -> None:
    class Broken(Diary):
        def received(self) -> None:
            raise RuntimeError("broken")

    world, stop = World(script=[flip()]), Stop()
    with inside(world), pytest.raises(RuntimeError, match="broken"):
        watch_filtered(WT0, stop, Broken(world))
    stop.close()

    assert world.open == 0


# --- overruns -------------------------------------------------------------------------------------------------------


def at_once(*steps: Step) -> Step:
    """Let all of it happen while the watcher cannot read."""

    def step(world: World) -> None:
        for one in steps:
            one(world)

    return step


def test_an_overrun_of_our_own_events_ends_nothing_and_says_what_it_cost() -> None:
    outcome, diary = watch(World(script=[at_once(*[flip()] * 20), flip()], capacity=8))

    assert outcome == STOPPED
    assert diary.losses == [12]


def test_an_overrun_is_noticed_when_somebody_has_eaten_its_error() -> None:
    world = World(script=[at_once(*[flip()] * 20, delete())], capacity=8, tells_overrun=False)
    outcome, diary = watch(world)

    assert outcome == DELETED
    assert diary.losses == [13]


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        pytest.param([delete()], DELETED, id="deleted"),
        pytest.param([rename("wt1")], renamed("wt1"), id="renamed"),
        pytest.param([delete(), create(9, "wt0")], RECREATED, id="recreated"),
        pytest.param([rename("wt1"), create(9, "wt0")], RECREATED, id="renamed, and its name taken"),
        pytest.param([release()], STOPPED, id="released by a bridge"),
    ],
)
def test_what_was_dropped_is_seen_by_looking(steps: list[Step], outcome: Outcome) -> None:
    assert watch(World(script=[at_once(*[flip()] * 20, *steps)], capacity=8))[0] == outcome


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        pytest.param([rename("wt1"), rename("wt0")], renamed("wt1"), id="renamed and back"),
        pytest.param([delete(), create(7, "wt0")], DELETED, id="recreated with the same index"),
        pytest.param([move(), create(7, "wt0")], MOVED, id="out and back"),
        pytest.param([move(), create(9, "wt0")], MOVED, id="moved, and its name taken"),
    ],
)
@pytest.mark.parametrize("tells_overrun", [True, False], ids=["told", "error eaten"])
def test_what_was_queued_before_an_overrun_is_not_thrown_away(
    steps: list[Step], outcome: Outcome, *, tells_overrun: bool
) -> None:
    """No look tells these afterwards: only the events that are still in the buffer do."""
    step = at_once(flip(), *steps, *[flip(), flip(9)] * 20)

    assert watch(World(script=[step], capacity=8, tells_overrun=tells_overrun))[0] == outcome


def test_it_goes_on_watching_after_an_overrun() -> None:
    world = World(script=[at_once(*[flip()] * 20), flip(), at_once(*[flip()] * 10), delete()], capacity=8)
    outcome, diary = watch(world)

    assert outcome == DELETED
    assert diary.losses == [12, 2]


def test_a_message_that_is_cut_is_news_too() -> None:
    filler = attribute(60, b"\0" * 60_000) * 2

    assert watch(World(script=[rename("wt1", filler=filler)]))[0] == renamed("wt1")


@pytest.mark.parametrize("fails", [1, 2, 5])
def test_a_question_that_is_not_answered_after_an_overrun_is_no_deletion(fails: int) -> None:
    def overrun(world: World) -> None:
        at_once(*[flip()] * 20)(world)
        world.ask_fails = fails

    assert watch(World(script=[overrun, flip()], capacity=8))[0] == STOPPED


@pytest.mark.parametrize("fails", [1, 2, 5])
def test_a_question_that_is_not_answered_is_asked_again(fails: int) -> None:
    def overrun(world: World) -> None:
        at_once(*[flip()] * 20, delete())(world)
        world.ask_fails = fails

    assert watch(World(script=[overrun], capacity=8))[0] == DELETED


# --- any history ----------------------------------------------------------------------------------------------------

OTHERS = st.integers(8, 10)
OTHER_STEPS = st.one_of(
    st.builds(flip, OTHERS),
    st.builds(create, OTHERS, st.sampled_from(["wt0", "wt01", "w", "veth1"])),
    st.builds(delete, OTHERS),
    st.builds(move, OTHERS),
    st.builds(rename, st.sampled_from(["wt0", "wt01", "veth2"]), OTHERS),
)
HARMLESS = st.one_of(
    st.just(flip()), st.just(release()), st.just(flip(family=AF_BRIDGE)), st.just(forge()), OTHER_STEPS
)
OURS = st.one_of(
    st.just(delete()),
    st.just(move()),
    st.builds(rename, st.sampled_from(["wt0", "wt1", "wt01"])),
    st.just(create(7, "wt0")),
    st.just(create(7, "wt1")),
)
BURSTS = st.lists(st.sampled_from([flip(), flip(), release(), forge()]), min_size=1, max_size=8)
AWAY_AND_BACK = st.sampled_from(
    [[rename("wt1"), rename("wt0")], [delete(), create(7, "wt0")], [move(), create(7, "wt0")]]
)
STARVED = st.builds(
    lambda before, ours, after: at_once(*before, *ours, *after), BURSTS, AWAY_AND_BACK | st.lists(OURS), BURSTS
)
SCRIPTS = st.lists(st.one_of(HARMLESS, OURS, STARVED), max_size=20)
HARMLESS_SCRIPTS = st.lists(HARMLESS | BURSTS.map(lambda steps: at_once(*steps)), max_size=40)
PACES = st.lists(st.integers(0, 6), max_size=30)
CAPACITIES = st.integers(1, 5) | st.just(1000)


@settings(max_examples=300)
@given(HARMLESS_SCRIPTS, PACES, CAPACITIES)
def test_no_history_in_which_our_link_is_untouched_ends_the_watch(
    script: list[Step], paces: list[int], capacity: int
) -> None:
    world = World(script=script, paces=paces, capacity=capacity)
    outcome, diary = watch(world)

    assert outcome == STOPPED
    assert sum(diary.losses) == world.drops


@settings(max_examples=300)
@given(SCRIPTS, PACES, CAPACITIES)
def test_every_history_has_the_outcome_that_it_deserves(script: list[Step], paces: list[int], capacity: int) -> None:
    world = World(script=script, paces=paces, capacity=capacity)
    outcome, diary = watch(world)
    touched = [
        event
        for event in world.told
        if event.family == 0 and event.index == 7 and (event.kind == "RTM_DELLINK" or event.name != "wt0")
    ]

    assert outcome.message != "interface wt0 renamed to wt0"
    if outcome == STOPPED:
        assert world.links.get(7) == "wt0", "what it watched is another or gone"
        assert not touched, "it was told of it"
        assert sum(diary.losses) == world.drops


@settings(max_examples=300)
@given(st.lists(HARMLESS, max_size=12), st.sampled_from(["delete", "move", "rename"]), st.lists(HARMLESS | OURS))
def test_without_an_overrun_the_first_thing_that_happens_to_our_link_is_the_outcome(
    before: list[Step], what: str, after: list[Step]
) -> None:
    step, deserved = {
        "delete": (delete(), DELETED),
        "move": (move(), MOVED),
        "rename": (rename("wt1"), renamed("wt1")),
    }[what]

    assert watch(World(script=[*before, step, *after]))[0] == deserved
