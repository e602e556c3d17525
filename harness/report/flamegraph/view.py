"""Two captures of one subject to what it allocates per unit of work, by stack. Pure."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal, NamedTuple

from harness.analysis.cost.churn import Rate, rate
from harness.analysis.facts import Facts
from harness.model import Capture, CaptureKind, Folded, Frame, GoHeap, SubjectPlan
from harness.report.flamegraph.tree import Frames, Node, Values, grow, settled

LEAST_SHARE = 1e-4  # of the whole: what is below it is drawn as "(other)" of what called it
LEAST_SAMPLES = 3  # periods: below them a Go profile sees nothing, with a probability of 5 %
UNSEEN = Frame(name="(no samples)", place="", origin="other")

Unit = Literal["poll", "link event", "idle second", "second"]
_WORK: dict[Unit, str] = {"poll": "polls", "link event": "events", "idle second": "live_s", "second": "live_s"}


class Pair(NamedTuple):
    """The captures of one subject with the least and the most work of one kind: between them start-up cancels."""

    subject: SubjectPlan
    unit: Unit
    first: Capture
    last: Capture

    @property
    def sampled(self) -> bool:
        """Return whether stacks are known by Go's samples only."""
        return self.last.accounting.startswith("go:")


@dataclass(frozen=True, kw_only=True)
class View:
    """What one subject allocates per ``unit`` of work. ``total`` and ``allocations`` are exact, whatever the stacks."""

    subject: str
    accounting: str
    unit: Unit
    links: int
    units: float  # of work between the two captures
    total: float
    allocations: float
    root: Node
    sampled_share: float | None = None  # standard error of what was sampled, as a share of it; None: all was counted
    seen: bool = True  # False: too little was sampled to say what allocated


def pairs(facts: Facts) -> list[Pair]:
    """List the pairs of all subjects that were profiled, controls left out; of a subscription, events come first."""
    found = []
    for subject in facts.result.plan.subjects:
        if subject.role != "control":
            units: tuple[Unit, ...] = ("poll",) if subject.polls else ("link event", "idle second")
            found += [pair for unit in units if (pair := _pair(facts, subject, unit)) is not None]
            found += [_visited(facts, subject, heap) for heap in facts.result.heaps if heap.subject == subject.name][:1]
    return found


def _visited(facts: Facts, subject: SubjectPlan, heap: GoHeap) -> Pair:
    """Return what a program allocated between two visits to its pprof address, of its first trial."""
    links = facts.namespace.links if facts.namespace else 0
    first, last = (
        Capture(
            subject=subject.name,
            kind="idle",
            pairs=facts.result.plan.pairs,
            links=links,
            polls=0,
            events=0,
            live_s=share * heap.seconds,
            bytes=share * heap.bytes,
            allocations=share * heap.allocations,
            accounting=heap.accounting,
            file=f"captures/{prefix}.allocs.pb.gz",
        )
        for share, prefix in zip((0, 1), heap.files, strict=True)
    )
    return Pair(subject, "second", first, last)


def _pair(facts: Facts, subject: SubjectPlan, unit: Unit) -> Pair | None:
    kind: CaptureKind = "events" if unit == "link event" else "idle"
    captures = facts.captures(subject, kind)
    if rate(captures, _WORK[unit]) is None:
        return None
    return Pair(subject, unit, captures[0], captures[-1])


def view(pair: Pair, first: Folded | None, last: Folded) -> View:
    """Return the difference per unit of work. Of a Go pair ``last`` is the difference already, and ``first`` None.

    Go's samples give shares only: they are scaled so that their sum is what its runtime counted.
    """
    found = rate([pair.first, pair.last], _WORK[pair.unit])
    if found is None:
        raise ValueError(pair)
    moved = _less(stacks(last), stacks(first) if first else {})
    sampled = sum(size for size, _ in moved.values())
    seen = not pair.sampled or (sampled > 0 and sampled >= LEAST_SAMPLES * (last.period or 0))
    unseen: dict[Frames, Values] = {(UNSEEN,): (found.bytes, found.allocations)}
    values = _per_unit(moved, found, sampled=pair.sampled) if seen else unseen
    return View(
        subject=pair.subject.name,
        accounting=pair.last.accounting,
        unit=pair.unit,
        links=pair.last.links,
        units=found.units,
        total=found.bytes,
        allocations=found.allocations,
        root=settled(grow(values, pair.subject.name), LEAST_SHARE),
        sampled_share=_share(last.standard_error_bytes, sampled) if seen else None,
        seen=seen,
    )


def stacks(folded: Folded) -> dict[Frames, Values]:
    """Write out the frames of every stack."""
    found: defaultdict[Frames, Values] = defaultdict(lambda: (0.0, 0.0))
    for one in folded.stacks:
        frames = tuple(folded.frames[number] for number in one.frames)
        size, number = found[frames]
        found[frames] = (size + one.bytes, number + one.allocations)
    return dict(found)


def _less(last: dict[Frames, Values], first: dict[Frames, Values]) -> dict[Frames, Values]:
    nothing = (0.0, 0.0)
    keys = dict.fromkeys([*last, *first])
    moved = {key: (last.get(key, nothing), first.get(key, nothing)) for key in keys}
    found = {key: (new[0] - old[0], new[1] - old[1]) for key, (new, old) in moved.items()}
    return {key: values for key, values in found.items() if values != nothing}


def _per_unit(values: dict[Frames, Values], found: Rate, *, sampled: bool) -> dict[Frames, Values]:
    by_size = by_number = 1 / found.units
    if sampled:
        sizes, numbers = (sum(one[column] for one in values.values()) for column in (0, 1))
        by_size, by_number = found.bytes / sizes, found.allocations / numbers if numbers else 0.0
    return {frames: (size * by_size, number * by_number) for frames, (size, number) in values.items()}


def _share(error: float | None, sampled: float) -> float | None:
    return None if error is None or sampled <= 0 else error / sampled
