"""The sections of a report, one function each: what it shows, the table, and what does not follow from it."""

from harness.analysis.facts import Facts
from harness.model import Analysis, Claim, Comparison, Finding, Reference
from harness.report.document import Code, Line, Lines, Links, Notes, Section, Table, Text
from harness.units import churn_bytes, count, duration, figures, memory_bytes, moment, polls_a_day

NOT_MEASURED = "not measured"
NOTHING = "–"  # does not apply to this subject
GLOSSARY = (
    "Churn: bytes allocated per unit of work, whether or not they are freed at once; it costs processor time and "
    "cache, not memory that stays. Growth: resident memory that climbs over time; it is judged from RSS, never from "
    "churn. Accounting mode: what counts as an allocation. python:all-objects counts every object that Python's own "
    "allocators hand out, five to seven times what memray counts by default; numbers of two modes are never divided."
)


def _churn(value: float | None) -> str:
    return NOT_MEASURED if value is None else churn_bytes(value)


def _memory(value: float | None) -> str:
    return NOT_MEASURED if value is None else memory_bytes(value)


def _count(value: float | None) -> str:
    return NOT_MEASURED if value is None else count(value)


def warnings(analysis: Analysis) -> Section | None:
    """List what a reader must know beside the numbers; None where there is nothing."""
    if not analysis.warnings:
        return None
    return Section(title="Before you read the numbers", blocks=(Notes(items=analysis.warnings),))


def claims(analysis: Analysis) -> Section | None:
    """Put each claim beside what was measured; None where the scenario states none."""
    if not analysis.claims:
        return None
    rows = tuple(
        (one.text, one.source, _in_unit(one.claimed, one), _in_unit(one.measured, one), one.verdict.replace("_", " "))
        for one in analysis.claims
    )
    table = Table(columns=("claim", "source", "claimed", "measured", "verdict"), rows=rows)
    return Section(title="Claims under test", blocks=(table,))


def _in_unit(value: float | None, claim: Claim) -> str:
    if value is None:
        return NOT_MEASURED
    if claim.unit == "s":
        return moment(value)
    if "bytes" in claim.unit:
        return f"{churn_bytes(value)}{claim.unit.removeprefix('bytes')}"
    return f"{figures(value)} {claim.unit}"


def churn(analysis: Analysis) -> Section | None:
    """Show bytes per poll, per event and per day; None where the scenario asks another question."""
    if analysis.plan.profile is None and analysis.matrix:
        return None
    rows = tuple(_churn_row(one) for one in analysis.subjects)
    interval = analysis.plan.interval_s
    polls = polls_a_day(interval)
    pace = f"A day is {count(polls)} polls, one every {duration(interval)}" if polls else "Polls were made back to back"
    return Section(
        title="Churn",
        blocks=(
            Text(
                words="Bytes allocated per unit of work, freed or not, from separate processes under memray: the "
                "difference of two durations, so that start-up cancels. "
                f"{pace}; link events a day are those that the clean arm saw."
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
                rows=rows,
            ),
            Text(
                words="What does not follow: churn is not growth. A process may allocate terabytes a day and stay as "
                "small as it began, and these numbers alone do not say that memory climbs."
            ),
        ),
    )


def _churn_row(one: Finding) -> tuple[str, ...]:
    if one.churn is None:
        return (one.name, *[NOT_MEASURED] * 5, NOTHING)
    polls = one.churn.bytes_per_poll is not None
    return (
        one.name,
        _churn(one.churn.bytes_per_poll) if polls else NOTHING,
        NOTHING if polls else _churn(one.churn.bytes_per_event),
        _churn(one.churn.idle_bytes_per_day),
        _churn(one.churn.bytes_per_day),
        _count(one.churn.allocations_per_day),
        one.churn.accounting,
    )


def comparisons(analysis: Analysis) -> Section | None:
    """Show what disappears from one subject to another; None where there is nothing to compare."""
    if all(one.churn_removed_bytes_per_day is None for one in analysis.comparisons):
        return None
    return Section(
        title="What disappears",
        blocks=(
            Table(
                columns=("from → to", "churn removed per day", "share that remains", "difference in growth"),
                rows=tuple(_comparison_row(one) for one in analysis.comparisons),
            ),
            Text(
                words="The one-name look-up polls as often as the dump: where it removes nearly as much churn as the "
                "subscription, it is the dump that costs, and not the polling."
            ),
        ),
    )


def _comparison_row(one: Comparison) -> tuple[str, ...]:
    ratio = one.churn_after_over_before
    return (
        f"{one.before} → {one.after}",
        _churn(one.churn_removed_bytes_per_day),
        NOT_MEASURED if ratio is None else f"{figures(100 * ratio)} %",
        NOT_MEASURED,
    )


def links(analysis: Analysis) -> Section | None:
    """Show what a poll costs at each number of links; None where no poller was profiled."""
    pollers = [one for one in analysis.subjects if one.cost_by_links]
    if not any(len(one.cost_by_links) > 1 for one in pollers):
        return None
    said = churn_bytes(analysis.plan.reference_bytes_per_day)
    rungs = sorted({cost.links for one in pollers for cost in one.cost_by_links})
    rows = tuple((one.name, *_costs(one, rungs), _where(one.reference)) for one in pollers)
    polls = polls_a_day(analysis.plan.interval_s)
    words = (
        "Bytes a poll at each number of links, and the number of links, by a straight line through them, at which "
        f"polling costs the {said}/day of the pull request."
    )
    columns = ("subject", *(f"{links} links" for links in rungs), f"{said}/day at")
    blocks: tuple[Text | Table | Lines, ...] = (Text(words=words), Table(columns=columns, rows=rows))
    if polls and len(rungs) > 1:
        blocks = (*blocks, _cost_figure(pollers, polls, analysis.plan.reference_bytes_per_day))
    return Section(title="Cost against number of links", blocks=blocks)


