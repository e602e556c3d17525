"""The entry point: preconditions in their order, the choice of watcher, and nothing left behind."""

import gc
import os
import socket
import threading
from collections.abc import Iterator

import pytest

from harness.watchers import monitor as module
from harness.watchers.monitor import DEFAULT_INTERVAL_S, NETSTACK_VARIABLE, WATCHERS, Host, default_watcher, monitor
from harness.watchers.outcome import Link, Outcome, Reason
from harness.watchers.polling import LookUp
from harness.watchers.protocols import Observer, Stop

STOPPED = Outcome(restart=False, reason=Reason.STOPPED, message="wg interface monitor stopped: asked to stop")
LINUX = Host(platform="linux", environment={})


class StopsWhenReady(Observer):
    """Asks to stop as soon as the watcher stands."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self.watched: list[Link] = []

    def ready(self, link: Link) -> None:
        self.watched.append(link)
        self._stop.set()


@pytest.fixture
def stop() -> Iterator[Stop]:
    made = Stop()
    yield made
    made.close()


# --- what cannot be watched -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", ["android", "ios"])
def test_mobile_platforms_are_not_supported(platform: str) -> None:
    assert monitor("lo", host=Host(platform=platform, environment={})) == Outcome(
        restart=False, reason=Reason.UNSUPPORTED, message="not supported on mobile platforms"
    )


def test_netstack_mode_has_no_interface_and_that_is_no_error() -> None:
    host = Host(platform="linux", environment={NETSTACK_VARIABLE: "true"})

    assert monitor("lo", host=host) == Outcome(restart=False, reason=Reason.NETSTACK, message=None)


@pytest.mark.parametrize("value", ["", "false", "0", "1", "TRUE", "t", "yes", " true"])
def test_only_the_word_true_means_netstack_mode_as_netbird_reads_it(value: str) -> None:
    assert not Host(platform="linux", environment={NETSTACK_VARIABLE: value}).netstack


def test_netstack_mode_is_read_from_the_environment_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NB_USE_NETSTACK_MODE", "true")

    assert monitor("lo").reason is Reason.NETSTACK


def test_an_empty_name_cannot_be_watched() -> None:
    assert monitor("", host=LINUX) == Outcome(restart=False, reason=Reason.NO_NAME, message="empty interface name")


@pytest.mark.slow
@pytest.mark.parametrize("watcher", WATCHERS)
def test_a_name_that_is_not_there_is_not_found_and_says_why(watcher: str, stop: Stop) -> None:
    with pytest.raises(OSError) as cause:  # noqa: PT011 - its words are compared below
        socket.if_nametoindex("nope0")

    outcome = monitor("nope0", watcher=watcher, host=LINUX, stop=stop)
    gc.collect()  # a socket left to the collector is reported here, and not in the middle of another test

    assert outcome == Outcome(
        restart=False, reason=Reason.NOT_FOUND, message=f"interface nope0 not found: {cause.value}"
    )


def test_an_alternative_name_is_not_found_and_says_whose_it_is(monkeypatch: pytest.MonkeyPatch, stop: Stop) -> None:
    """Linux resolves it, but every event would tell the first name, and read as a rename."""
    monkeypatch.setattr(socket, "if_nametoindex", lambda _: 7)
    monkeypatch.setattr(socket, "if_indextoname", lambda _: "wt0")

    assert monitor("vpn0", watcher="poll-name", host=LINUX, stop=stop) == Outcome(
        restart=False,
        reason=Reason.NOT_FOUND,
        message="interface vpn0 not found: it is an alternative name of wt0",
    )


def test_the_platform_is_looked_at_before_the_mode_and_the_mode_before_the_name() -> None:
    netstack = {NETSTACK_VARIABLE: "true"}

    assert monitor("", host=Host(platform="ios", environment=netstack)).reason is Reason.UNSUPPORTED
    assert monitor("", host=Host(platform="linux", environment=netstack)).reason is Reason.NETSTACK


# --- which watcher --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "watcher"), [("linux", "netlink"), ("darwin", "poll"), ("win32", "poll"), ("freebsd14", "poll")]
)
def test_linux_subscribes_and_everybody_else_polls(platform: str, watcher: str) -> None:
    assert default_watcher(platform) == watcher


def test_a_host_that_is_not_linux_is_polled(monkeypatch: pytest.MonkeyPatch, stop: Stop) -> None:
    looked: list[str] = []

    def lookup(_: Observer) -> LookUp:
        def look(name: str) -> int:
            looked.append(name)
            return 0

        return look

    monkeypatch.setattr(module, "LOOK_UPS", {"poll": lookup})

    outcome = monitor("lo", interval_s=0, stop=stop, host=Host(platform="darwin", environment={}))

    assert outcome.reason is Reason.RECREATED
    assert looked == ["lo"]


def test_there_are_the_before_three_relatives_the_after_and_the_one_that_ought_to_be() -> None:
    assert set(WATCHERS) == {"poll", "poll-psutil", "poll-name", "poll-retry", "netlink", "netlink-filtered"}


def test_the_ticker_of_the_pull_request_is_two_seconds() -> None:
    assert DEFAULT_INTERVAL_S == 2


def test_an_unknown_watcher_is_a_key_error(stop: Stop) -> None:
    with pytest.raises(KeyError, match="telepathy"):
        monitor("lo", watcher="telepathy", host=LINUX, stop=stop)


# --- watching a real link -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("watcher", ["poll-name", "poll-psutil", "netlink", "netlink-filtered"])
def test_a_living_link_is_watched_until_stop(watcher: str, stop: Stop) -> None:
    observer = StopsWhenReady(stop)

    assert monitor("lo", watcher=watcher, stop=stop, observer=observer, host=LINUX) == STOPPED
    assert observer.watched == [Link(name="lo", index=socket.if_nametoindex("lo"))]


@pytest.mark.parametrize("watcher", ["poll-name", "netlink", "netlink-filtered"])
def test_a_stop_from_another_thread_wakes_a_sleeping_watcher(watcher: str, stop: Stop) -> None:
    asker = threading.Timer(0.02, stop.set)
    asker.start()

    assert monitor("lo", watcher=watcher, interval_s=600, stop=stop, host=LINUX) == STOPPED
    asker.join()


def test_a_stop_asked_for_before_the_start_ends_it_before_it_is_ready(stop: Stop) -> None:
    observer = StopsWhenReady(stop)
    stop.set()

    assert monitor("lo", watcher="poll-name", stop=stop, observer=observer, host=LINUX) == STOPPED
    assert observer.watched == []


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are wanted, the folder is no path of ours


def test_a_watch_without_a_stop_of_ours_gives_every_descriptor_back() -> None:
    before = descriptors()

    monitor("nope0", watcher="poll-name", host=LINUX)

    assert descriptors() == before


@pytest.mark.parametrize("watcher", ["netlink", "netlink-filtered"])
def test_a_subscription_gives_its_sockets_back(watcher: str, stop: Stop) -> None:
    before = descriptors()

    monitor("lo", watcher=watcher, stop=stop, observer=StopsWhenReady(stop), host=LINUX)

    assert descriptors() == before


def test_the_dump_gives_its_socket_back(stop: Stop) -> None:
    before = descriptors()

    monitor("lo", watcher="poll", stop=stop, observer=StopsWhenReady(stop), host=LINUX)
    left_open = descriptors() - before
    gc.collect()  # as above

    assert left_open == set()
