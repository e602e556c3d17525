"""Flame graphs of churn: the tree by random values, the views and pages by chosen and by hostile ones."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.facts import Facts
from harness.model import Capture, Folded, FoldedStack, Frame, GoHeap, Result, SubjectPlan
from harness.report.flamegraph import tree
from harness.report.flamegraph.html import MOST_BYTES, Page, embedded, render
from harness.report.flamegraph.pages import stacks
from harness.report.flamegraph.tree import OTHER, Node, beside, functions, grow, settled, times, walk
from harness.report.flamegraph.view import UNSEEN, Pair, Unit, pairs, view

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\u2028&\"'`"
A, B, C = (Frame(name=name, place="p", origin="own") for name in "abc")
FRAMES = st.lists(st.sampled_from((A, B, C)), min_size=1, max_size=5).map(tuple)
STACKS = st.dictionaries(FRAMES, st.tuples(st.integers(-1000, 10_000), st.integers(-5, 50)), max_size=30)


def nodes(root: Node) -> list[Node]:
    return [node for _, node in walk(root)]


@given(STACKS, st.sampled_from((0.0, 1e-4, 0.05, 0.5)))
def test_nothing_is_lost_and_nothing_is_below_zero(
    values: dict[tuple[Frame, ...], tuple[int, int]], least: float
) -> None:
    whole = sum(size for size, _ in values.values())
    root = settled(grow(values, "it"), least)

    assert root.width == pytest.approx(whole)
    if whole > 0:
        assert all(node.width > 0 and node.own >= -1e-6 for node in nodes(root))
        assert sum(node.own for node in nodes(root)) == pytest.approx(whole)
    else:
        assert not root.children


def test_what_is_small_stands_as_other_where_it_was_called() -> None:
    root = settled(grow({(A, B): (96.0, 1), (A, C): (3.0, 2), (C,): (1.0, 1)}, "it"), 0.1)

    assert [(frame.name, child.width) for frame, child in root.children.items()] == [("a", 99), ("(other)", 1)]
    assert root.children[A].children[OTHER].values == (3, 2)


def test_less_than_nothing_is_made_up_for_where_it_was_called() -> None:
    root = settled(grow({(A,): (10.0, 1), (A, B): (-4.0, -1), (C,): (5.0, 1)}, "it"), 0)

    assert root.children[A].width == root.children[A].own == 6
    assert not root.children[A].children
    assert root.width == 11


@pytest.mark.slow
@given(STACKS, STACKS)
def test_before_and_after_keep_their_totals_side_by_side(
    one: dict[tuple[Frame, ...], tuple[int, int]], two: dict[tuple[Frame, ...], tuple[int, int]]
) -> None:
    before, after = (settled(grow(values, "it"), 0.01) for values in (one, two))
    both = beside(before, after, before.frame)

    assert both.values == (before.width, after.width)
    if before.width > 0 and after.width > 0:
        assert all(node.width >= max(node.values) - 1e-6 for node in nodes(both))


def test_a_function_that_calls_itself_is_counted_once() -> None:
    (cost,) = functions(grow({(A, A, A): (5.0, 1), (A,): (2.0, 1)}, "it"))
    assert (cost.own[0], cost.all[0]) == (7, 7)


def test_a_stack_without_end_is_cut() -> None:
    root = grow({(A,) * 100_000: (5.0, 1)}, "it")
    assert len(nodes(root)) == tree.MOST_DEEP + 1


def test_a_tree_can_be_scaled_to_a_day() -> None:
    day = times(grow({(A, B): (2.0, 3)}, "it"), 100)
    assert [node.values for node in nodes(day)] == [(200, 300)] * 3


def folded(values: dict[tuple[Frame, ...], tuple[int, int]], **given: float) -> Folded:
    frames = (A, B, C)
    numbered = tuple(
        FoldedStack(frames=tuple(map(frames.index, key)), bytes=size, allocations=number)
        for key, (size, number) in values.items()
    )
    return msgspec.structs.replace(Folded(frames=frames, stacks=numbered), **given)


def pair(accounting: str, unit: Unit, first: Capture, last: Capture) -> Pair:
    subject = SubjectPlan(name="it", role="before", language="go", accounting=accounting, polls=unit == "poll")
    marked = (msgspec.structs.replace(one, accounting=accounting) for one in (first, last))
    return Pair(subject, unit, *marked)


def capture(total: int, *, polls: int = 0, events: int = 0, allocations: int = 0) -> Capture:
    return Capture(
        subject="it",
        kind="events" if events else "idle",
        pairs=0,
        links=2,
        polls=polls,
        events=events,
        live_s=1.0,
        bytes=total,
        allocations=allocations,
        accounting="",
        file="captures/it",
    )


def test_python_stacks_are_divided_by_the_polls_between_two_captures() -> None:
    both = pair("python:all-objects", "poll", capture(250, polls=2), capture(850, polls=5))
    found = view(both, folded({(A,): (150, 2), (B,): (100, 1)}), folded({(A,): (750, 8), (B,): (100, 1)}))

    assert found.root.width == found.total == 200
    assert [(frame.name, child.values) for frame, child in found.root.children.items()] == [("a", (200, 2))]
    assert found.sampled_share is None


def test_what_go_sampled_is_scaled_to_what_its_runtime_counted() -> None:
    both = pair("go:size-classes", "poll", capture(0, polls=0), capture(1000, polls=10, allocations=40))
    found = view(both, None, folded({(A,): (6000, 6), (B,): (2000, 2)}, period=512, standard_error_bytes=800.0))

    assert found.root.width == found.total == 100
    assert found.root.children[A].values == pytest.approx((75, 3))
    assert found.sampled_share == pytest.approx(0.1)


def test_too_few_samples_say_nothing_of_who_allocated() -> None:
    both = pair("go:size-classes", "link event", capture(0, events=32), capture(960, events=128))
    found = view(both, None, folded({(A,): (1500, 1)}, period=512, standard_error_bytes=900.0))

    assert not found.seen
    assert list(found.root.children) == [UNSEEN]
    assert found.root.width == 10


class Seen(HTMLParser):
    """Collects the tags of a page, and the text of its data element."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.data = ""
        self._here = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._here = ("id", "data") in attrs

    def handle_data(self, data: str) -> None:
        self.data += data if self._here else ""


