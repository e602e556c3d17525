"""``netlink-filtered``: the link watcher that ought to exist. Read it as a text on how to do this right.

The interface is known by an index and a name. The watcher sleeps in ``poll`` and is woken by events of that index or
that name and by nothing else: between them it makes no system call and allocates nothing, whatever goes on around it.

1. *The kernel filters.* A classic BPF program (``SO_ATTACH_FILTER``, no privilege needed) runs before a message is
   queued, so that a thousand containers coming and going cost this process nothing and cannot fill its buffer. It lets
   through our index **or** our name: by index alone a new interface of our name would go unseen.
2. *Filter, then bind, then look.* Attached before ``bind``, the filter never lets a foreign event in; looked at after
   ``bind``, the name cannot have changed hands unseen.
3. *An overrun is news, not an end.* When the buffer was full the kernel says ENOBUFS once, and drops until the queue is
   empty. So: read on until it is, **then** ask for the state; whoever asks first loses what was dropped in between, and
   whoever throws the queue away loses the only witnesses of what was undone since, as a rename and back. The drop
   counter (``SO_MEMINFO``) is compared as well, as somebody else's ``getsockopt(SO_ERROR)`` may have eaten the error.
4. *Asking takes no descriptor.* The socket for questions is opened at the start, a second one because replies would be
   filtered too, and one that asks by ``ioctl``: constant time, by name and by index, with an errno that tells "no such
   device" from everything else. Running out of descriptors therefore never reads as "deleted", and a question that is
   not answered is asked again.
5. *Only link messages of the kernel count.* Port 0 is the kernel; family AF_UNSPEC is the device itself. A bridge that
   lets a port go sends RTM_DELLINK of family AF_BRIDGE for an interface that lives on.
6. *A want passes.* No descriptor, no memory: try again, a second apart, and look once it stands. The tunnel has done
   nothing wrong. What is forbidden stays forbidden, and is said.
7. *Moved is not deleted.* RTM_DELLINK with IFLA_NEW_NETNSID says that the interface went to another namespace.
"""

import ctypes
import errno
import fcntl
import select
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack

from harness.watchers.classify import (
    LinkEvent,
    classify_strict,
    closed,
    deleted,
    recreated,
    renamed,
    stopped,
    subscribe_failed,
)
from harness.watchers.outcome import Link, Outcome
from harness.watchers.protocols import Observer, Stop

# linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, asm-generic/socket.h
RTMGRP_LINK = 1
_KINDS = {16: "RTM_NEWLINK", 17: "RTM_DELLINK"}
IFLA_IFNAME, IFLA_NEW_NETNSID = 3, 45
SO_ATTACH_FILTER, SO_MEMINFO = 26, 55
SIOCGIFNAME, SIOCGIFINDEX = 0x8910, 0x8933
KERNEL_PORT = 0
RETRY_S = 1.0
TRANSIENT_ERRNOS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}

_MESSAGE = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_LINK = struct.Struct("=BxHiII")  # ifinfomsg: family, type, index, flags, change
_ATTRIBUTE = struct.Struct("=HH")  # nlattr: length, type
_FAMILY_AT, _INDEX_AT, _ATTRIBUTES_AT = 16, 20, 32
_MEMINFO = struct.Struct("=9I")
_DROPS = 8
_BUFFER_BYTES = 65_536  # a link message of a card with many virtual functions takes tens of kilobytes
_NAME_BYTES = 16


_LOAD_BYTE, _LOAD_WORD, _LOAD_WORD_AT_X, _LOAD_CONSTANT, _LOAD_X = 0x30, 0x20, 0x40, 0x00, 0x01
_JUMP_IF_EQUAL, _A_TO_X, _GIVE = 0x15, 0x07, 0x06
_FIND_ATTRIBUTE = 0xFFFFF000 + 12  # SKF_AD_OFF + SKF_AD_NLATTR
_ALL = 0xFFFFFFFF


