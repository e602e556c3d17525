"""Stacks to a tree that can be drawn: no width below zero, nothing lost. Pure.

A difference of two lives has stacks below zero: a dictionary that grew in one life and not in the other. They cannot
be drawn, and thousands of stacks of next to nothing need not be. Both go into a child called "(other)" of the function
they were called from, so the sum of every function, and of the whole, stays what was measured.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from harness.model import Frame

MOST_DEEP = 256  # functions of one stack; what is called deeper counts for the last of them
_NEARLY_NOTHING = 1e-9  # of a width: what adding numbers of this kind rounds
OTHER = Frame(name="(other)", place="", origin="other")

Frames = tuple[Frame, ...]
Values = tuple[float, float]
"""Bytes and allocations of one subject, or bytes of "before" and of "after"."""


@dataclass(kw_only=True)
class Node:
    """A function called in one way. ``width`` and ``values`` include all that it called."""

    frame: Frame
    width: float = 0.0
    values: Values = (0.0, 0.0)
    children: dict[Frame, "Node"] = field(default_factory=dict)

    @property
    def own(self) -> float:
        """Return the width that none of what it called has."""
        return self.width - sum(child.width for child in self.children.values())

    @property
    def own_values(self) -> Values:
        called = [child.values for child in self.children.values()]
        return self.values[0] - sum(one for one, _ in called), self.values[1] - sum(two for _, two in called)


class Cost(NamedTuple):
    """What a function has by itself, and with all that it called, recursion counted once."""

    frame: Frame
    own: Values
    all: Values


def grow(stacks: Mapping[Frames, Values], title: str) -> Node:
    """Build the tree of bytes and allocations below one root that is called ``title``."""
    root = Node(frame=Frame(name=title, place="", origin="other"))
    for frames, values in stacks.items():
        node = root
        _add(node, values)
        for frame in frames[:MOST_DEEP]:
            node = node.children.setdefault(frame, Node(frame=frame))
            _add(node, values)
    return root


def _add(node: Node, values: Values) -> None:
    node.width += values[0]
    node.values = _sum((node.values, values))


def settled(root: Node, share: float) -> Node:
    """Fold what is below ``share`` of the whole, or below zero, into "(other)" where it was called."""
    return _settled(root, max(root.width * share, 0.0))


def _settled(node: Node, least: float) -> Node:
    ordered = sorted(node.children.values(), key=lambda one: (-one.width, one.frame.name, one.frame.place))
    kept = [one for one in ordered if _drawn(one, least)]
    rest = [one for one in ordered if not _drawn(one, least)]
    left = node.own + sum(one.width for one in rest)  # below zero: the smallest of the kept make up for it
    while kept and left < -_NEARLY_NOTHING * node.width:
        rest.append(kept.pop())
        left += rest[-1].width
    children = {one.frame: _settled(one, least) for one in kept}
    other = min(sum(one.width for one in rest), left)  # its own bytes cannot be below zero either
    if rest and other > 0:
        children[OTHER] = Node(frame=OTHER, width=other, values=_sum(one.values for one in rest))
    return Node(frame=node.frame, width=node.width, values=node.values, children=children)


def _drawn(node: Node, least: float) -> bool:
    return node.width > 0 and node.width >= least and node.frame != OTHER


def _sum(values: Iterable[Values]) -> Values:
    first = second = 0.0
    for one, two in values:
        first, second = first + one, second + two
    return first, second


def times(node: Node, factor: float) -> Node:
    """Make it so many times as wide."""
    children = {frame: times(child, factor) for frame, child in node.children.items()}
    values = (node.values[0] * factor, node.values[1] * factor)
    return Node(frame=node.frame, width=node.width * factor, values=values, children=children)


def beside(before: Node | None, after: Node | None, frame: Frame) -> Node:
    """Merge two settled trees over each other; a function is as wide as the larger of its own bytes, added up."""
    keys = dict.fromkeys([*(before.children if before else ()), *(after.children if after else ())])
    children = {
        key: beside(before.children.get(key) if before else None, after.children.get(key) if after else None, key)
        for key in keys
    }
    own = max(before.own if before else 0.0, after.own if after else 0.0, 0.0)
    return Node(
        frame=frame,
        width=own + sum(child.width for child in children.values()),
        values=(before.width if before else 0.0, after.width if after else 0.0),
        children=children,
    )


def walk(node: Node, above: Frames = ()) -> Iterator[tuple[Frames, Node]]:
    """Return every node after the one that it is below, with the frames that lead to it, itself included."""
    here = (*above, node.frame)
    yield here, node
    for child in node.children.values():
        yield from walk(child, here)


def functions(root: Node) -> list[Cost]:
    """Add the tree by function, the largest of its own first."""
    own: dict[Frame, Values] = {}
    all_: dict[Frame, Values] = {}
    for frames, node in walk(root):
        if node is root:
            continue
        own[node.frame] = _sum((own.get(node.frame, (0.0, 0.0)), node.own_values))
        if node.frame not in frames[:-1]:
            all_[node.frame] = _sum((all_.get(node.frame, (0.0, 0.0)), node.values))
    found = [Cost(frame, own[frame], all_[frame]) for frame in own]
    return sorted(found, key=lambda one: (-max(map(abs, one.own)), -max(map(abs, one.all)), one.frame.name))
