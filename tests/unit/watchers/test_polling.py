"""The poll: what ends it, when it looks, and what each look-up is."""

import errno
import os
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

import psutil
import pyroute2
import pytest
from pyroute2.netlink.exceptions import NetlinkError

from harness.watchers import polling
from harness.watchers.outcome import Link, Outcome, Reason
from harness.watchers.polling import dump_lookup, name_lookup, psutil_lookup, watch_by_polling
from harness.watchers.protocols import Observer, Stop

WT0 = Link(name="wt0", index=7)
STOPPED = Outcome(restart=False, reason=Reason.STOPPED, message="wg interface monitor stopped: asked to stop")
LOOKUPS = [name_lookup, psutil_lookup]


class Clock(Stop):
    """A stop whose waiting is what makes the time pass; asked for after ``ends_s``."""

    def __init__(self, ends_s: float = float("inf")) -> None:
        super().__init__()
        self.now_s = 1000.0
        self._ends_s = self.now_s + ends_s

    def wait(self, timeout_s: float) -> bool:
        self.now_s = min(self._ends_s, self.now_s + max(0.0, timeout_s))
        return self.now_s >= self._ends_s


class Table:
    """A link table: one answer a look, the last for ever; a look takes ``costs_s`` of the clock's time."""

    def __init__(self, clock: Clock, *answers: int | OSError, costs_s: tuple[float, ...] = ()) -> None:
        self._clock = clock
        self._answers = answers
        self._costs_s = costs_s
        self.looked_at_s: list[float] = []
        self.asked_for: list[str] = []

    def __call__(self, name: str) -> int:
        look = len(self.looked_at_s)
        self.looked_at_s.append(round(self._clock.now_s - 1000, 6))
        self.asked_for.append(name)
        self._clock.now_s += self._costs_s[look] if look < len(self._costs_s) else 0.0
        answer = self._answers[min(look, len(self._answers) - 1)]
        if isinstance(answer, OSError):
            raise answer
        return answer


class Diary(Observer):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def ready(self, link: Link) -> None:
        self.lines.append(f"ready {link.name} {link.index}")

    def polled(self) -> None:
        self.lines.append("polled")


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], Clock]]:
    with ExitStack() as opened:

        def make(ends_s: float) -> Clock:
            clock = Clock(ends_s)
            opened.callback(clock.close)
            monkeypatch.setattr(polling, "time", SimpleNamespace(monotonic=lambda: clock.now_s))
            return clock

        yield make


Clocks = Callable[[float], Clock]


# --- what ends it ---------------------------------------------------------------------------------------------------


def test_a_look_up_that_fails_reads_as_deleted_with_its_cause(clocks: Clocks) -> None:
    clock = clocks(100)
    table = Table(clock, 7, OSError("no such network interface: wt0"))

    outcome = watch_by_polling(WT0, table, clock, Observer(), interval_s=2)

    assert outcome == Outcome(
        restart=True, reason=Reason.DELETED, message="interface wt0 deleted: no such network interface: wt0"
    )


@pytest.mark.parametrize("number", [errno.ENODEV, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.EPERM])
def test_a_look_up_that_fails_for_any_reason_reads_as_deleted(clocks: Clocks, number: int) -> None:
    clock = clocks(100)
    cause = OSError(number, os.strerror(number))

    assert watch_by_polling(WT0, Table(clock, 7, cause, 7), clock, Observer(), interval_s=2) == Outcome(
        restart=True, reason=Reason.DELETED, message=f"interface wt0 deleted: {cause}"
    )


def test_another_index_is_a_restart_without_an_error(clocks: Clocks) -> None:
    clock = clocks(100)

    outcome = watch_by_polling(WT0, Table(clock, 7, 7, 8), clock, Observer(), interval_s=2)

    assert outcome == Outcome(restart=True, reason=Reason.RECREATED, message=None)


def test_being_asked_to_stop_ends_it_without_a_restart(clocks: Clocks) -> None:
    clock = clocks(5)

    assert watch_by_polling(WT0, Table(clock, 7), clock, Observer(), interval_s=2) == STOPPED


def test_a_rename_and_back_between_two_looks_goes_unseen(clocks: Clocks) -> None:
    clock = clocks(7)
    table = Table(clock, 7)

    assert watch_by_polling(WT0, table, clock, Observer(), interval_s=2) == STOPPED
    assert set(table.asked_for) == {"wt0"}


def test_running_out_of_descriptors_reads_as_deleted_though_the_link_lives() -> None:
    lo, stop = Link(name="lo", index=socket.if_nametoindex("lo")), Stop()
    with no_descriptors_left():
        outcome = watch_by_polling(lo, name_lookup(), stop, Observer(), interval_s=0)
    stop.close()

    assert (outcome.restart, outcome.reason) == (True, Reason.DELETED)


@contextmanager
def no_descriptors_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
        while True:
            try:
                taken.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                break
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)


# --- when it looks --------------------------------------------------------------------------------------------------