def seen(page: str) -> Seen:
    parser = Seen()
    parser.feed(page)
    return parser


def page(root: Node, *, difference: bool = False, name: str = "it") -> str:
    made = Page(
        title=name,
        sentence=name,
        notes=(name,),
        per="a poll",
        root=root,
        difference=difference,
        links=((name, f"{name}.html"),),
    )
    return render(made)


@pytest.mark.parametrize("difference", [False, True])
def test_a_hostile_name_is_text_everywhere(difference: bool) -> None:  # noqa: FBT001 - a parameter of the table
    hostile = Frame(name=HOSTILE, place=HOSTILE, origin="own")
    plain, attacked = (
        seen(page(grow({(frame,): (5.0, 1)}, title), difference=difference, name=title))
        for frame, title in ((A, "it"), (hostile, HOSTILE))
    )

    assert attacked.tags == plain.tags
    assert json.loads(attacked.data)["names"][1] == [HOSTILE, HOSTILE, "own"]


@given(st.text())
def test_embedded_json_is_read_as_it_was(text: str) -> None:
    written = embedded({"names": [text]})

    assert "<" not in written
    assert json.loads(written) == {"names": [text]}


def test_the_page_asks_for_nothing_and_allows_its_own_script_only() -> None:
    text = page(grow({(A,): (5.0, 1)}, "it"))

    assert "default-src 'none'" in text
    assert re.search(r"script-src 'sha256-[\w+/]{43}='", text)
    assert not re.search(r"(?:src|href)=.?(?:https?:|//)|url\(|@import", text)


def test_a_page_of_very_many_stacks_stays_below_its_limit_and_keeps_its_total() -> None:
    many: dict[tuple[Frame, ...], tuple[float, float]] = {
        (A, Frame(name=f"{number}{'x' * 290}", place="", origin="own")): (1e6, 1.0) for number in range(9000)
    }
    text = page(grow(many, "it"))

    assert len(text.encode()) <= MOST_BYTES
    assert json.loads(seen(text).data)["nodes"][0][2] == pytest.approx(9e9)


def test_the_stacks_beside_the_page_add_up_to_its_total() -> None:
    both = pair("python:all-objects", "poll", capture(0, polls=2), capture(600, polls=5))
    found = json.loads(stacks(view(both, folded({}), folded({(A,): (200, 2), (A, B): (400, 1)}))))

    assert (found["total_bytes"], found["per"]) == (200, "poll")
    assert sum(one["bytes"] for one in found["stacks"]) == pytest.approx(200)
    assert found["stacks"][1]["frames"] == ["a (p)", "b (p)"]


# --- programs that serve pprof ----------------------------------------------------------------------------------------


def test_what_a_program_allocated_between_two_visits_is_drawn_a_second() -> None:
    mine = SubjectPlan(name="mine", role="after", language="go", accounting=None, polls=False, source="exec")
    heap = GoHeap(
        subject="mine",
        trial=0,
        bytes=10_000,
        allocations=50,
        seconds=10.0,
        collections=2,
        fetch_cost_bytes=0,
        accounting="go:size-classes",
        sampled_bytes=None,
        functions=(),
        files=("0-mine-0", "0-mine-1"),
    )
    text = (Path(__file__).parents[2] / "golden" / "lifecycle" / "result.json").read_bytes()
    kept = msgspec.json.decode(text, type=Result)
    plan = msgspec.structs.replace(kept.plan, subjects=(mine,))
    later = msgspec.structs.replace(heap, trial=1)
    result = msgspec.structs.replace(kept, plan=plan, heaps=(heap, later))

    (pair,) = pairs(Facts(result=result, complete=True, series={}, compressed={}))
    found = view(pair, None, Folded(frames=(A,), stacks=(FoldedStack(frames=(0,), bytes=7, allocations=1),), period=1))

    assert (pair.unit, pair.first.file) == ("second", "captures/0-mine-0.allocs.pb.gz")
    assert (found.total, found.allocations, found.units) == (1_000, 5, 10)
    assert found.root.width == pytest.approx(1_000)
