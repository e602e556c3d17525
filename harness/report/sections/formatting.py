"""Words and numbers that all sections print alike."""

from collections.abc import Iterable

from harness.model import Analysis, Churn, Finding
from harness.units import churn_bytes, count, figures, memory_bytes

NOT_MEASURED = "not measured"
NOTHING = "–"  # does not apply to this subject
LANGUAGES = {"python": "Python", "go": "Go", "unknown": "programs of other languages"}
GLOSSARY = (
    "Churn: bytes allocated per unit of work, whether or not they are freed at once; it costs processor time and "
    "cache, not memory that stays. Growth: resident memory that climbs over time; it is judged from RSS, never from "
    "churn. Accounting mode: what counts as an allocation. python:all-objects counts every object that Python's own "
    "allocators hand out, five to seven times what memray counts by default; numbers of two modes are never divided."
)
MOST_HEADLINE = 200
MOST_NAME = 24  # of a subject, where many share a line
_NEXT_TO_NOTHING = 1e-5
_UNSEEN = 0.0005  # of a number with three figures


def churn(value: float | None) -> str:
    """Print bytes allocated, in decimal units."""
    return NOT_MEASURED if value is None else churn_bytes(value)


def churn_within(value: float | None, resolution: float | None) -> str:
    """Print bytes allocated with how far they may be off; an upper bound where they are no more than that."""
    if value is None or resolution is None:
        return churn(value)
    if value <= resolution:
        return f"at most {churn_bytes(value + resolution)}"
    shown = churn_bytes(value)
    return shown if resolution < _UNSEEN * value else f"{shown} ± {churn_bytes(resolution)}"


def a_day(found: Churn) -> str:
    """Print what is allocated a day, as finely as it was measured."""
    return churn_within(found.bytes_per_day, found.resolution_bytes_per_day)


def memory(value: float | None) -> str:
    """Print bytes resident, in binary units."""
    return NOT_MEASURED if value is None else memory_bytes(value)


def number(value: float | None) -> str:
    return NOT_MEASURED if value is None else count(value)


def share(value: float) -> str:
    """Print a share in percent: ``58.7 %``; what is next to nothing as that, and not in ten digits."""
    return "less than 0.001 %" if 0 < value < _NEXT_TO_NOTHING else f"{figures(100 * value)} %"


def fitting(*choices: str) -> str:
    """Return the first of several headlines that is short enough to quote; the last where none is."""
    return next((one for one in choices if len(one) <= MOST_HEADLINE), choices[-1])


def listed(names: Iterable[str]) -> str:
    """Print names as a sentence has them: ``a``, ``a and b``, ``a, b and c``."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def shortened(name: str, most: int) -> str:
    """Leave out the middle of a name that is too long: names that are alike mostly differ at their ends."""
    if len(name) <= most:
        return name
    end = most // 3
    return f"{name[: most - end - 1]}…{name[-end:]}"


def numbers(analysis: Analysis) -> dict[str, int]:
    """Count through the subjects of each role: one has the same colour wherever it is drawn."""
    found: dict[str, int] = {}
    for role in dict.fromkeys(one.role for one in analysis.subjects):
        names = (one.name for one in analysis.subjects if one.role == role)
        found.update((name, number) for number, name in enumerate(names))
    return found


def main(analysis: Analysis) -> tuple[Finding, ...]:
    """List the subjects that the report is about: controls have a section of their own."""
    return tuple(one for one in analysis.subjects if one.role != "control")


def modes(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Sort subjects whose churn was measured by accounting mode, in the order of the plan."""
    found: dict[str, list[Finding]] = {}
    for one in findings:
        if one.churn is not None:
            found.setdefault(one.churn.accounting, []).append(one)
    return found


def mode_name(mode: str, findings: list[Finding]) -> str:
    """Name an accounting mode with the languages of those that are counted by it."""
    return f"{listed(dict.fromkeys(LANGUAGES[one.language] for one in findings))}, counted as {mode}"
