"""What watching costs in bytes allocated, by which account, and what disappears from one subject to another."""

from harness.model import Analysis, Churn, Comparison, Finding
from harness.report.document import Block, Section, Table, Text
from harness.report.sections import formatting
from harness.report.sections.events import not_asked
from harness.report.sections.formatting import NOT_MEASURED, NOTHING
from harness.report.sections.memory.growth import said
from harness.units import SECONDS_A_DAY, churn_bytes, count, duration, polls_a_day

COUNTS = {
    "python:all-objects": "every object that Python's own allocators hand out, by memray with its allocators traced",
    "python:system-allocator": "what Python asks of the system's allocator, by memray; small objects hide in its pools",
    "native:all-malloc": "every malloc, calloc and realloc of a copy of the program, by heaptrack",
    "go:size-classes": "every object that Go's runtime hands out, at the size of its class; counted by the runtime",
    "go:sampled-profile": "one allocation in so many bytes, scaled up: an estimate, by Go's allocs profile",
}
_FEW = 100  # objects: fewer are no rate
_RECORDED = ("python:all-objects", "native:all-malloc")
_OWN = "what the program counts and tells by itself"
_WHY_APART = (
    "Bytes of two modes are never divided by each other. Go rounds each object up to a size class and keeps small "
    "values on the stack, where they are not counted; Python makes an object of every number and every name. The "
    "quotient would compare two languages, and not two ways of watching: each is compared within its own language."
)


def churn(analysis: Analysis) -> Section | None:
    """Show bytes per poll, per event and per day; None where the scenario asks another question."""
    found = formatting.main(analysis)
    plan = analysis.plan
    if plan.profile is None and (analysis.matrix or not plan.duration_s or _nobodys(analysis, found)):
        return None
    interval = plan.interval_s
    polls = polls_a_day(interval)
    pace = f"A day is {count(polls)} polls, one every {duration(interval)}" if polls else "Polls were made back to back"
    return Section(title="Churn", blocks=_blocks(analysis, found, pace))


def _blocks(analysis: Analysis, found: tuple[Finding, ...], pace: str) -> tuple[Block, ...]:
    return (
        Text(
            words="Bytes allocated per unit of work, freed or not: of netchurn's own subjects the difference of two "
            "counts, at less and at more work, so that start-up cancels. Python is counted in processes of their own "
            "under memray, Go by its own runtime. "
            f"{pace}; link events a day are those that the sampling phase saw."
        ),
        Table(
            columns=(
                "subject",
                "per poll",
                "per link event",
                "idle, per day",
                "per day",
                "allocations per day",
                "accounting",
            ),
            rows=tuple(_churn_row(one) for one in found),
        ),
        *_counted_by_themselves(analysis, found),
        *_few(found),
        *accounting(found),
        Text(
            words="What does not follow: churn is not growth. A process may allocate terabytes a day and stay as "
            "small as it began, and these numbers alone do not say that memory climbs."
        ),
    )


def _nobodys(analysis: Analysis, found: tuple[Finding, ...]) -> bool:
    """Return whether all that was measured are the user's own programs, of which none counts its bytes."""
    own = {one.name for one in analysis.plan.subjects if one.source != "builtin"}
    return all(one.churn is None and one.name in own for one in found)


def _churn_row(one: Finding) -> tuple[str, ...]:
    if one.churn is None:
        return (one.name, *[NOT_MEASURED] * 5, NOTHING)
    polls = one.churn.bytes_per_poll is not None
    return (
        one.name,
        formatting.churn(one.churn.bytes_per_poll) if polls else NOTHING,
        NOTHING if polls else formatting.churn(one.churn.bytes_per_event),
        formatting.churn(one.churn.idle_bytes_per_day),
        _a_day(one.churn),
        formatting.number(one.churn.allocations_per_day),
        one.churn.accounting,
    )


def _a_day(found: Churn) -> str:
    """Print the rate of all trials, and between which those of single ones lie."""
    each = found.by_trial_bytes_per_day
    if not each:
        return formatting.a_day(found)
    return f"{formatting.a_day(found)} ({churn_bytes(min(each))} to {churn_bytes(max(each))} in {len(each)} trials)"


def _counted_by_themselves(analysis: Analysis, found: tuple[Finding, ...]) -> tuple[Text, ...]:
    """Return what the numbers of the user's own programs include; nothing where none counts."""
    own = {one.name for one in analysis.plan.subjects if one.source != "builtin"}
    recorded = [one.name for one in found if one.churn and one.churn.accounting in _RECORDED and one.name in own]
    names = [one.name for one in found if one.churn and one.name in own and one.name not in recorded]
    copies = (
        f"{formatting.listed(recorded)}: counted in a copy of the program, from the end of its warm-up to the end of "
        "its recording."
        if recorded
        else ""
    )
    if not names:
        return (Text(words=copies),) if copies else ()
    start = (
        f"{formatting.listed(names)}: counted by the program or its runtime, from the first count to the last of each "
        "trial. What it still does to start after the first count is in the number, and does not cancel."
    )
    return (Text(words=f"{start} {copies}".strip()),)


