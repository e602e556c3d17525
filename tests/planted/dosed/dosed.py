"""The same as dosed.c, in Python: ``dosed.py HOW BYTES``."""

import os
import select
import signal
import socket
import struct
import sys
import time

HOW, BYTES = sys.argv[1], int(sys.argv[2])
WARM, TICK_S, HELD_S, IFLA_IFNAME, RTM_NEWLINK = 400, 0.05, 5.0, 3, 16
OVERHEAD = 33 + 8  # of a bytes object, and of its place in a list


class Keeper:
    """What is kept, and of what."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.kept: list[bytes] = []
        self.queued: list[bytes] = []
        self.newest = max(index for index, _ in socket.if_nameindex())

    def make(self) -> bytes:
        """Make an object of BYTES bytes, its place in a list included."""
        return b"x" * (BYTES - OVERHEAD)

    def event(self) -> None:
        """Do what it does of each link event."""
        if HOW == "event" or (HOW == "warm-up" and len(self.kept) < WARM):
            self.kept.append(self.make())
        elif HOW == "innocent":
            self.make()
        elif HOW == "queue":
            self.queued.append(self.make())

    def read(self, data: bytes) -> None:
        """Take messages apart."""
        at = 0
        while at + 16 <= len(data):
            length, kind = struct.unpack_from("=IH", data, at)
            self.event()
            self.container(kind, data[at + 16 : at + length])
            at += (length + 3) & ~3

    def container(self, kind: int, body: bytes) -> None:
        """Notice a veth pair that is new; its peer has the next index, or the one before."""
        (index,) = struct.unpack_from("=i", body, 4)
        if kind != RTM_NEWLINK or index <= self.newest:
            return
        self.newest = index
        at = 16
        while at + 4 <= len(body):
            length, attribute = struct.unpack_from("=HH", body, at)
            name = body[at + 4 : at + length]
            if attribute == IFLA_IFNAME and name.startswith(b"box") and b"peer" not in name:
                if HOW == "container":
                    self.kept.append(self.make())
                self.newest += 1
            at += (length + 3) & ~3


def main() -> None:
    """Live until killed."""
    keeper = Keeper()
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    link.bind((0, 1))
    # recv() would make an object of 64 KiB each time and shrink it: what is kept would lie between the rests of them.
    buffer = memoryview(bytearray(1 << 16))
    told, tell = os.pipe2(os.O_NONBLOCK)
    signal.set_wakeup_fd(tell)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    began = last = drained = time.monotonic()
    ticks = 0
    while True:
        ready, _, _ = select.select([link.fileno(), told], [], [], TICK_S)
        now = time.monotonic()
        if link.fileno() in ready:
            keeper.read(bytes(buffer[: link.recv_into(buffer)]))
            last = now
        if told in ready:
            for _ in os.read(told, 4096):
                if HOW == "command":
                    keeper.kept.append(keeper.make())
        while HOW == "clock" and ticks < (now - began) * 20:
            keeper.kept.append(keeper.make())
            ticks += 1
        if keeper.queued and (now - last > 0.3 or now - drained > HELD_S):
            keeper.queued.clear()
            drained = now


main()
