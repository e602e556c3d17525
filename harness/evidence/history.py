"""Results of one kind over commits, and where a quantity changed.

Change points are found by Apache Otava: E-divisive (Matteson and James 2014) with the t test of Fleming et al. 2023,
https://doi.org/10.1145/3578244.3583719.
"""

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from harness.analysis.cost.pair import TOLERANCE
from harness.compare.comparability import Side, notes, refusals
from harness.compare.document import read as side_of
from harness.compare.judge import compare_run
from harness.compare.rows import Measure
from harness.errors import ResultFault, UsageFault
from harness.evidence.extras import need
from harness.results.folder import RESULT

SCHEMA = "netchurn.history/1"
P = 1e-5
"""A scenario has some 60 quantities, so that each must be judged strictly. Of 3,000 simulated series of 40 results with
normal noise and no change this names none; Otava's own 0.001 names one in 88.
"""
FEWEST = 10  # results that are judged at all
WINDOW = 50  # results that Otava looks at together: its own value
_LEAST: dict[str, float] = {"churn": TOLERANCE}  # the least relative change, as in compare; of others the test decides
_DIGITS = 12
MOST_RESULTS = 10_000


class Point(Struct, frozen=True, kw_only=True):
    """One quantity of one result."""

    run_id: Annotated[str, Meta(description="name of the result")]
    commit: Annotated[str, Meta(description="commit that its program, or netchurn, was built from")]
    value: Annotated[float, Meta(description="mean of the quantity over trials, in its unit")]


class Change(Struct, frozen=True, kw_only=True):
    """Where a quantity changed."""

    run_id: Annotated[str, Meta(description="first result of the new level")]
    commit: Annotated[str, Meta(description="its commit")]
    before_commit: Annotated[str, Meta(description="commit of the result before it")]
    before: Annotated[float, Meta(description="mean of the results before, in the unit of the quantity")]
    after: Annotated[float, Meta(description="mean of the results from it on, in the unit of the quantity")]
    p: Annotated[float, Meta(description="probability of such a change by chance")]
    notes: Annotated[tuple[str, ...], Meta(description="what else differs between the two results")] = ()


class Quantity(Struct, frozen=True, kw_only=True):
    """One quantity of one subject over results, oldest first."""

    subject: Annotated[str, Meta(description="name of the subject")]
    measure: Annotated[Measure, Meta(description="kind of quantity")]
    quantity: Annotated[str, Meta(description="name of the quantity")]
    unit: Annotated[str, Meta(description="unit of the values")]
    points: Annotated[tuple[Point, ...], Meta(description="one value a result, oldest first")]
    changes: Annotated[tuple[Change, ...], Meta(description="where the level changed")]


class Group(Struct, frozen=True, kw_only=True):
    """Results of one machine that are of one kind."""

    scenario: Annotated[str, Meta(description="name of the scenario")]
    machine: Annotated[str, Meta(description="processor, kernel and language versions that the results share")]
    links: Annotated[int | None, Meta(description="links in the namespace; null: not measured")]
    duration_s: Annotated[float, Meta(description="length of the sampling phase, in seconds")]
    runs: Annotated[tuple[str, ...], Meta(description="names of the results, oldest first")]
    series: Annotated[tuple[Quantity, ...], Meta(description="each quantity over the results")]


class History(Struct, frozen=True, kw_only=True):
    """The document that ``history --json`` writes."""

    schema: Annotated[str, Meta(description="schema of this document")]
    groups: Annotated[tuple[Group, ...], Meta(description="results of one kind and machine")]
    left_out: Annotated[tuple[str, ...], Meta(description="what was found and not used, and why")]


class Step(NamedTuple):
    """A change point: the place of the first value of the new level, both means, and the p of the t test."""

    at: int
    before: float
    after: float
    p: float


def read(places: Iterable[Path]) -> tuple[list[Side], list[str]]:
    """Read all results below some folders; what cannot be used is named. UsageFault where there is none."""
    sides: dict[str, Side] = {}
    left_out: list[str] = []
    for folder in (folder for place in places for folder in _results(place)):
        try:
            side = side_of(folder)
        except ResultFault as fault:
            left_out.append(f"{folder.name}: {fault.message}")
            continue
        if side.analysis.status == "complete":
            sides.setdefault(side.analysis.run_id, side)  # a result and its thinned copy are one
        else:
            left_out.append(f"{side.analysis.run_id}: {side.analysis.status}")
    if not sides:
        raise UsageFault(
            "no_result", "no result that came to its end lies there", "name folders that netchurn run made"
        )
    return list(sides.values()), left_out


