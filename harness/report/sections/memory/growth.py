"""Does memory climb: resident memory over the sampling phase, the verdict on each subject, and what it cannot show."""

import math
from collections.abc import Iterable

import numpy as np

from harness import wording
from harness.analysis.facts import Facts, column
from harness.analysis.growth import samples
from harness.analysis.growth.schedule import LEAST_S
from harness.model import Analysis, Compressed, Finding, Growth
from harness.report.document import Block, Section, Table, Text
from harness.report.sections import formatting
from harness.report.sections.formatting import NOT_MEASURED, NOTHING
from harness.units import about, count, duration, memory_bytes

GROWING = (
    "growth is certain (the whole interval lies above 0), its best estimate is above the growth that matters, and "
    "memory still climbs in the later half"
)
SLOW = "the whole interval lies between 0 and the growth that matters, and the climb is steady"
FLAT = (
    "the whole interval lies below the growth that matters, and no growth was shown; the upper end is the proven bound"
)
"""What the verdicts mean: docs/verdicts.md has the same words."""
_MOST_NAMED = 3


def word(found: Growth | Compressed) -> str:
    """Name a verdict; what lived too short was not judged."""
    return "not judged" if isinstance(found, Growth) and found.too_short else wording.GROWTH[found.verdict].word


def said(found: Growth | Compressed, of: str = "") -> str:
    """Return a verdict and why, in a cell."""
    judged = not (isinstance(found, Growth) and found.too_short)
    return f"{word(found)}: {of}{found.explanation}" if judged else f"{of}{found.explanation}"


def judged(one: Finding) -> Growth | Compressed | None:
    """Return the one verdict on a subject's memory: by the hour, and where time was compressed by the poll."""
    return one.growth or one.compressed


def worst_first(findings: Iterable[Finding]) -> list[tuple[Finding, Growth | Compressed]]:
    """Sort those that were judged by their verdicts, and of one verdict the fastest first."""
    known = [(one, found) for one in findings if (found := judged(one))]
    order = list(wording.GROWTH)
    return sorted(known, key=lambda pair: (order.index(pair[1].verdict), -_rate(pair[1])))


def _rate(found: Growth | Compressed) -> float:
    return (found.bytes_per_hour if isinstance(found, Growth) else found.bytes_per_poll) or 0.0


def needed(findings: Iterable[Finding]) -> str:
    """Return what each open verdict needs, the one that needs most first; nothing where all are decided."""
    still = [(one.name, found) for one in findings if (found := one.growth) and _open(found) and not found.too_short]
    if not still:
        return ""
    still.sort(key=lambda pair: -_wait(pair[1]))
    named = [f"{formatting.shortened(name, formatting.MOST_NAME)} {more(found)}" for name, found in still[:_MOST_NAMED]]
    rest = f", and {count(len(still) - _MOST_NAMED)} more" if len(still) > _MOST_NAMED else ""
    return f"To decide, probably: {', '.join(named)}{rest}."


def unjudged(findings: Iterable[Finding]) -> str:
    """Return how much longer a run has to be whose subjects all lived too short to be judged; nothing for another."""
    found = [one.growth for one in findings if one.growth]
    if not found or not all(one.too_short for one in found):
        return ""
    return f"{about(max(_wait(one) for one in found))} more would probably decide"


def _open(found: Growth) -> bool:
    return found.verdict in {"inconclusive", "no_steady_state"}


def _wait(found: Growth) -> float:
    return math.inf if found.additional_seconds is None else found.additional_seconds


def too_short(facts: Facts, names: list[str]) -> str:
    """Return what a sampling phase of less than ten minutes cannot show, by name; nothing where it was longer."""
    lasted_s = facts.lasted_s
    if lasted_s is None or lasted_s >= LEAST_S * (1 - samples.SLACK) or not names:
        return ""
    still = [name for name in names if np.unique(column(facts.series.get(name, ()), "rss_bytes")).size == 1]
    moved = f" Nothing moved in {formatting.listed(still)}, which is not yet flat." if still else ""
    return (
        f"The sampling phase lasted {duration(round(lasted_s))}, and no verdict is given below {duration(LEAST_S)}."
        f"{moved} So short a look cannot show a leak that the allocator's reserve still absorbs, nor one that begins "
        "later."
    )


