"""Which functions allocate, by Go's sampled profiles and memray's pages, and what programs of the user's own did."""

from harness.analysis.cost.churn import resolution
from harness.analysis.facts import Facts
from harness.model import Analysis, Capture, GoFunction, GoHeap, SubjectPlan, SubjectRun
from harness.report.document import Block, Links, Notes, Section, Table, Text
from harness.report.sections import formatting
from harness.report.sections.memory.growth import judged, word
from harness.units import churn_bytes, count, duration

MOST_FUNCTIONS = 12
_WORTH = 0.005  # of all bytes: who allocates less by itself is left out
Pages = tuple[tuple[str, str], ...]
_SAMPLED = (
    "Shares of all bytes that Go's allocs profile saw, by function: in it alone, and in it with all that it called. "
    "The profile is sampled (go:sampled-profile), so each share is an estimate, and no part of the exact sums above. "
    f"Shares with callees overlap, and do not add up. Functions below {formatting.share(_WORTH)} by themselves "
    f"are left out."
)
MEMRAY_PAGE = "flamegraph-"  # so do the names of memray's own pages begin
_OURS = (
    "Flame graphs by netchurn: all bytes allocated per unit of work, or their difference between two subjects; of "
    "Python's processes from what memray recorded, of Go's from its own sampled profiles. They open offline."
)
_MEMRAY = (
    "Flame graphs by memray itself, of the profiled Python processes: what was allocated and freed again soon after, "
    "which is nearly all of the churn. They open offline."
)
_FORCED = (
    "Bytes and objects between two visits, one before the sampling phase and one after it, as the runtime counts them; "
    "what the visits cost is taken off. That cost varies: the resolution (95 %) is how far visits straight after one "
    "another differ, and nothing finer can be told. What the program still did to start after the first visit is in "
    "the number. A visit forces a collection: just after it the process is smaller than it would have been."
)


def sources(analysis: Analysis, facts: Facts, pages: Pages) -> Section | None:
    """Show where the bytes come from: shares by function of Go's pollers, and memray's own pages; None without any."""
    blocks: list[Block] = [*_sampled([_profile(one) for one in _chosen(analysis, facts)])]
    blocks += _without_go(analysis, facts)
    for made_by, items in ((_OURS, _ours(pages)), (_MEMRAY, tuple(one for one in pages if one not in _ours(pages)))):
        blocks += [Text(words=made_by), Links(items=items)] if items else []
    return Section(title="Where the bytes come from", blocks=tuple(blocks)) if blocks else None


def _ours(pages: Pages) -> Pages:
    return tuple(one for one in pages if not one[1].startswith(MEMRAY_PAGE))


def _sampled(tables: list[Table]) -> list[Block]:
    return [Text(words=_SAMPLED), *tables] if tables else []


def _without_go(analysis: Analysis, facts: Facts) -> list[Notes]:
    """Return why Go was not measured, where subjects of the plan could not be."""
    go = {one.name for one in analysis.subjects if one.language == "go"}
    reasons = dict.fromkeys(why.text for name, why in facts.result.skipped.items() if name in go)
    return [Notes(items=tuple(reasons))] if reasons else []


def _chosen(analysis: Analysis, facts: Facts) -> list[Capture]:
    """Choose one sampled profile a poller: at the links that a claim names, else at the most."""
    named = {one.subject: one.links for one in analysis.plan.claims if one.function is not None}
    best: dict[str, Capture] = {}
    shown = {one.name for one in formatting.main(analysis)}
    for one in facts.result.captures:
        if one.subject in shown and one.sampled_bytes and one.functions and one.polls:
            held = best.get(one.subject)
            if held is None or _fitness(one, named.get(one.subject)) > _fitness(held, named.get(one.subject)):
                best[one.subject] = one
    return list(best.values())


def _fitness(one: Capture, links: int | None) -> tuple[bool, int, int]:
    return (one.links == links, one.links, one.polls)


def _profile(one: Capture) -> Table:
    caption = f"{one.subject} at {one.links} links, {count(one.polls)} polls"
    return _shares(caption, one.functions, one.sampled_bytes or 0)


def _shares(caption: str, functions: tuple[GoFunction, ...], whole: int) -> Table:
    worth = [one for one in functions if one.flat >= _WORTH * whole]
    largest = sorted(worth, key=lambda one: (-one.flat, -one.cumulative, one.name))[:MOST_FUNCTIONS]
    rows = tuple(
        (one.name, formatting.share(one.flat / whole), formatting.share(one.cumulative / whole)) for one in largest
    )
    return Table(caption=caption, columns=("function", "itself", "with all it called"), rows=rows)


def programs(analysis: Analysis, facts: Facts) -> Section | None:
    """Show what became of the programs that the user brought; None where there were none."""
    brought = [one for one in facts.result.plan.subjects if one.source != "builtin"]
    if not brought:
        return None
    growths = {one.name: judged(one) for one in analysis.subjects}
    rows = tuple(
        (
            one.name,
            _what(one),
            _fate(facts.run_of(one.name)),
            formatting.NOT_MEASURED if (found := growths.get(one.name)) is None else word(found),
        )
        for one in brought
    )
    reading = (
        "Programs that are not of this package, measured from outside with their children, beside the others. What "
        "does not follow: a program that says nothing of its work has no cost per poll or per event."
    )
    table = Table(columns=("subject", "what it is", "how it ended", "growth"), rows=rows)
    return Section(title="Programs of your own", blocks=(Text(words=reading), table, *_heaps(facts)))


def _what(one: SubjectPlan) -> str:
    return f"process {one.pid}, where it runs" if one.source == "pid" else " ".join(one.command)


def _fate(run: SubjectRun | None) -> str:
    if run is None:
        return formatting.NOT_MEASURED
    status = "" if run.exit_status is None else f" with status {run.exit_status}"
    if run.exited_after_s is not None:
        return f"{run.outcome.replace('_', ' ')} after {duration(run.exited_after_s)}{status}"
    if run.sigkilled:
        return "lived to the end; killed, since it did not end when asked"
    return "lived to the end" if run.outcome == "completed" else run.outcome.replace("_", " ") + status


def _heaps(facts: Facts) -> tuple[Block, ...]:
    heaps = facts.result.heaps
    if not heaps:
        return ()
    table = Table(
        caption="Go programs that serve pprof",
        columns=(
            "subject",
            "allocated",
            "objects",
            "age at the first visit",
            "between visits",
            "resolution",
            "collections",
            "cost of a fetch",
        ),
        rows=tuple(_heap_row(one) for one in heaps),
    )
    shares = [
        _shares(f"{one.subject}: by function, sampled", one.functions, one.sampled_bytes)
        for one in heaps
        if one.sampled_bytes and one.functions
    ]
    return (Text(words=_FORCED), table, *_sampled(shares))


def _heap_row(one: GoHeap) -> tuple[str, ...]:
    within = resolution(one)
    return (
        one.subject,
        formatting.churn_within(max(0, one.bytes), within),
        count(max(0, one.allocations)),
        formatting.NOTHING if one.since_start_s is None else duration(round(one.since_start_s, 1)),
        duration(round(one.seconds, 1)),
        churn_bytes(within),
        count(one.collections),
        churn_bytes(one.fetch_cost_bytes),
    )
