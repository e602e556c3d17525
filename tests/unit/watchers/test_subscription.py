"""The subscription: a fake one where it is about the decision, pyroute2's own decoder where it is about bytes."""

import errno
import os
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pyroute2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from harness.watchers.classify import LinkEvent
from harness.watchers.outcome import Link, Outcome, Reason
from harness.watchers.protocols import Observer, Stop, Subscription
from harness.watchers.subscription import PyrouteSubscription, recheck, watch_by_subscription
from readable import is_readable

WT0 = Link(name="wt0", index=7)
RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR = 16, 17, 20
RTMGRP_LINK = 1
IFLA_IFNAME = 3
AF_BRIDGE = 7

CLOSED = Outcome(restart=True, reason=Reason.CLOSED, message="link subscription channel closed unexpectedly")
DELETED = Outcome(restart=True, reason=Reason.DELETED, message="interface wt0 deleted")
RECREATED = Outcome(restart=True, reason=Reason.RECREATED, message=None)
RENAMED = Outcome(restart=True, reason=Reason.RENAMED, message="interface wt0 renamed to wt1")
STOPPED = Outcome(restart=False, reason=Reason.STOPPED, message="wg interface monitor stopped: asked to stop")


def newlink(index: int, name: str) -> LinkEvent:
    return LinkEvent(kind="RTM_NEWLINK", index=index, name=name)


def dellink(index: int, name: str = "wt0") -> LinkEvent:
    return LinkEvent(kind="RTM_DELLINK", index=index, name=name)


class Told:
    """The third implementation of the seam: tells what the test wrote down, one entry a datagram."""

    def __init__(self, *datagrams: list[LinkEvent] | OSError) -> None:
        self._datagrams = list(datagrams)
        self._readable = os.eventfd(len(datagrams), os.EFD_SEMAPHORE | os.EFD_NONBLOCK)
        self.closed = False

    def fileno(self) -> int:
        return self._readable

    def receive(self) -> list[LinkEvent]:
        os.eventfd_read(self._readable)
        told = self._datagrams.pop(0)
        if isinstance(told, OSError):
            raise told
        return told

    def close(self) -> None:
        self.closed = True
        os.close(self._readable)


class Listener(Observer):
    """Counts; asks to stop after ``patience`` events."""

    def __init__(self, stop: Stop, patience: int = -1) -> None:
        self._stop = stop
        self._patience = patience
        self.ready_with: list[Link] = []
        self.heard = 0

    def ready(self, link: Link) -> None:
        self.ready_with.append(link)
        if self._patience == 0:
            self._stop.set()

    def received(self) -> None:
        self.heard += 1
        if self.heard == self._patience:
            self._stop.set()


@pytest.fixture
def stop() -> Iterator[Stop]:
    made = Stop()
    yield made
    made.close()


