"""A report held against its result: each value of the JSON by its path, all else as it is rendered again, line by line.

Compared are the files that ``netchurn report`` writes. memray's own pages (``flamegraph-*.html``) are not drawn again.
Pictures are compared as they are seen, and where matplotlib or the machine is another than that of the run, by their
words only.
"""

import io
import math
import platform
import re
import stat
from importlib import metadata
from itertools import zip_longest
from pathlib import Path

import msgspec
import numpy as np
from matplotlib import image

from harness.errors import ResultFault
from harness.model import Analysis, Environment
from harness.reading import content
from harness.report import build
from harness.verify.scratch import scratch
from harness.verify.seal import Deviation

MOST_REPORT_BYTES = 256 * 2**20
_DRAWING = re.compile(r"<svg.*?</svg>", re.DOTALL)
_WORDS = re.compile(r"<text[^>]*>(.*?)</text>", re.DOTALL)
_ROUNDING = 1e-9
_EITHER_SIDE = 40  # characters shown around a difference
_HINT = "name what was made by: netchurn report RESULT"


def beside(folder: Path) -> Path | None:
    """Find the report of a result where ``netchurn run`` puts it: in ``reports/`` beside ``results/``."""
    if len(folder.parts) < 4:  # noqa: PLR2004 - a root, results/, a scenario, a run
        return None
    found = folder.parents[2] / "reports" / folder.parent.name / folder.name
    return found if found.is_dir() and found.resolve() != folder.resolve() else None


def check(analysis: Analysis, folder: Path, report: Path) -> tuple[str, list[Deviation]]:
    """Say what was compared, and name what the report, a file or a folder, has otherwise; ResultFault for no report."""
    home, there = _there(report)
    if home != report and report.suffix == ".json":
        return "every value as it is derived", _of_file(report.name, _values(analysis, _read(report)))
    kinds = tuple(kind for kind in build.FORMATS if _has(kind, there))
    if not kinds:
        raise ResultFault(f"there is no report in {report}", _HINT)
    found, number = [], 0
    with scratch("netchurn-verify-") as room:
        build.render(folder, room, kinds, drawn=home)
        for path in sorted(room.iterdir()):
            if path.name in there:
                number += 1
                found += _of_file(path.name, _differs(analysis, path, _read(home / path.name)))
    return f"{number} files, as they are rendered from the result", found


def _there(report: Path) -> tuple[Path, set[str]]:
    """Give the folder of a report and its files, or those of one file that is named; ResultFault for neither."""
    try:
        if report.is_dir():
            return report, {one.name for one in report.iterdir() if _regular(one)}
    except OSError as cause:
        raise ResultFault(f"cannot look into {report}: {cause.strerror}", _HINT) from None
    return report.parent, {report.name}


def _regular(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def _has(kind: str, there: set[str]) -> bool:
    if kind == "png":
        return any(name.endswith(".png") for name in there)
    if kind == "html":
        return any(name.endswith(".html") for name in there)
    return build.file_name(kind) in there


def _of_file(name: str, words: list[str]) -> list[Deviation]:
    return [Deviation(where=name, words=one) for one in words]


def _read(path: Path) -> bytes:
    try:
        return content(path, MOST_REPORT_BYTES, follow=True)
    except OSError as cause:
        raise ResultFault(f"cannot read {path}: {cause.strerror}", _HINT) from None


def _differs(analysis: Analysis, rendered: Path, said: bytes) -> list[str]:
    has = rendered.read_bytes()
    if said == has:
        return []
    if rendered.name == build.file_name("json"):
        return _values(analysis, said)
    same = _draws_alike(analysis.environment)
    if rendered.suffix == ".png":
        return [] if not same or _alike(said, has) else ["is not the picture that is drawn from the result"]
    return _lines(said.decode(errors="replace"), has.decode(), drawings=same)


def _draws_alike(there: Environment) -> bool:
    """Say whether pictures are the same here as where the run was, to the pixel."""
    return (there.machine, there.packages.get("matplotlib")) == (platform.machine(), metadata.version("matplotlib"))


def _alike(one: bytes, other: bytes) -> bool:
    try:
        first, second = (image.imread(io.BytesIO(data), format="png") for data in (one, other))
    except (OSError, SyntaxError, ValueError, RuntimeWarning):  # of a damaged file
        return False
    return np.array_equal(first, second)


def _lines(said: str, has: str, *, drawings: bool) -> list[str]:
    """Name the first line that is not the same, and how many there are."""
    pairs = list(zip_longest(_worded(said).splitlines(), _worded(has).splitlines(), fillvalue=""))
    unlike = [(number, *pair) for number, pair in enumerate(pairs, 1) if pair[0] != pair[1]]
    if not unlike:
        return ["a drawing is not the one that is drawn from the result"] if drawings else []
    number, mine, theirs = unlike[0]
    more = f"; and {len(unlike) - 1:,} lines more" if len(unlike) > 1 else ""
    return [f"line {number}: the report says {_around(mine, theirs)}, rendered it is {_around(theirs, mine)}{more}"]


def _worded(page: str) -> str:
    """Take drawings down to their words: how they are drawn is matplotlib's."""
    return _DRAWING.sub(lambda found: "\n".join(_WORDS.findall(found[0])), page)


def _around(text: str, other: str) -> str:
    """Show a line around the place where it begins to differ."""
    place = next((at for at, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))
    return repr(text[max(0, place - _EITHER_SIDE) : place + _EITHER_SIDE])


def _values(analysis: Analysis, data: bytes) -> list[str]:
    """Name every value of a report in JSON that is derived otherwise."""
    try:
        document: object = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise ResultFault(f"the report is none in JSON: {cause}", f"{_HINT} --format json") from None
    said, derived = _leaves(document), _leaves(msgspec.json.decode(msgspec.json.encode(analysis)))
    return [
        f"{place}: the report says {_value(said, place)}, derived is {_value(derived, place)}"
        for place in sorted(said.keys() | derived.keys())
        if place not in said or place not in derived or not _same(said[place], derived[place])
    ]


def _same(one: object, other: object) -> bool:
    """Compare values; processors and their libraries round the last digits of a float each in their own way."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_ROUNDING)
    return one == other and type(one) is type(other)


def _leaves(document: object) -> dict[str, object]:
    """Give every value of a document by its path."""
    found: dict[str, object] = {}
    waiting: list[tuple[str, object]] = [("", document)]
    while waiting:
        place, node = waiting.pop()
        if isinstance(node, dict) and node:
            waiting += [(f"{place}.{key}".lstrip("."), inner) for key, inner in node.items()]
        elif isinstance(node, list) and node:
            waiting += [(f"{place}[{number}]", inner) for number, inner in enumerate(node)]
        else:
            found[place] = node
    return found


def _value(leaves: dict[str, object], place: str) -> str:
    return repr(leaves[place]) if place in leaves else "nothing"
