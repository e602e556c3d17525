"""What ``profile --json`` prints. Bytes or a count, by the unit of the sample type."""

from typing import Literal

from harness.model.terms import Model
from harness.model.warning import DataWarning

PROFILE_SCHEMA = "netchurn.profile/1"


class SampleType(Model, frozen=True, kw_only=True):
    """One thing that a profile counts, and its sum over all stacks."""

    name: str
    unit: str
    total: int


class ProfileFile(Model, frozen=True, kw_only=True):
    """A profile that was read. ``period_bytes``: between samples, 1 where every allocation is in it."""

    name: str
    what: str
    accounting: str
    period_bytes: int
    at_ns: int | None
    sample_types: tuple[SampleType, ...]


class FunctionRow(Model, frozen=True, kw_only=True):
    """What a function has, itself (flat) and with all that it called. ``share``: None where no total is above 0."""

    function: str
    flat: int
    flat_share: float | None
    cumulative: int
    cumulative_share: float | None


class FunctionPair(Model, frozen=True, kw_only=True):
    """What one function has in each of two profiles, itself and with all that it called."""

    function: str
    before_flat: int
    before_flat_share: float | None
    after_flat: int
    after_flat_share: float | None
    before_cumulative_share: float | None
    after_cumulative_share: float | None


class GoroutineGroup(Model, frozen=True, kw_only=True):
    """Goroutines that wait alike. ``stands_in``: the innermost function that is not of the runtime."""

    number: int
    state: str
    stands_in: str
    creator: str


class OneProfile(Model, frozen=True, kw_only=True):
    """One profile, by function."""

    schema: str
    mode: Literal["one"]
    file: ProfileFile
    sample_type: str
    unit: str
    total: int
    functions: tuple[FunctionRow, ...]
    functions_left_out: int
    warnings: tuple[DataWarning, ...]
    goroutines: tuple[GoroutineGroup, ...] = ()


class TwoMoments(Model, frozen=True, kw_only=True):
    """Two profiles of one life: the later less the earlier. Bytes where ``sample_type`` ends in space, else objects.

    ``left_out`` is what writing the profiles took, by the stacks of net/http/pprof and runtime/pprof; not in ``total``.
    """

    schema: str
    mode: Literal["difference"]
    before: str
    after: str
    sample_type: str
    accounting: str
    period_bytes: int
    total: int
    left_out: int
    standard_error: float
    seconds: float | None
    per_day: float | None
    functions: tuple[FunctionRow, ...]
    functions_left_out: int
    warnings: tuple[DataWarning, ...]


class TwoLives(Model, frozen=True, kw_only=True):
    """Two profiles of two lives, side by side. ``why`` they are not taken for one; what ``may`` be compared."""

    schema: str
    mode: Literal["side_by_side"]
    before: ProfileFile
    after: ProfileFile
    why: str
    may: tuple[str, ...]
    may_not: tuple[str, ...]
    sample_type: str
    unit: str
    before_total: int
    after_total: int
    functions: tuple[FunctionPair, ...]
    functions_left_out: int
    warnings: tuple[DataWarning, ...]
