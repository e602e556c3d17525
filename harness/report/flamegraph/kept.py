"""Recordings of programs to pages beside the report: what each keeps, what it allocates, and what a fix changed."""

from contextlib import suppress
from pathlib import Path

from harness.analysis.facts import Facts
from harness.analysis.memory.retention import retention
from harness.errors import ResultFault
from harness.model import Folded, Frame, Recording, Retention
from harness.report.flamegraph.html import Page
from harness.report.flamegraph.tree import Node, beside, grow, settled, times
from harness.report.flamegraph.view import LEAST_SHARE, stacks
from harness.report.sections.memory.keepers import NOT_FOLLOWING, UNITS
from harness.results.folded import read_folded, stacks_name
from harness.results.folder import regular_file
from harness.units import SECONDS_AN_HOUR, churn_bytes, memory_bytes

_READ = "A bar is as wide as what its function allocated together with all that it called, which stands below it."
_KEPT = "Only what was allocated after the warm-up and was alive at the end. " + NOT_FOLLOWING
_CHURN = "All bytes allocated after the warm-up, whether or not they were freed again."
_LAID = "Before and after lie over each other, by the hour; colour and sign say which way it went."
_OWN = "the program's own code"


def pages(facts: Facts, folder: Path) -> list[tuple[Page, tuple[str, ...]]]:
    """Return each page with the parts of its name; a recording whose stacks are gone has none."""
    found = []
    trees: dict[tuple[str, str], Node] = {}
    for one in facts.result.recordings:
        whole = next(each for each in retention(facts, one.subject) if each.recorder == one.recorder)
        for kind in ("kept", "churn"):
            folded = _folded(folder, one, kind)
            root = None if folded is None else grow(stacks(folded), one.subject)
            if root is not None and root.width > 0 and whole.seconds:
                found.append((_page(one, whole, kind, root), (kind, one.recorder, one.subject)))
                if kind == "kept":
                    trees[one.subject, one.recorder] = times(
                        settled(root, LEAST_SHARE), SECONDS_AN_HOUR / whole.seconds
                    )
    return [*_differences(facts, trees), *found]


def _folded(folder: Path, one: Recording, kind: str) -> Folded | None:
    name = stacks_name(one.file, kind)
    with suppress(ResultFault, OSError):
        if regular_file(folder, name) is not None:
            with (folder / name).open("rb") as stream:
                return read_folded(stream, name)
    return None


def _page(one: Recording, whole: Retention, kind: str, root: Node) -> Page:
    verb, size = ("keeps", whole.bytes) if kind == "kept" else ("allocates", one.allocated_bytes)
    per, scale = (UNITS[whole.unit], whole.units) if whole.unit else ("an hour", whole.seconds / SECONDS_AN_HOUR)
    return Page(
        title=f"{one.subject}: what it {verb}",
        sentence=f"{one.subject} {verb} {churn_bytes(size / scale)} {per}, by {one.recorder}.",
        notes=(_READ, _KEPT if kind == "kept" else _CHURN),
        per=per,
        root=times(settled(root, LEAST_SHARE), 1 / scale),
        own=_OWN,
    )


def _differences(facts: Facts, trees: dict[tuple[str, str], Node]) -> list[tuple[Page, tuple[str, ...]]]:
    """Compare what befores and afters keep an hour, where one recorder recorded both."""
    roles = {one.name: one.role for one in facts.result.plan.subjects}
    return [
        (_difference(old, new, before, after), ("kept-difference", how, old, "and", new))
        for (old, how), before in trees.items()
        for (new, other), after in trees.items()
        if how == other and (roles[old], roles[new]) == ("before", "after")
    ]


def _difference(old: str, new: str, before: Node, after: Node) -> Page:
    title = Frame(name=f"{old} → {new}", place="", origin="other")
    return Page(
        title=f"{old} and {new}: the difference of what they keep",
        sentence=f"{old} keeps {memory_bytes(before.width)} an hour, {new} {memory_bytes(after.width)}.",
        notes=(_LAID, _KEPT),
        per="an hour",
        root=settled(beside(before, after, title), LEAST_SHARE),
        difference=True,
        own=_OWN,
    )
