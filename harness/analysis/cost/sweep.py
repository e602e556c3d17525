"""A sweep over numbers of links: what a poll and an event cost at each, and where one costs as much as another."""

from harness.analysis.cost import churn
from harness.analysis.cost.churn import rate
from harness.analysis.cost.fit import fit
from harness.analysis.facts import Facts
from harness.model import (
    CaptureKind,
    Crossover,
    Finding,
    LinkCost,
    Plan,
    Reference,
    SubjectPlan,
    Timing,
    UnitCost,
    WorkUnit,
)

CROSSED_BYTES_PER_DAY = (1e9, 1e10, 1e11, 1e12)  # the first is what the pull request says of busy hosts


def costs(facts: Facts, subject: SubjectPlan) -> tuple[UnitCost, ...]:
    """List what a unit of a subject's work costs at each number of links, fewest first; empty outside a sweep."""
    if facts.result.plan.sweep is None:
        return ()
    timed = {one.links: one for one in facts.result.timings if one.subject == subject.name}
    counted = {one.links for one in facts.result.captures if one.subject == subject.name}
    return tuple(_cost(facts, subject, links, timed.get(links)) for links in sorted({*timed, *counted}))


def _cost(facts: Facts, subject: SubjectPlan, links: int, timed: Timing | None) -> UnitCost:
    unit: WorkUnit = "poll" if subject.polls else "event"
    kind: CaptureKind = "idle" if subject.polls else "events"
    allocated = rate(facts.captures(subject, kind, links), f"{unit}s")
    return UnitCost(
        links=links,
        unit=unit,
        bytes=allocated.bytes if allocated else None,
        allocations=allocated.allocations if allocated else None,
        seconds=timed.seconds / timed.count if timed and subject.polls else None,
        cpu_s=timed.cpu_s / timed.count if timed and timed.cpu_s is not None else None,
        user_s=timed.user_s / timed.count if timed else None,
        system_s=timed.system_s / timed.count if timed else None,
    )


def by_links(sweep: tuple[UnitCost, ...]) -> tuple[LinkCost, ...]:
    """Return the bytes a unit of work alone, in the shape that a line is laid through."""
    return tuple(LinkCost(links=one.links, bytes_per_poll=one.bytes) for one in sweep if one.bytes is not None)


def break_even(ladder: tuple[LinkCost, ...], plan: Plan) -> tuple[Reference, ...]:
    """Find the numbers of links at which a poll costs round amounts a day; empty outside a sweep."""
    if plan.sweep is None:
        return ()
    return tuple(churn.reference(ladder, amount, plan.interval_s) for amount in CROSSED_BYTES_PER_DAY)


def crossovers(findings: tuple[Finding, ...], plan: Plan) -> tuple[Crossover, ...]:
    """Check every poller against every subscription of its language, at each number of links that both were seen at."""
    return tuple(
        _crossover(before, mine, after, theirs, plan.interval_s)
        for before in findings
        for after in findings
        if before.language == after.language and plan.interval_s
        for mine in before.sweep
        for theirs in after.sweep
        if (mine.unit, theirs.unit) == ("poll", "event") and mine.links == theirs.links
    )


def _crossover(before: Finding, mine: UnitCost, after: Finding, theirs: UnitCost, interval_s: float) -> Crossover:
    return Crossover(
        before=before.name,
        after=after.name,
        links=mine.links,
        by_bytes=_events_per_s(mine.bytes, theirs.bytes, interval_s),
        by_cpu=_events_per_s(cpu_s(mine), cpu_s(theirs), interval_s),
    )


def _events_per_s(a_poll: float | None, an_event: float | None, interval_s: float) -> float | None:
    return a_poll / interval_s / an_event if a_poll is not None and an_event else None


def cpu_s(cost: UnitCost) -> float | None:
    """Return what a unit of work used, by the scheduler's count, else in ticks; None where it was not timed."""
    if cost.cpu_s is not None:
        return cost.cpu_s
    return None if cost.user_s is None or cost.system_s is None else cost.user_s + cost.system_s


def r2(found: Finding, plan: Plan) -> float | None:
    """Return the share of the variance of a unit's bytes that a straight line over links explains."""
    line = fit(by_links(found.sweep), plan.confidence)
    return line.r2 if line else None


def spread(found: Finding) -> float | None:
    """Return by how much of the largest a unit's bytes differ between numbers of links; None without two of them."""
    spent = [one.bytes_per_poll for one in by_links(found.sweep)]
    if len(spent) < 2:  # noqa: PLR2004 - a difference takes two
        return None
    return (max(spent) - min(spent)) / max(spent) if max(spent) else 0.0
