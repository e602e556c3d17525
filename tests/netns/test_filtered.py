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
from harness.model import ReportedOutcome
from harness.probes.recordings import memray_totals
from harness.run.interrupt import Interrupt
from harness.run.process_group import ProcessGroup
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
def processes(lab: Lab) -> Iterator[ProcessGroup]:
    lab.add_pairs(0, PAIRS)
    with Interrupt() as interrupt, ProcessGroup(lab, interrupt) as made:
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


def start(processes: ProcessGroup) -> Subject:
    subject = processes.start("filtered", command("netlink-filtered", ifname="wt0", interval_s=NEVER_S))
    processes.wait_until_ready()
    return subject


def end(processes: ProcessGroup, subject: Subject) -> tuple[bool, str, str | None]:
    """Wait for a subject's end; it must be a good one, with one verdict and nothing else on its mind."""
    assert processes.wait(lambda: not subject.alive, HANG_S)
    processes.terminate(subject)
    words = [line for line in subject.stderr_tail.splitlines() if not line.startswith("Memray WARNING: Correcting")]
    assert (subject.exit_status, words, subject.malformed_lines) == (0, [], 0)  # memray says so of a static interpreter
    [said] = subject.reported_outcome
    assert isinstance(said, ReportedOutcome)
    return said.restart, said.reason, said.message


def stop(processes: ProcessGroup, subject: Subject) -> tuple[bool, str, str | None]:
    subject.send("stop")
    return end(processes, subject)


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


def events(processes: ProcessGroup, subject: Subject) -> int:
    """Wait until all that was sent is taken in; give how many events that were."""
    while buffer(subject).queued:
        os.sched_yield()
    asleep(subject)
    processes.mark()
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


def hears_of_loss(processes: ProcessGroup, subject: Subject) -> int | None:
    assert processes.wait(lambda: subject.lost is not None or not subject.alive, HANG_S)
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
def test_the_interface_of_a_run(
    processes: ProcessGroup, ip: Ip, change: list[str], outcome: tuple[bool, str, str]
) -> None:
    subject = start(processes)
    ip(*change)
    assert end(processes, subject) == outcome


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
    processes: ProcessGroup,
    ip: Ip,
    change: list[str],
    outcome: tuple[bool, str, str],
    stopped: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    subject = start(processes)
    if stopped:
        while_it_is_stopped(subject, lambda: ip(*change))
    else:
        ip(*change)
    assert end(processes, subject) == outcome


@pytest.mark.usefixtures("veth")
def test_a_recreation_with_the_same_index(processes: ProcessGroup, lab: Lab, ip: Ip) -> None:
    _, index = lab.links("wt0")
    subject = start(processes)
    while_it_is_stopped(subject, lambda: ip("link delete wt0", f"link add wt0 index {index} type veth peer name other"))
    assert lab.links("wt0")[1] == index
    assert end(processes, subject) == DELETED


@pytest.fixture
def elsewhere(processes: ProcessGroup) -> int:
    """Another namespace: the process id, inside, of one who lives there."""
    other = processes.start("elsewhere", [str(shutil.which("unshare")), "--net", "sh", "-c", "echo there; cat"])
    assert processes.wait(lambda: other.malformed_lines == 1, HANG_S)
    return other.process.inner_pid


def start_beside(processes: ProcessGroup) -> Subject:
    """Start the watcher beside one who never says ready."""
    subject = processes.start("filtered", command("netlink-filtered", ifname="wt0", interval_s=NEVER_S))
    assert processes.wait(lambda: subject.ready is not None, HANG_S)
    return subject


@pytest.mark.usefixtures("veth")
def test_a_move_to_another_namespace(processes: ProcessGroup, ip: Ip, elsewhere: int) -> None:
    subject = start_beside(processes)
    ip(f"link set wt0 netns {elsewhere}")
    assert end(processes, subject) == MOVED


