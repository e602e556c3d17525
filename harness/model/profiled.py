"""What ``profile --json`` prints. Bytes or a count, by the unit of the sample type."""

from typing import Annotated, Literal

from msgspec import Meta

from harness.model.terms import Model
from harness.model.warning import DataWarning

PROFILE_SCHEMA = "netchurn.profile/1"


class SampleType(Model, frozen=True, kw_only=True):
    """One thing that a profile counts."""

    name: Annotated[str, Meta(description="what is counted")]
    unit: Annotated[str, Meta(description="its unit")]
    total: Annotated[int, Meta(description="sum over all stacks, in unit")]


class ProfileFile(Model, frozen=True, kw_only=True):
    """A profile that was read."""

    name: Annotated[str, Meta(description="name of the file")]
    what: Annotated[str, Meta(description="what the file is")]
    accounting: Annotated[str, Meta(description="how allocations are counted")]
    period_bytes: Annotated[int, Meta(description="mean bytes between samples; 1: every allocation is in it")]
    at_ns: Annotated[int | None, Meta(description="Unix time at which it was taken, in nanoseconds; null: not known")]
    sample_types: Annotated[tuple[SampleType, ...], Meta(description="what the profile counts")]


class FunctionRow(Model, frozen=True, kw_only=True):
    """What a function has."""

    function: Annotated[str, Meta(description="name of the function")]
    flat: Annotated[int, Meta(description="the function itself, in the unit of the document")]
    flat_share: Annotated[float | None, Meta(description="flat / total; null: no total above 0")]
    cumulative: Annotated[int, Meta(description="the function with all that it called, in the unit of the document")]
    cumulative_share: Annotated[float | None, Meta(description="cumulative / total; null: no total above 0")]


class FunctionPair(Model, frozen=True, kw_only=True):
    """What one function has in each of two profiles."""

    function: Annotated[str, Meta(description="name of the function")]
    before_flat: Annotated[int, Meta(description="the function itself in the first profile")]
    before_flat_share: Annotated[float | None, Meta(description="before_flat / first total; null: no total above 0")]
    after_flat: Annotated[int, Meta(description="the function itself in the second profile")]
    after_flat_share: Annotated[float | None, Meta(description="after_flat / second total; null: no total above 0")]
    before_cumulative_share: Annotated[
        float | None, Meta(description="with all that it called, as a share of the first total; null: no total above 0")
    ]
    after_cumulative_share: Annotated[
        float | None,
        Meta(description="with all that it called, as a share of the second total; null: no total above 0"),
    ]


class GoroutineGroup(Model, frozen=True, kw_only=True):
    """Goroutines that wait alike."""

    number: Annotated[int, Meta(description="goroutines that wait alike")]
    state: Annotated[str, Meta(description="what they wait for")]
    stands_in: Annotated[str, Meta(description="innermost function that is not of the runtime")]
    creator: Annotated[str, Meta(description="function that started them")]


class OneProfile(Model, frozen=True, kw_only=True):
    """One profile, by function."""

    schema: Annotated[str, Meta(description="schema of this document")]
    mode: Annotated[Literal["one"], Meta(description="one profile")]
    file: Annotated[ProfileFile, Meta(description="the profile")]
    sample_type: Annotated[str, Meta(description="what is counted here")]
    unit: Annotated[str, Meta(description="unit of the numbers")]
    total: Annotated[int, Meta(description="sum over all stacks, in unit")]
    functions: Annotated[tuple[FunctionRow, ...], Meta(description="largest functions")]
    functions_left_out: Annotated[int, Meta(description="functions beyond those listed")]
    warnings: Annotated[
        tuple[DataWarning, ...], Meta(description="what a reader must know before trusting the numbers")
    ]
    goroutines: Annotated[tuple[GoroutineGroup, ...], Meta(description="goroutines by state, of their profile")] = ()


class TwoMoments(Model, frozen=True, kw_only=True):
    """Two profiles of one life: the later less the earlier."""

    schema: Annotated[str, Meta(description="schema of this document")]
    mode: Annotated[Literal["difference"], Meta(description="two profiles of one life")]
    before: Annotated[str, Meta(description="name of the earlier file")]
    after: Annotated[str, Meta(description="name of the later file")]
    sample_type: Annotated[str, Meta(description="what is counted; bytes where it ends in space, else objects")]
    accounting: Annotated[str, Meta(description="how allocations are counted")]
    period_bytes: Annotated[int, Meta(description="mean bytes between samples; 1: every allocation is in it")]
    total: Annotated[int, Meta(description="the later profile less the earlier")]
    left_out: Annotated[int, Meta(description="what writing the profiles took, by pprof's own stacks")]
    standard_error: Annotated[float, Meta(description="standard error of total by sampling")]
    seconds: Annotated[float | None, Meta(description="seconds between the profiles; null: not known")]
    per_day: Annotated[float | None, Meta(description="total a day; null: the time is not known")]
    functions: Annotated[tuple[FunctionRow, ...], Meta(description="largest functions")]
    functions_left_out: Annotated[int, Meta(description="functions beyond those listed")]
    warnings: Annotated[
        tuple[DataWarning, ...], Meta(description="what a reader must know before trusting the numbers")
    ]


class TwoLives(Model, frozen=True, kw_only=True):
    """Two profiles of two lives, side by side."""

    schema: Annotated[str, Meta(description="schema of this document")]
    mode: Annotated[Literal["side_by_side"], Meta(description="two profiles of two lives")]
    before: Annotated[ProfileFile, Meta(description="the first profile")]
    after: Annotated[ProfileFile, Meta(description="the second profile")]
    why: Annotated[str, Meta(description="why they are not of one life")]
    may: Annotated[tuple[str, ...], Meta(description="what may be compared")]
    may_not: Annotated[tuple[str, ...], Meta(description="what may not be compared")]
    sample_type: Annotated[str, Meta(description="what is counted here")]
    unit: Annotated[str, Meta(description="unit of the numbers")]
    before_total: Annotated[int, Meta(description="sum over all stacks of the first profile, in unit")]
    after_total: Annotated[int, Meta(description="sum over all stacks of the second profile, in unit")]
    functions: Annotated[tuple[FunctionPair, ...], Meta(description="largest functions of both")]
    functions_left_out: Annotated[int, Meta(description="functions beyond those listed")]
    warnings: Annotated[
        tuple[DataWarning, ...], Meta(description="what a reader must know before trusting the numbers")
    ]
