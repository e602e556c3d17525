"""Profiles to a flame graph: the page that a run's report has, for a file in hand."""

import re
from collections.abc import Mapping
from pathlib import Path

from harness.errors import UsageFault
from harness.model import Frame
from harness.probes.pprof.pprof import Profile, stacks
from harness.probes.recordings.fold_stacks import go_frame, python_frame
from harness.report.flamegraph.html import Page, render
from harness.report.flamegraph.tree import Node, Values, beside, grow, settled
from harness.report.flamegraph.view import LEAST_SHARE
from harness.results.writer import write_file

_PLACED = re.compile(r"(.*) \((.+)\)")
_READ = "A bar is as wide as what its function has together with all that it called, which stands below it."
_LAID = "Before and after lie over each other. A bar is as wide as the larger; colour and sign show the change."
_GO = re.compile(r"go:|pprof")


def write(headlines: list[str], profiles: tuple[Profile, ...], kind: str, notes: tuple[str, ...], path: Path) -> Path:
    """Write the page of one profile, or of two laid over each other; UsageFault where ``path`` is no .html."""
    if path.suffix != ".html":
        raise UsageFault(
            "unknown_format", f"{path.name} does not end in .html", "netchurn profile FILE -o profile.html"
        )
    return write_file(path, render(page(headlines, profiles, kind, notes)).encode(errors="replace"))


def page(headlines: list[str], profiles: tuple[Profile, ...], kind: str, notes: tuple[str, ...]) -> Page:
    """Build the page. Of two the values are those of before and of after."""
    last = profiles[-1]
    trees = [tree(one, kind) for one in profiles]
    both = len(trees) > 1
    names = [Path(one.name).name for one in profiles]
    title = " → ".join(names)
    root = beside(trees[0], trees[1], Frame(name=title, place="", origin="other")) if both else trees[0]
    return Page(
        title=f"{title}: {kind}",
        sentence=headlines[-1],
        notes=(*headlines[:-1], _LAID if both else _READ, *notes),
        per="",
        root=settled(root, LEAST_SHARE),
        difference=both,
        unit=_unit(last, kind),
        own="the program's own code",
    )


def _unit(profile: Profile, kind: str) -> str:
    if profile.units and profile.units[profile.kinds.index(kind)] != "bytes":
        return "count"
    return "bytes" if kind.startswith("alloc") else "memory"


def tree(profile: Profile, kind: str) -> Node:
    """Build the tree of one sample type; the second value of each node is the number of objects, where it is known."""
    values = stacks(profile, kind)
    objects = kind.replace("space", "objects")
    numbers = stacks(profile, objects) if objects != kind and objects in profile.kinds else {}
    return settled(grow(_framed(profile, values, numbers), Path(profile.name).name), LEAST_SHARE)


def _framed(
    profile: Profile, values: Mapping[tuple[str, ...], int], numbers: Mapping[tuple[str, ...], int]
) -> dict[tuple[Frame, ...], Values]:
    found: dict[tuple[Frame, ...], Values] = {}
    frames: dict[str, Frame] = {}
    for stack, size in values.items():
        key = tuple(frames.setdefault(name, frame(name, profile.accounting)) for name in stack)
        old = found.get(key, (0.0, 0.0))
        found[key] = (old[0] + size, old[1] + numbers.get(stack, 0))
    return found


def frame(name: str, accounting: str) -> Frame:
    """Return whose a function is, as far as its name tells."""
    if accounting.startswith("python:") and (placed := _PLACED.fullmatch(name)):
        return python_frame(placed[1], placed[2])
    if _GO.match(accounting) and not name.startswith("0x") and "." in name:
        return go_frame(name)
    return Frame(name=name, place="", origin="other")
