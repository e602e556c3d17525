"""Name of a subject to what is known of it: command, language, accounting mode, and whether it polls."""

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from harness.errors import SubjectFault, UsageFault
from harness.model import Language
from harness.subjects import toolchain

ALL_OBJECTS = "python:all-objects"
SIZE_CLASSES = "go:size-classes"


@dataclass(frozen=True, kw_only=True)
class SubjectKind:
    """A subject that this package brings."""

    name: str
    line: str
    language: Language
    accounting: str | None
    polls: bool
    rounds_only: bool = False
    control: bool = False


SUBJECTS = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            SubjectKind(
                name="poll",
                line='the "before": full RTM_GETLINK dump through pyroute2 at every interval',
                language="python",
                accounting=ALL_OBJECTS,
                polls=True,
            ),
            SubjectKind(
                name="netlink",
                line='the "after": RTNLGRP_LINK subscription through pyroute2, no polling',
                language="python",
                accounting=ALL_OBJECTS,
                polls=False,
            ),
            SubjectKind(
                name="netlink-filtered",
                line="raw RTNLGRP_LINK socket, filtered in the kernel, survives overruns: as it ought to be",
                language="python",
                accounting=ALL_OBJECTS,
                polls=False,
            ),
            SubjectKind(
                name="poll-name",
                line="one-name look-up (SIOCGIFINDEX) at every interval: the fair opponent of the dump",
                language="python",
                accounting=ALL_OBJECTS,
                polls=True,
            ),
            SubjectKind(
                name="go-poll",
                line='the "before" in Go, as netbird had it: net.InterfaceByName at every interval',
                language="go",
                accounting=SIZE_CLASSES,
                polls=True,
            ),
            SubjectKind(
                name="go-netlink",
                line='the "after" in Go, as netbird has it: vishvananda/netlink into a channel of 32',
                language="go",
                accounting=SIZE_CLASSES,
                polls=False,
            ),
            SubjectKind(
                name="go-netlink-resilient",
                line="the same, as it ought to be: larger buffer, survives overruns, moves are named",
                language="go",
                accounting=SIZE_CLASSES,
                polls=False,
            ),
            SubjectKind(
                name="ip-monitor",
                line="iproute2's `ip monitor link`, a yardstick for latency; it watches in rounds only",
                language="unknown",
                accounting=None,
                polls=False,
                rounds_only=True,
            ),
            SubjectKind(
                name="sleeper",
                line="control: does nothing; must be flat, and allocate nothing",
                language="python",
                accounting=ALL_OBJECTS,
                polls=False,
                control=True,
            ),
            SubjectKind(
                name="leaker",
                line="control: keeps memory at a known rate; must be growing, the rate within 10 %",
                language="python",
                accounting=None,
                polls=False,
                control=True,
            ),
            SubjectKind(
                name="churner",
                line="control: allocates 1,000,000 bytes a poll; must be found within 0.5 %",
                language="python",
                accounting=ALL_OBJECTS,
                polls=True,
                control=True,
            ),
            SubjectKind(
                name="go-churner",
                line="control: the same in Go, 1,048,576 bytes a poll",
                language="go",
                accounting=SIZE_CLASSES,
                polls=True,
                control=True,
            ),
            SubjectKind(
                name="poll-retry",
                line="full RTM_GETLINK dump, raw socket, made again where it changed meanwhile: as it ought to be",
                language="python",
                accounting=ALL_OBJECTS,
                polls=True,
            ),
            SubjectKind(
                name="poll-psutil",
                line="psutil.net_if_addrs at every interval: the dump that a Python program usually makes",
                language="python",
                accounting=ALL_OBJECTS,
                polls=True,
            ),
        )
    }
)


def find(name: str) -> SubjectKind:
    """Return the subject of that name; UsageFault naming all of them if there is none."""
    try:
        return SUBJECTS[name]
    except KeyError:
        raise UsageFault(
            f"no subject is called {name!r}; there are {', '.join(SUBJECTS)}", "netchurn list shows what each does"
        ) from None


IP_MONITOR = "ip-monitor"
LEAKER = "leaker"


def rounds_command(name: str, *, ifname: str, interval_s: float) -> tuple[str, ...]:
    """Build the argument list of a subject that watches in rounds; ``ip-monitor`` is iproute2's own, as a yardstick."""
    if name == IP_MONITOR:
        return (sys.executable, "-P", "-m", "harness.subjects.ip_monitor", "--ifname", ifname)
    go = find(name).language == "go"
    python = (sys.executable, "-P", "-m", "harness.subjects.repeated_watch", name)
    watcher: tuple[str, ...] = (str(gowatch()), name, "--rounds") if go else python
    return (*watcher, "--ifname", ifname, "--interval", repr(interval_s))


@cache
def go() -> toolchain.Toolchain:
    """Return the Go that builds the Go subjects; SubjectFault saying why there is none."""
    found = toolchain.find()
    if found is None:
        raise SubjectFault(toolchain.why_not(), toolchain.HINT)
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
    program = "controls" if kind.control else "subject_main"
    argv = [str(gowatch()), name] if go else [sys.executable, "-P", "-m", f"harness.subjects.{program}", name]
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


def search_path() -> str:
    """Return the folder that a subject's Python must search to find this very package."""
    return str(Path(__file__).resolve().parents[2])
