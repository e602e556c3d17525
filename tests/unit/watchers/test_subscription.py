"""The subscription: real netlink bytes through pyroute2's decoder, the kernel's place taken by a socket pair."""

import errno
import os
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pyroute2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from harness.watchers import subscription
from harness.watchers.outcome import Link, Outcome, Reason
from harness.watchers.seam import Silent, Stop
from harness.watchers.subscription import recheck, watch_by_subscription

WT0 = Link(name="wt0", index=7)
RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR = 16, 17, 20
IFLA_IFNAME = 3
AF_BRIDGE = 7

CLOSED = Outcome(restart=True, reason=Reason.CLOSED, message="link subscription channel closed unexpectedly")
DELETED = Outcome(restart=True, reason=Reason.DELETED, message="interface wt0 deleted")
RECREATED = Outcome(restart=True, reason=Reason.RECREATED, message=None)
STOPPED = Outcome(restart=False, reason=Reason.STOPPED, message="wg interface monitor stopped: asked to stop")


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
        self.closed = False

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


class Listener(Silent):
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
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Socket]:
    """Give the kernel's end of a subscription, in a world where wt0 still has index 7."""
    fed = Socket()
    monkeypatch.setattr(subscription, "subscribe", lambda: fed)
    monkeypatch.setattr(socket, "if_nametoindex", lambda _: WT0.index)
    yield fed
    fed.close()


# --- before it listens ----------------------------------------------------------------------------------------------


def refuse(cause: Exception) -> Callable[[], Socket]:
    def subscribe() -> Socket:
        raise cause

    return subscribe


def test_a_refused_subscription_asks_for_a_restart_and_names_the_cause(
    monkeypatch: pytest.MonkeyPatch, stop: Stop
) -> None:
    monkeypatch.setattr(subscription, "subscribe", refuse(OSError(errno.EMFILE, "Too many open files")))

    assert watch_by_subscription(WT0, stop, Silent()) == Outcome(
        restart=True,
        reason=Reason.SUBSCRIBE_FAILED,
        message="subscribe to link updates: [Errno 24] Too many open files",
    )


class Refusing(Socket):
    """A socket whose bind fails the way pyroute2's does: it swallows the error and raises KeyError."""

    def bind(self, groups: int) -> None:
        del groups
        raise KeyError("no free address available")


def test_a_refused_bind_reads_like_any_other_cause(monkeypatch: pytest.MonkeyPatch, stop: Stop) -> None:
    sock = Refusing()
    monkeypatch.setattr(pyroute2, "IPRSocket", lambda **_: sock)

    outcome = watch_by_subscription(WT0, stop, Silent())
    sock.close()

    assert outcome.reason is Reason.SUBSCRIBE_FAILED
    assert outcome.message == "subscribe to link updates: no free address available"


def test_a_refused_bind_leaves_no_socket_open(monkeypatch: pytest.MonkeyPatch, stop: Stop) -> None:
    sock = Refusing()
    monkeypatch.setattr(pyroute2, "IPRSocket", lambda **_: sock)

    watch_by_subscription(WT0, stop, Silent())

    closed = sock.closed
    sock.close()
    assert closed


def test_a_name_gone_before_the_subscription_stood_reads_as_deleted(
    monkeypatch: pytest.MonkeyPatch, kernel: Socket, stop: Stop
) -> None:
    def gone(_: str) -> int:
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr(socket, "if_nametoindex", gone)
    listener = Listener(stop)

    assert watch_by_subscription(WT0, stop, listener) == Outcome(
        restart=True, reason=Reason.DELETED, message="interface wt0 deleted: [Errno 19] No such device"
    )
    assert listener.ready_with == []
    assert kernel.closed


def test_another_index_before_the_subscription_stood_is_a_recreation(
    monkeypatch: pytest.MonkeyPatch, kernel: Socket, stop: Stop
) -> None:
    monkeypatch.setattr(socket, "if_nametoindex", lambda _: 8)

    assert watch_by_subscription(WT0, stop, Silent()) == RECREATED
    assert kernel.closed


def test_the_recheck_of_an_unchanged_link_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "if_nametoindex", lambda _: 7)

    assert recheck(WT0) is None


def test_it_is_ready_only_after_the_recheck(monkeypatch: pytest.MonkeyPatch, kernel: Socket, stop: Stop) -> None:
    order: list[str] = []

    def look(name: str) -> int:
        order.append(f"look {name}")
        return WT0.index

    class Noting(Silent):
        def ready(self, link: Link) -> None:
            order.append(f"ready {link.name} {link.index}")

    monkeypatch.setattr(socket, "if_nametoindex", look)
    kernel.send(message(RTM_DELLINK, 7, "wt0"))

    watch_by_subscription(WT0, stop, Noting())

    assert order == ["look wt0", "ready wt0 7"]


