"""Name of a subject to what is known of it: command, language, accounting mode, and whether it polls."""

from dataclasses import KW_ONLY, dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from harness import workers
from harness.errors import SubjectFault, UsageFault
from harness.model import Language
from harness.subjects import toolchain

ALL_OBJECTS = "python:all-objects"
SIZE_CLASSES = "go:size-classes"


_ACCOUNTING: dict[Language, str] = {"python": ALL_OBJECTS, "go": SIZE_CLASSES}


@dataclass(frozen=True)
class SubjectKind:
    """A subject that this package brings."""

    name: str
    language: Language
    line: str
    _: KW_ONLY
    polls: bool = False
    counted: bool = True
    rounds_only: bool = False
    control: bool = False

    @property
    def accounting(self) -> str | None:
        """How its allocations are counted; None: not."""
        return _ACCOUNTING.get(self.language) if self.counted else None


_KINDS = (
    SubjectKind("poll", "python", 'the "before": full RTM_GETLINK dump through pyroute2 at every interval', polls=True),
    SubjectKind("netlink", "python", 'the "after": RTNLGRP_LINK subscription through pyroute2, no polling'),
    SubjectKind(
        "netlink-filtered",
        "python",
        "raw RTNLGRP_LINK socket, filtered in the kernel, survives overruns: as it ought to be",
    ),
    SubjectKind(
        "poll-name",
        "python",
        "one-name look-up (SIOCGIFINDEX) at every interval: the fair opponent of the dump",
        polls=True,
    ),
    SubjectKind(
        "go-poll", "go", 'the "before" in Go, as netbird had it: net.InterfaceByName at every interval', polls=True
    ),
    SubjectKind("go-netlink", "go", 'the "after" in Go, as netbird has it: vishvananda/netlink into a channel of 32'),
    SubjectKind(
        "go-netlink-resilient", "go", "the same, as it ought to be: larger buffer, survives overruns, moves are named"
    ),
    SubjectKind(
        "ip-monitor",
        "unknown",
        "iproute2's `ip monitor link`, a yardstick for latency; it watches in rounds only",
        rounds_only=True,
    ),
    SubjectKind("sleeper", "python", "control: does nothing; must be flat, and allocate nothing", control=True),
    SubjectKind(
        "leaker",
        "python",
        "control: keeps memory at a known rate; must be growing, the rate within 10 %",
        counted=False,
        control=True,
    ),
    SubjectKind(
        "churner",
        "python",
        "control: allocates 1,000,000 bytes a poll; must be found within 0.5 %",
        polls=True,
        control=True,
    ),
    SubjectKind("go-churner", "go", "control: the same in Go, 1,048,576 bytes a poll", polls=True, control=True),
    SubjectKind(
        "poll-retry",
        "python",
        "full RTM_GETLINK dump, raw socket, made again where it changed meanwhile: as it ought to be",
        polls=True,
    ),
    SubjectKind(
        "poll-psutil",
        "python",
        "psutil.net_if_addrs at every interval: the dump that a Python program usually makes",
        polls=True,
    ),
)
SUBJECTS = MappingProxyType({kind.name: kind for kind in _KINDS})


def find(name: str) -> SubjectKind:
    """Return the subject of that name; UsageFault naming all of them if there is none."""
    try:
        return SUBJECTS[name]
    except KeyError:
        raise UsageFault(
            "unknown_subject",
            f"no subject is called {name!r}; there are {', '.join(SUBJECTS)}",
            "netchurn list shows what each does",
        ) from None


IP_MONITOR = "ip-monitor"
LEAKER = "leaker"


def rounds_command(name: str, *, ifname: str, interval_s: float) -> tuple[str, ...]:
    """Build the argument list of a subject that watches in rounds; ``ip-monitor`` is iproute2's own, as a yardstick."""
    if name == IP_MONITOR:
        return (*workers.IP_MONITOR.command, "--ifname", ifname)
    go = find(name).language == "go"
    python = (*workers.REPEATED_WATCH.command, name)
    watcher: tuple[str, ...] = (str(gowatch()), name, "--rounds") if go else python
    return (*watcher, "--ifname", ifname, "--interval", repr(interval_s))


@cache
def go() -> toolchain.Toolchain:
    """Return the Go that builds the Go subjects; SubjectFault saying why there is none."""
    found = toolchain.find()
    if found is None:
        raise SubjectFault("no_go", toolchain.why_not(), toolchain.HINT)
    return found


@cache
def gowatch() -> Path:
    """Return the program that holds the Go subjects, built if need be; SubjectFault saying why there is none."""
    return toolchain.binary(go())


def command(  # noqa: PLR0913 - what a subject can be told
    name: str,
    *,
    ifname: str,
    interval_s: float,
    polls: int | None = None,
    capture: Path | None = None,
    sample_bytes: int | None = None,
    leak_bytes_per_s: float = 0.0,
) -> tuple[str, ...]:
    """Build the argument list that starts a subject as a process of its own.

    ``capture`` is where allocations are recorded: memray's file, or the folder of a Go program's profiles.
    ``sample_bytes`` is how often a Go program samples for its profiles; None: as its runtime does. It moves no count.
    ``leak_bytes_per_s`` is for the leaker.
    """
    kind = find(name)
    go = kind.language == "go"
    program = workers.CONTROL if kind.control else workers.SUBJECT
    argv = [str(gowatch()), name] if go else [*program.command, name]
    if name == LEAKER:
        argv += ["--leak", repr(leak_bytes_per_s)]
    argv += ["--ifname", ifname, "--interval", repr(interval_s).removesuffix(".0")]
    if polls is not None:
        argv += ["--polls", str(polls)]
    if sample_bytes is not None:
        argv += ["--profile-rate", str(sample_bytes)]
    if capture is not None:
        argv += ["--profiles" if go else "--capture", str(capture)]
    return tuple(argv)