def _costs(one: Finding, rungs: list[int]) -> tuple[str, ...]:
    known = {cost.links: cost.bytes_per_poll for cost in one.cost_by_links}
    return tuple(_churn(known.get(links)) for links in rungs)


def _where(reference: Reference | None) -> str:
    if reference is None or reference.answer == "not_measured":
        return NOT_MEASURED
    if reference.answer == "dearer":
        return "none is so few: dearer at any number"
    if reference.answer == "independent":
        return "none: the cost does not depend on links"
    return f"about {figures(reference.links or 0)} links"


def _cost_figure(pollers: list[Finding], polls: float, said: float) -> Lines:
    lines = tuple(
        Line(
            label=one.name,
            role=one.role,
            points=tuple((cost.links, cost.bytes_per_poll * polls / 1e9) for cost in one.cost_by_links),
        )
        for one in pollers
    )
    return Lines(
        name="links",
        title="Churn against number of links",
        x_label="links in the namespace",
        y_label="GB/day",
        lines=lines,
        scale="log-log",
        mark=(said / 1e9, f"the pull request said {churn_bytes(said)}/day"),
        alt="; ".join(
            f"{line.label}: {figures(line.points[-1][1])} GB per day at {line.points[-1][0]:.0f} links"
            for line in lines
        ),
    )


def memory(analysis: Analysis) -> Section | None:
    """Show resident memory of the clean arm, and that growth is not judged yet; None where there was no such arm."""
    if not analysis.plan.duration_s:
        return None
    rows = tuple(
        (
            one.name,
            _memory(one.memory.rss_first_bytes),
            _memory(one.memory.rss_last_bytes),
            _memory(one.memory.rss_peak_bytes),
            _memory(one.memory.pss_last_bytes),
            _memory(one.memory.uss_last_bytes),
            NOT_MEASURED if one.growth is None else one.growth.verdict,
        )
        for one in analysis.subjects
    )
    return Section(
        title="Memory",
        blocks=(
            Text(
                words="Read from outside, of processes that carry the watcher and nothing else, never of a profiled "
                "one. The peak is of the process's whole life. Growth is not measured: whether memory climbs is not "
                "judged in this version, and a line that looks flat, or steep, for a minute is no evidence of either."
            ),
            Table(
                columns=("subject", "RSS first", "RSS last", "RSS peak", "PSS last", "USS last", "growth"), rows=rows
            ),
        ),
    )


def cpu(analysis: Analysis, facts: Facts) -> Section | None:
    """Show processor time and wake-ups of the clean arm; None where there was no such arm."""
    if not analysis.plan.duration_s:
        return None
    rows = tuple(_cpu_row(one, facts) for one in analysis.subjects)
    return Section(
        title="CPU and wake-ups",
        blocks=(
            Text(
                words="Between the first and the last sample of the clean arm. A voluntary switch is a wake-up that "
                "went back to sleep; all threads that still live are counted."
            ),
            Table(
                columns=(
                    "subject",
                    "polls",
                    "link events",
                    "user",
                    "system",
                    "voluntary switches",
                    "involuntary",
                    "minor faults",
                ),
                rows=rows,
            ),
        ),
    )


def _cpu_row(one: Finding, facts: Facts) -> tuple[str, ...]:
    run = facts.run_of(one.name)
    last = run.marks[-1] if run and run.marks else None
    seconds = [NOT_MEASURED if value is None else f"{value:.2f} s" for value in (one.cpu.user_s, one.cpu.system_s)]
    counts = (one.cpu.voluntary_switches, one.cpu.involuntary_switches, one.cpu.minor_faults)
    return (
        one.name,
        _count(last.polls if last else None),
        _count(last.events if last else None),
        *seconds,
        *(_count(value) for value in counts),
    )


def flamegraphs(pages: tuple[tuple[str, str], ...]) -> Section | None:
    """Link memray's own pages; None where there are none."""
    if not pages:
        return None
    words = (
        "memray's own flame graphs of the profiled processes, by what was allocated and freed again soon after, which "
        "is nearly all of the churn. They open offline."
    )
    return Section(title="Where the bytes come from", blocks=(Text(words=words), Links(items=pages)))


def environment(analysis: Analysis) -> Section:
    """Name the machine and the versions that the numbers depend on."""
    machine = analysis.environment
    rows = [
        ("netchurn", machine.netchurn + (f" ({machine.commit})" if machine.commit else "")),
        ("kernel", f"Linux {machine.kernel} {machine.machine}"),
        ("processor", f"{machine.cpu}, {machine.cpus} CPUs"),
        ("memory", memory_bytes(machine.memory_bytes)),
        ("Python", machine.python),
        ("packages", ", ".join(f"{name} {version}" for name, version in machine.packages.items())),
        ("privilege", machine.privilege),
        ("began", machine.started_at),
        ("plan", analysis.plan.id),
    ]
    if analysis.world:
        world = analysis.world
        rows.insert(0, ("namespace", f"{world.links} links, {world.pairs} veth pairs, {world.ifname} = {world.kind}"))
    return Section(title="Environment", blocks=(Table(columns=("what", "value"), rows=tuple(rows)),), folded=True)


def repeat(facts: Facts) -> Section:
    """Give the command that repeats the run."""
    return Section(title="Repeat it", blocks=(Code(text=facts.result.command),))