def program(link: Link) -> bytes:
    """Build the BPF program that lets through AF_UNSPEC messages of our index or of our name.

    Loads are in network order, so constants are written that way round. The ancillary load finds an attribute by the
    type in X, from the offset in A on, and leaves its offset, or 0, in A. Attributes are padded with zeros to four
    bytes, so the name is compared in words, its closing zero included.
    """
    index = int.from_bytes(struct.pack("=i", link.index), "big")
    name = link.name.encode(errors="surrogateescape") + b"\0"
    words = [int.from_bytes(name[at : at + 4].ljust(4, b"\0"), "big") for at in range(0, len(name), 4)]
    # (operation, operand, where to if equal, where to if not); None: the next one
    steps: list[tuple[int, int, str | None, str | None]] = [
        (_LOAD_BYTE, _FAMILY_AT, None, None),
        (_JUMP_IF_EQUAL, socket.AF_UNSPEC, None, "refuse"),
        (_LOAD_WORD, _INDEX_AT, None, None),
        (_JUMP_IF_EQUAL, index, "accept", None),
        (_LOAD_CONSTANT, _ATTRIBUTES_AT, None, None),
        (_LOAD_X, IFLA_IFNAME, None, None),
        (_LOAD_WORD, _FIND_ATTRIBUTE, None, None),
        (_JUMP_IF_EQUAL, 0, "refuse", None),
        (_A_TO_X, 0, None, None),
    ]
    for number, word in enumerate(words):
        steps += [
            (_LOAD_WORD_AT_X, _ATTRIBUTE.size + 4 * number, None, None),
            (_JUMP_IF_EQUAL, word, None, "refuse"),
        ]
    return _encoded(steps)


def _encoded(steps: list[tuple[int, int, str | None, str | None]]) -> bytes:
    """Encode the steps, and behind them the two ends: accept everything, refuse everything."""
    ends = {"accept": len(steps), "refuse": len(steps) + 1}
    code = [
        struct.pack("=HBBI", operation, _leap(ends, at, yes), _leap(ends, at, no), operand)
        for at, (operation, operand, yes, no) in enumerate(steps)
    ]
    return b"".join([*code, struct.pack("=HBBI", _GIVE, 0, 0, _ALL), struct.pack("=HBBI", _GIVE, 0, 0, 0)])


def _leap(ends: dict[str, int], at: int, where: str | None) -> int:
    return 0 if where is None else ends[where] - at - 1


def events(data: memoryview) -> Iterator[LinkEvent]:
    """Read the link messages of one datagram; what is cut off, and what is no link message, is left out."""
    at = 0
    while at + _MESSAGE.size <= len(data):
        length, kind, *_ = _MESSAGE.unpack_from(data, at)
        if not _MESSAGE.size <= length <= len(data) - at:
            return
        if kind in _KINDS and length >= _ATTRIBUTES_AT:
            yield _event(_KINDS[kind], data[at : at + length])
        at += (length + 3) & ~3


def _event(kind: str, message: memoryview) -> LinkEvent:
    family, _, index, _, _ = _LINK.unpack_from(message, _MESSAGE.size)
    name, moved_away = "", False
    at = _ATTRIBUTES_AT
    while at + _ATTRIBUTE.size <= len(message):
        length, attribute = _ATTRIBUTE.unpack_from(message, at)
        if not _ATTRIBUTE.size <= length <= len(message) - at:
            break
        if attribute == IFLA_IFNAME:
            name = bytes(message[at + _ATTRIBUTE.size : at + length]).split(b"\0")[0].decode(errors="surrogateescape")
        moved_away |= attribute == IFLA_NEW_NETNSID
        at += (length + 3) & ~3
    return LinkEvent(kind=kind, index=index, name=name, family=family, moved=moved_away)


class FilteredSubscription:
    """A subscription to the events of one link, and a way to ask about it. OSError where the kernel refuses."""

    def __init__(self, link: Link) -> None:
        """Open both sockets: filter, bind, and then be ready to ask."""
        with ExitStack() as opened:
            self._socket = opened.enter_context(
                socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
            )
            code = program(link)
            kept = ctypes.create_string_buffer(code, len(code))
            handle = struct.pack("@HP", len(code) // 8, ctypes.addressof(kept))
            self._socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, handle)
            self._socket.bind((0, RTMGRP_LINK))
            self._asking = opened.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            self._opened = opened.pop_all()
        self._buffer = bytearray(_BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._drops = 0
        self.lost = False  # whether events were dropped or cut since ``losses`` was last asked

    def fileno(self) -> int:
        """Readable when something happened to our link, or was lost."""
        return self._socket.fileno()

    def receive(self) -> list[LinkEvent]:
        """Return one datagram's events; BlockingIOError when there is none, another OSError at its end.

        An overrun sets ``lost`` and ends nothing: what was queued before it is still to come.
        """
        try:
            size, _, flags, sender = self._socket.recvmsg_into([self._buffer])
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            self.lost = True
            return []
        self.lost |= bool(flags & socket.MSG_TRUNC) or self._counted() != self._drops
        return list(events(self._view[:size])) if sender[0] == KERNEL_PORT else []

    def losses(self) -> int:
        """Count the events that the kernel dropped on this socket since this was last asked."""
        before, self._drops, self.lost = self._drops, self._counted(), False
        return self._drops - before

    def _counted(self) -> int:
        return int(_MEMINFO.unpack(self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, _MEMINFO.size))[_DROPS])

    def index_of(self, name: str) -> int | None:
        """Ask which index a name has now; None for none, OSError when the kernel does not answer the question."""
        request = struct.pack("=16s24x", name.encode(errors="surrogateescape"))
        answer = self._ask(SIOCGIFINDEX, request)
        return None if answer is None else int(struct.unpack_from("=i", answer, _NAME_BYTES)[0])

    def name_of(self, index: int) -> str | None:
        """Ask which name an index has now; None for none, OSError when the kernel does not answer the question."""
        answer = self._ask(SIOCGIFNAME, struct.pack("=16xi20x", index))
        return None if answer is None else answer[:_NAME_BYTES].split(b"\0")[0].decode(errors="surrogateescape")

    def _ask(self, question: int, request: bytes) -> bytes | None:
        try:
            return fcntl.ioctl(self._asking, question, request)
        except OSError as error:
            if error.errno in {errno.ENODEV, errno.ENXIO}:
                return None
            raise

    def close(self) -> None:
        self._opened.close()