@pytest.mark.usefixtures("veth")
def test_a_move_out_and_back_keeps_name_and_index_and_is_seen(
    processes: ProcessGroup, lab: Lab, ip: Ip, inside: Inside, elsewhere: int
) -> None:
    before = lab.links("wt0")
    subject = start_beside(processes)

    def out_and_back() -> None:
        ip(f"link set wt0 netns {elsewhere}")
        into = ("nsenter", f"--net=/proc/{elsewhere}/ns/net")
        done = inside(*into, "ip", "link", "set", "wt0", "netns", "1")
        assert done.returncode == 0, done.stderr

    while_it_is_stopped(subject, out_and_back)
    assert lab.links("wt0") == before
    assert end(processes, subject) == MOVED


# --- what must not end it -------------------------------------------------------------------------------------------


def test_a_bridge_takes_it_and_lets_it_go(processes: ProcessGroup, ip: Ip, veth: None) -> None:
    del veth
    ip("link add br0 type bridge")
    subject = start(processes)
    asked = processes.start("netlink", command("netlink", ifname="wt0", interval_s=NEVER_S))
    processes.wait_until_ready()
    ip("link set wt0 master br0", "link set wt0 nomaster")
    assert end(processes, asked)[1] == "deleted", "the release was not told as a deletion: this proves nothing"
    assert events(processes, subject) > 0
    assert stop(processes, subject) == STOPPED


@pytest.mark.usefixtures("watched")
def test_changes_of_all_that_is_not_its_identity(processes: ProcessGroup, ip: Ip) -> None:
    subject = start(processes)
    ip("link set wt0 up", *flips(6), "link set wt0 down", "link set wt0 alias tunnel", "link set wt0 up")
    assert events(processes, subject) >= 9
    assert stop(processes, subject) == STOPPED


@pytest.mark.usefixtures("veth")
def test_others_take_other_names(processes: ProcessGroup, ip: Ip) -> None:
    subject = start(processes)
    ip("link set veth0a name wt01", "link set veth0b name wt", "link set other name 0wt", "link delete veth1a")
    assert events(processes, subject) == 0
    assert stop(processes, subject) == STOPPED


def test_a_thousand_others_come_and_go_and_it_does_not_wake(
    processes: ProcessGroup, lab: Lab, ip: Ip, veth: None
) -> None:
    del veth
    subject = start(processes)
    assert events(processes, subject) == 0
    before = asleep(subject)

    lab.add_pairs(PAIRS, 1000)
    ip(*(f"link set veth{number}a group 7" for number in range(PAIRS, PAIRS + 1000)))
    ip("link delete group 7")

    assert lab.links("wt0")[0] == 1 + 2 + 2 * PAIRS
    assert buffer(subject)[1:] == (0, 0)
    assert asleep(subject) == before
    assert events(processes, subject) == 0
    ip(*flips(1))
    assert events(processes, subject) == 1, "the instrument does not see a wake-up"
    assert asleep(subject) > before
    assert stop(processes, subject) == STOPPED


@pytest.mark.usefixtures("veth")
def test_somebody_else_says_that_it_was_deleted(processes: ProcessGroup, lab: Lab, inside: Inside) -> None:
    _, index = lab.links("wt0")
    subject = start(processes)
    done = inside(sys.executable, "-P", "-c", FORGERY, str(buffer(subject).port), str(index))
    assert done.returncode == 0, done.stderr
    assert events(processes, subject) == 0
    assert buffer(subject).queued == 0
    assert stop(processes, subject) == STOPPED


# --- overruns -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("veth")
def test_an_overrun_of_its_own_events_is_no_outcome_and_is_told_as_the_kernel_counts_it(
    processes: ProcessGroup, ip: Ip
) -> None:
    subject = start(processes)
    stands = while_it_is_stopped(subject, lambda: ip(*flips()))
    assert 0 < stands.dropped < FLIPS
    assert hears_of_loss(processes, subject) == stands.dropped == buffer(subject).dropped

    ip(*flips(3))
    assert subject.alive
    ip("link delete wt0")
    assert end(processes, subject) == DELETED
    assert subject.lost == stands.dropped


