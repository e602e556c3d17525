"""Before and after of programs: the verdict of each pair, and what was measured, by digest."""

from collections import Counter

from harness.model import Analysis, Executable, PairVerdict
from harness.report.document import Section, Table, Text
from harness.report.sections import formatting
from harness.report.sections.formatting import NOTHING
from harness.units import memory_bytes
from harness.wording import PAIR

MOST_LETTERS = 200  # of a headline


def worst_first(analysis: Analysis) -> tuple[PairVerdict, ...]:
    """Order the pairs by what a reader must know first; the order of the plan within one verdict."""
    order = list(PAIR)
    return tuple(sorted(analysis.pairs, key=lambda one: order.index(one.verdict)))


def sentence(analysis: Analysis) -> str | None:
    """Return the verdict of the worst pair, and count the others; None where no pair of programs was measured."""
    if not analysis.pairs:
        return None
    worst, *others = worst_first(analysis)
    counted = Counter(PAIR[one.verdict].word for one in others)
    more = ", ".join(f"{number} {word}" for word, number in counted.items())
    tail = f" Of {len(others)} other pairs: {more}." if others else ""
    head = f"{PAIR[worst.verdict].word.capitalize()}: {worst.explanation}."
    return cut(head, MOST_LETTERS - len(tail)) + tail


def headline(analysis: Analysis) -> str:
    """Name the verdict of the run, after that of its worst pair where programs were measured as before and after."""
    if not analysis.pairs or analysis.verdict == "invalid":
        return analysis.verdict
    word = PAIR[worst_first(analysis)[0].verdict].word
    return f"{word} · claims {analysis.verdict}" if analysis.claims else word


def cut(text: str, most: int) -> str:
    """Leave out the end of what is too long."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def section(analysis: Analysis) -> Section | None:
    """Show the verdict of each pair; None where no pair of programs was measured."""
    if not analysis.pairs:
        return None
    ordered = worst_first(analysis)
    table = Table(
        columns=("before", "after", "verdict", "why", "bound"),
        rows=tuple(
            (
                one.before,
                one.after,
                PAIR[one.verdict].word,
                one.explanation,
                NOTHING if one.bound_bytes_per_hour is None else f"{memory_bytes(one.bound_bytes_per_hour)} an hour",
            )
            for one in ordered
        ),
        severities=tuple(PAIR[one.verdict].severity for one in ordered),
    )
    rule = Text(
        words="Fix verified: before grows beyond the threshold, after is shown not to, and before outgrows after on "
        "the same ticks. Regressed: the same the other way round, or after outgrows a growing before by more than the "
        "threshold. No difference: the paired difference is shown to lie within the threshold. Not decided: none of "
        "these is shown. With several trials each must hold in all of them."
    )
    return Section(title="Before and after", blocks=(table, rule))


def programs(analysis: Analysis) -> Section | None:
    """Show what each program of the user's is: argument list, digests, commit; None where there was none."""
    brought = [(one.name, one.program) for one in analysis.subjects if one.program is not None]
    if not brought:
        return None
    table = Table(
        columns=("subject", "command", "SHA-256", "script", "commit", "built by"),
        rows=tuple(_row(name, program) for name, program in brought),
    )
    return Section(title="What was measured", blocks=(table,), folded=True)


def _row(name: str, program: Executable) -> tuple[str, ...]:
    script = f"{program.script} {program.script_sha256 or 'not readable'}" if program.script else NOTHING
    tools = "; ".join(f"{tool}: {version}" for tool, version in program.toolchains.items())
    return (
        name,
        " ".join(program.argv) if program.argv else formatting.NOT_MEASURED,
        program.sha256 or formatting.NOT_MEASURED,
        script,
        commit(program) or NOTHING,
        f"{program.build} ({tools})" if program.build else NOTHING,
    )


def commit(program: Executable) -> str | None:
    """Name the commit of a program, and say whether its tree had other changes."""
    if program.commit is None:
        return None
    return f"{program.commit}, with uncommitted changes" if program.dirty else program.commit
