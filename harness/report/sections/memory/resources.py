"""What grows besides resident memory, what the growth of memory is made of, and what that usually means."""

import numpy as np
import numpy.typing as npt

from harness.analysis.facts import Facts, measured
from harness.analysis.memory.resources import NAMES, leaked
from harness.model import Analysis, Finding, Resource
from harness.report.document import Block, Layer, Notes, Panel, Section, Stacks, Table, Text
from harness.report.sections import formatting
from harness.report.sections.formatting import NOTHING
from harness.units import MIB, NS_A_SECOND, SECONDS_A_DAY, SECONDS_AN_HOUR, count, duration, figures, memory_bytes

# One sentence a cause: what it usually means, and whether the kernel can take the memory back.
CAUSES = {
    "anonymous": "Anonymous memory grows: usually heap that is allocated and not freed. The kernel cannot take it "
    "back; at most it can swap it out.",
    "file_mapped": "Mapped files grow: usually no leak, since the kernel takes pages of a file back when memory is "
    "short.",
    "shared_memory": "Shared memory grows: usually memfd, tmpfs or /dev/shm. The kernel cannot take it back, and where "
    "a file or a descriptor keeps it, it outlives its mapping.",
    "swap": "Swap grows: the process takes more memory than RSS shows. The kernel has moved it, and cannot take it "
    "back.",
    "huge_pages": "Huge pages grow: usually small parts of many 2 MiB pages are used. The kernel can split such a "
    "page, and takes back only what the program frees of it.",
    "lazily_freed": "Lazily freed memory grows: no leak. The program has given it back (MADV_FREE), and the kernel "
    "takes it when memory is short.",
    "thread_stacks": "Threads grow, and their stacks with them: usually threads that wait forever. The kernel takes "
    "the memory back only when they end.",
    "threads": "Threads grow while memory hardly does as yet: usually threads that wait forever. The kernel takes back "
    "nothing before they end.",
    "descriptors": "Open descriptors grow: usually files, pipes or event descriptors that are opened and not closed. "
    "The kernel closes none before the process ends; at the limit (ulimit -n) opening fails.",
    "sockets": "Open sockets grow: usually connections or subscriptions that are never closed. The kernel closes none "
    "before the process ends; each also takes kernel memory, which RSS does not show.",
    "kernel": "Kernel memory grows: usually socket buffers that are never read, or kernel objects of things left open. "
    "The kernel takes it back when they are read or closed.",
    "children": "Children grow, in number or in memory: usually processes that are started and neither end nor are "
    "waited for. The kernel takes the memory back when they end.",
    "mixed": "No single part explains more than half of the growth of memory. The table shows the parts.",
}
_PARTS = (
    ("anonymous", "rss_anon_bytes"),
    ("mapped files", "rss_file_bytes"),
    ("shared memory", "rss_shmem_bytes"),
    ("swap", "swap_bytes"),
)
_TAKEN_BACK = {"file_mapped", "lazily_freed"}  # by the kernel, before memory is full
_NOT_IN_TABLE = {"pss", "uss", "charged_anonymous"}  # a cross-check of RSS and its parts, in report.json
_LEAST_SHARE = 0.05  # of the growth of RSS: a part that explains less is left out of the table
_MOST_PANELS = 12
_MOST_POINTS = 200


def resources(analysis: Analysis, facts: Facts) -> Section | None:
    """Show what grew, its causes, and the parts of memory over time; None where no part was measured."""
    shown = [one for one in formatting.main(analysis) if _has_parts(one)]
    if not shown:
        return None
    picture = _picture(shown, facts)
    blocks: list[Block] = [
        Text(words=_rule(analysis)),
        *([Notes(items=causes)] if (causes := tuple(sentence(one, analysis) for one in shown if one.cause)) else []),
        _table(shown),
        *([picture] if picture else []),
        Text(words=_unseen(shown)),
    ]
    return Section(title="What grows", blocks=tuple(blocks))


def _has_parts(finding: Finding) -> bool:
    return any(one.name == "anonymous" for one in finding.resources)


def sentence(finding: Finding, analysis: Analysis) -> str:
    """Return the cause of a growing subject, what it usually means, and when memory would be full."""
    text = f"{finding.name}: {CAUSES[finding.cause or 'mixed']}"
    forecast = full_in(finding, analysis)
    return f"{text} At this rate it would reach the {forecast}." if forecast else text


def full_in(finding: Finding, analysis: Analysis) -> str:
    """Return when a subject that grows would reach the memory of the machine; empty where it does not grow."""
    growth, last = finding.growth, finding.memory.rss_last_bytes
    if growth is None or growth.verdict not in {"growing", "slow"} or not growth.bytes_per_hour or last is None:
        return ""
    if finding.cause in _TAKEN_BACK:
        return ""
    room = analysis.environment.memory_bytes
    seconds = max(room - last, 0) / growth.bytes_per_hour * SECONDS_AN_HOUR
    return f"machine's {memory_bytes(room)} in about {_long(seconds)}"