@pytest.mark.usefixtures("veth")
def test_one_overrun_after_the_other_is_told_to_the_last_event(processes: ProcessGroup, ip: Ip) -> None:
    subject = start(processes)
    told = 0
    for _ in range(3):
        subject.lost = None
        stands = while_it_is_stopped(subject, lambda: ip(*flips()))
        told += hears_of_loss(processes, subject) or 0
        assert told == stands.dropped
    assert stop(processes, subject) == STOPPED


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
    processes: ProcessGroup, ip: Ip, change: list[str], outcome: tuple[bool, str, str | None]
) -> None:
    subject = start(processes)
    stands = while_it_is_stopped(subject, lambda: ip(*flips(), *change))
    assert end(processes, subject) == outcome
    assert subject.lost is not None
    assert subject.lost >= stands.dropped > 0


@pytest.mark.usefixtures("veth")
def test_a_rename_and_back_before_an_overrun_is_not_thrown_away(processes: ProcessGroup, ip: Ip) -> None:
    subject = start(processes)
    stands = while_it_is_stopped(subject, lambda: ip(*AWAY_AND_BACK, *flips()))
    assert stands.dropped > 0
    assert end(processes, subject) == RENAMED


@pytest.mark.usefixtures("veth")
def test_a_recreation_with_the_same_index_before_an_overrun_is_not_thrown_away(
    processes: ProcessGroup, lab: Lab, ip: Ip
) -> None:
    _, index = lab.links("wt0")
    subject = start(processes)
    again = f"link add wt0 index {index} type veth peer name other"
    stands = while_it_is_stopped(subject, lambda: ip("link delete wt0", again, *flips()))
    assert stands.dropped > 0
    assert end(processes, subject) == DELETED


@pytest.mark.usefixtures("veth")
def test_an_overrun_without_a_descriptor_left_is_no_outcome(processes: ProcessGroup, ip: Ip) -> None:
    subject = start(processes)
    _, hard = resource.prlimit(subject.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(subject.process.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
    stands = while_it_is_stopped(subject, lambda: ip(*flips()))
    assert hears_of_loss(processes, subject) == stands.dropped > 0
    ip("link set wt0 name wt1")
    assert end(processes, subject) == RENAMED


@pytest.mark.usefixtures("veth")
def test_the_same_overrun_ends_the_watcher_that_it_is_compared_with(processes: ProcessGroup, ip: Ip) -> None:
    subject = processes.start("netlink", command("netlink", ifname="wt0", interval_s=NEVER_S))
    processes.wait_until_ready()
    while_it_is_stopped(subject, lambda: ip(*flips()))
    assert end(processes, subject) == (True, "closed", "link subscription channel closed unexpectedly")


# --- being stopped, and being idle ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("watched")
def test_a_stop_is_answered_from_its_sleep(processes: ProcessGroup) -> None:
    subject = start(processes)
    asleep(subject)
    assert stop(processes, subject) == STOPPED


@pytest.mark.usefixtures("veth")
def test_a_stop_is_answered_in_the_middle_of_an_overrun(processes: ProcessGroup, ip: Ip) -> None:
    subject = start(processes)

    def overrun_then_stop() -> None:
        ip(*flips())
        subject.send("stop")

    while_it_is_stopped(subject, overrun_then_stop)
    assert end(processes, subject) == STOPPED


@pytest.mark.slow
@pytest.mark.usefixtures("watched")
def test_an_idle_watcher_allocates_the_same_to_the_byte_however_long_it_lives(
    processes: ProcessGroup, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("one", "four")]
    subjects = [
        processes.start("idle", command("netlink-filtered", ifname="wt0", interval_s=NEVER_S, capture=file))
        for file in files
    ]
    processes.wait_until_ready()
    for subject, seconds in zip(subjects, (1, 3), strict=True):
        processes.wait(lambda: False, seconds)
        assert stop(processes, subject) == STOPPED
    short, long = memray_totals.totals(files)
    assert short == long
