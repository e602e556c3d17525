"""Views to pages beside the report: one a subject and unit of work, and one a pair of before and after."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from harness.analysis.facts import Facts
from harness.model import Analysis, Comparison, Finding, Frame
from harness.report.flamegraph import fold, kept
from harness.report.flamegraph.html import Link, Page, render
from harness.report.flamegraph.tree import Node, beside, settled, times, walk
from harness.report.flamegraph.view import LEAST_SHARE, View, pairs
from harness.report.readers import Readers
from harness.results.descriptors import Folder
from harness.results.writer import writing
from harness.units import SECONDS_A_DAY, churn_bytes, count, figures, polls_a_day

STACKS_SCHEMA = "netchurn.stacks/1"
_UNFIT = re.compile(r"[^\w.+-]|^\.")
_CHURN = (
    "Churn: all bytes allocated, whether or not they were freed again. A wide function makes work for the allocator; "
    "nothing here says that memory grows."
)
_READ = "A bar is as wide as what its function allocated together with all that it called, which stands below it."
_MEMRAY = (
    "Counted one by one by memray, Python's own allocators included. Functions that were entered before memray began "
    "are not known to it: what they allocate themselves stands as “(entered before profiling)”."
)
_LAID = (
    "Before and after lie over each other. A bar is as wide as the larger of the two, its own bytes first and then "
    "those of all that it called; colour and sign say which way it went."
)


def write(  # noqa: PLR0913, PLR0917 - where from, where to, and what stands there already
    analysis: Analysis,
    facts: Facts,
    folder: Path,
    output: Folder,
    beside_it: tuple[Link, ...] = (),
    done: Callable[[int, int], None] = lambda *_: None,
    readers: Readers | None = None,
) -> list[Link]:
    """Write all pages; give (what it shows, file name) of each, differences first.

    Beside each page of a subject lie its stacks as JSON. A subject that allocated nothing in a unit of work, or of
    which Go sampled too little, has no page for it.
    """
    found = fold.views(pairs(facts), folder, done, readers)
    drawn = [one for one in found if one.seen and one.root.width > 0]
    ready = [
        (_compared(one, analysis, found), _named("difference", one.before, "and", one.after))
        for one in analysis.comparisons
    ]
    pages = [(page, file) for page, file in ready if page is not None]
    pages += [(_of(one, facts), _file(one)) for one in drawn]
    pages += [(page, _named(*parts)) for page, parts in kept.pages(facts, folder)]
    links = tuple((page.title, f"{file}.html") for page, file in pages)
    with writing(output.path):
        for page, file in pages:
            others = tuple(link for link in (*links, *beside_it) if link[1] != f"{file}.html")
            output.put(
                f"{file}.html",
                render(replace(page, links=(("the report", "report.html"), *others))).encode(errors="replace"),
            )
        for one in drawn:
            output.put(f"{_file(one)}.json", stacks(one).encode())
    return list(links)


def stacks(one: View) -> str:
    """Write the stacks that are drawn: bytes and allocations per unit of work, of the last function itself."""
    found = [
        {
            "frames": [f"{frame.name} ({frame.place})" if frame.place else frame.name for frame in frames[1:]],
            "bytes": node.own_values[0],
            "allocations": node.own_values[1],
        }
        for frames, node in walk(one.root)
        if node.own > 0
    ]
    head = {"schema": STACKS_SCHEMA, "subject": one.subject, "accounting": one.accounting, "links": one.links}
    return json.dumps({**head, "per": one.unit, "total_bytes": one.total, "stacks": found}, indent=1) + "\n"


def _named(*parts: str) -> str:
    return "-".join(_UNFIT.sub("_", part)[:80] for part in parts)


def _file(one: View) -> str:
    return _named("idle" if one.unit == "idle second" else "churn", one.subject)


def _of(one: View, facts: Facts) -> Page:
    per = f"a {one.unit}" if one.unit != "idle second" else "an idle second"
    exact = f"{count(one.total)} bytes in {figures(round(one.allocations, 2))} allocations"
    return Page(
        title=f"{one.subject}: what it allocates {per}",
        sentence=f"{one.subject} allocates {churn_bytes(one.total)} {per} at {one.links} links{_a_day(one, facts)}.",
        notes=(_READ, _CHURN, f"{exact} {per}, over {_work(one)}. {_counted(one)}"),
        per=per,
        root=one.root,
    )


def _work(one: View) -> str:
    return f"{figures(round(one.units, 1))} {one.unit}s"


def _a_day(one: View, facts: Facts) -> str:
    polls, second = polls_a_day(facts.result.plan.interval_s), float(SECONDS_A_DAY)
    a_day = {"poll": polls, "idle second": second, "second": second, "link event": None}[one.unit]
    return f", {churn_bytes(one.total * a_day)} a day" if a_day else ""


def _counted(one: View) -> str:
    if not one.accounting.startswith("go:"):
        return _MEMRAY
    if one.sampled_share == 0:
        return "Counted one by one by Go's runtime, which also told where each was made."
    error = f" (standard error of their sum {figures(100 * (one.sampled_share or 0))} %)"
    return f"The total is exact, counted by Go's runtime; how it is shared out comes from Go's samples{error}."


def _compared(comparison: Comparison, analysis: Analysis, found: list[View]) -> Page | None:
    """Draw the idle days of two subjects over each other; None where one is not known or both are nothing."""
    both = [_idle_day(name, analysis, found) for name in (comparison.before, comparison.after)]
    before, after = both
    if before is None or after is None or before.width + after.width <= 0:
        return None
    if _accounting(comparison.before, analysis) != _accounting(comparison.after, analysis):
        return None
    title = Frame(name=f"{comparison.before} → {comparison.after}", place="", origin="other")
    root = settled(beside(before, after, title), LEAST_SHARE)
    moved = after.width - before.width
    way = "less" if moved < 0 else "more"
    return Page(
        title=f"{comparison.before} and {comparison.after}: the difference",
        sentence=(
            f"{_when(found, comparison)}, {comparison.after} allocates {churn_bytes(abs(moved))} a day {way} than "
            f"{comparison.before}: {churn_bytes(after.width)} instead of {churn_bytes(before.width)}."
        ),
        notes=(_LAID, _CHURN, _mode(comparison, analysis)),
        per="a day",
        root=root,
        difference=True,
    )


def _when(found: list[View], comparison: Comparison) -> str:
    of_programs = any(one.unit == "second" and one.subject == comparison.after for one in found)
    return "At its own pace" if of_programs else "While nothing happens"


def _idle_day(name: str, analysis: Analysis, found: list[View]) -> Node | None:
    """Scale what a subject allocates a poll, or an idle second, to the idle day that the report has."""
    one = next((view for view in found if view.subject == name and view.unit != "link event"), None)
    churn = _finding(name, analysis).churn
    if one is None or churn is None:
        return None
    day = churn.bytes_per_day if one.unit == "second" else churn.idle_bytes_per_day  # a program has no idle of its own
    if day is None:
        return None
    if not one.root.width:
        return one.root if not day else None
    return times(one.root, day / one.root.width)


def _finding(name: str, analysis: Analysis) -> Finding:
    return next(one for one in analysis.subjects if one.name == name)


def _accounting(name: str, analysis: Analysis) -> str | None:
    churn = _finding(name, analysis).churn
    return churn.accounting if churn else None


def _mode(comparison: Comparison, analysis: Analysis) -> str:
    polls = {one.name: one.polls for one in analysis.plan.subjects}
    pollers = [name for name in (comparison.before, comparison.after) if polls.get(name)]
    day = f"A day without events; {' and '.join(pollers)}: polls every {figures(analysis.plan.interval_s)} s. "
    sampled = (_accounting(comparison.before, analysis) or "").startswith("go:")
    how = "Totals are exact; how they are shared out comes from Go's samples." if sampled else _MEMRAY
    return (day if pollers else "A day without events. ") + how
