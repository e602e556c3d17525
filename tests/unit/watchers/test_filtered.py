"""A filtered subscription: how it begins, how it stands, what ends it."""

import errno
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fake_kernel import (
    AF_BRIDGE,
    DELETED,
    MOVED,
    RECREATED,
    RTM_NEWLINK,
    STOPPED,
    WT0,
    Diary,
    Hurried,
    Step,
    World,
    create,
    delete,
    flip,
    forge,
    ifname,
    inside,
    message,
    move,
    release,
    rename,
    renamed,
    watch,
)
from harness.watchers.filtered import FilteredSubscription, query_link, watch_filtered
from harness.watchers.outcome import Link, Outcome, Reason
from harness.watchers.protocols import Observer, Stop


def test_it_filters_then_binds_then_looks_then_is_ready() -> None:
    world = World()
    outcome, diary = watch(world)
    order = [call for call in world.calls if not call.startswith(("open", "count"))]

    assert outcome == STOPPED
    assert order == ["filter", "bind", "ask", "ready", "sleep"]
    assert diary.ready_with == [WT0]


def test_the_outcome_is_told_before_anything_is_put_away() -> None:
    outcome, diary = watch(World(script=[delete()]))

    assert diary.decided_while_open == [(outcome, True)]


CALLS_AT_START = ["open 900", "filter", "bind", "open 901"]


@pytest.mark.parametrize("what", CALLS_AT_START)
def test_a_refusal_passes_and_leaves_nothing_open(what: str) -> None:
    refusal = OSError(errno.EMFILE, "Too many open files")
    outcome, diary = watch(World(script=[delete()], refuses={what: [refusal] * 3}))

    assert outcome == DELETED
    assert diary.ready_with == [WT0]


@pytest.mark.parametrize("what", CALLS_AT_START)
def test_what_happens_while_it_is_refused_is_seen_by_looking(what: str) -> None:
    """The steps go on in the third system call, which is before the fourth, whatever was refused until then."""
    refusal = OSError(errno.EMFILE, "Too many open files")
    outcome, diary = watch(World(script=[delete()], paces=[0, 0, 1], refuses={what: [refusal] * 4}))

    assert outcome == DELETED
    assert diary.ready_with == []


@pytest.mark.parametrize("what", CALLS_AT_START)
def test_what_is_forbidden_asks_for_a_restart_and_names_its_cause(what: str) -> None:
    outcome, diary = watch(World(refuses={what: [OSError(errno.EPERM, "Operation not permitted")]}))

    assert outcome == Outcome(
        restart=True,
        reason=Reason.SUBSCRIBE_FAILED,
        message="subscribe to link updates: [Errno 1] Operation not permitted",
    )
    assert diary.ready_with == []


def test_between_two_attempts_it_waits_and_hears_a_stop() -> None:
    world, stop = World(refuses={"bind": [OSError(errno.ENOMEM, "No memory")] * 9}), Hurried()
    diary = Diary(world)
    stop.set()
    with inside(world):
        assert watch_filtered(WT0, stop, diary) == STOPPED
    stop.close()

    assert stop.waited == 1
    assert diary.ready_with == []
    assert world.open == 0


@pytest.mark.parametrize(
    ("step", "outcome"),
    [(delete(), DELETED), (rename("wt1"), renamed("wt1"))],
    ids=["deleted", "renamed"],
)
@pytest.mark.parametrize("call", range(4))
def test_what_happened_before_the_subscription_stood_is_seen_by_looking(
    step: Step, outcome: Outcome, call: int
) -> None:
    seen, diary = watch(World(script=[step], paces=[*[0] * call, 1]))

    assert seen == outcome
    assert diary.ready_with == []


def test_a_recreation_before_the_subscription_stood_is_one() -> None:
    outcome, diary = watch(World(script=[delete(), create(9, "wt0")], paces=[2]))

    assert outcome == RECREATED
    assert diary.ready_with == []


def test_a_question_that_is_not_answered_at_the_start_is_no_deletion() -> None:
    assert watch(World(ask_fails=2))[0] == STOPPED
    assert watch(World(ask_fails=2, script=[delete()], paces=[0, 0, 1]))[0] == DELETED


# --- how it stands --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("links", "outcome"),
    [
        pytest.param({7: "wt0"}, None, id="as it was"),
        pytest.param({9: "wt0"}, RECREATED, id="another index"),
        pytest.param({7: "wt1"}, renamed("wt1"), id="another name"),
        pytest.param({7: "wt1", 9: "wt0"}, RECREATED, id="another name, and its own taken"),
        pytest.param({8: "veth0"}, DELETED, id="gone"),
        pytest.param({}, DELETED, id="everything is gone"),
    ],
)
def test_a_look_tells_how_the_link_stands(links: dict[int, str], outcome: Outcome | None) -> None:
    world = World(links=links)
    with inside(world):
        kernel = FilteredSubscription(WT0)
        assert query_link(WT0, kernel) == outcome
        kernel.close()


def test_a_rename_that_is_undone_between_two_questions_is_left_to_its_events() -> None:
    world = World(script=[flip(), rename("wt1"), rename("wt0")], paces=[*[0] * 4, 2, 1])

    outcome, _ = watch(world)

    assert outcome == renamed("wt1")