@pytest.fixture
def unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A world where wt0 still has index 7 when it is looked at once more."""
    monkeypatch.setattr(socket, "if_nametoindex", lambda _: WT0.index)


# --- before it listens ----------------------------------------------------------------------------------------------


def refuse(cause: Exception) -> Callable[[], Subscription]:
    def subscribe() -> Subscription:
        raise cause

    return subscribe


def test_a_refused_subscription_asks_for_a_restart_and_names_the_cause(stop: Stop) -> None:
    listener = Listener(stop)

    assert watch_by_subscription(WT0, stop, listener, refuse(OSError(errno.EMFILE, "Too many open files"))) == Outcome(
        restart=True,
        reason=Reason.SUBSCRIBE_FAILED,
        message="subscribe to link updates: [Errno 24] Too many open files",
    )
    assert listener.ready_with == []


def test_a_name_gone_before_the_subscription_stood_reads_as_deleted(
    monkeypatch: pytest.MonkeyPatch, stop: Stop
) -> None:
    def gone(_: str) -> int:
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr(socket, "if_nametoindex", gone)
    listener, told = Listener(stop), Told()

    assert watch_by_subscription(WT0, stop, listener, lambda: told) == Outcome(
        restart=True, reason=Reason.DELETED, message="interface wt0 deleted: [Errno 19] No such device"
    )
    assert listener.ready_with == []
    assert told.closed


def test_another_index_before_the_subscription_stood_is_a_recreation(
    monkeypatch: pytest.MonkeyPatch, stop: Stop
) -> None:
    monkeypatch.setattr(socket, "if_nametoindex", lambda _: 8)
    listener, told = Listener(stop), Told([dellink(7)])

    assert watch_by_subscription(WT0, stop, listener, lambda: told) == RECREATED
    assert listener.ready_with == []
    assert told.closed


def test_the_recheck_of_an_unchanged_link_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "if_nametoindex", lambda _: 7)

    assert recheck(WT0) is None


def test_it_subscribes_then_looks_then_is_ready(monkeypatch: pytest.MonkeyPatch, stop: Stop) -> None:
    order: list[str] = []

    def subscribe() -> Subscription:
        order.append("subscribe")
        return Told([dellink(7)])

    def look(name: str) -> int:
        order.append(f"look {name}")
        return WT0.index

    class Noting(Observer):
        def ready(self, link: Link) -> None:
            order.append(f"ready {link.name} {link.index}")

    monkeypatch.setattr(socket, "if_nametoindex", look)

    watch_by_subscription(WT0, stop, Noting(), subscribe)

    assert order == ["subscribe", "look wt0", "ready wt0 7"]


# --- what ends it: the decision, told by a fake ---------------------------------------------------------------------


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        pytest.param(dellink(7), DELETED, id="our link is deleted"),
        pytest.param(newlink(9, "wt0"), RECREATED, id="our name has another index"),
        pytest.param(newlink(7, "wt1"), RENAMED, id="our link is renamed"),
    ],
)
def test_an_event_of_ours_ends_the_watch(stop: Stop, event: LinkEvent, outcome: Outcome) -> None:
    told = Told([newlink(7, "wt0")], [newlink(8, "veth0"), event])

    assert watch_by_subscription(WT0, stop, Observer(), lambda: told) == outcome
    assert told.closed


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "event",
    [
        pytest.param(dellink(8, "veth0"), id="another link is deleted"),
        pytest.param(dellink(8), id="our name is deleted at another index"),
        pytest.param(newlink(7, "wt0"), id="our flags changed"),
        pytest.param(newlink(7, ""), id="our link comes without a name"),
        pytest.param(newlink(8, "veth0"), id="another link appears"),
    ],
)
def test_any_other_event_is_heard_and_watching_goes_on(stop: Stop, event: LinkEvent) -> None:
    listener = Listener(stop, patience=1)

    assert watch_by_subscription(WT0, stop, listener, lambda: Told([event], [dellink(7)])) == STOPPED
    assert listener.heard == 1


@pytest.mark.usefixtures("unchanged")
def test_a_datagram_without_link_events_is_no_reason_to_end(stop: Stop) -> None:
    assert watch_by_subscription(WT0, stop, Observer(), lambda: Told([], [dellink(7)])) == DELETED


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("number", [errno.ENOBUFS, errno.EBADF, errno.ENOMEM, errno.ECONNRESET])
def test_any_error_of_a_subscription_ends_it(stop: Stop, number: int) -> None:
    told = Told([newlink(8, "veth0")], OSError(number, os.strerror(number)), [dellink(7)])

    assert watch_by_subscription(WT0, stop, Observer(), lambda: told) == CLOSED
    assert told.closed


@pytest.mark.usefixtures("unchanged")
def test_being_asked_to_stop_comes_before_whatever_is_queued(stop: Stop) -> None:
    told = Told([dellink(7)])
    stop.set()

    assert watch_by_subscription(WT0, stop, Observer(), lambda: told) == STOPPED
    assert told.closed


@pytest.mark.usefixtures("unchanged")
def test_the_outcome_is_told_while_the_subscription_is_still_open(stop: Stop) -> None:
    told, decided = Told([dellink(7)]), []

    class Hearing(Observer):
        def decided(self, outcome: Outcome) -> None:
            decided.append((outcome, told.closed))

    assert watch_by_subscription(WT0, stop, Hearing(), lambda: told) == DELETED
    assert decided == [(DELETED, False)]


@pytest.mark.usefixtures("unchanged")
def test_a_failing_observer_does_not_keep_the_subscription_open(stop: Stop) -> None:
    class Broken(Observer):
        def received(self) -> None:
            raise RuntimeError("broken")

    told = Told([newlink(8, "veth0")])

    with pytest.raises(RuntimeError, match="broken"):
        watch_by_subscription(WT0, stop, Broken(), lambda: told)
    assert told.closed


UNRELATED_EVENTS = st.one_of(
    st.builds(newlink, st.integers(8, 99), st.sampled_from(["veth0", "br0", ""])),
    st.builds(dellink, st.integers(8, 99), st.sampled_from(["veth0", "wt0", ""])),
    st.builds(newlink, st.just(7), st.sampled_from(["wt0", ""])),
)
DATAGRAMS = st.lists(st.lists(UNRELATED_EVENTS, max_size=4), max_size=6)
DECISIVE = st.sampled_from([(dellink(7), DELETED), (newlink(9, "wt0"), RECREATED), (newlink(7, "wt1"), RENAMED)])


@given(DATAGRAMS, DECISIVE, DATAGRAMS)
def test_the_first_event_of_ours_decides_wherever_it_comes(
    before: list[list[LinkEvent]], decisive: tuple[LinkEvent, Outcome], after: list[list[LinkEvent]]
) -> None:
    event, outcome = decisive
    stop = Stop()
    listener = Listener(stop)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "if_nametoindex", lambda _: WT0.index)
        assert watch_by_subscription(WT0, stop, listener, lambda: Told(*before, [event], *after)) == outcome
    stop.close()
    assert listener.heard == sum(map(len, before)) + 1


# --- pyroute2's: real netlink bytes through its decoder, the kernel's place taken by a socket pair ------------------


def message(kind: int, index: int, name: str | None, family: int = 0) -> bytes:
    """Build one link message as the kernel lays it out: header, ifinfomsg, and IFLA_IFNAME if there is a name."""
    body = struct.pack("=BBHiII", family, 0, 1, index, 0x1003, 0xFFFFFFFF)
    if name is not None:
        value = name.encode() + b"\0"
        body += struct.pack("=HH", 4 + len(value), IFLA_IFNAME) + value + b"\0" * (-len(value) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


class Socket:
    """pyroute2's select-compatible socket, fed by the test instead of the kernel."""

    def __init__(self) -> None:
        self._kernel, self._sock = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._errors: list[OSError] = []
        self.groups = 0
        self.closed = False

    def bind(self, groups: int) -> None:
        self.groups = groups

    def send(self, *messages: bytes) -> None:
        """Send one datagram with that many messages."""
        self._kernel.send(b"".join(messages))

    def fail(self, number: int) -> None:
        """Make the next receive fail once everything sent so far is read, as the kernel reports an error."""
        self._errors.append(OSError(number, os.strerror(number)))
        self._kernel.send(b"")

    def fileno(self) -> int:
        return self._sock.fileno()

    def get(self) -> list[Any]:
        data = self._sock.recv(16_384)
        if not data:
            raise self._errors.pop(0)
        return list(MarshalRtnl().parse(data))

    def close(self) -> None:
        self.closed = True
        self._kernel.close()
        self._sock.close()


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, unchanged: None) -> Iterator[Socket]:
    """Give the kernel's end of pyroute2's socket."""
    del unchanged
    fed = Socket()
    monkeypatch.setattr(pyroute2, "IPRSocket", lambda **_: fed)
    yield fed
    fed.close()