# --- what ends it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "outcome"),
    [
        pytest.param(message(RTM_DELLINK, 7, "wt0"), DELETED, id="our link is deleted"),
        pytest.param(message(RTM_DELLINK, 7, None), DELETED, id="our link is deleted, without a name"),
        pytest.param(message(RTM_DELLINK, 7, "wt0", AF_BRIDGE), DELETED, id="a bridge releases our living link"),
        pytest.param(message(RTM_NEWLINK, 9, "wt0"), RECREATED, id="our name has another index"),
        pytest.param(
            message(RTM_NEWLINK, 7, "wt1"),
            Outcome(restart=True, reason=Reason.RENAMED, message="interface wt0 renamed to wt1"),
            id="our link is renamed",
        ),
    ],
)
def test_an_event_of_ours_ends_the_watch(kernel: Socket, stop: Stop, sent: bytes, outcome: Outcome) -> None:
    kernel.send(sent)

    assert watch_by_subscription(WT0, stop, Silent()) == outcome
    assert kernel.closed


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(message(RTM_DELLINK, 8, "veth0"), id="another link is deleted"),
        pytest.param(message(RTM_NEWLINK, 7, "wt0"), id="our flags changed"),
        pytest.param(message(RTM_NEWLINK, 7, None), id="our link comes without a name"),
        pytest.param(message(RTM_NEWLINK, 7, ""), id="our link comes with an empty name"),
        pytest.param(message(RTM_NEWLINK, 8, "veth0"), id="another link appears"),
    ],
)
def test_any_other_link_event_is_heard_and_watching_goes_on(kernel: Socket, stop: Stop, sent: bytes) -> None:
    kernel.send(sent)
    listener = Listener(stop, patience=1)

    assert watch_by_subscription(WT0, stop, listener) == STOPPED
    assert listener.heard == 1


def test_messages_that_are_not_about_links_are_not_events(kernel: Socket, stop: Stop) -> None:
    kernel.send(message(RTM_NEWADDR, 7, None), message(RTM_NEWLINK, 8, "veth0"))
    listener = Listener(stop, patience=1)

    assert watch_by_subscription(WT0, stop, listener) == STOPPED
    assert listener.heard == 1


def test_one_datagram_may_hold_several_messages(kernel: Socket, stop: Stop) -> None:
    kernel.send(message(RTM_NEWLINK, 8, "veth0"), message(RTM_DELLINK, 7, "wt0"), message(RTM_NEWLINK, 9, "wt0"))
    listener = Listener(stop)

    assert watch_by_subscription(WT0, stop, listener) == DELETED
    assert listener.heard == 2


@pytest.mark.parametrize("number", [errno.ENOBUFS, errno.EBADF, errno.ENOMEM, errno.ECONNRESET])
def test_any_error_of_the_socket_closes_the_subscription(kernel: Socket, stop: Stop, number: int) -> None:
    kernel.send(message(RTM_NEWLINK, 8, "veth0"))
    kernel.fail(number)

    assert watch_by_subscription(WT0, stop, Silent()) == CLOSED
    assert kernel.closed


def test_being_asked_to_stop_comes_before_whatever_is_queued(kernel: Socket, stop: Stop) -> None:
    kernel.send(message(RTM_DELLINK, 7, "wt0"))
    stop.set()

    assert watch_by_subscription(WT0, stop, Silent()) == STOPPED
    assert kernel.closed


def test_a_failing_observer_does_not_keep_the_socket_open(kernel: Socket, stop: Stop) -> None:
    class Broken(Silent):
        def received(self) -> None:
            raise RuntimeError("broken")

    kernel.send(message(RTM_NEWLINK, 8, "veth0"))

    with pytest.raises(RuntimeError, match="broken"):
        watch_by_subscription(WT0, stop, Broken())
    assert kernel.closed


# --- any stream -----------------------------------------------------------------------------------------------------

UNRELATED = st.one_of(
    st.builds(message, st.just(RTM_NEWLINK), st.integers(8, 99), st.sampled_from(["veth0", "br0", None])),
    st.builds(message, st.just(RTM_DELLINK), st.integers(8, 99), st.sampled_from(["veth0", "wt0", None])),
    st.builds(message, st.just(RTM_NEWLINK), st.just(7), st.sampled_from(["wt0", None])),
)


@settings(deadline=None)
@given(st.lists(st.lists(UNRELATED, min_size=1, max_size=4), max_size=6))
def test_a_stream_of_unrelated_events_is_heard_to_its_end(datagrams: list[list[bytes]]) -> None:
    outcome, heard = watch(datagrams, ends=sum(map(len, datagrams)))

    assert outcome == STOPPED
    assert heard == sum(map(len, datagrams))


@settings(deadline=None)
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
        patch.setattr(subscription, "subscribe", lambda: fed)
        patch.setattr(socket, "if_nametoindex", lambda _: WT0.index)
        outcome = watch_by_subscription(WT0, stop, listener)
    stop.close()
    return outcome, listener.heard