def query_link(link: Link, kernel: FilteredSubscription) -> Outcome | None:
    """Ask how the link stands, by name and by index; None: as it was.

    Not to be seen by looking: a link deleted and made again with the same index and name, and a way out to another
    namespace and back. Only events tell those; without them a link that lives on in another namespace looks deleted.
    """
    index = kernel.index_of(link.name)
    if index == link.index:
        return None
    if index is not None:
        return recreated()
    name = kernel.name_of(link.index)
    if name == link.name:
        return None  # renamed back between the two questions: its events are queued, and tell the names
    return deleted(link) if name is None else renamed(link, name)


def watch_filtered(link: Link, stop: Stop, observer: Observer) -> Outcome:
    """Sleep until something happens to the link, or stop is set. A storm of events, ours or not, ends nothing."""
    try:
        kernel = _subscribe(link, stop)
    except OSError as cause:
        return subscribe_failed(cause)
    if kernel is None:
        return stopped()
    try:
        outcome = _first_look(link, kernel, stop) or _listen(link, kernel, stop, observer)
        observer.decided(outcome)
    finally:
        kernel.close()
    return outcome


def _subscribe(link: Link, stop: Stop) -> FilteredSubscription | None:
    """Try while the kernel wants for something; OSError where it refuses. None when asked to stop meanwhile."""
    while True:
        try:
            return FilteredSubscription(link)
        except OSError as error:
            if error.errno not in TRANSIENT_ERRNOS:
                raise
            if stop.wait(RETRY_S):
                return None


def _first_look(link: Link, kernel: FilteredSubscription, stop: Stop) -> Outcome | None:
    """Look until the kernel answers, or until asked to stop."""
    while True:
        try:
            return query_link(link, kernel)
        except OSError:
            if stop.wait(RETRY_S):
                return stopped()


def _listen(link: Link, kernel: FilteredSubscription, stop: Stop, observer: Observer) -> Outcome:
    poll = select.poll()
    poll.register(kernel.fileno(), select.POLLIN)
    poll.register(stop.fileno(), select.POLLIN)
    observer.ready(link)
    patience_ms: float | None = None  # without a doubt, for ever
    while True:
        readable = [descriptor for descriptor, _ in poll.poll(patience_ms)]
        if stop.fileno() in readable:
            return stopped()
        if readable:
            outcome = _take(link, kernel, observer)
            patience_ms = 0 if kernel.lost else patience_ms
        else:
            outcome, patience_ms = _look_again(link, kernel, observer)
        if outcome is not None:
            return outcome


def _take(link: Link, kernel: FilteredSubscription, observer: Observer) -> Outcome | None:
    try:
        received = kernel.receive()
    except BlockingIOError:
        return None
    except OSError:
        return closed()
    for event in received:
        observer.received()
        outcome = classify_strict(link, event)
        if outcome is not None:
            return outcome
    return None


def _look_again(link: Link, kernel: FilteredSubscription, observer: Observer) -> tuple[Outcome | None, float | None]:
    """Ask for the state once the queue is empty; give the outcome, and after how long to ask again (ms)."""
    if kernel.lost:
        observer.lost(kernel.losses())
    try:
        return query_link(link, kernel), None
    except OSError:
        return None, RETRY_S * 1000
