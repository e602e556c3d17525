"""``netlink-filtered`` as a subject process on the real kernel: what ends it, what must not, and what it costs."""

import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import NamedTuple

import pytest

from harness.lab.client import Lab
from harness.model import Said
from harness.probes import memray_heap
from harness.run.interrupt import Interrupt
from harness.run.process_group import Cast
from harness.subjects.process import Subject
from harness.subjects.registry import command

pytestmark = pytest.mark.netns

Inside = Callable[..., CompletedProcess[str]]
Ip = Callable[..., None]
PAIRS = 4
NEVER_S = 86_400
HANG_S = 120.0
FLIPS = 600  # a default receive buffer holds some 92 link messages; far more, on any kernel
DESCRIPTORS = 3  # as many as a subject has streams: not one more can be opened

DELETED = (True, "deleted", "interface wt0 deleted")
MOVED = (True, "moved", "interface wt0 moved to another namespace")
RENAMED = (True, "renamed", "interface wt0 renamed to wt1")
STOPPED = (False, "stopped", "wg interface monitor stopped: asked to stop")

RECREATE = ("link delete wt0", "link add wt0 type veth peer name other")
AWAY_AND_BACK = ("link set wt0 name wt1", "link set wt1 name wt0")

FORGERY = """
import socket, struct, sys
port, index = map(int, sys.argv[1:])
body = struct.pack("=BBHiII", 0, 0, 1, index, 0, 0) + struct.pack("=HH4s", 8, 3, b"wt0\\0")
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as forger:
    forger.sendto(struct.pack("=IHHII", 16 + len(body), 17, 0, 0, 0) + body, (port, 0))
"""


@pytest.fixture
def cast(lab: Lab) -> Iterator[Cast]:
    lab.add_pairs(0, PAIRS)
    with Interrupt() as interrupt, Cast(lab, interrupt) as made:
        yield made


@pytest.fixture
def ip(inside: Inside) -> Ip:
    def change(*lines: str) -> None:
        done = inside("ip", "-batch", "-", stdin="\n".join(lines) + "\n")
        assert done.returncode == 0, done.stderr

    return change


@pytest.fixture
def watched(lab: Lab, ip: Ip) -> None:
    """The interface that a run watches, WireGuard where this machine has it; down, so that any kernel renames it."""
    lab.add_watched("wt0")
    ip("link set wt0 down")


@pytest.fixture
def veth(ip: Ip) -> None:
    """A stand-in that can be a bridge's port, and made again with an index of one's choice."""
    ip("link add wt0 type veth peer name other")


def start(cast: Cast) -> Subject:
    subject = cast.start("filtered", command("netlink-filtered", ifname="wt0", interval_s=NEVER_S))
    cast.wait_until_ready()
    return subject


def end(cast: Cast, subject: Subject) -> tuple[bool, str, str | None]:
    """Wait for a subject's end; it must be a good one, with one verdict and nothing else on its mind."""
    assert cast.wait(lambda: not subject.alive, HANG_S)
    cast.stop(subject)
    words = [line for line in subject.stderr_tail.splitlines() if not line.startswith("Memray WARNING: Correcting")]
    assert (subject.exit_status, words, subject.garbage) == (0, [], 0)  # memray says so of a static interpreter
    [said] = subject.said
    assert isinstance(said, Said)
    return said.restart, said.reason, said.message


def stop(cast: Cast, subject: Subject) -> tuple[bool, str, str | None]:
    subject.send("stop")
    return end(cast, subject)


class Threads(NamedTuple):
    """All threads of a process: their states, and how often they went to sleep of their own accord."""

    states: frozenset[str]
    switches: int


def threads(subject: Subject) -> Threads:
    texts = [(task / "status").read_text() for task in Path(f"/proc/{subject.process.pid}/task").iterdir()]
    fields = [dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line) for text in texts]
    return Threads(
        frozenset(one["State"][0] for one in fields), sum(int(one["voluntary_ctxt_switches"]) for one in fields)
    )


def asleep(subject: Subject) -> int:
    """Wait until all of a process sleeps; give how often it had gone to sleep until then."""
    before = Threads(frozenset(), -1)
    while (now := threads(subject)) != before or now.states != {"S"}:
        before = now
        os.sched_yield()
    return now.switches


