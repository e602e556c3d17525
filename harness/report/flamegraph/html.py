"""A tree to one self-contained page: no request leaves it, and no name from outside is ever more than text."""

import json
from dataclasses import dataclass

from markupsafe import Markup

from harness.report.flamegraph.tree import Cost, Node, functions, settled, walk
from harness.report.renderers.html import script, templates
from harness.units import churn_bytes, count, figures, memory_bytes

MOST_BYTES = 2_000_000  # of a page; more stacks than fit are drawn as "(other)"
_LEAST_SHARE = 1e-4
_MOST_NAME = 300  # characters of a name
_MOST_ROWS = 40
_MINUS = "\N{MINUS SIGN}"
_AMOUNTS = {"bytes": churn_bytes, "memory": memory_bytes, "count": count}

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
    unit: str = "bytes"  # that were allocated; or memory, in binary units; or count
    own: str = "the watcher's own code"
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
    """Return names and numbered nodes, parents first: each node is its parent, name, width and two values."""
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
    where = (cost.frame.name[:_MOST_NAME], cost.frame.place[:_MOST_NAME] or "–")
    if page.difference:
        before, after = cost.own
        moved = (_signed(one, page) for one in (after - before, _change(cost.all)))
        return (*where, _amount(before, page), _amount(after, page), *moved)
    own, all_ = cost.own[0], cost.all[0]
    return (
        *where,
        _amount(own, page),
        _percent(own, root.width),
        _amount(all_, page),
        _percent(all_, root.width),
        figures(round(cost.own[1], 2)),
    )


def _change(values: tuple[float, float]) -> float:
    return values[1] - values[0]


def _amount(value: float, page: Page) -> str:
    return _AMOUNTS[page.unit](value)


def _signed(value: float, page: Page) -> str:
    sign = "+" if value > 0 else _MINUS if value < 0 else "±"
    return f"{sign}{_amount(abs(value), page)}"


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"
