"""The open descriptors of a process by kind, from what only its owner or root may read (``safe_read.process_file``)."""

from collections import Counter

MOST_DESCRIPTORS = 4096  # by kind: a look at each takes two microseconds, and the next tick is due
_PROTOCOLS = {"NETLINK": "netlink_sockets", "UNIX": "unix_sockets", "UNIX-STREAM": "unix_sockets"}
_INET = ("TCP", "UDP", "RAW", "PING", "MPTCP", "SCTP")
_KINDS = {"/": "files", "pipe:": "pipes", "anon_inode:": "event_descriptors"}


def descriptor_kinds(entries: bytes) -> Counter[str]:
    """Count descriptors by kind, in the words of ``Sample``, from ``process_file(pid, "fd")``.

    A kind that has no column, such as a packet socket, is left out.
    """
    found = (_kind(entry.split(" ", 2)[1:]) for entry in entries.decode("utf-8", "replace").split("\0") if entry)
    return Counter(kind for kind in found if kind)


def _kind(entry: list[str]) -> str:
    target, protocol = entry[0], entry[1] if len(entry) > 1 else ""
    if target.startswith("socket:"):
        return _PROTOCOLS.get(protocol) or ("inet_sockets" if protocol.startswith(_INET) else "")
    return next((kind for start, kind in _KINDS.items() if target.startswith(start)), "")