class Buffer(NamedTuple):
    """The subscription as the kernel sees it: bytes that wait, and events dropped."""

    port: int
    queued: int
    dropped: int


def buffer(subject: Subject) -> Buffer:
    """Read the one row of the kernel's table whose inode is a socket of the subject, and which is in a group."""
    folder = Path(f"/proc/{subject.process.pid}")
    sockets = {str(entry.readlink()) for entry in (folder / "fd").iterdir()}
    table = [line.split() for line in (folder / "net/netlink").read_text().splitlines()[1:]]
    [row] = [row for row in table if f"socket:[{row[9]}]" in sockets]
    assert int(row[3], 16) == 1, "it is in RTNLGRP_LINK and in no other group"
    return Buffer(int(row[2]), int(row[4]), int(row[8]))


def events(cast: Cast, subject: Subject) -> int:
    """Wait until all that was sent is taken in; give how many events that were."""
    while buffer(subject).queued:
        os.sched_yield()
    asleep(subject)
    cast.mark()
    return subject.works[-1].events


def while_it_is_stopped(subject: Subject, change: Callable[[], None]) -> Buffer:
    """Do something while the subject cannot read; give how its buffer stands before it reads again."""
    subject.kill(signal.SIGSTOP)
    while threads(subject).states != {"T"}:
        os.sched_yield()
    change()
    stands = buffer(subject)
    subject.kill(signal.SIGCONT)
    return stands


def flips(number: int = FLIPS, name: str = "wt0") -> tuple[str, ...]:
    return tuple(f"link set {name} mtu {1400 + one % 2}" for one in range(number))


def hears_of_loss(cast: Cast, subject: Subject) -> int | None:
    assert cast.wait(lambda: subject.lost is not None or not subject.alive, HANG_S)
    return subject.lost


# --- what happens to our interface ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        pytest.param(["link delete wt0"], DELETED, id="deleted"),
        pytest.param(["link set wt0 name wt1"], RENAMED, id="renamed"),
        pytest.param(AWAY_AND_BACK, RENAMED, id="renamed and back"),
    ],
)
def test_the_interface_of_a_run(cast: Cast, ip: Ip, change: list[str], outcome: tuple[bool, str, str]) -> None:
    subject = start(cast)
    ip(*change)
    assert end(cast, subject) == outcome


