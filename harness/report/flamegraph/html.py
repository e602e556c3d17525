"""A tree to one self-contained page: no request leaves it, and no name from outside is ever more than text."""

import json
from dataclasses import dataclass

from markupsafe import Markup

from harness.report.flamegraph.tree import Cost, Node, functions, settled, walk
from harness.report.html import script, templates
from harness.units import churn_bytes, figures

MOST_BYTES = 2_000_000  # of a page; more stacks than fit are drawn as "(other)"
_LEAST_SHARE = 1e-4
_MOST_NAME = 300  # characters of a name
_MOST_ROWS = 40
_MINUS = "\N{MINUS SIGN}"

Link = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Page:
    """What one page says. ``difference``: values are bytes of before and of after; otherwise bytes and allocations."""

    title: str
    sentence: str
    notes: tuple[str, ...]
    per: str  # a poll, a day
    root: Node
    difference: bool = False
    unit: str = "bytes"  # or count
    links: tuple[Link, ...] = ()


def render(page: Page) -> str:
    """Write the page, drawing less of what is small until it has at most 2 MB."""
    share, root = _LEAST_SHARE, page.root
    while len((text := _render(page, root)).encode()) > MOST_BYTES and share < 1:
        share *= 4
        root = settled(page.root, share)
    return text


def _render(page: Page, root: Node) -> str:
    return (
        templates()
        .get_template("churn.html")
        .render(
            page=page,
            script=script("churn.js"),
            data=Markup(embedded(data(page, root))),  # noqa: S704 - JSON in which no tag can begin
            origins={node.frame.origin for _, node in walk(root)},
            columns=_columns(page),
            rows=[_row(cost, page, root) for cost in functions(root)[:_MOST_ROWS]],
        )
    )


def data(page: Page, root: Node) -> dict[str, object]:
    """Give names and nodes numbers, parents first: each node is its parent, name, width and two values."""
    names: dict[tuple[str, str, str], int] = {}
    numbers: dict[int, int] = {id(root): -1}
    nodes: list[list[float]] = []
    for _, node in walk(root):
        frame = node.frame
        key = (frame.name[:_MOST_NAME], frame.place[:_MOST_NAME], frame.origin)
        name = names.setdefault(key, len(names))
        parent, here = numbers[id(node)], len(nodes)
        numbers.update(dict.fromkeys(map(id, node.children.values()), here))
        nodes.append([parent, name, *map(_short, (node.width, *node.values))])
    return {"difference": page.difference, "unit": page.unit, "per": page.per, "names": list(names), "nodes": nodes}


def _short(value: float) -> float:
    """Keep eight figures: more are not drawn, and the sum of all stays within a millionth."""
    return float(f"{value:.8g}")


def embedded(value: object) -> str:
    """Write JSON that can stand inside a script element, whatever its strings are."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c").replace(">", "\\u003e")


def _columns(page: Page) -> tuple[str, ...]:
    if page.difference:
        return ("function", "where", "own, before", "own, after", "own, change", "with all it called, change")
    return ("function", "where", "own", "share", "with all it called", "share", "own allocations")


def _row(cost: Cost, page: Page, root: Node) -> tuple[str, ...]:
    if page.unit == "count":
        return _counted(cost, page, root)
    where = (cost.frame.name[:_MOST_NAME], cost.frame.place[:_MOST_NAME] or "–")
    if page.difference:
        before, after = cost.own
        return (*where, churn_bytes(before), churn_bytes(after), _signed(after - before), _signed(_change(cost.all)))
    own, all_ = cost.own[0], cost.all[0]
    return (
        *where,
        churn_bytes(own),
        _percent(own, root.width),
        churn_bytes(all_),
        _percent(all_, root.width),
        figures(round(cost.own[1], 2)),
    )


def _counted(cost: Cost, page: Page, root: Node) -> tuple[str, ...]:
    where = (cost.frame.name[:_MOST_NAME], cost.frame.place[:_MOST_NAME] or "–")
    own, all_ = cost.own, cost.all
    if page.difference:
        return (*where, figures(own[0]), figures(own[1]), f"{_change(own):+,.0f}", f"{_change(all_):+,.0f}")
    numbers = (figures(own[0]), _percent(own[0], root.width), figures(all_[0]), _percent(all_[0], root.width))
    return (*where, *numbers, "–")


def _change(values: tuple[float, float]) -> float:
    return values[1] - values[0]


def _signed(value: float) -> str:
    sign = "+" if value > 0 else _MINUS if value < 0 else "±"
    return f"{sign}{churn_bytes(abs(value))}"


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"
