"""A watcher that dumps the table of links back to back, planted with one of three ways to take a marked dump.

Usage: dumper.py WAY IFNAME. ``abort`` ends at a mark, as daemons of public bug reports do when they start. ``half``
stops reading at a mark, and takes what it has for the whole table. ``retry`` makes the dump again, five times at most,
and trusts what is in a dump, marked or not. All speak the protocol of docs/subjects.md.
"""

import json
import socket
import struct
import sys
import threading
import time

HEADER = struct.Struct("=IHHII")
DUMP = HEADER.pack(32, 18, 0x301, 1, 0) + bytes(16)  # RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP
DONE, MARKED, NAME = 3, 0x10, 3
TRIES, PAUSE_S = 5, 0.005


def say(event: str, **more: object) -> None:
    sys.stdout.write(json.dumps({"event": event, "at_ns": time.monotonic_ns(), **more}) + "\n")
    sys.stdout.flush()


def name_of(message: bytes) -> str:
    at = 32
    while at + 4 <= len(message):
        length, kind = struct.unpack_from("=HH", message, at)
        if kind == NAME:
            return message[at + 4 : at + length].rstrip(b"\0").decode()
        at += (length + 3) & ~3 or 4
    return ""


class Dumper:
    def __init__(self, way: str) -> None:
        self.way = way
        self.made = self.marked = self.retried = 0

    def dump(self) -> tuple[set[str], bool]:
        self.made += 1
        names: set[str] = set()
        marked = False
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
            kernel.send(DUMP)
            while True:
                part, at = kernel.recv(65536), 0
                while at < len(part):
                    length, kind, flags, _, _ = HEADER.unpack_from(part, at)
                    if flags & MARKED and not marked:
                        marked = True
                        self.marked += 1
                        if self.way == "abort":
                            self.tell()
                            sys.exit("the dump was interrupted")
                        if self.way == "half":
                            return names, True
                    if kind == DONE:
                        return names, marked
                    names.add(name_of(part[at : at + length]))
                    at += (length + 3) & ~3

    def there(self, name: str) -> bool:
        for _ in range(TRIES):
            names, marked = self.dump()
            if name in names:
                return True
            if not marked or self.way != "retry":
                return False
            self.retried += 1
        return bool(socket.if_nametoindex(name))

    def tell(self) -> None:
        say("dumps", made=self.made, marked=self.marked, retried=self.retried, discarded_ns=0)


def main(way: str, name: str) -> None:
    dumper, stop = Dumper(way), threading.Event()

    def listen() -> None:
        for line in sys.stdin:
            if line.strip() == "stop":
                break
        stop.set()

    say("ready", ifname=name, ifindex=socket.if_nametoindex(name))
    threading.Thread(target=listen, daemon=True).start()
    reason = "stopped"
    while not stop.wait(PAUSE_S):
        if not dumper.there(name):
            reason = "deleted"
            break
    dumper.tell()
    say("outcome", restart=reason != "stopped", reason=reason, message=None)


if __name__ == "__main__":
    main(*sys.argv[1:])
