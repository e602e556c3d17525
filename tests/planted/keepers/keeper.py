"""A Python program that keeps memory in one way, named by its first argument, and counts its events by the protocol.

``python keeper.py HOW [fixed]``: HOW is list, dict, callback, lru_cache, extension or torrent, which is a list beside
500 MB/s of churn; fixed versions make as much and keep nothing. Each event keeps ``KEPT`` bytes, but for what objects
take themselves. The churner is ``churn``.
"""

import functools
import json
import select
import sys
import time

KEPT = 12_000
CHURNED = (KEPT,) * 10
TORRENT = (4096,) * 2441
INTERVAL_S = 0.02
kept_list: list[bytes] = []
kept_dict: dict[int, bytes] = {}
callbacks: list[object] = []


def churn(number: int) -> int:
    """Allocate, and free: ten times what is kept."""
    for size in CHURNED:
        bytes(size)
    return number


def keep_list(number: int) -> None:
    """Append to a list that nobody empties."""
    del number
    kept_list.append(bytes(KEPT))


def keep_dict(number: int) -> None:
    """Fill a cache that has no bound."""
    kept_dict[number] = bytes(KEPT)


def keep_callback(number: int) -> None:
    """Register a callback that nobody removes."""
    payload = bytes(KEPT)
    callbacks.append(lambda: (payload, number))


@functools.cache
def keep_lru_cache(number: int) -> bytes:
    """Return what a cache without a bound then keeps."""
    return bytes(KEPT + number % 2)


def keep_torrent(number: int) -> None:
    """Append to that list, and allocate and free 10 MB."""
    keep_list(number)
    for size in TORRENT:
        bytes(size)


def keep_extension(number: int) -> None:
    """Call a C extension that forgets what it allocates."""
    import keepmod  # type: ignore[import-not-found]  # noqa: PLC0415 - built for this one

    del number
    keepmod.keep(KEPT)


def release(how: str) -> None:
    """Undo what an event kept, where the program is the fixed one."""
    kept_list.clear()
    kept_dict.clear()
    callbacks.clear()
    keep_lru_cache.cache_clear()
    if how == "extension":
        import keepmod  # noqa: PLC0415 - as above

        keepmod.release()


def say(**line: object) -> None:
    """Write one line of the protocol."""
    sys.stdout.write(json.dumps({**line, "at_ns": time.monotonic_ns()}) + "\n")
    sys.stdout.flush()


def main(how: str, fixed: str = "") -> None:
    """Live until told to stop."""
    keep = globals()[f"keep_{how}"]
    say(event="ready", ifname="wt0", ifindex=0)
    events, due = 0, time.monotonic()
    while True:
        due += INTERVAL_S
        if select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))[0]:
            word = sys.stdin.readline().strip()
            say(event="work", polls=0, events=events, allocated_bytes=None, allocations=None)
            if word != "mark":
                return
        keep(events)
        churn(events)
        if fixed:
            release(how)
        events += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
