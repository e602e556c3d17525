"""Fetches what a Go process tells of its heap over pprof, and leaves it in files: one visit a mark.

Run as ``python -P -m harness.subjects.fetch URL FOLDER PREFIX...``, where the process can be reached: a program of its
own, on the standard library alone, so that it can run inside a network namespace. It goes to loopback addresses only,
follows no redirect, knows no proxy, and ends within a time and a size. It writes, all or nothing:

``PREFIX.memstats-1.txt`` as the visit begins, ``-2`` and ``-3`` at its end, one straight after the other: what happened
between two visits is from the last text of one to the first of the next, and 2 to 3 is what one fetch itself
allocates. Each has the lines of runtime.MemStats and, before them, ``# at_ns = `` (CLOCK_MONOTONIC). Between 1 and 2
``PREFIX.heap.pb.gz``, after a forced collection, since a profile is as old as the last one, and
``PREFIX.allocs.pb.gz``. Every fetch has a connection of its own, so that all fetches cost the process the same.

Several prefixes are so many visits, one straight after the other. Only the last one's profiles are kept: the others are
there to show how far two visits of a process that does nothing differ, and are cut short where they take long, as of a
process with a large heap. Exit status 3: nothing listens there.
"""

import signal
import sys
import time
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from types import FrameType
from typing import NamedTuple, NoReturn
from urllib.parse import urlsplit

TIMEOUT_S = 30.0
MAX_PROFILE_BYTES = 16 * 2**20
MAX_TEXT_BYTES = 64 * 2**20
_FOLDER = "/debug/pprof"
_MEMSTATS = b"# runtime.MemStats"
REHEARSE_S = 5.0
NOTHING_LISTENS = 3
FEW_GOROUTINES = 20_000
_OK = 200
_LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


class Unheard(Exception):
    """Nothing listens at the address."""


class _TooLate(SystemExit):
    """A visit took too long; nothing more of it is asked."""


class Base(NamedTuple):
    """Where pprof is served."""

    host: str
    port: int


def base(url: str) -> Base:
    """Read ``http://127.0.0.1:6060``, with ``/debug/pprof`` or without; ValueError saying what else was found.

    Names other than localhost are not looked up: whoever answers for them could send us anywhere.
    """
    parts = urlsplit(url)
    if parts.scheme != "http":
        raise ValueError(f"{url!r} does not begin with http://")
    if parts.query or parts.fragment or "@" in parts.netloc or parts.path.rstrip("/") not in {"", _FOLDER}:
        raise ValueError(f"{url!r} has more than a host, a port and {_FOLDER}")
    try:
        port = 80 if parts.port is None else parts.port
    except ValueError:
        raise ValueError(f"{url!r} has no port from 1 to 65535") from None
    if port == 0 or not _is_loopback(parts.hostname or ""):
        raise ValueError(f"{url!r} is not on loopback: expected 127.0.0.1, [::1] or localhost, and a port")
    return Base(parts.hostname or "", port)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address == _LOOPBACK[1] or (isinstance(address, IPv4Address) and address.is_loopback)


def visit(where: Base) -> dict[str, bytes]:
    """Fetch everything of one mark, by the ends of the files' names; SystemExit with one line where that fails."""
    return {
        ".memstats-1.txt": _memstats(where),
        ".heap.pb.gz": _get(where, "heap?gc=1", MAX_PROFILE_BYTES),
        ".allocs.pb.gz": _get(where, "allocs", MAX_PROFILE_BYTES),
        **_goroutines(where),
        ".memstats-2.txt": _memstats(where),
        ".memstats-3.txt": _memstats(where),
    }


def _visits(where: Base, prefixes: Sequence[str]) -> dict[str, bytes]:
    """Visit once for each prefix; give what is to be kept, by the files' names."""
    found = {}
    over = time.monotonic() + REHEARSE_S
    for prefix in prefixes:
        last = prefix == prefixes[-1]
        if last or time.monotonic() < over:
            signal.setitimer(signal.ITIMER_REAL, TIMEOUT_S)  # of all fetches of a visit, however slowly bytes drip
            files = visit(where)
            found.update({prefix + end: files[end] for end in files if last or "memstats" in end})
    return found