@pytest.mark.usefixtures("veth")
@pytest.mark.parametrize("stopped", [False, True], ids=["while it listens", "in one moment"])
@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        pytest.param(["link delete wt0"], DELETED, id="deleted"),
        pytest.param(["link delete other"], DELETED, id="deleted with its peer"),
        pytest.param(RECREATE, DELETED, id="recreated"),
        pytest.param(["link set wt0 name wt1"], RENAMED, id="renamed"),
        pytest.param(AWAY_AND_BACK, RENAMED, id="renamed and back"),
        pytest.param(["link set wt0 name wt1", "link set other name wt0"], RENAMED, id="renamed, and its name taken"),
    ],
)
def test_a_stand_in(
    cast: Cast,
    ip: Ip,
    change: list[str],
    outcome: tuple[bool, str, str],
    stopped: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    subject = start(cast)
    if stopped:
        while_it_is_stopped(subject, lambda: ip(*change))
    else:
        ip(*change)
    assert end(cast, subject) == outcome


@pytest.mark.usefixtures("veth")
def test_a_recreation_with_the_same_index(cast: Cast, lab: Lab, ip: Ip) -> None:
    _, index = lab.links("wt0")
    subject = start(cast)
    while_it_is_stopped(subject, lambda: ip("link delete wt0", f"link add wt0 index {index} type veth peer name other"))
    assert lab.links("wt0")[1] == index
    assert end(cast, subject) == DELETED


@pytest.fixture
def elsewhere(cast: Cast) -> int:
    """Another namespace: the process id, inside, of one who lives there."""
    other = cast.start("elsewhere", [str(shutil.which("unshare")), "--net", "sh", "-c", "echo there; cat"])
    assert cast.wait(lambda: other.garbage == 1, HANG_S)
    return other.process.inner_pid


def start_beside(cast: Cast) -> Subject:
    """Start the watcher beside one who never says ready."""
    subject = cast.start("filtered", command("netlink-filtered", ifname="wt0", interval_s=NEVER_S))
    assert cast.wait(lambda: subject.ready is not None, HANG_S)
    return subject


@pytest.mark.usefixtures("veth")
def test_a_move_to_another_namespace(cast: Cast, ip: Ip, elsewhere: int) -> None:
    subject = start_beside(cast)
    ip(f"link set wt0 netns {elsewhere}")
    assert end(cast, subject) == MOVED


@pytest.mark.usefixtures("veth")
def test_a_move_out_and_back_keeps_name_and_index_and_is_seen(
    cast: Cast, lab: Lab, ip: Ip, inside: Inside, elsewhere: int
) -> None:
    before = lab.links("wt0")
    subject = start_beside(cast)

    def out_and_back() -> None:
        ip(f"link set wt0 netns {elsewhere}")
        into = ("nsenter", f"--net=/proc/{elsewhere}/ns/net")
        done = inside(*into, "ip", "link", "set", "wt0", "netns", "1")
        assert done.returncode == 0, done.stderr

    while_it_is_stopped(subject, out_and_back)
    assert lab.links("wt0") == before
    assert end(cast, subject) == MOVED


# --- what must not end it -------------------------------------------------------------------------------------------


def test_a_bridge_takes_it_and_lets_it_go(cast: Cast, ip: Ip, veth: None) -> None:
    del veth
    ip("link add br0 type bridge")
    subject = start(cast)
    asked = cast.start("netlink", command("netlink", ifname="wt0", interval_s=NEVER_S))
    cast.wait_until_ready()
    ip("link set wt0 master br0", "link set wt0 nomaster")
    assert end(cast, asked)[1] == "deleted", "the release was not told as a deletion: this proves nothing"
    assert events(cast, subject) > 0
    assert stop(cast, subject) == STOPPED


@pytest.mark.usefixtures("watched")
def test_changes_of_all_that_is_not_its_identity(cast: Cast, ip: Ip) -> None:
    subject = start(cast)
    ip("link set wt0 up", *flips(6), "link set wt0 down", "link set wt0 alias tunnel", "link set wt0 up")
    assert events(cast, subject) >= 9
    assert stop(cast, subject) == STOPPED


@pytest.mark.usefixtures("veth")
def test_others_take_other_names(cast: Cast, ip: Ip) -> None:
    subject = start(cast)
    ip("link set veth0a name wt01", "link set veth0b name wt", "link set other name 0wt", "link delete veth1a")
    assert events(cast, subject) == 0
    assert stop(cast, subject) == STOPPED


def test_a_thousand_others_come_and_go_and_it_does_not_wake(cast: Cast, lab: Lab, ip: Ip, veth: None) -> None:
    del veth
    subject = start(cast)
    assert events(cast, subject) == 0
    before = asleep(subject)

    lab.add_pairs(PAIRS, 1000)
    ip(*(f"link set veth{number}a group 7" for number in range(PAIRS, PAIRS + 1000)))
    ip("link delete group 7")

    assert lab.links("wt0")[0] == 1 + 2 + 2 * PAIRS
    assert buffer(subject)[1:] == (0, 0)
    assert asleep(subject) == before
    assert events(cast, subject) == 0
    ip(*flips(1))
    assert events(cast, subject) == 1, "the instrument does not see a wake-up"
    assert asleep(subject) > before
    assert stop(cast, subject) == STOPPED


@pytest.mark.usefixtures("veth")
def test_somebody_else_says_that_it_was_deleted(cast: Cast, lab: Lab, inside: Inside) -> None:
    _, index = lab.links("wt0")
    subject = start(cast)
    done = inside(sys.executable, "-P", "-c", FORGERY, str(buffer(subject).port), str(index))
    assert done.returncode == 0, done.stderr
    assert events(cast, subject) == 0
    assert buffer(subject).queued == 0
    assert stop(cast, subject) == STOPPED


# --- overruns -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("veth")
def test_an_overrun_of_its_own_events_is_no_outcome_and_is_told_as_the_kernel_counts_it(cast: Cast, ip: Ip) -> None:
    subject = start(cast)
    stands = while_it_is_stopped(subject, lambda: ip(*flips()))
    assert 0 < stands.dropped < FLIPS
    assert hears_of_loss(cast, subject) == stands.dropped == buffer(subject).dropped

    ip(*flips(3))
    assert subject.alive
    ip("link delete wt0")
    assert end(cast, subject) == DELETED
    assert subject.lost == stands.dropped


@pytest.mark.usefixtures("veth")
def test_one_overrun_after_the_other_is_told_to_the_last_event(cast: Cast, ip: Ip) -> None:
    subject = start(cast)
    told = 0
    for _ in range(3):
        subject.lost = None
        stands = while_it_is_stopped(subject, lambda: ip(*flips()))
        told += hears_of_loss(cast, subject) or 0
        assert told == stands.dropped
    assert stop(cast, subject) == STOPPED


@pytest.mark.usefixtures("veth")
@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        pytest.param(["link delete wt0"], DELETED, id="deleted"),
        pytest.param(["link set wt0 name wt1"], RENAMED, id="renamed"),
        pytest.param(RECREATE, (True, "recreated", None), id="recreated"),
    ],
)
def test_what_was_dropped_is_found_by_looking(
    cast: Cast, ip: Ip, change: list[str], outcome: tuple[bool, str, str | None]
) -> None:
    subject = start(cast)
    stands = while_it_is_stopped(subject, lambda: ip(*flips(), *change))
    assert end(cast, subject) == outcome
    assert subject.lost is not None
    assert subject.lost >= stands.dropped > 0


