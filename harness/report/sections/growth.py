"""Does memory climb: resident memory over the clean arm, the verdict on each subject, and what it cannot show."""

import numpy as np

from harness.analysis import climb
from harness.analysis.facts import Facts, column
from harness.analysis.schedule import LEAST_S
from harness.model import Analysis, Finding, Growth
from harness.report.document import Block, Section, Table, Text
from harness.report.sections import words
from harness.report.sections.words import NOT_MEASURED, NOTHING
from harness.units import duration, memory_bytes

VERDICTS = {
    "growing": "growing",
    "flat": "flat",
    "inconclusive": "inconclusive",
    "no_steady_state": "no steady state",
}


def decided_by(growth: Growth) -> str:
    """Say how much longer would decide; nothing where it is decided."""
    if growth.verdict in {"growing", "flat"}:
        return ""
    if growth.more_seconds_needed is None:
        return "how much longer would decide it cannot be foreseen"
    return f"about {words.about(growth.more_seconds_needed)} more would probably decide it"


def all_decided_by(growths: dict[str, Growth]) -> list[str]:
    """Say how much longer would decide all that are open, in a sentence; nothing where all are decided."""
    later = [one.more_seconds_needed for one in growths.values() if decided_by(one)]
    if not later:
        return []
    known = [seconds for seconds in later if seconds is not None]
    if len(known) < len(later):
        return ["How much longer would decide it cannot be foreseen."]
    return [f"About {words.about(max(known))} more would probably decide it."]


def too_short(facts: Facts, names: list[str]) -> str:
    """Say what a clean arm of less than ten minutes cannot show, by name; nothing where it was longer."""
    lasted_s = facts.lasted_s
    if lasted_s is None or lasted_s >= LEAST_S * (1 - climb.SLACK) or not names:
        return ""
    still = [name for name in names if np.unique(column(facts.series.get(name, ()), "rss_bytes")).size == 1]
    moved = f" Nothing moved in {words.listed(still)}, which is not yet flat." if still else ""
    return (
        f"The clean arm lasted {duration(round(lasted_s))}, and no verdict is given below {duration(LEAST_S)}."
        f"{moved} So short a look cannot show a leak that the allocator's reserve still absorbs, nor one that begins "
        "later."
    )


def memory(analysis: Analysis, facts: Facts) -> Section | None:
    """Show resident memory of the clean arm and the verdict on its growth; None where there was no such arm."""
    if not analysis.plan.duration_s:
        return None
    shown = words.main(analysis)
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
    growth = one.growth
    if growth is None:
        return (one.name, NOT_MEASURED, *[NOTHING] * 4)
    found = growth.minimal_detectable_bytes_per_hour
    return (
        one.name,
        VERDICTS[growth.verdict],
        growth.because,
        NOTHING if growth.steady_from_s is None else duration(round(growth.steady_from_s)),
        NOTHING if found is None else f"{memory_bytes(found)} an hour",
        _more(growth),
    )


def _more(growth: Growth) -> str:
    if growth.verdict in {"growing", "flat"}:
        return "decided"
    return (
        "cannot be foreseen"
        if growth.more_seconds_needed is None
        else f"{words.about(growth.more_seconds_needed)} more"
    )


def _rule(analysis: Analysis) -> str:
    delta, confidence = memory_bytes(analysis.plan.delta_bytes_per_hour), words.share(analysis.plan.confidence)
    return (
        f"Fixed before the run: the climb that matters is {delta} an hour, every interval holds the rate with "
        f"{confidence} confidence. Growing: faster than that, with the whole interval above 0. Flat: the whole "
        "interval below it. All else is inconclusive. The smallest leak is the steady one that a run like this calls "
        "growing four times in five. How often this errs was simulated on series of known truth: of flat shapes at "
        "most 1 % are called growing (2.5 % of memory that wanders by megabytes without direction), and of leaks of "
        "2.5 times that climb at least 99 % are found. netchurn's sources have the table, and what repeats it, in "
        "tests/calibration/README.md."
    )


def _readings(shown: tuple[Finding, ...]) -> Table:
    rows = tuple(
        (
            one.name,
            words.memory(one.memory.rss_first_bytes),
            words.memory(one.memory.rss_last_bytes),
            words.memory(one.memory.rss_peak_bytes),
            words.memory(one.memory.pss_last_bytes),
            words.memory(one.memory.uss_last_bytes),
        )
        for one in shown
    )
    columns = ("subject", "RSS first", "RSS last", "RSS peak", "PSS last", "USS last")
    return Table(caption="readings; the peak is of the process's whole life", columns=columns, rows=rows)
