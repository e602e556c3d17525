"""Each watcher as a subject process on the real kernel: what it says when its interface goes, and when told to stop."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from harness.lab.client import Lab
from harness.lab.messages import ToggleMtu
from harness.model import ReportedOutcome
from harness.run.interrupt import Interrupt
from harness.run.process_group import ProcessGroup
from harness.subjects.process import Subject
from harness.subjects.registry import SUBJECTS, command

pytestmark = pytest.mark.netns

Inside = Callable[..., CompletedProcess[str]]
ALONE = [name for name, kind in SUBJECTS.items() if kind.language == "python" and not kind.control]
POLLING = [name for name in ALONE if SUBJECTS[name].polls]
OFTEN_S, NEVER_S = 0.05, 86_400
HANG_S = 120.0


@pytest.fixture
def processes(lab: Lab) -> Iterator[ProcessGroup]:
    with Interrupt() as interrupt, ProcessGroup(lab, interrupt) as made:
        yield made


@pytest.fixture
def ip(inside: Inside) -> Callable[..., None]:
    """Change links from inside, several at once where it matters that nobody looks in between."""

    def change(*lines: str) -> None:
        done = inside("ip", "-batch", "-", stdin="\n".join(lines) + "\n")
        assert done.returncode == 0, done.stderr

    return change


@pytest.fixture
def wt0(ip: Callable[..., None]) -> None:
    """A link with an address, which is what ``poll-psutil`` sees; down, so that any kernel renames it."""
    ip("link add wt0 type veth peer name other", "address add 100.64.0.1/16 dev wt0")


def watch(processes: ProcessGroup, name: str, interval_s: float = OFTEN_S) -> Subject:
    subject = processes.start(name, command(name, ifname="wt0", interval_s=interval_s))
    processes.wait_until_ready()
    return subject


def outcome(processes: ProcessGroup, subject: Subject) -> ReportedOutcome:
    """Wait for a subject's end; it must be a good one, with one verdict and nothing else on its mind."""
    assert processes.wait(lambda: not subject.alive, HANG_S)
    processes.terminate(subject)
    assert (subject.exit_status, subject.stderr_tail, subject.malformed_lines) == (0, "", 0)
    [said] = subject.reported_outcome
    return said


