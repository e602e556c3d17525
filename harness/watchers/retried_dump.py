"""``poll-retry``: the dump as it ought to be made on a host whose links come and go.

A dump is answered in several datagrams, and the kernel's lock is released between them. A table that changes meanwhile
is dumped on, with NLM_F_DUMP_INTR on what follows (``nl_dump_check_consistent`` in linux/include/net/netlink.h, with
``dev_base_seq`` of the namespace: it counts links that appear and vanish, and renames do not touch it). So

* a link that a marked dump has is there, and its index is right;
* a link that a marked dump lacks may be there: the dump is made again, a bounded number of times, because under steady
  churn no dump is ever clean;
* when the bound is reached, the question that needs no dump decides: SIOCGIFINDEX, constant time.
"""

import socket
import struct
import time

from harness.watchers.filtered import events
from harness.watchers.polling import NLM_F_DUMP_INTR
from harness.watchers.protocols import Observer

TRIES = 3  # a dump of 500 links takes milliseconds, so this stays far below the two seconds of the poll
_RTM_GETLINK, _REQUEST_DUMP, _DONE, _ERROR = 18, 0x301, 3, 2  # linux/rtnetlink.h, linux/netlink.h
_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_LINK_BYTES = 16  # ifinfomsg, all zero: every link
_BUFFER_BYTES = 65_536  # the kernel fills 32 KiB of a datagram at most


class RetriedDump:
    """A look-up by a full dump over a socket of its own."""

    def __init__(self, observer: Observer) -> None:
        """Open the socket; OSError without descriptors."""
        self._observer = observer
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._buffer = bytearray(_BUFFER_BYTES)
        self._sequence = 0

    def __call__(self, name: str) -> int:
        """Return the index of a name; OSError when there is no such link, or the kernel does not answer."""
        for attempt in range(1, TRIES + 1):
            began = time.monotonic_ns()
            index, marked = self._dump(name)
            missing = index is None and marked
            took = time.monotonic_ns() - began if missing and attempt < TRIES else None
            self._observer.dumped(marked=marked, discarded_ns=took)
            if index is not None:
                return index
            if not marked:
                raise OSError(f"no such network interface: {name}")
        return socket.if_nametoindex(name)

    def _dump(self, name: str) -> tuple[int | None, bool]:
        """Read a whole dump; the index of the name in it, and whether any part was marked."""
        self._sequence += 1
        header = _HEADER.pack(_HEADER.size + _LINK_BYTES, _RTM_GETLINK, _REQUEST_DUMP, self._sequence, 0)
        self._socket.send(header + bytes(_LINK_BYTES))
        index, marked, done = None, False, False
        while not done:
            part = memoryview(self._buffer)[: self._socket.recv_into(self._buffer)]
            for event in events(part):
                index = event.index if event.name == name else index
            flags, done = self._headers(part)
            marked |= bool(flags & NLM_F_DUMP_INTR)
        return index, marked

    def _headers(self, part: memoryview) -> tuple[int, bool]:
        """Join the flags of a datagram's messages; whether the dump ends with it. OSError where the kernel says so."""
        at, flags, kind = 0, 0, 0
        while at + _HEADER.size <= len(part):
            length, kind, its_flags, _, _ = _HEADER.unpack_from(part, at)
            flags |= its_flags
            if kind in {_DONE, _ERROR} or length < _HEADER.size:
                break
            at += (length + 3) & ~3
        if kind in {_DONE, _ERROR}:
            (error,) = struct.unpack_from("=i", part, at + _HEADER.size)
            if error < 0:
                raise OSError(-error, "the kernel ended the dump")
        return flags, kind in {_DONE, _ERROR}

    def close(self) -> None:
        self._socket.close()