def test_it_looks_first_after_one_interval_and_then_on_a_grid(clocks: Clocks) -> None:
    clock = clocks(9)
    table = Table(clock, 7)

    watch_by_polling(WT0, table, clock, Observer(), interval_s=2)

    assert table.looked_at_s == [2, 4, 6, 8]


def test_the_cost_of_a_look_does_not_move_the_grid(clocks: Clocks) -> None:
    clock = clocks(11)
    table = Table(clock, 7, costs_s=(0.5, 1.9, 0.1, 0.7))

    watch_by_polling(WT0, table, clock, Observer(), interval_s=2)

    assert table.looked_at_s == [2, 4, 6, 8, 10]


def test_a_look_longer_than_the_interval_is_followed_by_one_at_once_and_then_by_the_grid(clocks: Clocks) -> None:
    clock = clocks(13)
    table = Table(clock, 7, costs_s=(5.0,))

    watch_by_polling(WT0, table, clock, Observer(), interval_s=2)

    assert table.looked_at_s == [2, 7, 8, 10, 12]  # at 7 the one tick that Go's ticker would have kept


def test_without_an_interval_it_looks_back_to_back(clocks: Clocks) -> None:
    clock = clocks(100)
    table = Table(clock, *[7] * 5, 8, costs_s=(0.1,) * 5)

    watch_by_polling(WT0, table, clock, Observer(), interval_s=0)

    assert table.looked_at_s == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])


def test_a_stop_asked_for_before_the_first_tick_means_no_look_at_all(clocks: Clocks) -> None:
    clock = clocks(1)
    table = Table(clock, 7)

    assert watch_by_polling(WT0, table, clock, Observer(), interval_s=2) == STOPPED
    assert table.looked_at_s == []


def test_the_observer_hears_ready_first_and_then_every_look(clocks: Clocks) -> None:
    clock = clocks(100)
    diary = Diary()

    watch_by_polling(WT0, Table(clock, 7, 7, 8), clock, diary, interval_s=2)

    assert diary.lines == ["ready wt0 7", "polled", "polled", "polled"]


# --- what a look-up is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", LOOKUPS)
def test_a_look_up_finds_the_index_of_a_living_link(make: Callable[[], polling.LookUp]) -> None:
    assert make()("lo") == socket.if_nametoindex("lo")


def cause_of(name: str) -> str:
    """Give this Python's words for a name that the kernel does not know; they changed over the versions."""
    try:
        return str(socket.if_nametoindex(name))
    except OSError as cause:
        return str(cause)


@pytest.mark.parametrize("make", LOOKUPS)
def test_a_look_up_of_a_name_that_is_not_there_fails(make: Callable[[], polling.LookUp]) -> None:
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the words are compared below
        make()("nope0")
    assert str(caught.value) in {cause_of("nope0"), "no such network interface: nope0"}


class Dump:
    """What ``IPRoute`` is to the dump: somebody with a link table, who may have none to give."""

    def __init__(self, *, refuses: Exception | None = None) -> None:
        self._refuses = refuses

    def __call__(self) -> "Dump":
        return self

    def get_links(self) -> list[Any]:
        if self._refuses:
            raise self._refuses
        return [Message("lo", 1), Message("wt0", 7), Message("wt01", 8)]

    def close(self) -> None:
        pass


class Message(dict[str, Any]):
    def __init__(self, name: str, index: int) -> None:
        super().__init__(index=index, header={"flags": 2 | polling.NLM_F_DUMP_INTR * (index == 8)})
        self._name = name

    def get_attr(self, attribute: str) -> str | None:
        return self._name if attribute == "IFLA_IFNAME" else None


def test_the_dump_is_scanned_for_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyroute2, "IPRoute", Dump())

    assert dump_lookup()("wt0") == 7


class Counting(Observer):
    def __init__(self) -> None:
        self.dumps: list[tuple[bool | None, int | None]] = []

    def dumped(self, *, marked: bool | None, discarded_ns: int | None = None) -> None:
        self.dumps.append((marked, discarded_ns))


def test_each_look_up_tells_of_its_dumps_and_of_what_it_can_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyroute2, "IPRoute", Dump())
    for make, expected in (
        (dump_lookup, [(True, None)]),  # any message of it is marked
        (psutil_lookup, [(None, None), (None, None)]),
        (name_lookup, []),
    ):
        counting = Counting()
        make(counting)("wt0" if make is dump_lookup else "lo")
        assert counting.dumps == expected


def test_a_name_that_no_dump_shows_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyroute2, "IPRoute", Dump())
    look = dump_lookup()

    with pytest.raises(OSError, match=r"^no such network interface: wt$"):
        look("wt")


def test_a_dump_that_the_kernel_refuses_is_a_look_up_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyroute2, "IPRoute", Dump(refuses=NetlinkError(105, "No buffer space available")))
    look = dump_lookup()

    with pytest.raises(OSError, match="No buffer space available"):
        look("wt0")


def test_the_table_of_psutil_holds_only_links_with_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"eth0": []})

    with pytest.raises(OSError, match=r"^no such network interface: lo$"):
        psutil_lookup()("lo")
