"""The first screen: one sentence to quote, where it was measured, and the numbers that it rests on."""

from collections import Counter

from harness.analysis.facts import Facts
from harness.model import Analysis, Comparison, Detection, Finding
from harness.report.document import KeyFigure
from harness.report.sections import events, formatting
from harness.report.sections.cost import churn, sweep
from harness.report.sections.first_screen.pictures import a_day
from harness.report.sections.formatting import NOT_MEASURED
from harness.report.sections.memory import growth, resources
from harness.units import churn_bytes, count, duration

Pair = tuple[Finding, Finding]
_MOST_COMPARED = 6  # subjects that are named where it is said what was compared
_MOST_ALONE = 3  # subjects on the first screen that nothing is compared with


def main_pair(analysis: Analysis) -> Pair | None:
    """Return the "before" and the "after" that the report is about; None where the run had not both.

    Of several pairs, each of one language, it is the first that was not skipped.
    """
    befores, afters = ([one for one in analysis.subjects if one.role == role] for role in ("before", "after"))
    pairs = [(before, after) for before in befores for after in afters if before.language == after.language]
    return next((pair for pair in pairs if all(one.outcome != "skipped" for one in pair)), next(iter(pairs), None))


def sentence(analysis: Analysis) -> str:
    """Return in one sentence, fit to quote, what the run found; in a second one what the two subjects saw."""
    if analysis.plan.sweep is not None:
        return sweep.sentence(analysis)
    pair = main_pair(analysis)
    seen = any(one.detection for one in analysis.subjects)
    if pair is None or (seen and not _profiled(pair)):
        return events.sentence(analysis.subjects) if seen else _alone(analysis)
    unknown = [one.name for one in pair if a_day(one) is None]
    if unknown:
        return f"Churn was not measured for {' and '.join(unknown)}."
    links = f" among {analysis.namespace.links} links" if analysis.namespace else ""
    before, after = pair
    cost = f"Watching one interface{links}, {before.name} allocates {_said(before)}; {after.name} {_said_after(after)}."
    if not all(one.detection for one in pair):
        return cost
    saw = events.sentence(pair)
    worst = saw.removesuffix(".").partition("; ")[0]
    return formatting.fitting(f"{cost} Of what happened, {saw}", f"{cost} Of what happened, {worst}.", cost)


def _alone(analysis: Analysis) -> str:
    """Return whether the memory of subjects that nothing is compared with grows, worst first; else what was asked."""
    found = growth.worst_first(formatting.main(analysis))
    leaking = [one.name for one in formatting.main(analysis) if resources.leaks(one)]
    if not found:
        return analysis.plan.question
    if growth.unjudged(formatting.main(analysis)):
        return f"Growth of memory {found[0][1].explanation}."
    (worst, judged), rest = found[0], Counter(growth.word(one) for _, one in found[1:])
    name = formatting.shortened(worst.name, formatting.MOST_NAME)
    told = formatting.listed(f"{count(of)} {word}" for word, of in rest.items()) if rest else ""
    others = f" Of {count(rest.total())} more: {told}." if rest else ""
    if leaking:
        leaks = "; ".join(resources.leaks(next(one for one in formatting.main(analysis) if one.name == leaking[0])))
        more = f" and {count(len(leaking) - 1)} more" if len(leaking) > 1 else ""
        others = f" {formatting.shortened(leaking[0], formatting.MOST_NAME)}{more} leaks {leaks}."
    return formatting.fitting(f"{name} {judged.explanation}.{others}", f"{name} is {growth.word(judged)}.{others}")


def _profiled(pair: Pair) -> bool:
    return all(a_day(one) is not None for one in pair)


def _said(finding: Finding) -> str:
    return f"{formatting.a_day(finding.churn)} a day" if finding.churn else NOT_MEASURED


def _said_after(finding: Finding) -> str:
    silent = finding.churn is not None and finding.churn.idle_bytes_per_day == 0
    if not silent:
        return f"allocates {_said(finding)}"
    return "allocates nothing between events" + (f", {_said(finding)} with them" if a_day(finding) else "")


def setting(analysis: Analysis, facts: Facts) -> str:
    machine = analysis.environment
    parts = (
        _compared(formatting.main(analysis)),
        _where(analysis, facts),
        _pace(analysis, facts),
        f"Linux {machine.kernel} on {machine.cpus} CPUs, Python {machine.python}",
    )
    return " · ".join(part for part in parts if part)


def _compared(shown: tuple[Finding, ...]) -> str:
    if len(shown) > _MOST_COMPARED:
        return f"{len(shown)} subjects"
    return " vs ".join(one.name for one in shown)