def state(subject: Subject) -> str:
    return Path(f"/proc/{subject.process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def while_it_does_not_look(subject: Subject, change: Callable[[], None]) -> None:
    subject.kill(signal.SIGSTOP)
    while state(subject) != "T":
        pass
    change()
    subject.kill(signal.SIGCONT)


def hang_up(subject: Subject) -> None:
    with Path(os.devnull).open("w") as nothing:
        os.dup2(nothing.fileno(), subject.process.stdin)


def verdict(said: ReportedOutcome) -> tuple[bool, str, str | None]:
    return said.restart, said.reason, said.message


@pytest.mark.usefixtures("wt0")
def test_netlink_sees_a_deletion(processes: ProcessGroup, ip: Callable[..., None]) -> None:
    subject = watch(processes, "netlink")
    ip("link delete wt0")
    assert verdict(outcome(processes, subject)) == (True, "deleted", "interface wt0 deleted")


@pytest.mark.usefixtures("wt0")
def test_netlink_sees_a_rename(processes: ProcessGroup, ip: Callable[..., None]) -> None:
    subject = watch(processes, "netlink")
    ip("link set wt0 name wt1")
    assert verdict(outcome(processes, subject)) == (True, "renamed", "interface wt0 renamed to wt1")


@pytest.mark.usefixtures("wt0")
def test_netlink_sees_a_rename_and_back_as_a_rename(processes: ProcessGroup, ip: Callable[..., None]) -> None:
    subject = watch(processes, "netlink")
    while_it_does_not_look(subject, lambda: ip("link set wt0 name wt1", "link set wt1 name wt0"))
    assert verdict(outcome(processes, subject)) == (True, "renamed", "interface wt0 renamed to wt1")


@pytest.mark.usefixtures("wt0")
def test_netlink_sees_a_recreation_as_the_deletion_that_it_begins_with(
    processes: ProcessGroup, ip: Callable[..., None]
) -> None:
    subject = watch(processes, "netlink")
    while_it_does_not_look(subject, lambda: ip("link delete wt0", "link add wt0 type veth peer name other"))
    assert verdict(outcome(processes, subject)) == (True, "deleted", "interface wt0 deleted")


@pytest.mark.usefixtures("wt0")
def test_netlink_takes_a_move_to_another_namespace_for_a_deletion(
    processes: ProcessGroup, ip: Callable[..., None]
) -> None:
    subject = watch(processes, "netlink")
    elsewhere = processes.start("elsewhere", [str(shutil.which("unshare")), "--net", "sh", "-c", "echo there; cat"])
    assert processes.wait(lambda: elsewhere.malformed_lines == 1, HANG_S)
    ip(f"link set wt0 netns {elsewhere.process.inner_pid}")
    assert verdict(outcome(processes, subject)) == (True, "deleted", "interface wt0 deleted")


@pytest.mark.usefixtures("wt0")
def test_netlink_counts_the_events_of_others_and_keeps_watching(processes: ProcessGroup, lab: Lab) -> None:
    lab.add_pairs(0, 1)
    subject = watch(processes, "netlink")
    lab.request(ToggleMtu(count=5))  # returns when all of them are read
    lab.add_pairs(1, 8)
    lab.request(ToggleMtu(count=1))
    subject.send("stop")
    said = outcome(processes, subject)
    assert (said.reason, subject.works[-1].events) == ("stopped", 5 + 2 * 8 + 1)


@pytest.mark.usefixtures("wt0")
@pytest.mark.parametrize("name", POLLING)
def test_a_poll_sees_a_deletion(processes: ProcessGroup, ip: Callable[..., None], name: str) -> None:
    subject = watch(processes, name)
    ip("link delete wt0")
    said = outcome(processes, subject)
    assert (said.restart, said.reason) == (True, "deleted")
    assert (said.message or "").startswith("interface wt0 deleted: ")


@pytest.mark.usefixtures("wt0")
@pytest.mark.parametrize("name", POLLING)
def test_a_poll_takes_a_rename_for_a_deletion(processes: ProcessGroup, ip: Callable[..., None], name: str) -> None:
    subject = watch(processes, name)
    ip("link set wt0 name wt1")
    assert outcome(processes, subject).reason == "deleted"


@pytest.mark.usefixtures("wt0")
@pytest.mark.parametrize("name", POLLING)
def test_a_poll_sees_a_recreation_between_two_looks(
    processes: ProcessGroup, ip: Callable[..., None], name: str
) -> None:
    subject = watch(processes, name)
    while_it_does_not_look(
        subject,
        lambda: ip("link delete wt0", "link add wt0 type veth peer name other", "address add 100.64.0.1/16 dev wt0"),
    )
    assert verdict(outcome(processes, subject)) == (True, "recreated", None)


@pytest.mark.usefixtures("wt0")
@pytest.mark.parametrize("name", POLLING)
def test_a_poll_is_blind_to_a_rename_and_back(processes: ProcessGroup, ip: Callable[..., None], name: str) -> None:
    subject = watch(processes, name)
    while_it_does_not_look(subject, lambda: ip("link set wt0 name wt1", "link set wt1 name wt0"))
    processes.mark()
    seen = subject.works[-1].polls
    deadline = time.monotonic() + HANG_S
    while subject.works[-1].polls == seen:
        assert time.monotonic() < deadline
        processes.mark()
    subject.send("stop")
    assert outcome(processes, subject).reason == "stopped"


@pytest.mark.usefixtures("wt0")
@pytest.mark.parametrize("name", ALONE)
@pytest.mark.parametrize("word", ["stop", "end of input", "mark"])
def test_every_watcher_stops_when_told_however_long_it_would_sleep(
    processes: ProcessGroup, name: str, word: str
) -> None:
    subject = watch(processes, name, NEVER_S)
    if word == "mark":
        processes.mark()
        assert [work.polls for work in subject.works] == [0]
    hang_up(subject) if word == "end of input" else subject.send("stop")
    assert verdict(outcome(processes, subject)) == (False, "stopped", "wg interface monitor stopped: asked to stop")


@pytest.mark.parametrize("name", ALONE)
def test_every_watcher_says_when_there_is_nothing_to_watch(processes: ProcessGroup, name: str) -> None:
    subject = processes.start(name, command(name, ifname="wt0", interval_s=OFTEN_S))
    said = outcome(processes, subject)
    assert subject.ready is None
    assert (said.restart, said.reason) == (False, "not_found")
