"""Who keeps memory: by function and line, per unit of work and by the hour, and what the recordings hold."""

from harness.analysis.facts import Facts
from harness.model import Analysis, Finding, Retained, Retention
from harness.report.document import Block, Section, Table, Text
from harness.report.sections import formatting
from harness.report.sections.formatting import NOTHING
from harness.units import churn_bytes, count, duration, figures, memory_bytes

UNITS = {"poll": "a poll", "event": "an event", "cycle": "a container that comes and goes"}
ENDS = {
    "asked": "with the sampling phase",
    "bound": "at its bound",
    "exit": "with the program",
    "killed": "killed with the program",
}
_WHOSE = {"own": "the program", "library": "a library", "standard": "the language", "other": "native code"}
_MOST_NAMED = 3  # programs on the first screen, those that keep most
_MOST_ROWS = 8  # of one program and recorder
_LEAST_SHARE = 0.005  # of what is kept: less is left out of the table
NOT_FOLLOWING = (
    "What does not follow: memory that is alive is not therefore leaked. A cache that fills looks the same, and so "
    "does whatever the program still works on as it ends."
)
_READING = (
    "Memory that was allocated after the warm-up and was still alive at the end, less what it replaced, by the "
    "innermost function that is not of the language itself. It is named on the first screen only where both halves of "
    "the time keep as much as the threshold of growth asks for, and of a sampled heap where it is above two standard "
    "errors. "
)
PARTS = {
    "live_heap": "live heap",
    "free_heap": "heap that is free and held",
    "stacks": "stacks",
    "runtime": "tables of the runtime",
    "native": "native memory outside the managed heap",
    "mapped_files": "mapped files",
    "shared_memory": "shared memory",
    "rest": "the rest",
}
_PARTS = (
    "What resident memory is made of. Mapped files and shared memory are the kernel's numbers; the heap of a Go "
    "program is its runtime's, that of others what was recorded of the copy. A part that cannot be told from outside "
    "is in the rest, with what an allocator holds free."
)
_COPIES = (
    "Recorded in a copy of the program, beside the one whose memory is judged. A recorder makes its copy slower and "
    "larger: no other number of this report is of a copy."
)


def sentence(one: Finding) -> str:
    """Return who keeps memory, fit to quote; nothing where nobody is named."""
    whole = next((each for each in one.retention if each.keeps), None)
    if whole is None:
        return ""
    rows = [row for row in one.retained if row.recorder == whole.recorder]
    who = f", {figures(100 * rows[0].share)} % of it in {place(rows[0])}" if rows else ""
    return f"{formatting.shortened(one.name, formatting.MOST_NAME)} keeps {amount(whole)}{who}{_waiting(one)}"


def _waiting(one: Finding) -> str:
    """Return which goroutines accumulate most; nothing where none do."""
    each = next(iter(one.goroutines), None)
    if each is None:
        return ""
    return f"; {count(each.last - each.first)} more goroutines wait in {each.stands_in}, created by {each.creator}"


def amount(whole: Retention) -> str:
    """Print what is kept, by the unit of work where there is one."""
    if whole.unit and whole.per_unit is not None:
        return f"{churn_bytes(whole.per_unit)} {UNITS[whole.unit]}"
    return f"{memory_bytes(whole.per_hour)} an hour"


def place(row: Retained) -> str:
    """Print a function with its file and line, and who called it where it is not the program's own."""
    file = row.file.rpartition("/")[2]
    where = f" ({file}:{row.line})" if file and row.line else f" ({file})" if file else ""
    return f"{row.function}{where}" + (f", called by {row.caller}" if row.caller else "")


def first_screen(analysis: Analysis) -> tuple[Text, ...]:
    """Return who keeps memory in one paragraph, and what does not follow; nothing where nobody is named."""
    keeping = [one for one in formatting.main(analysis) if sentence(one)]
    keeping.sort(key=lambda one: -max(each.per_hour for each in one.retention if each.keeps))
    told = [sentence(one) for one in keeping[:_MOST_NAMED]]
    told += [f"So do {count(len(keeping) - _MOST_NAMED)} more"] if len(keeping) > _MOST_NAMED else []
    return (Text(words=f"{'. '.join(told)}. {NOT_FOLLOWING}"),) if told else ()