def _goroutines(where: Base) -> dict[str, bytes]:
    """Fetch goroutines counted by stack, and where they are few each of them, which has its creator.

    Nothing where a program does not serve them.
    """
    try:
        counted = _get(where, "goroutine?debug=1", MAX_PROFILE_BYTES)
        total = counted.partition(b"\n")[0].rpartition(b" ")[2]
        few = total.isdigit() and int(total) < FEW_GOROUTINES
        each = _get(where, "goroutine?debug=2", MAX_PROFILE_BYTES) if few else b""
    except _TooLate:
        raise
    except SystemExit:
        return {}
    return {".goroutines.txt": counted, **({".goroutines-each.txt": each} if each else {})}


def _memstats(where: Base) -> bytes:
    at_ns = time.monotonic_ns()
    _, found, rest = _get(where, "heap?debug=1", MAX_TEXT_BYTES).partition(_MEMSTATS)
    if not found:
        sys.exit(f"{_name(where)}: the heap's text has no runtime.MemStats: no Go program?")
    return f"# at_ns = {at_ns}\n".encode() + found + rest


def _get(where: Base, what: str, limit: int) -> bytes:
    connection = _connect(where)
    try:
        connection.request("GET", f"{_FOLDER}/{what}", headers={"Connection": "close", "Host": "localhost"})
        response = connection.getresponse()
        body = response.read(limit + 1)
    except (OSError, HTTPException) as cause:
        sys.exit(f"{_name(where)}: {what}: {_words(cause)}")
    finally:
        connection.close()
    if response.status != _OK:
        sys.exit(f"{_name(where)}: {what}: status {response.status}; expected {_OK}")
    if len(body) > limit:
        sys.exit(f"{_name(where)}: {what}: more than {limit:,} bytes")
    return body


def _connect(where: Base) -> HTTPConnection:
    """Open a connection; localhost is both loopback addresses, and is not looked up."""
    hosts = [str(one) for one in _LOOPBACK] if where.host == "localhost" else [where.host]
    for host in hosts:
        connection = HTTPConnection(host, where.port, timeout=TIMEOUT_S)
        try:
            connection.connect()
        except OSError as cause:
            refused = cause
        else:
            return connection
    if isinstance(refused, ConnectionRefusedError):
        raise Unheard(f"{_name(where)}: {_words(refused)}")
    sys.exit(f"{_name(where)}: {_words(refused)}")


def _words(cause: Exception) -> str:
    """Return one short line: an error may quote what the other side sent."""
    text = str(cause) or type(cause).__name__
    return "".join(letter if letter.isprintable() else "?" for letter in text[:200])


def _name(where: Base) -> str:
    return f"http://{where.host}:{where.port}{_FOLDER}"


def _too_late(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise _TooLate(f"no whole answer within {TIMEOUT_S:.0f} s")


def main(argv: Sequence[str] | None = None) -> None:
    """Fetch, then write; exit status 1 and one line on standard error where that fails."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    url, folder, *prefixes = arguments if len(arguments) > 2 else ("", "", "")  # noqa: PLR2004 - as named
    if not all(one and Path(one).name == one for one in prefixes):
        sys.exit("usage: python -P -m harness.subjects.fetch URL FOLDER PREFIX...")
    signal.signal(signal.SIGALRM, _too_late)
    try:
        for name, content in _visits(base(url), prefixes).items():
            with Path(folder, name).open("xb") as stream:  # a program may have put something there
                stream.write(content)
    except Unheard as cause:
        sys.stderr.write(f"{cause}\n")
        sys.exit(NOTHING_LISTENS)
    except (OSError, ValueError) as cause:
        sys.exit(_words(cause))


if __name__ == "__main__":
    main()