def _results(place: Path) -> Iterator[Path]:
    """Find result folders at any depth; no symbolic link is followed."""
    number = 0
    for here, below, names in os.walk(place):
        below.sort()
        if RESULT in names:
            below.clear()
            number += 1
            yield Path(here)
        if number >= MOST_RESULTS:
            return


def history(sides: Sequence[Side], left_out: Sequence[str] = (), last: int | None = None) -> History:
    """Sort results into groups, oldest first, and find where each quantity changed."""
    groups: list[list[Side]] = []
    for side in sorted(sides, key=lambda one: (one.analysis.environment.started_at, one.analysis.run_id)):
        of = next((group for group in groups if _alike(group[0], side)), None)
        if of is None:
            groups.append(of := [])
        of.append(side)
    return History(
        schema=SCHEMA, groups=tuple(_group(one[-last:] if last else one) for one in groups), left_out=tuple(left_out)
    )


def _alike(one: Side, other: Side) -> bool:
    """Return whether two results are of one machine and kind; another build of a program is what a history is for."""
    kind = all(refusal.field == "program" for refusal in refusals(one, other))
    return kind and _machine(one) == _machine(other)


def _machine(side: Side) -> str:
    machine = side.analysis.environment
    return f"{machine.machine}, {machine.cpu}, {machine.cpus} CPUs"


def _group(sides: Sequence[Side]) -> Group:
    first = sides[0].analysis
    return Group(
        scenario=first.scenario,
        machine=_machine(sides[0]),
        links=first.namespace.links if first.namespace else None,
        duration_s=first.plan.duration_s,
        runs=tuple(side.analysis.run_id for side in sides),
        series=tuple(_series(sides)),
    )


def _series(sides: Sequence[Side]) -> Iterator[Quantity]:
    """Collect what compare would compare: a result held against itself lists its quantities."""
    found: dict[tuple[str, Measure, str, str], list[tuple[Side, float]]] = {}
    for side in sides:
        for row in compare_run(side, side).rows:
            if row.verdict != "shown" and row.base is not None:
                found.setdefault((row.subject, row.measure, row.quantity, row.unit), []).append((side, row.base))
    for (subject, measure, quantity, unit), values in found.items():
        steps = change_points([value for _, value in values], measure)
        yield Quantity(
            subject=subject,
            measure=measure,
            quantity=quantity,
            unit=unit,
            points=tuple(
                Point(run_id=side.analysis.run_id, commit=commit(side, subject), value=value) for side, value in values
            ),
            changes=tuple(_change(subject, [side for side, _ in values], step) for step in steps),
        )


def _change(subject: str, sides: Sequence[Side], step: Step) -> Change:
    before, first = sides[step.at - 1], sides[step.at]
    return Change(
        run_id=first.analysis.run_id,
        commit=commit(first, subject),
        before_commit=commit(before, subject),
        before=step.before,
        after=step.after,
        p=step.p,
        notes=tuple(notes(before, first)),
    )


def commit(side: Side, subject: str) -> str:
    """Name what a subject was built from: its commit or its digest, and for netchurn's own subjects netchurn's."""
    program = next((one.program for one in side.analysis.subjects if one.name == subject), None)
    if program is not None:
        built = program.commit or program.script_sha256 or program.sha256 or "unknown"
        return built[:_DIGITS] + ("+" if program.dirty else "")
    machine = side.analysis.environment
    return machine.commit[:_DIGITS] if machine.commit else machine.netchurn


def change_points(values: Sequence[float], measure: Measure) -> list[Step]:
    """Find where the level of a series changed; none in fewer than ``FEWEST`` values."""
    if len(values) < FEWEST:
        return []
    otava = need("otava.analysis", "history")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of series without any noise: a division by their deviation, which is 0
        found, _ = otava.compute_change_points(
            [float(value) for value in values], WINDOW, max_pvalue=P, min_magnitude=_LEAST.get(measure, 0.0)
        )
    return [
        Step(int(one.index), float(one.stats.mean_1), float(one.stats.mean_2), float(one.stats.pvalue)) for one in found
    ]
