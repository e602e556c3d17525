"""What a comparison of results holds: the document that ``netchurn compare --format json`` writes."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

SCHEMA = "netchurn.compare/1"
Verdict = Literal["same", "different", "undecided", "shown"]
Measure = Literal["churn", "growth", "memory", "cpu"]
Interval = tuple[float, float] | None


class Row(Struct, frozen=True, kw_only=True):
    """One quantity of one subject on both sides."""

    subject: Annotated[str, Meta(description="name of the subject")]
    measure: Annotated[Measure, Meta(description="what kind of quantity this is, and so how it is judged")]
    quantity: Annotated[str, Meta(description="the quantity in words")]
    unit: Annotated[str, Meta(description="unit of the values")]
    base: Annotated[float | None, Meta(description="value of the base, in unit; null: not measured")]
    other: Annotated[float | None, Meta(description="value of the other result, in unit; null: not measured")]
    base_interval: Annotated[Interval, Meta(description="interval of base, in unit; null: none")] = None
    other_interval: Annotated[Interval, Meta(description="interval of other, in unit; null: none")] = None
    change: Annotated[float | None, Meta(description="(other - base) / base; null: without meaning")] = None
    p: Annotated[
        float | None, Meta(description="probability of such a difference between repeats of the same; null: not tested")
    ] = None
    verdict: Annotated[Verdict, Meta(description="shown: not judged, other numbers decide")]
    why: Annotated[str, Meta(description="how it was judged, or why it was not")]


class RunComparison(Struct, frozen=True, kw_only=True):
    """One result against the base."""

    run_id: Annotated[str, Meta(description="name of the result folder")]
    differences: Annotated[int, Meta(description="rows that differ")]
    rows: Annotated[tuple[Row, ...], Meta(description="each quantity of each subject")]
    notes: Annotated[tuple[str, ...], Meta(description="what else differs; it forbids nothing and may matter")]


class Compared(Struct, frozen=True, kw_only=True):
    """The document that ``compare --format json`` writes."""

    schema: Annotated[str, Meta(description="schema of this document")]
    verdict: Annotated[str, Meta(description="verdict on all results")]
    scenario: Annotated[str, Meta(description="name of the scenario")]
    base: Annotated[str, Meta(description="name of the base's result folder")]
    others: Annotated[tuple[RunComparison, ...], Meta(description="each other result against the base")]
    allowed: Annotated[tuple[str, ...], Meta(description="fields that may differ because --allow named them")]