def _long(seconds: float) -> str:
    year = 365.25 * SECONDS_A_DAY
    return f"{figures(round(seconds / year))} years" if seconds > 2 * year else duration(_rounded(seconds))


def _rounded(seconds: float) -> float:
    step = next((step for step in (SECONDS_A_DAY, SECONDS_AN_HOUR, 60) if seconds > 10 * step), 1)
    return max(1.0, round(seconds / step)) * step


def leaks(finding: Finding) -> tuple[str, ...]:
    """List what was shown to leak besides memory: ``descriptors, by 7,200 an hour (7,190 to 7,210)``."""
    return tuple(f"{NAMES[one.name]}, by {_rate(one)}" for one in leaked(finding.resources))


def _table(shown: list[Finding]) -> Table:
    rows = [row for one in shown for row in _rows(one)]
    return Table(
        caption="what grew",
        columns=("subject", "resource", "verdict", "first → last", "an hour", "share of the growth of RSS"),
        rows=tuple(rows) or (("none", *[NOTHING] * 5),),
    )


def _rows(finding: Finding) -> list[tuple[str, ...]]:
    return [
        (
            finding.name,
            NAMES[one.name],
            one.verdict.replace("_", " "),
            f"{_amount(one.first, one)} → {_amount(one.last, one)}",
            _rate(one),
            NOTHING if one.share_of_rss_growth is None else formatting.share(one.share_of_rss_growth),
        )
        for one in finding.resources
        if one.name not in _NOT_IN_TABLE
        and (one.verdict in {"growing", "slow"} or abs(one.share_of_rss_growth or 0.0) >= _LEAST_SHARE)
    ]


def _rate(one: Resource) -> str:
    if one.per_hour is None or one.low is None or one.high is None:
        return NOTHING
    return f"{_amount(one.per_hour, one)} an hour ({_amount(one.low, one)} to {_amount(one.high, one)})"


def _amount(value: float, one: Resource) -> str:
    if one.unit == "bytes":
        return memory_bytes(value)
    return count(value) if value == int(value) else figures(value)


def _rule(analysis: Analysis) -> str:
    plan = analysis.plan
    return (
        "Every resource is judged like resident memory, against its own threshold, fixed before the run: "
        f"{memory_bytes(plan.delta_bytes_per_hour)} an hour of memory, {figures(plan.delta_counts_per_hour)} an hour "
        "of threads, descriptors and children. The table shows what was found to grow, and the parts that explain the "
        "growth of RSS; anonymous memory, mapped files and shared memory add up to it, and the others are parts of "
        "those."
    )


def _unseen(shown: list[Finding]) -> str:
    """Return what could not be seen, and of which subjects; else where what belongs to no process shows."""
    uncharged = _without(shown, "charged")
    kinds = _without(shown, "files")
    parts = []
    if uncharged:
        parts.append(
            f"Not seen of {formatting.listed(uncharged)}, which have no control group of their own: memory that "
            "belongs to no process, such as socket buffers, an unmapped memfd, tmpfs, kernel stacks and slab."
        )
    if len(uncharged) < len(shown):
        parts.append(
            "Charged memory is what the kernel charges to a subject's control group since the subject was put there; "
            "memory that belongs to no process shows only in it."
        )
    if kinds:
        parts.append(f"Not permitted for {formatting.listed(kinds)}: PSS, USS, huge pages and descriptors by kind.")
    return " ".join(parts)


def _without(shown: list[Finding], name: str) -> list[str]:
    return [one.name for one in shown if not any(row.name == name for row in one.resources)]


def _picture(shown: list[Finding], facts: Facts) -> Stacks | None:
    panels = [panel for one in shown[:_MOST_PANELS] if (panel := _panel(one, facts))]
    if not panels:
        return None
    ends = "; ".join(
        f"{panel.title}: " + ", ".join(f"{layer.label} {figures(layer.values[-1])} MiB" for layer in panel.layers)
        for panel in panels
    )
    return Stacks(
        name="parts",
        title="Memory by part",
        x_label="minutes",
        y_label="MiB",
        panels=tuple(panels),
        alt=f"at the end {ends}",
        drawn="Each subject from 0 to its own top.",
    )


def _panel(finding: Finding, facts: Facts) -> Panel | None:
    series = facts.series.get(finding.name, ())
    at, _ = measured(series, "rss_anon_bytes")
    if not at.size:
        return None
    step = max(1, at.size // _MOST_POINTS)
    minutes = (at[::step] - at[0]) / NS_A_SECOND / 60
    layers = [Layer(label=label, values=_values(measured(series, name)[1][::step])) for label, name in _PARTS]
    used = tuple(layer for layer in layers if any(layer.values))
    return Panel(title=finding.name, x=tuple(minutes.tolist()), layers=used) if used else None


def _values(column: npt.NDArray[np.int64]) -> tuple[float, ...]:
    return tuple((column / MIB).tolist())
