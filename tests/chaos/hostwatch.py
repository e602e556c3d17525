"""A listener in the host's namespace: whatever happens to links, addresses and routes while tests run, it notes.

On a quiet host there is nothing to note. On one where others start containers there is, so events count as ours when
they are about a link that is called like one of a lab, or about an address of the block that labs take theirs from.
"""

import ipaddress
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.remains import OUR_LINKS
else:
    from remains import OUR_LINKS

GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400  # links, IPv4 addresses and routes, IPv6 addresses and routes
OUR_BLOCK = ipaddress.ip_network("100.64.0.0/10")
_BUFFER_BYTES = 8 << 20
_SO_RCVBUFFORCE = 33
_HEADER = struct.Struct("=IHHII")
_LINKS, _ADDRESSES, _ROUTES = {16, 17}, {20, 21}, {24, 25}  # RTM_NEW..., RTM_DEL...
_BODY_BYTES = {16: 16, 17: 16, 20: 8, 21: 8, 24: 12, 25: 12}
_WORDS = {16: "link", 17: "link gone", 20: "address", 21: "address gone", 24: "route", 25: "route gone"}
_IFLA_IFNAME, _IPV4_BYTES = 3, 4
_WITH_ADDRESS = {1, 2}  # IFA_ADDRESS, IFA_LOCAL; RTA_DST, RTA_SRC


class HostWatch:
    """Hears from its making on; ``events`` reads what came until now."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        with suppress(PermissionError):
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        self._socket.bind((0, GROUPS))
        self.ours: list[str] = []
        self.others: list[str] = []

    def hear(self) -> None:
        """Take in what has come; OSError when more came than the kernel keeps, so that nothing can be promised."""
        with suppress(BlockingIOError):
            while True:
                for kind, body in _messages(self._socket.recv(1 << 16)):
                    self._note(kind, body)

    def close(self) -> None:
        self._socket.close()

    def _note(self, kind: int, body: bytes) -> None:
        if kind not in _WORDS:
            return
        attributes = list(_attributes(body[_BODY_BYTES[kind] :]))
        if kind in _LINKS:
            name = next((value.rstrip(b"\0").decode() for number, value in attributes if number == _IFLA_IFNAME), "")
            ours = OUR_LINKS.fullmatch(name) is not None
        else:
            found = [ipaddress.ip_address(value) for number, value in attributes if _is_address(number, value)]
            name = " ".join(map(str, found))
            ours = any(one in OUR_BLOCK for one in found)
        (self.ours if ours else self.others).append(f"{_WORDS[kind]} {name}")


def _is_address(number: int, value: bytes) -> bool:
    return number in _WITH_ADDRESS and len(value) in {_IPV4_BYTES, 16}


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        yield kind, data[_HEADER.size : length]
        data = data[max(_HEADER.size, (length + 3) & ~3) :]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        yield kind & 0x3FFF, data[4:length]
        data = data[max(4, (length + 3) & ~3) :]


def main() -> None:
    """Say what is seen until the input ends: for the test that it sees at all."""
    watch = HostWatch()
    print("listening", flush=True)  # noqa: T201 - a program, which speaks by printing
    input()
    watch.hear()
    print(len(watch.ours), len(watch.others), *watch.ours, sep="\n")  # noqa: T201 - as above


if __name__ == "__main__":
    main()
