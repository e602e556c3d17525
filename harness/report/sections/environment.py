"""What the numbers depend on and how to have them again: warnings, processor, environment, the command."""

import shlex

from harness.analysis.facts import Facts
from harness.model import Analysis, Finding, Load
from harness.report.document import Code, Notes, Section, Table, Text
from harness.report.sections import formatting
from harness.report.sections.formatting import NOT_MEASURED
from harness.units import count, memory_bytes

_DURING = {"sampling": "while sampling", "doses": "in the trial of doses", "events": "while events were played"}


def warnings(analysis: Analysis) -> Section | None:
    """List what a reader must know beside the numbers; None where there is nothing."""
    if not analysis.warnings:
        return None
    return Section(
        title="Before you read the numbers", blocks=(Notes(items=tuple(one.text for one in analysis.warnings)),)
    )


def cpu(analysis: Analysis, facts: Facts) -> Section | None:
    """Show processor time and wake-ups of the sampling phase; None where there was no such arm."""
    if not analysis.plan.duration_s:
        return None
    columns = ("subject", "polls", "link events", "user", "system", "voluntary switches", "involuntary", "minor faults")
    reading = (
        "Between the first and the last sample of the sampling phase. A voluntary switch is a wake-up that went "
        "back to "
        "sleep; all threads that still live are counted."
    )
    rows = tuple(_cpu_row(one, facts) for one in formatting.main(analysis))
    return Section(title="CPU and wake-ups", blocks=(Text(words=reading), Table(columns=columns, rows=rows)))


def _cpu_row(one: Finding, facts: Facts) -> tuple[str, ...]:
    run = facts.run_of(one.name)
    last = run.marks[-1] if run and run.marks else None
    seconds = [NOT_MEASURED if value is None else f"{value:.2f} s" for value in (one.cpu.user_s, one.cpu.system_s)]
    counts = (one.cpu.voluntary_switches, one.cpu.involuntary_switches, one.cpu.minor_faults)
    return (
        one.name,
        formatting.number(last.polls if last else None),
        formatting.number(last.events if last else None),
        *seconds,
        *(formatting.number(value) for value in counts),
    )


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
    rows += [(f"load, {_DURING[one.phase]}", _load(one)) for one in analysis.loads]
    if analysis.namespace:
        namespace = analysis.namespace
        rows.insert(
            0,
            (
                "namespace",
                f"{namespace.links} links, {namespace.pairs} veth pairs, {namespace.ifname} = {namespace.kind}",
            ),
        )
    return Section(title="Environment", blocks=(Table(columns=("what", "value"), rows=tuple(rows)),), folded=True)


def _load(one: Load) -> str:
    return f"{one.least:.2f} to {one.most:.2f}, median {one.median:.2f}, in {count(one.readings)} readings"


def repeat(facts: Facts) -> Section:
    """Return the command that repeats the run, and the one that checks it."""
    checking = (
        "Where the run was made, the second command holds its files, seals and numbers against each other, and prints "
        "a line of evidence to quote beside this report."
    )
    folder = shlex.quote(f"results/{facts.result.plan.scenario}/{facts.result.run_id}")
    commands = f"{facts.result.command}\nnetchurn verify {folder}"
    return Section(title="Reproduce", blocks=(Code(text=commands), Text(words=checking)))


def glossary() -> Section:
    return Section(title="Glossary", blocks=(Text(words=formatting.GLOSSARY),), folded=True)
