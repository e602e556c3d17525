"""A report held against its result: rendered again, and compared byte for byte.

How strictly is decided by the machine that verifies, and by nothing that a result or a report says. Two things are not
compared, and named: memray's own pages, which are not drawn again, and drawings that differ where this machine draws
otherwise than the one that drawings are the same on. Numbers of twelve digits and more may differ in their last ones,
which are the processor's.
"""

import math
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from harness.errors import ResultFault
from harness.report import build, memray_pages
from harness.report.formats import REPORT
from harness.results.folder import load_result, read_bounded
from harness.verify.deviation import Deviation
from harness.verify.scratch import scratch

MOST_REPORT_BYTES = 256 * 2**20
_DRAWING = re.compile(r"<svg.*?</svg>|data-values='.*?'", re.DOTALL)
_FLOAT = re.compile(r"-?\d+(?:\.\d+(?:e[-+]?\d+)?|e[-+]?\d+)")
_FINE = 12  # characters of a number from which on its last digits are the processor's
_ROUNDING = 1e-9
_EITHER_SIDE = 40  # characters shown around a difference
_HINT = "name what was made by: netchurn report RESULT"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """How many files were compared, what deviates, and what was not compared, and why not."""

    number: int = 0
    deviations: list[Deviation] = field(default_factory=list)
    otherwise: list[tuple[str, str]] = field(default_factory=list)


def beside(folder: Path) -> Path | None:
    """Find the report of a result where ``netchurn run`` puts it: in ``reports/`` beside ``results/``."""
    if len(folder.parts) < 4:  # noqa: PLR2004 - a root, results/, a scenario, a run
        return None
    found = folder.parents[2] / "reports" / folder.parent.name / folder.name
    return found if found.is_dir() and found.resolve() != folder.resolve() else None


def check(folder: Path, report: Path) -> Compared:
    """Compare a report, a file or a folder, with what is rendered from the result; ResultFault for no report."""
    there = _there(report)
    kinds = tuple(kind for kind in REPORT if any(_is_of(kind, name) for name in there))
    if not kinds:
        raise ResultFault("no_report", f"there is no report in {report}", _HINT)
    home = report if report.is_dir() else report.parent
    memray = {name for _, name in memray_pages.there(load_result(folder), home)} & there.keys()
    with scratch("netchurn-verify-") as room:
        build.render(folder, room, kinds, drawn=home)
        rendered = {path.name: path.read_bytes() for path in room.iterdir()}
    if report != home:  # one file was named: an analysis may be called as one likes
        name = report.name if report.name in rendered or report.suffix != ".json" else build.file_name("json")
        rendered = {report.name: rendered[name]} if name in rendered else {}
    return _compared(there, rendered, memray)


def _there(report: Path) -> dict[str, Path | None]:
    """Return the files of a report by name, or the one that is named; None: it is no regular file."""
    try:
        if not report.is_dir():
            return {report.name: report}
        return {one.name: one if stat.S_ISREG(one.lstat().st_mode) else None for one in sorted(report.iterdir())}
    except OSError as cause:
        raise ResultFault("file_unreadable", f"cannot look into {report}: {cause.strerror}", _HINT) from None


def _is_of(kind: str, name: str) -> bool:
    if kind in {"png", "html", "json"}:
        return name.endswith(f".{kind}")
    return name == build.file_name(kind)


def _compared(there: dict[str, Path | None], rendered: dict[str, bytes], memray: set[str]) -> Compared:
    found = Compared(number=len(there.keys() & rendered.keys()))
    drawings = []
    for name in sorted(there.keys() | rendered.keys()):
        path = there.get(name)
        kind, text = "report_differs", ""
        if name not in there:
            kind, text = "report_missing", "is not there, and is rendered from the result"
        elif path is None:
            kind, text = "file_odd", "is no regular file"
        elif name in rendered:
            text = _differs(name, read_bounded(path, MOST_REPORT_BYTES, _HINT, follow=True), rendered[name])
        elif name not in memray:
            kind, text = "report_foreign", "was not rendered from the result by this netchurn"
        if text == _DRAWN:
            drawings.append(name)
        elif text:
            found.deviations.append(Deviation(kind, name, text))
    if drawings:
        found.otherwise.append((f"drawings in {', '.join(drawings)}", _otherwise()))
    if memray:
        found.otherwise.append((", ".join(sorted(memray)), "pages by memray are not drawn again"))
    return found


def _otherwise() -> str:
    from harness.report.pictures import figures  # noqa: PLC0415 - it loads matplotlib, which not every report needs

    return figures.otherwise()


_DRAWN = "a drawing is another, and this machine cannot tell"


def _differs(name: str, said: bytes, has: bytes) -> str:
    """Return how a file differs from what was rendered: nothing where it does not, ``_DRAWN`` where nobody can tell."""
    if said == has:
        return ""
    if name.endswith(".png"):
        return _DRAWN if _otherwise() else "is not the picture that is drawn from the result"
    page, rendered = said.decode(errors="replace"), has.decode()
    if _otherwise() and _DRAWING.search(rendered):
        return unlike(_DRAWING.sub("", page), _DRAWING.sub("", rendered)) or _DRAWN
    return unlike(page, rendered)


def unlike(said: str, has: str) -> str:
    """Name the first line that is not the same, and how many there are."""
    pairs = list(_pairs(said, has))
    if not pairs:
        return ""
    number, mine, theirs = pairs[0]
    more = f"; and {len(pairs) - 1:,} lines more" if len(pairs) > 1 else ""
    return f"line {number}: the report says {_around(mine, theirs)}, rendered it is {_around(theirs, mine)}{more}"


def _pairs(said: str, has: str) -> Iterator[tuple[int, str, str]]:
    pairs = zip_longest(said.split("\n"), has.split("\n"), fillvalue="")
    for number, (mine, theirs) in enumerate(pairs, 1):
        if mine != theirs and not _rounded(mine, theirs):
            yield number, mine, theirs
    if said.count("\n") != has.count("\n"):
        yield has.count("\n") + 1, f"{said.count(chr(10))} lines", f"{has.count(chr(10))} lines"


def _rounded(mine: str, theirs: str) -> bool:
    """Return whether two lines differ in the last digits of long numbers alone."""
    if _FLOAT.sub("#", mine) != _FLOAT.sub("#", theirs):
        return False
    pairs = zip(_FLOAT.findall(mine), _FLOAT.findall(theirs), strict=False)
    return all(one == other or _close(one, other) for one, other in pairs)


def _close(one: str, other: str) -> bool:
    return max(len(one), len(other)) >= _FINE and math.isclose(float(one), float(other), rel_tol=_ROUNDING)


def _around(text: str, other: str) -> str:
    """Show a line around the place where it begins to differ."""
    place = next((at for at, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))
    return repr(text[max(0, place - _EITHER_SIDE) : place + _EITHER_SIDE])