@pytest.mark.usefixtures("veth")
def test_a_rename_and_back_before_an_overrun_is_not_thrown_away(cast: Cast, ip: Ip) -> None:
    subject = start(cast)
    stands = while_it_is_stopped(subject, lambda: ip(*AWAY_AND_BACK, *flips()))
    assert stands.dropped > 0
    assert end(cast, subject) == RENAMED


@pytest.mark.usefixtures("veth")
def test_a_recreation_with_the_same_index_before_an_overrun_is_not_thrown_away(cast: Cast, lab: Lab, ip: Ip) -> None:
    _, index = lab.links("wt0")
    subject = start(cast)
    again = f"link add wt0 index {index} type veth peer name other"
    stands = while_it_is_stopped(subject, lambda: ip("link delete wt0", again, *flips()))
    assert stands.dropped > 0
    assert end(cast, subject) == DELETED


@pytest.mark.usefixtures("veth")
def test_an_overrun_without_a_descriptor_left_is_no_outcome(cast: Cast, ip: Ip) -> None:
    subject = start(cast)
    _, hard = resource.prlimit(subject.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(subject.process.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
    stands = while_it_is_stopped(subject, lambda: ip(*flips()))
    assert hears_of_loss(cast, subject) == stands.dropped > 0
    ip("link set wt0 name wt1")
    assert end(cast, subject) == RENAMED


@pytest.mark.usefixtures("veth")
def test_the_same_overrun_ends_the_watcher_that_it_is_compared_with(cast: Cast, ip: Ip) -> None:
    subject = cast.start("netlink", command("netlink", ifname="wt0", interval_s=NEVER_S))
    cast.wait_until_ready()
    while_it_is_stopped(subject, lambda: ip(*flips()))
    assert end(cast, subject) == (True, "closed", "link subscription channel closed unexpectedly")


# --- being stopped, and being idle ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("watched")
def test_a_stop_is_answered_from_its_sleep(cast: Cast) -> None:
    subject = start(cast)
    asleep(subject)
    assert stop(cast, subject) == STOPPED


@pytest.mark.usefixtures("veth")
def test_a_stop_is_answered_in_the_middle_of_an_overrun(cast: Cast, ip: Ip) -> None:
    subject = start(cast)

    def overrun_then_stop() -> None:
        ip(*flips())
        subject.send("stop")

    while_it_is_stopped(subject, overrun_then_stop)
    assert end(cast, subject) == STOPPED


@pytest.mark.usefixtures("watched")
def test_an_idle_watcher_allocates_the_same_to_the_byte_however_long_it_lives(cast: Cast, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one", "four")]
    subjects = [
        cast.start("idle", command("netlink-filtered", ifname="wt0", interval_s=NEVER_S, capture=file))
        for file in files
    ]
    cast.wait_until_ready()
    for subject, seconds in zip(subjects, (1, 3), strict=True):
        cast.wait(lambda: False, seconds)
        assert stop(cast, subject) == STOPPED
    short, long = memray_heap.totals(files)
    assert short == long