def memory(analysis: Analysis, facts: Facts) -> Section | None:
    """Show resident memory of the sampling phase and the verdict on its growth; None where there was no such arm."""
    if not analysis.plan.duration_s:
        return None
    shown = formatting.main(analysis)
    caveat = too_short(facts, [one.name for one in shown if one.growth])
    blocks: list[Block] = [
        Text(
            words="Whether resident memory climbs while the subjects watch. Read from outside, never of a profiled "
            "process; those of this package carry the watcher and nothing else."
        ),
        _verdicts(shown),
        Text(words=_rule(analysis)),
        *([Text(words=caveat)] if caveat else []),
        Text(
            words="What does not follow: inconclusive is not flat. Neither verdict says anything about churn, and a "
            "line that looks flat, or steep, is no evidence of either without its interval."
        ),
        _readings(shown),
    ]
    return Section(title="Memory: does it grow", blocks=tuple(blocks))


def _verdicts(shown: tuple[Finding, ...]) -> Table:
    return Table(
        caption="growth of resident memory",
        columns=(
            "subject",
            "verdict",
            "what was seen",
            "warm-up left out",
            "smallest leak it would find",
            "would decide it",
        ),
        rows=tuple(_verdict_row(one) for one in shown),
    )


def _verdict_row(one: Finding) -> tuple[str, ...]:
    growth, by_polls = one.growth, one.compressed
    if growth is None:
        told = (wording.GROWTH[by_polls.verdict].word, by_polls.explanation) if by_polls else (NOT_MEASURED, NOTHING)
        return (one.name, *told, *[NOTHING] * 3)
    return (
        one.name,
        word(growth),
        growth.explanation,
        NOTHING if growth.steady_from_s is None else duration(round(growth.steady_from_s)),
        smallest(growth),
        more(growth),
    )


def smallest(growth: Growth | None) -> str:
    """Print the smallest leak that would be found; nothing where growth was not judged."""
    found = growth.minimal_detectable_bytes_per_hour if growth and not growth.too_short else None
    return NOTHING if found is None else f"{memory_bytes(found)} an hour"


def more(growth: Growth) -> str:
    """Print how much longer a series would have to be for a verdict."""
    if not _open(growth):
        return "decided"
    return "cannot be foreseen" if growth.additional_seconds is None else f"{about(growth.additional_seconds)} more"


def _rule(analysis: Analysis) -> str:
    delta, confidence = memory_bytes(analysis.plan.delta_bytes_per_hour), formatting.share(analysis.plan.confidence)
    return (
        f"Fixed before the run: the growth that matters is {delta} an hour, every interval holds the rate with "
        f"{confidence} confidence. Growing: {GROWING}. Slow: {SLOW}. Flat: {FLAT}. All else is inconclusive, or has no "
        f"steady state; below {duration(LEAST_S)} nothing is judged. The smallest leak is the steady one that memory "
        "as noisy as this would show as growing four times in five. How often this errs was simulated on series of "
        "known truth: of flat shapes at most 1 % are called growing (2.5 % of memory that wanders by megabytes without "
        "direction), and of steady leaks of 2.5 times that growth at least 99 % are found, in the noise that was "
        "simulated. netchurn's sources have the table, and what repeats it, in tests/calibration/README.md."
    )


def _readings(shown: tuple[Finding, ...]) -> Table:
    rows = tuple(
        (
            one.name,
            formatting.memory(one.memory.rss_first_bytes),
            formatting.memory(one.memory.rss_last_bytes),
            formatting.memory(one.memory.rss_peak_bytes),
            formatting.memory(one.memory.pss_last_bytes),
            formatting.memory(one.memory.uss_last_bytes),
        )
        for one in shown
    )
    columns = ("subject", "RSS first", "RSS last", "RSS peak", "PSS last", "USS last")
    return Table(caption="readings; the peak is of the process's whole life", columns=columns, rows=rows)
