"""Programs of the user's on the first screen: which of them grows, how fast, why, and what would decide the rest."""

from harness.analysis.memory.resources import NAMES, leaked
from harness.model import Analysis, Finding, Growth
from harness.report.document import Table
from harness.report.sections import formatting
from harness.report.sections.formatting import NOTHING
from harness.report.sections.memory import resources
from harness.report.sections.pairs import MOST_LETTERS, cut
from harness.units import about, count, memory_bytes
from harness.wording import PROGRAM

_COLUMNS = ("program", "verdict", "an hour", "why")
_MOST_NAMED = 3
_MOST_NAME = 24
_MOST_REASON = 80
_NO_LEAK = {"lazily_freed": "lazily freed: no leak", "file_mapped": "file mapped: usually no leak"}


def worst_first(analysis: Analysis) -> tuple[Finding, ...]:
    """List the programs of the user's, the worst first, and the fastest first among those whose memory grows."""
    brought = [one for one in analysis.subjects if one.program is not None]
    return tuple(
        sorted(brought, key=lambda one: (list(PROGRAM).index(state(one)), _verdict(one) != "growing", -_rate(one)))
    )


def state(one: Finding) -> str:
    """Return in a word what a program was found to be. What leaks something else than memory is growing."""
    if one.outcome in {"crashed", "timed_out"}:
        return "crashed"
    if leaked(one.resources):
        return "growing"
    return _verdict(one) if _verdict(one) in PROGRAM else "undecided"


def _verdict(one: Finding) -> str:
    return one.growth.verdict if one.growth else "inconclusive"


def _rate(one: Finding) -> float:
    return (one.growth.bytes_per_hour if one.growth else None) or 0.0


def _amount(one: Finding) -> str:
    """Return what grows in an hour: bytes, or what is counted where memory does not grow."""
    leak = next(iter(leaked(one.resources)), None)
    if leak is None or _verdict(one) == "growing":
        return memory_bytes(_rate(one))
    rate = leak.per_hour or 0.0
    return memory_bytes(rate) if leak.unit == "bytes" else f"{count(round(rate))} {NAMES[leak.name]}"


def sentence(analysis: Analysis) -> str | None:
    """Return in at most two sentences which programs are worst, and count the rest; None where there are none."""
    found = worst_first(analysis)
    if not found or not analysis.plan.duration_s:
        return None
    worst = state(found[0])
    if len(found) == 1 and worst != "crashed" and found[0].growth:
        return _alone(found[0], found[0].growth)
    named = [one for one in found if state(one) == worst]
    rest = {word: sum(state(one) == word for one in found) for word in PROGRAM if word != worst}
    counted = ", ".join(f"{number} {word}" for word, number in rest.items() if number)
    tail = (f" Others: {counted}." if counted else "") + _leaking(found)
    return cut(f"{_said(worst, named, len(found))}.", MOST_LETTERS - len(tail)) + tail


def _alone(one: Finding, growth: Growth) -> str:
    """Quote what was shown of the only program, and what would decide it."""
    more = growth.additional_seconds if state(one) == "undecided" else None
    tail = "" if more is None else f" About {about(more)} more would probably decide it."
    name = formatting.shortened(one.name, _MOST_NAME)
    leaks = f"leaks {'; '.join(found)}" if (found := resources.leaks(one)) else ""
    told = f"{growth.explanation}; it {leaks}" if leaks and growth.verdict == "growing" else leaks or growth.explanation
    return cut(f"{state(one).capitalize()}: {name} {told}.", MOST_LETTERS - len(tail)) + tail


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
    what = f"{len(named)} of {number} {worst}" if number > 1 else worst.capitalize()
    return f"{what}: {formatting.listed(told)}"


def _one(one: Finding, worst: str) -> str:
    name = formatting.shortened(one.name, _MOST_NAME)
    if worst in {"growing", "slow"}:
        return f"{name} by {_amount(one)} an hour"
    if worst == "undecided" and one.growth and one.growth.additional_seconds is not None:
        return f"{name} (about {about(one.growth.additional_seconds)} more would probably decide)"
    return name


def beside(analysis: Analysis) -> str:
    """Return who makes the run invalid; nothing where no program crashed."""
    dead = [formatting.shortened(one.name, _MOST_NAME) for one in worst_first(analysis) if state(one) == "crashed"]
    if not dead:
        return ""
    more = f" and {len(dead) - _MOST_NAMED} more" if len(dead) > _MOST_NAMED else ""
    stand = "; the numbers of the others stand" if others_stand(analysis) else ""
    return f"{', '.join(dead[:_MOST_NAMED])}{more} crashed{stand}"


def others_stand(analysis: Analysis) -> bool:
    """Return whether programs alone died, somebody lived who is measured, and the controls are right."""
    dead = {one.name for one in analysis.subjects if one.death}
    ours = {one.name for one in analysis.plan.subjects if one.source == "builtin"}
    lives = any(one.role != "control" and one.name not in dead for one in analysis.subjects)
    return bool(dead) and lives and not ours & dead and all(one.ok for one in analysis.controls)


def table(analysis: Analysis) -> Table | None:
    """Return one row a program, the worst first; None where there are none or no memory was sampled.

    A column in which nothing is known of anybody is left out.
    """
    found = worst_first(analysis)
    if not found or not analysis.plan.duration_s:
        return None
    rows = [_row(one) for one in found]
    shown = [number for number in range(len(_COLUMNS)) if any(row[number] != NOTHING for row in rows)]
    return Table(
        columns=tuple(_COLUMNS[number] for number in shown),
        rows=tuple(tuple(row[number] for number in shown) for row in rows),
        severities=tuple("bad" if resources.leaks(one) else PROGRAM[state(one)].severity for one in found),
    )


def _row(one: Finding) -> tuple[str, ...]:
    known = one.growth is not None and one.growth.bytes_per_hour is not None and not one.growth.too_short
    return one.name, state(one), _amount(one) if known and state(one) != "crashed" else NOTHING, _why(one)


def _why(one: Finding) -> str:
    """Return what grows, how it crashed, or what would decide."""
    if state(one) == "crashed":
        return cut((one.death or NOTHING).removeprefix("crashed with "), _MOST_REASON)
    if one.cause is not None:
        return _NO_LEAK.get(one.cause, one.cause.replace("_", " "))
    if one.growth is None or state(one) != "undecided":
        return NOTHING
    more = one.growth.additional_seconds
    return "unknown what would decide" if more is None else f"{about(more)} more would decide"