class Refusing(Socket):
    """A socket whose bind fails."""

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self._cause = cause

    def bind(self, groups: int) -> None:
        del groups
        raise self._cause


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        pytest.param(KeyError("no free address available"), "no free address available", id="as pyroute2 puts it"),
        pytest.param(OSError(errno.EPERM, "Not permitted"), "[Errno 1] Not permitted", id="as the kernel puts it"),
    ],
)
def test_a_refused_bind_reads_like_any_other_cause_and_leaves_no_socket_open(
    monkeypatch: pytest.MonkeyPatch, stop: Stop, cause: Exception, words: str
) -> None:
    sock = Refusing(cause)
    monkeypatch.setattr(pyroute2, "IPRSocket", lambda **_: sock)

    outcome = watch_by_subscription(WT0, stop, Observer())

    closed = sock.closed
    sock.close()
    assert outcome == Outcome(
        restart=True, reason=Reason.SUBSCRIBE_FAILED, message=f"subscribe to link updates: {words}"
    )
    assert closed


def test_it_subscribes_to_links_and_to_nothing_else(kernel: Socket) -> None:
    made = PyrouteSubscription()

    assert kernel.groups == RTMGRP_LINK
    assert made.fileno() == kernel.fileno()
    made.close()
    assert kernel.closed