def test_the_real_kernel_answers_by_name_and_by_index() -> None:
    lo = Link(name="lo", index=socket.if_nametoindex("lo"))
    kernel = FilteredSubscription(lo)

    assert kernel.index_of("lo") == lo.index
    assert kernel.name_of(lo.index) == "lo"
    assert kernel.index_of("nope0") is None
    assert kernel.name_of(2**31 - 1) is None
    assert query_link(lo, kernel) is None
    assert query_link(Link(name="lo", index=2**31 - 1), kernel) == RECREATED
    assert query_link(Link(name="nope0", index=2**31 - 1), kernel) == Outcome(
        restart=True, reason=Reason.DELETED, message="interface nope0 deleted"
    )
    assert query_link(Link(name="nope0", index=lo.index), kernel) == Outcome(
        restart=True, reason=Reason.RENAMED, message="interface nope0 renamed to lo"
    )
    kernel.close()


def test_its_descriptors_are_given_back() -> None:
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are wanted
    kernel = FilteredSubscription(WT0)

    assert kernel.fileno() >= 0
    kernel.close()
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


@contextmanager
def no_descriptors_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_without_descriptors_it_cannot_start_but_it_can_look() -> None:
    lo, stop = Link(name="lo", index=socket.if_nametoindex("lo")), Stop()
    kernel = FilteredSubscription(lo)
    stop.set()  # it would try until there are some
    with no_descriptors_left():
        with pytest.raises(OSError, match="Too many open files"):
            FilteredSubscription(lo)
        outcome, standing = watch_filtered(lo, stop, Observer()), query_link(lo, kernel)
    kernel.close()
    stop.close()

    assert outcome == STOPPED
    assert standing is None


# --- what ends it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        pytest.param([delete()], DELETED, id="deleted"),
        pytest.param([delete(), create(9, "wt0")], DELETED, id="recreated"),
        pytest.param([delete(), create(7, "wt0")], DELETED, id="recreated with the same index"),
        pytest.param([rename("wt1")], renamed("wt1"), id="renamed"),
        pytest.param([rename("wt1"), rename("wt0")], renamed("wt1"), id="renamed and back"),
        pytest.param([rename("wt1"), create(9, "wt0")], renamed("wt1"), id="renamed, and its name taken"),
        pytest.param([move()], MOVED, id="moved to another namespace"),
        pytest.param([move(), create(7, "wt0")], MOVED, id="out and back"),
        pytest.param([flip(family=AF_BRIDGE), release(), flip()], STOPPED, id="a bridge's port for a while"),
        pytest.param([flip()] * 5, STOPPED, id="flags, mtu, alias"),
        pytest.param([delete(8), create(9, "veth0"), move(9)], STOPPED, id="others come and go"),
        pytest.param([rename("veth1", 8)], STOPPED, id="another is renamed"),
        pytest.param([forge()], STOPPED, id="somebody sends what only the kernel may say"),
        pytest.param([forge(), delete()], DELETED, id="a forgery, and then the truth"),
    ],
)
def test_what_happens_means_what_it_is(steps: list[Step], outcome: Outcome) -> None:
    assert watch(World(script=[flip(), *steps]))[0] == outcome
    assert watch(World(script=[flip(), *steps], paces=[*[0] * 6, 99]))[0] == outcome  # all of it in one moment


def test_a_name_that_comes_to_another_index_is_a_recreation() -> None:
    """No kernel sends this without an event of our index before; the event alone says enough."""
    assert watch(World(script=[lambda world: world.tell(message(RTM_NEWLINK, 9, ifname("wt0")))]))[0] == RECREATED


def test_what_is_not_ours_is_never_received() -> None:
    steps = [step for index in range(10, 60) for step in (create(index, f"veth{index}"), flip(index), delete(index))]
    world = World(script=[*steps, flip()])
    outcome, diary = watch(world)

    assert outcome == STOPPED
    assert diary.heard == 1
    assert world.calls.count("receive") == 1


def test_being_asked_to_stop_comes_before_whatever_is_queued() -> None:
    lo, stop = Link(name="lo", index=socket.if_nametoindex("lo")), Stop()
    stop.set()

    assert watch_filtered(lo, stop, Observer()) == STOPPED
    stop.close()


def test_a_spurious_wake_up_is_none() -> None:
    world = World(script=[flip(), flip()])
    empty = [True]

    def nothing_there() -> tuple[bytes, int]:
        if empty and empty.pop():
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return World.take(world)

    world.take = nothing_there  # type: ignore[method-assign]

    outcome, diary = watch(world)
    assert outcome == STOPPED
    assert diary.heard == 2


@pytest.mark.parametrize("number", [errno.EBADF, errno.ENOMEM, errno.ECONNRESET])
def test_a_subscription_that_ends_by_itself_is_closed_and_no_crash(number: int) -> None:
    outcome, _ = watch(World(script=[flip()], refuses={"receive": [OSError(number, os.strerror(number))]}))

    assert outcome == Outcome(
        restart=True, reason=Reason.CLOSED, message="link subscription channel closed unexpectedly"
    )


def test_a_failing_observer_does_not_keep_descriptors_open() -> None:
    class Broken(Diary):
        def received(self) -> None:
            raise RuntimeError("broken")

    world, stop = World(script=[flip()]), Stop()
    with inside(world), pytest.raises(RuntimeError, match="broken"):
        watch_filtered(WT0, stop, Broken(world))
    stop.close()

    assert world.open == 0
