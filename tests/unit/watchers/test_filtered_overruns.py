"""A filtered subscription whose socket overruns, and any history of events."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_kernel import (
    AF_BRIDGE,
    DELETED,
    MOVED,
    RECREATED,
    STOPPED,
    Step,
    World,
    attribute,
    create,
    delete,
    flip,
    forge,
    move,
    release,
    rename,
    renamed,
    watch,
)
from harness.watchers.outcome import Outcome


def at_once(*steps: Step) -> Step:
    """Let all of it happen while the watcher cannot read."""

    def step(world: World) -> None:
        for one in steps:
            one(world)

    return step


def test_an_overrun_of_our_own_events_ends_nothing_and_says_what_it_cost() -> None:
    outcome, diary = watch(World(script=[at_once(*[flip()] * 20), flip()], capacity=8))

    assert outcome == STOPPED
    assert diary.losses == [12]


def test_an_overrun_is_noticed_when_somebody_has_eaten_its_error() -> None:
    world = World(script=[at_once(*[flip()] * 20, delete())], capacity=8, tells_overrun=False)
    outcome, diary = watch(world)

    assert outcome == DELETED
    assert diary.losses == [13]


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        pytest.param([delete()], DELETED, id="deleted"),
        pytest.param([rename("wt1")], renamed("wt1"), id="renamed"),
        pytest.param([delete(), create(9, "wt0")], RECREATED, id="recreated"),
        pytest.param([rename("wt1"), create(9, "wt0")], RECREATED, id="renamed, and its name taken"),
        pytest.param([release()], STOPPED, id="released by a bridge"),
    ],
)
def test_what_was_dropped_is_seen_by_looking(steps: list[Step], outcome: Outcome) -> None:
    assert watch(World(script=[at_once(*[flip()] * 20, *steps)], capacity=8))[0] == outcome


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        pytest.param([rename("wt1"), rename("wt0")], renamed("wt1"), id="renamed and back"),
        pytest.param([delete(), create(7, "wt0")], DELETED, id="recreated with the same index"),
        pytest.param([move(), create(7, "wt0")], MOVED, id="out and back"),
        pytest.param([move(), create(9, "wt0")], MOVED, id="moved, and its name taken"),
    ],
)
@pytest.mark.parametrize("tells_overrun", [True, False], ids=["told", "error eaten"])
def test_what_was_queued_before_an_overrun_is_not_thrown_away(
    steps: list[Step], outcome: Outcome, *, tells_overrun: bool
) -> None:
    """No look tells these afterwards: only the events that are still in the buffer do."""
    step = at_once(flip(), *steps, *[flip(), flip(9)] * 20)

    assert watch(World(script=[step], capacity=8, tells_overrun=tells_overrun))[0] == outcome


def test_it_goes_on_watching_after_an_overrun() -> None:
    world = World(script=[at_once(*[flip()] * 20), flip(), at_once(*[flip()] * 10), delete()], capacity=8)
    outcome, diary = watch(world)

    assert outcome == DELETED
    assert diary.losses == [12, 2]


def test_a_message_that_is_cut_is_news_too() -> None:
    filler = attribute(60, b"\0" * 60_000) * 2

    assert watch(World(script=[rename("wt1", filler=filler)]))[0] == renamed("wt1")


@pytest.mark.parametrize("fails", [1, 2, 5])
def test_a_question_that_is_not_answered_after_an_overrun_is_no_deletion(fails: int) -> None:
    def overrun(world: World) -> None:
        at_once(*[flip()] * 20)(world)
        world.ask_fails = fails

    assert watch(World(script=[overrun, flip()], capacity=8))[0] == STOPPED


@pytest.mark.parametrize("fails", [1, 2, 5])
def test_a_question_that_is_not_answered_is_asked_again(fails: int) -> None:
    def overrun(world: World) -> None:
        at_once(*[flip()] * 20, delete())(world)
        world.ask_fails = fails

    assert watch(World(script=[overrun], capacity=8))[0] == DELETED


# --- any history ----------------------------------------------------------------------------------------------------

OTHERS = st.integers(8, 10)
OTHER_STEPS = st.one_of(
    st.builds(flip, OTHERS),
    st.builds(create, OTHERS, st.sampled_from(["wt0", "wt01", "w", "veth1"])),
    st.builds(delete, OTHERS),
    st.builds(move, OTHERS),
    st.builds(rename, st.sampled_from(["wt0", "wt01", "veth2"]), OTHERS),
)
HARMLESS = st.one_of(
    st.just(flip()), st.just(release()), st.just(flip(family=AF_BRIDGE)), st.just(forge()), OTHER_STEPS
)
OURS = st.one_of(
    st.just(delete()),
    st.just(move()),
    st.builds(rename, st.sampled_from(["wt0", "wt1", "wt01"])),
    st.just(create(7, "wt0")),
    st.just(create(7, "wt1")),
)
BURSTS = st.lists(st.sampled_from([flip(), flip(), release(), forge()]), min_size=1, max_size=8)
AWAY_AND_BACK = st.sampled_from(
    [[rename("wt1"), rename("wt0")], [delete(), create(7, "wt0")], [move(), create(7, "wt0")]]
)
STARVED = st.builds(
    lambda before, ours, after: at_once(*before, *ours, *after), BURSTS, AWAY_AND_BACK | st.lists(OURS), BURSTS
)
SCRIPTS = st.lists(st.one_of(HARMLESS, OURS, STARVED), max_size=20)
HARMLESS_SCRIPTS = st.lists(HARMLESS | BURSTS.map(lambda steps: at_once(*steps)), max_size=40)
PACES = st.lists(st.integers(0, 6), max_size=30)
CAPACITIES = st.integers(1, 5) | st.just(1000)


@settings(max_examples=300)
@given(HARMLESS_SCRIPTS, PACES, CAPACITIES)
def test_no_history_in_which_our_link_is_untouched_ends_the_watch(
    script: list[Step], paces: list[int], capacity: int
) -> None:
    world = World(script=script, paces=paces, capacity=capacity)
    outcome, diary = watch(world)

    assert outcome == STOPPED
    assert sum(diary.losses) == world.drops


@settings(max_examples=300)
@given(SCRIPTS, PACES, CAPACITIES)
def test_every_history_has_the_outcome_that_it_deserves(script: list[Step], paces: list[int], capacity: int) -> None:
    world = World(script=script, paces=paces, capacity=capacity)
    outcome, diary = watch(world)
    touched = [
        event
        for event in world.told
        if event.family == 0 and event.index == 7 and (event.kind == "RTM_DELLINK" or event.name != "wt0")
    ]

    assert outcome.message != "interface wt0 renamed to wt0"
    if outcome == STOPPED:
        assert world.links.get(7) == "wt0", "what it watched is another or gone"
        assert not touched, "it was told of it"
        assert sum(diary.losses) == world.drops


@settings(max_examples=300)
@given(st.lists(HARMLESS, max_size=12), st.sampled_from(["delete", "move", "rename"]), st.lists(HARMLESS | OURS))
def test_without_an_overrun_the_first_thing_that_happens_to_our_link_is_the_outcome(
    before: list[Step], what: str, after: list[Step]
) -> None:
    step, deserved = {
        "delete": (delete(), DELETED),
        "move": (move(), MOVED),
        "rename": (rename("wt1"), renamed("wt1")),
    }[what]

    assert watch(World(script=[*before, step, *after]))[0] == deserved
