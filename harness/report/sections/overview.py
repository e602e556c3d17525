"""Programs of the user's on the first screen: which of them grows, how fast, why, and what would decide the rest."""

from harness.model import Analysis, Finding, Growth
from harness.report.document import Severity, Table
from harness.report.sections import formatting, resources
from harness.report.sections.formatting import NOTHING
from harness.report.sections.pairs import MOST_LETTERS, cut
from harness.units import about, memory_bytes

STATES = ("growing", "slow", "crashed", "undecided", "flat")
"""What a program can be found to be, by what matters most."""
_SEVERITIES: dict[str, Severity] = {
    "growing": "bad",
    "slow": "unsure",
    "crashed": "bad",
    "undecided": "unsure",
    "flat": "good",
}
_COLUMNS = ("program", "memory", "an hour", "cause", "would decide it")
_MOST_NAMED = 3
_MOST_NAME = 24


def programs(analysis: Analysis) -> tuple[Finding, ...]:
    """List the programs of the user's, the worst first, and the fastest first among those that grow."""
    brought = [one for one in analysis.subjects if one.program is not None]
    return tuple(sorted(brought, key=lambda one: (STATES.index(state(one)), -_rate(one))))


def state(one: Finding) -> str:
    """Return in a word what a program was found to be."""
    if one.outcome in {"crashed", "timed_out"}:
        return "crashed"
    verdict = one.growth.verdict if one.growth else "inconclusive"
    return verdict if verdict in STATES else "undecided"


def _rate(one: Finding) -> float:
    return (one.growth.bytes_per_hour if one.growth else None) or 0.0


def sentence(analysis: Analysis) -> str | None:
    """Return in at most two sentences which programs are worst, and count the rest; None where there are none."""
    found = programs(analysis)
    if not found or not analysis.plan.duration_s:
        return None
    worst = state(found[0])
    if len(found) == 1 and worst != "crashed" and found[0].growth:
        return _alone(found[0], found[0].growth) + _leaking(found)
    named = [one for one in found if state(one) == worst]
    rest = {word: sum(state(one) == word for one in found) for word in STATES if word != worst}
    counted = ", ".join(f"{number} {word}" for word, number in rest.items() if number)
    tail = (f" Others: {counted}." if counted else "") + _leaking(found)
    return cut(f"{_said(worst, named, len(found))}.", MOST_LETTERS - len(tail)) + tail


def _alone(one: Finding, growth: Growth) -> str:
    """Quote what was shown of the only program, and what would decide it."""
    more = growth.additional_seconds if state(one) == "undecided" else None
    tail = "" if more is None else f" About {about(more)} more would probably decide it."
    name = formatting.shortened(one.name, _MOST_NAME)
    return cut(f"{state(one).capitalize()}: {name} {growth.explanation}.", MOST_LETTERS - len(tail)) + tail


def _leaking(found: tuple[Finding, ...]) -> str:
    """Return what a program leaks besides memory, or how many do; empty where none does."""
    leaking = [(one.name, leaks) for one in found if (leaks := resources.leaks(one))]
    if len(leaking) > 1:
        return f" {len(leaking)} leak more than memory."
    return "".join(f" {formatting.shortened(name, _MOST_NAME)} leaks {'; '.join(leaks)}." for name, leaks in leaking)


def _said(worst: str, named: list[Finding], number: int) -> str:
    told = [_one(one, worst) for one in named[:_MOST_NAMED]]
    if len(named) > _MOST_NAMED:
        told.append(f"{len(named) - _MOST_NAMED} more")
    of = f"{len(named)} of {number}: " if number > 1 else ""
    return f"{worst.capitalize()}: {of}{formatting.listed(told)}"


def _one(one: Finding, worst: str) -> str:
    name = formatting.shortened(one.name, _MOST_NAME)
    if worst in {"growing", "slow"}:
        return f"{name} by {memory_bytes(_rate(one))} an hour"
    if worst == "undecided" and one.growth and one.growth.additional_seconds is not None:
        return f"{name} (about {about(one.growth.additional_seconds)} more would probably decide)"
    return name


def table(analysis: Analysis) -> Table | None:
    """Return one row a program, the worst first; None where there are none or no memory was sampled.

    A column in which nothing is known of anybody is left out: a small screen holds three.
    """
    found = programs(analysis)
    if not found or not analysis.plan.duration_s:
        return None
    rows = [_row(one) for one in found]
    shown = [number for number in range(len(_COLUMNS)) if any(row[number] != NOTHING for row in rows)]
    return Table(
        columns=tuple(_COLUMNS[number] for number in shown),
        rows=tuple(tuple(row[number] for number in shown) for row in rows),
        severities=tuple("bad" if resources.leaks(one) else _SEVERITIES[state(one)] for one in found),
    )


def _row(one: Finding) -> tuple[str, ...]:
    known = one.growth is not None and one.growth.bytes_per_hour is not None and state(one) != "crashed"
    return (
        one.name,
        state(one),
        memory_bytes(_rate(one)) if known else NOTHING,
        (getattr(one, "cause", None) or NOTHING).replace("_", " "),
        _more(one),
    )


def _more(one: Finding) -> str:
    growth = one.growth
    if growth is None or state(one) != "undecided":
        return NOTHING
    return "unknown" if growth.additional_seconds is None else f"{about(growth.additional_seconds)} more"