def test_its_buffer_is_the_one_that_every_socket_has() -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as plain:
        usual = plain.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    made = PyrouteSubscription()

    with socket.socket(fileno=os.dup(made.fileno())) as ours:
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == usual
    made.close()


def test_nothing_is_readable_before_something_happens(kernel: Socket) -> None:
    made = PyrouteSubscription()
    before = is_readable(made)
    kernel.send(message(RTM_NEWLINK, 8, "veth0"))

    assert not before
    assert is_readable(made)


@pytest.mark.parametrize(
    ("sent", "event"),
    [
        pytest.param(message(RTM_NEWLINK, 7, "wt0"), newlink(7, "wt0"), id="a link with a name"),
        pytest.param(message(RTM_NEWLINK, 7, None), newlink(7, ""), id="a link without a name"),
        pytest.param(message(RTM_NEWLINK, 7, ""), newlink(7, ""), id="a link with an empty name"),
        pytest.param(message(RTM_DELLINK, 7, "wt0"), dellink(7), id="a deletion"),
        pytest.param(message(RTM_DELLINK, 7, "wt0", AF_BRIDGE), dellink(7), id="a release, which it cannot tell apart"),
    ],
)
def test_a_message_is_decoded_to_an_event(kernel: Socket, sent: bytes, event: LinkEvent) -> None:
    kernel.send(sent)

    assert PyrouteSubscription().receive() == [event]


def test_messages_that_are_not_about_links_are_not_events(kernel: Socket) -> None:
    kernel.send(message(RTM_NEWADDR, 7, None), message(RTM_NEWLINK, 8, "veth0"))

    assert PyrouteSubscription().receive() == [newlink(8, "veth0")]


def test_one_datagram_may_hold_several_messages(kernel: Socket, stop: Stop) -> None:
    kernel.send(message(RTM_NEWLINK, 8, "veth0"), message(RTM_DELLINK, 7, "wt0"), message(RTM_NEWLINK, 9, "wt0"))
    listener = Listener(stop)

    assert watch_by_subscription(WT0, stop, listener) == DELETED
    assert listener.heard == 2


@pytest.mark.parametrize("number", [errno.ENOBUFS, errno.EBADF])
def test_any_error_of_the_socket_closes_the_subscription(kernel: Socket, stop: Stop, number: int) -> None:
    kernel.send(message(RTM_NEWLINK, 8, "veth0"))
    kernel.fail(number)

    assert watch_by_subscription(WT0, stop, Observer()) == CLOSED
    assert kernel.closed


UNRELATED = st.one_of(
    st.builds(message, st.just(RTM_NEWLINK), st.integers(8, 99), st.sampled_from(["veth0", "br0", None])),
    st.builds(message, st.just(RTM_DELLINK), st.integers(8, 99), st.sampled_from(["veth0", "wt0", None])),
    st.builds(message, st.just(RTM_NEWLINK), st.just(7), st.sampled_from(["wt0", None])),
)


@given(st.lists(st.lists(UNRELATED, min_size=1, max_size=4), max_size=6))
def test_a_stream_of_unrelated_events_is_heard_to_its_end(datagrams: list[list[bytes]]) -> None:
    outcome, heard = watch(datagrams, ends=sum(map(len, datagrams)))

    assert outcome == STOPPED
    assert heard == sum(map(len, datagrams))


@given(st.lists(UNRELATED, max_size=8), st.lists(UNRELATED, max_size=8), st.booleans())
def test_a_deletion_in_a_stream_is_found_at_its_place(
    before: list[bytes],
    after: list[bytes],
    together: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    stream = [*before, message(RTM_DELLINK, 7, "wt0"), *after]

    outcome, heard = watch([stream] if together else [[one] for one in stream], ends=-1)

    assert outcome == DELETED
    assert heard == len(before) + 1


def watch(datagrams: list[list[bytes]], ends: int) -> tuple[Outcome, int]:
    fed, stop = Socket(), Stop()
    listener = Listener(stop, patience=ends)
    for messages in datagrams:
        fed.send(*messages)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyroute2, "IPRSocket", lambda **_: fed)
        patch.setattr(socket, "if_nametoindex", lambda _: WT0.index)
        outcome = watch_by_subscription(WT0, stop, listener)
    stop.close()
    return outcome, listener.heard