def section(analysis: Analysis, facts: Facts) -> Section | None:
    """Show who keeps memory, of all programs; None where nothing was recorded."""
    shown = [one for one in formatting.main(analysis) if one.retention]
    if not shown:
        return None
    blocks: list[Block] = [Text(words=_READING + NOT_FOLLOWING + _trials(facts)), _wholes(shown), *_keepers(shown)]
    blocks += [*_goroutines(shown), Text(words=_PARTS), *_balances(shown)]
    blocks += [Text(words=_COPIES)] if facts.result.recordings else []
    return Section(title="Who keeps it", blocks=tuple(blocks))


def _trials(facts: Facts) -> str:
    """Return which trial the numbers are of, where there are several."""
    trials = facts.result.plan.trials
    return f" These numbers are of the first of {count(trials)} trials; the others are not recorded." * (trials > 1)


def _wholes(shown: list[Finding]) -> Table:
    return Table(
        columns=("subject", "known from", "over", "work", "kept", "kept a unit", "allocated a unit", "ended"),
        rows=tuple(_whole(one.name, each) for one in shown for each in one.retention),
    )


def _whole(name: str, one: Retention) -> tuple[str, ...]:
    error = one.standard_error_bytes
    return (
        name,
        one.recorder,
        duration(round(one.seconds)),
        f"{count(round(one.units))} {one.unit}s" if one.unit else NOTHING,
        memory_bytes(one.bytes) + ("" if error is None else f" (standard error {memory_bytes(error)})"),
        churn_bytes(one.per_unit) if one.per_unit is not None else NOTHING,
        churn_bytes(one.allocated_per_unit) if one.allocated_per_unit is not None else NOTHING,
        ENDS[one.end],
    )


def _keepers(shown: list[Finding]) -> list[Block]:
    blocks: list[Block] = []
    for one in shown:
        for whole in one.retention:
            rows = [row for row in one.retained if row.recorder == whole.recorder and row.share >= _LEAST_SHARE]
            if rows and whole.bytes:
                blocks.append(_table(one.name, whole, rows[:_MOST_ROWS]))
    return blocks


def _goroutines(shown: list[Finding]) -> list[Block]:
    rows = [
        (one.name, each.creator, each.stands_in, each.state, count(each.first), count(each.last))
        for one in shown
        for each in one.goroutines
    ]
    columns = ("subject", "created by", "stands in", "waits for", "first", "last")
    return [Table(caption="Goroutines that accumulate", columns=columns, rows=tuple(rows))] if rows else []


def _balances(shown: list[Finding]) -> list[Block]:
    return [
        Table(
            caption=f"{one.name}: what its resident memory is made of",
            columns=("part", "first", "last"),
            rows=tuple((PARTS[each.part], _size(each.first_bytes), _size(each.last_bytes)) for each in one.balance),
        )
        for one in shown
        if one.balance
    ]


def _size(value: int | None) -> str:
    return "in the rest" if value is None else memory_bytes(value)


def _table(name: str, whole: Retention, rows: list[Retained]) -> Table:
    unit = UNITS[whole.unit] if whole.unit else ""
    return Table(
        caption=f"{name}, by {whole.recorder}" + ("" if whole.keeps else ": too little to name anybody"),
        columns=("where", "whose code", "kept", "share", "an hour", *([unit] if unit else [])),
        rows=tuple(
            (
                place(row),
                _WHOSE[row.origin],
                memory_bytes(row.bytes),
                formatting.share(row.share),
                memory_bytes(row.per_hour),
                *([churn_bytes(row.per_unit or 0.0)] if unit else []),
            )
            for row in rows
        ),
    )
