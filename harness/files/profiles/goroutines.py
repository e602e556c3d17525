"""Goroutines by state, by where they wait, and by what created them. Pure."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from harness.probes.pprof.pprof import Frames

_STATES = (  # what Go's runtime calls to wait, and the state that a dump would show; the first that is found counts
    ("runtime.chanrecv", "chan receive"),
    ("runtime.chansend", "chan send"),
    ("runtime.selectgo", "select"),
    ("runtime.block", "select (no cases)"),
    ("internal/poll.runtime_pollWait", "IO wait"),
    ("runtime.netpollblock", "IO wait"),
    ("time.Sleep", "sleep"),
    ("sync.(*Cond).Wait", "sync.Cond.Wait"),
    ("sync.runtime_notifyListWait", "sync.Cond.Wait"),
    ("sync.runtime_Semacquire", "semacquire"),
    ("internal/sync.runtime_Semacquire", "semacquire"),
    ("runtime.semacquire", "semacquire"),
    ("os/signal.signal_recv", "syscall"),
    ("runtime.notetsleepg", "syscall"),
    ("syscall.", "syscall"),
    ("runtime.gopark", "waiting"),
)
_INSIDE = ("runtime.", "sync.", "internal/", "time.Sleep", "syscall.")


class Group(NamedTuple):
    """Goroutines that wait alike: their number, state, the function of the program they stand in, and their creator."""

    number: int
    state: str
    stands_in: str
    creator: str


def groups(stacks: Mapping[Frames, int]) -> list[Group]:
    found: Counter[tuple[str, str, str]] = Counter()
    for frames, number in stacks.items():
        found[_described(frames)] += number
    return [Group(number, *key) for key, number in sorted(found.items(), key=lambda row: (-row[1], row[0]))]


def _described(frames: Frames) -> tuple[str, str, str]:
    if frames[0].startswith("[") and len(frames) > 1:
        state, creator, *calls = frames
        return state.strip("[]"), _stands_in(tuple(calls)), creator.removeprefix("created by ")
    state = next(
        (name for prefix, name in _STATES if any(frame.startswith(prefix) for frame in frames[-6:])), "not recorded"
    )
    return state, _stands_in(frames), f"begins in {frames[0]}"


def _stands_in(frames: Frames) -> str:
    return next((frame for frame in reversed(frames) if not frame.startswith(_INSIDE)), frames[-1] if frames else "?")