def _where(analysis: Analysis, facts: Facts) -> str:
    if not analysis.plan.lab:
        return "observed where it runs"
    namespace = analysis.namespace
    if namespace is None:
        return ""
    change = facts.trial.link_change if facts.trial else None
    was = f"was {namespace.kind} until it was {change.kind}" if change else f"is {namespace.kind}"
    return f"{namespace.links} links ({namespace.pairs} veth pairs), {namespace.ifname} {was}"


def _pace(analysis: Analysis, facts: Facts) -> str:
    plan = analysis.plan
    parts = [] if facts.lasted_s is None else [f"side by side for {duration(round(facts.lasted_s))}"]
    if any(one.polls and one.role != "control" for one in plan.subjects):
        parts.append(f"polls every {duration(plan.interval_s)}" if plan.interval_s else "polls back to back")
    return ", ".join(parts)


def key_figures(analysis: Analysis) -> tuple[KeyFigure, ...]:
    """Choose the numbers of the first screen: before, after, what disappeared, what was seen, and growth."""
    if analysis.plan.sweep is not None:
        return sweep.key_figures(analysis)
    pair = main_pair(analysis)
    seen = any(one.detection for one in analysis.subjects)
    if seen and (pair is None or not _profiled(pair)):
        return events.key_figures(analysis)
    chosen = pair or formatting.main(analysis)[:_MOST_ALONE]
    found = [one for one in analysis.comparisons if pair and (one.before, one.after) == (pair[0].name, pair[1].name)]
    return (
        *(_key_figure(one) for one in chosen if pair or one.churn),
        *(_removed(one) for one in found),
        *_seen(pair),
        *_growth(chosen, analysis),
    )


def _key_figure(finding: Finding) -> KeyFigure:
    cost, within = a_day(finding), finding.churn.resolution_bytes_per_day if finding.churn else None
    if cost is None or within is None or cost > within:
        value, unit = _parted(cost)
    else:
        value, unit = _parted(cost + within)
        value = f"≤ {value}"
    accounting = finding.churn.accounting if finding.churn else "no accounting"
    return KeyFigure(name=finding.name, value=value, unit=unit, detail=f"allocated, {accounting}", role=finding.role)


def _removed(comparison: Comparison) -> KeyFigure:
    if comparison.same:
        return KeyFigure(
            name="disappeared", value="none", unit="", detail=f"the same per {comparison.unit}", role="removed"
        )
    value, unit = _parted(comparison.churn_removed_bytes_per_day)
    share = churn.remains(comparison)
    remains = f"{share} of it remains" if share else ""
    return KeyFigure(name="disappeared", value=value, unit=unit, detail=remains, role="removed")


def _parted(cost: float | None) -> tuple[str, str]:
    if cost is None:
        return NOT_MEASURED, ""
    value, unit = churn_bytes(cost).split(" ")
    return value, f"{unit}/day"


def _seen(pair: Pair | None) -> tuple[KeyFigure, ...]:
    """Show what the second of the pair saw, and the first beside it."""
    if pair is None or pair[0].detection is None or pair[1].detection is None:
        return ()
    (before, after), found = pair, pair[1].detection
    value = f"{count(found.detected)} of {count(found.expected)}"
    detail = f"{_wrong(found)}; {before.name} {events.score(pair[0].detection)}"
    return (KeyFigure(name=f"seen by {after.name}", value=value, unit="", detail=detail, role=after.role),)


def _wrong(found: Detection) -> str:
    return f"{count(found.missed)} missed, {count(found.false_positives)} false{events.not_asked(found)}"


def _growth(chosen: tuple[Finding, ...], analysis: Analysis) -> tuple[KeyFigure, ...]:
    """Show the verdict on growth of each chosen subject, with its interval and what it cannot show."""
    if not analysis.plan.duration_s:
        return ()
    judged = [(one, found) for one in chosen if (found := growth.judged(one))]
    words = {one.name: growth.word(found) for one, found in judged}
    alike = dict.fromkeys(words.values())
    told = [f"{one.name} {found.explanation}." for one, found in judged]
    told += [f"What grows in {one.name}: {one.cause.replace('_', ' ')}." for one in chosen if one.cause]
    detail = growth.unjudged(chosen) or f"{' '.join(told)} {growth.needed(chosen)}".strip() or "nothing was sampled"
    value = ", ".join(alike if len(alike) == 1 else map(" ".join, words.items())) or NOT_MEASURED
    leaking = {one.name: leaks for one in formatting.main(analysis) if (leaks := resources.leaks(one))}
    leaked = " ".join(f"{name}: {leak}." for name, leaks in leaking.items() for leak in leaks)
    return (
        KeyFigure(name="growth of memory", value=value, unit="", detail=detail, role="growth"),
        *(
            [KeyFigure(name="leaks besides memory", value="growing", unit="", detail=leaked, role="growth")]
            if leaked
            else []
        ),
    )
