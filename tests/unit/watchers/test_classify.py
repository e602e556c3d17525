"""The decision table of netbird pull request 5857, row by row, and what no interleaving may change."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.watchers.classify import LinkEvent, classify, deleted, recreated, stopped
from harness.watchers.outcome import Link, Outcome, Reason

WT0 = Link(name="wt0", index=7)

DELETED = Outcome(restart=True, reason=Reason.DELETED, message="interface wt0 deleted")
RECREATED = Outcome(restart=True, reason=Reason.RECREATED, message=None)


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


def first_outcome(events: Sequence[LinkEvent]) -> tuple[int, Outcome] | None:
    for place, event in enumerate(events):
        outcome = classify(WT0, event)
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
