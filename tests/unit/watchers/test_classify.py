"""The decision table of netbird pull request 5857, row by row, the careful one, and what no interleaving may change."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.watchers.classify import (
    AF_UNSPEC,
    LinkEvent,
    classify,
    classify_strict,
    closed,
    deleted,
    recreated,
    stopped,
    subscribe_failed,
)
from harness.watchers.outcome import Link, Outcome, Reason

WT0 = Link(name="wt0", index=7)

DELETED = Outcome(restart=True, reason=Reason.DELETED, message="interface wt0 deleted")
RECREATED = Outcome(restart=True, reason=Reason.RECREATED, message=None)
MOVED = Outcome(restart=True, reason=Reason.MOVED, message="interface wt0 moved to another namespace")
AF_BRIDGE = 7
FAMILIES = [2, AF_BRIDGE, 10]

Decide = Callable[[Link, LinkEvent], Outcome | None]


def renamed(other: str) -> Outcome:
    return Outcome(restart=True, reason=Reason.RENAMED, message=f"interface wt0 renamed to {other}")


def newlink(index: int, name: str) -> LinkEvent:
    return LinkEvent(kind="RTM_NEWLINK", index=index, name=name)


def dellink(index: int, name: str) -> LinkEvent:
    return LinkEvent(kind="RTM_DELLINK", index=index, name=name)


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        pytest.param(dellink(7, "wt0"), DELETED, id="our index is deleted"),
        pytest.param(dellink(7, ""), DELETED, id="our index is deleted and the message has no name"),
        pytest.param(dellink(7, "other"), DELETED, id="our index is deleted under another name"),
        pytest.param(dellink(8, "veth0"), None, id="somebody else is deleted"),
        pytest.param(dellink(8, "wt0"), None, id="our name is deleted at another index"),
        pytest.param(newlink(9, "wt0"), RECREATED, id="our name appears at another index"),
        pytest.param(newlink(7, "wt1"), renamed("wt1"), id="our index has another name"),
        pytest.param(newlink(7, "wt0"), None, id="our flags changed"),
        pytest.param(newlink(7, ""), None, id="our index comes without a name"),
        pytest.param(newlink(8, ""), None, id="another index comes without a name"),
        pytest.param(newlink(8, "veth0"), None, id="somebody else appears"),
        pytest.param(newlink(7, "WT0"), renamed("WT0"), id="names differ by case"),
        pytest.param(LinkEvent(kind="RTM_NEWROUTE", index=7, name="wt1"), None, id="not a link message"),
        pytest.param(LinkEvent(kind="RTM_GETLINK", index=7, name=""), None, id="a request"),
    ],
)
def test_an_event_means_what_the_table_says(event: LinkEvent, outcome: Outcome | None) -> None:
    assert classify(WT0, event) == outcome


def test_a_look_up_that_failed_names_its_cause() -> None:
    assert deleted(WT0, "no such device").message == "interface wt0 deleted: no such device"


def test_a_recreation_is_a_restart_without_an_error() -> None:
    assert recreated() == RECREATED


def test_being_asked_to_stop_is_no_restart() -> None:
    assert stopped() == Outcome(
        restart=False, reason=Reason.STOPPED, message="wg interface monitor stopped: asked to stop"
    )


def test_a_subscription_that_ended_by_itself_asks_for_a_restart() -> None:
    assert closed() == Outcome(
        restart=True, reason=Reason.CLOSED, message="link subscription channel closed unexpectedly"
    )


def test_a_refused_subscription_asks_for_a_restart_and_names_its_cause() -> None:
    assert subscribe_failed(OSError("no buffers")) == Outcome(
        restart=True, reason=Reason.SUBSCRIBE_FAILED, message="subscribe to link updates: no buffers"
    )


# --- the careful table ----------------------------------------------------------------------------------------------


def moving(index: int, name: str, family: int = AF_UNSPEC) -> LinkEvent:
    return LinkEvent(kind="RTM_DELLINK", index=index, name=name, family=family, moved=True)


def of_bridge(event: LinkEvent) -> LinkEvent:
    return replace(event, family=AF_BRIDGE)


@pytest.mark.parametrize(
    ("event", "plainly", "carefully"),
    [
        pytest.param(dellink(7, "wt0"), DELETED, DELETED, id="our index is deleted"),
        pytest.param(moving(7, "wt0"), DELETED, MOVED, id="our index goes to another namespace"),
        pytest.param(moving(8, "veth0"), None, None, id="somebody else goes to another namespace"),
        pytest.param(moving(8, "wt0"), None, None, id="our name at another index goes to another namespace"),
        pytest.param(of_bridge(dellink(7, "wt0")), DELETED, None, id="a bridge releases our port"),
        pytest.param(moving(7, "wt0", AF_BRIDGE), DELETED, None, id="another family names a namespace"),
        pytest.param(of_bridge(newlink(7, "wt0")), None, None, id="a bridge enslaves our port"),
        pytest.param(of_bridge(newlink(7, "wt1")), renamed("wt1"), None, id="a bridge tells another name of our index"),
        pytest.param(of_bridge(newlink(9, "wt0")), RECREATED, None, id="a bridge tells our name at another index"),
        pytest.param(newlink(9, "wt0"), RECREATED, RECREATED, id="our name appears at another index"),
        pytest.param(newlink(7, "wt1"), renamed("wt1"), renamed("wt1"), id="our index has another name"),
        pytest.param(newlink(7, "wt0"), None, None, id="our flags changed"),
        pytest.param(newlink(7, ""), None, None, id="our index comes without a name"),
        pytest.param(newlink(8, "veth0"), None, None, id="somebody else appears"),
    ],
)
def test_the_careful_table_tells_apart_what_the_plain_one_does_not(
    event: LinkEvent, plainly: Outcome | None, carefully: Outcome | None
) -> None:
    assert classify(WT0, event) == plainly
    assert classify_strict(WT0, event) == carefully


# --- any stream -----------------------------------------------------------------------------------------------------

NAMES = st.text(alphabet="abvethwt019.-", max_size=6)
INDEXES = st.integers(min_value=1, max_value=40)
OTHER_INDEXES = INDEXES.filter(lambda index: index != WT0.index)
OTHER_NAMES = NAMES.filter(lambda name: name != WT0.name)
UNRELATED = st.one_of(
    st.builds(newlink, OTHER_INDEXES, OTHER_NAMES),
    st.builds(dellink, OTHER_INDEXES, NAMES),
    st.builds(newlink, st.just(WT0.index), st.sampled_from([WT0.name, ""])),
    st.builds(LinkEvent, kind=st.sampled_from(["RTM_NEWADDR", "RTM_DELROUTE", "", "none"]), index=INDEXES, name=NAMES),
)
DECISIVE = st.one_of(
    st.builds(newlink, st.just(WT0.index), OTHER_NAMES.filter(bool)),
    st.builds(newlink, OTHER_INDEXES, st.just(WT0.name)),
    st.builds(dellink, st.just(WT0.index), NAMES),
)


FOREIGN_FAMILY = st.builds(
    LinkEvent,
    kind=st.sampled_from(["RTM_NEWLINK", "RTM_DELLINK"]),
    index=st.just(WT0.index) | INDEXES,
    name=st.just(WT0.name) | NAMES,
    family=st.sampled_from(FAMILIES),
    moved=st.booleans(),
)
OTHERS_MOVE = st.builds(moving, OTHER_INDEXES, NAMES)
ANY = st.builds(
    LinkEvent,
    kind=st.sampled_from(["RTM_NEWLINK", "RTM_DELLINK", "RTM_NEWADDR"]),
    index=st.just(WT0.index) | INDEXES,
    name=st.just(WT0.name) | NAMES,
    family=st.just(AF_UNSPEC) | st.sampled_from(FAMILIES),
    moved=st.booleans(),
)


def first_outcome(events: Sequence[LinkEvent], decide: Decide = classify) -> tuple[int, Outcome] | None:
    for place, event in enumerate(events):
        outcome = decide(WT0, event)
        if outcome is not None:
            return place, outcome
    return None


@given(st.lists(UNRELATED))
def test_no_interleaving_of_unrelated_events_ends_the_watch(events: list[LinkEvent]) -> None:
    assert first_outcome(events) is None


@given(st.lists(UNRELATED), DECISIVE, st.lists(st.one_of(UNRELATED, DECISIVE)))
def test_what_happens_to_our_interface_is_found_at_its_place(
    before: list[LinkEvent], decisive: LinkEvent, after: list[LinkEvent]
) -> None:
    found = first_outcome([*before, decisive, *after])

    assert found is not None
    place, outcome = found
    assert place == len(before)
    assert outcome.restart
    assert outcome == classify(WT0, decisive)


@given(DECISIVE)
def test_the_reason_follows_from_what_happened(event: LinkEvent) -> None:
    outcome = classify(WT0, event)

    assert outcome is not None
    if event.kind == "RTM_DELLINK":
        assert outcome == DELETED
    elif event.name == WT0.name:
        assert outcome == RECREATED
    else:
        assert outcome == renamed(event.name)


@given(st.builds(Link, name=NAMES.filter(bool), index=INDEXES), st.builds(newlink, INDEXES, NAMES))
def test_only_a_message_about_our_index_or_our_name_can_end_the_watch(link: Link, event: LinkEvent) -> None:
    if link.index != event.index and link.name != event.name:
        assert classify(link, event) is None


@given(st.lists(st.one_of(UNRELATED, FOREIGN_FAMILY, OTHERS_MOVE)))
def test_no_interleaving_in_which_our_link_is_untouched_ends_a_careful_watch(events: list[LinkEvent]) -> None:
    assert first_outcome(events, classify_strict) is None


@given(
    st.lists(st.one_of(UNRELATED, FOREIGN_FAMILY, OTHERS_MOVE)),
    st.one_of(DECISIVE, st.builds(moving, st.just(WT0.index), NAMES)),
    st.lists(ANY),
)
def test_a_careful_watch_finds_what_happened_at_its_place(
    before: list[LinkEvent], decisive: LinkEvent, after: list[LinkEvent]
) -> None:
    found = first_outcome([*before, decisive, *after], classify_strict)

    assert found == (len(before), MOVED if decisive.moved else classify(WT0, decisive))


@given(ANY)
def test_family_and_namespace_are_all_that_the_careful_table_adds(event: LinkEvent) -> None:
    of_the_device = replace(event, family=AF_UNSPEC, moved=False)
    carefully = classify_strict(WT0, event)

    assert classify(WT0, event) == classify(WT0, of_the_device)
    if event.family != AF_UNSPEC:
        assert carefully is None
    elif event.moved and event.index == WT0.index:
        assert carefully == MOVED
    else:
        assert carefully == classify(WT0, event)