def _few(found: tuple[Finding, ...]) -> tuple[Text, ...]:
    """Return what an idle rate rests on where it is a handful of objects, and what 0 B an event is; else nothing."""
    counted = [(one.name, one.churn) for one in found if one.churn]
    few = [
        f"{name}, idle: {count(each.idle_allocations)} objects, {churn_bytes(_idle_bytes(each))}, "
        f"in {duration(round(each.idle_s, 1))}"
        for name, each in counted
        if each.idle_allocations and each.idle_s and each.idle_allocations < _FEW
    ]
    silent = [f"{name} ({count(each.events)} events)" for name, each in counted if each.bytes_per_event == 0]
    said = []
    if few:
        said.append(
            f"{'; '.join(few)}. So few may come once, as when a runtime starts a thread: the amount a day supposes "
            "that they recur, and two subjects that differ by a few objects do not differ in how they watch."
        )
    if silent:
        said.append(f"0 B per link event is a count: not one object was allocated by {formatting.listed(silent)}.")
    return (Text(words=" ".join(said)),) if said else ()


def _idle_bytes(found: Churn) -> float:
    return (found.idle_bytes_per_day or 0) * (found.idle_s or 0) / SECONDS_A_DAY


def accounting(found: tuple[Finding, ...]) -> tuple[Block, ...]:
    """Return what each accounting mode counts, and why two are never divided; nothing where there is one mode."""
    modes = formatting.modes(found)
    if len(modes) <= 1:
        return ()
    rows = tuple(
        (mode, COUNTS.get(mode, _OWN), formatting.listed(one.name for one in by)) for mode, by in modes.items()
    )
    table = Table(caption="accounting ledger", columns=("mode", "what it counts", "subjects"), rows=rows)
    return (table, Text(words=_WHY_APART))


def comparisons(analysis: Analysis) -> Section | None:
    """Show what disappears from one subject to another; None where there is nothing to compare."""
    shown = analysis.comparisons
    if all(one.churn_removed_bytes_per_day is None and one.growth_difference is None for one in shown):
        return None
    subjects = {one.name: one for one in analysis.subjects}
    table = Table(
        columns=("from → to", "churn removed per day", "share that remains", "difference in growth"),
        rows=tuple(_comparison_row(one) for one in shown),
    )
    reading = (
        "What one subject allocates less than another, and by how much the first outgrows the second: the two are read "
        "on the same ticks, so that what moves both cancels. A flat difference means that the first outgrows the "
        "second by less than the growth that matters, and not that it costs as little."
    )
    blocks: tuple[Block, ...] = (*_may_not_win(shown, subjects), Text(words=reading), table, *_name_alone(shown))
    return Section(title="Churn removed", blocks=blocks)


def _comparison_row(one: Comparison) -> tuple[str, ...]:
    growth = one.growth_difference
    gone = (f"none: the same per {one.unit}", NOTHING) if one.same else (removed(one), remains(one) or NOT_MEASURED)
    return (
        f"{one.before} → {one.after}",
        *gone,
        NOT_MEASURED if growth is None else said(growth, "the difference "),
    )


def removed(one: Comparison) -> str:
    """Print the churn that disappeared, or how much at most where no visit can tell."""
    value, within = one.churn_removed_bytes_per_day, one.churn_resolution_bytes_per_day
    if value is None or within is None or abs(value) > within:
        return formatting.churn(value)
    return f"none that shows: less than {formatting.churn(within)}"


def remains(one: Comparison) -> str:
    """Print the share of the churn that remains: an upper bound where it is no more than visits can tell."""
    ratio, value, within = (
        one.churn_after_over_before,
        one.churn_removed_bytes_per_day,
        one.churn_resolution_bytes_per_day,
    )
    if ratio is None or value is None:
        return ""
    before = value / (1 - ratio) if ratio != 1 else None
    if within is None or before is None or ratio * before > within:
        return formatting.share(ratio)
    return f"at most {formatting.share(ratio + within / before)}"


def _may_not_win(shown: tuple[Comparison, ...], subjects: dict[str, Finding]) -> tuple[Text, ...]:
    """Name first who missed something or saw what did not happen: nobody wins on cost by looking away."""
    names = dict.fromkeys(one.after for one in shown)
    wrong = [
        f"{name} ({count(seen.missed)} of {count(seen.expected)} missed, {count(seen.false_positives)} "
        f"false{not_asked(seen)})"
        for name in names
        if (seen := subjects[name].detection) and (seen.missed or seen.false_positives)
    ]
    if not wrong:
        return ()
    why = "missed what happened, or asked for a restart that nothing called for"
    return (Text(words=f"Not ranked by cost, however little they allocate: {formatting.listed(wrong)}. Each {why}."),)


def _name_alone(shown: tuple[Comparison, ...]) -> tuple[Text, ...]:
    if all(one.after != "poll-name" for one in shown):
        return ()
    return (
        Text(
            words="The one-name look-up polls as often as the dump: where it removes nearly as much churn as the "
            "subscription, it is the dump that costs, and not the polling."
        ),
    )
