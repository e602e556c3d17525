"""Profiles to what is shown of them: one by function, or two lives side by side. Pure."""

from harness.errors import UsageFault
from harness.files.profiles.goroutines import groups
from harness.model.profiled import (
    PROFILE_SCHEMA,
    FunctionPair,
    FunctionRow,
    GoroutineGroup,
    OneProfile,
    ProfileFile,
    SampleType,
    TwoLives,
    TwoMoments,
)
from harness.model.warning import DataWarning
from harness.probes.pprof.diff import Difference, least_seen_bytes
from harness.probes.pprof.pprof import Cost, Profile, by_function, stacks, totals
from harness.sanitize import printable
from harness.units import churn_bytes, memory_bytes, per_day

_BEST = ("inuse_space", "inuse_bytes", "space", "goroutine", "peak_space", "alloc_space")
_NOTHING = Cost(0, 0)
_SPARSE = 0.25  # a standard error of a quarter of the total: no better than its order of magnitude
_UNKNOWN = 0.5  # of the frames: more that have no name are worth a word
IN_USE, ALLOCATED = "what is in use", "the totals of what was allocated: each counts since its own process began"
SHARES = "shares by function"


def best(profile: Profile, *, asked: str | None = None) -> str:
    """Choose the sample type: the one asked for, else what is in use, else the first in bytes that is not empty."""
    if asked is not None:
        if asked not in profile.kinds:
            raise UsageFault(
                "unknown_sample_type",
                f"{profile.name} has no sample type {asked!r}",
                f"choose from {', '.join(profile.kinds)}",
            )
        return asked
    sums = totals(profile)
    in_bytes = [kind for kind, unit in zip(profile.kinds, profile.units, strict=True) if unit == "bytes"]
    ordered = [kind for kind in (*_BEST, profile.chosen, *in_bytes) if kind in profile.kinds]
    return next((kind for kind in ordered if sums[kind]), (ordered or profile.kinds)[0])


def unit(profile: Profile, kind: str) -> str:
    return profile.units[profile.kinds.index(kind)] if profile.units else "bytes"


def file_of(profile: Profile) -> ProfileFile:
    sums = totals(profile)
    return ProfileFile(
        name=profile.name,
        what=profile.what,
        accounting=profile.accounting,
        period_bytes=profile.period,
        at_ns=profile.at_ns,
        sample_types=tuple(SampleType(name=kind, unit=unit(profile, kind), total=sums[kind]) for kind in profile.kinds),
    )


def one(profile: Profile, kind: str, top: int) -> OneProfile:
    """Show one profile by function, the largest of its own first."""
    found = stacks(profile, kind)
    total = sum(found.values())
    rows = [
        FunctionRow(
            function=name,
            flat=cost.flat,
            flat_share=share(cost.flat, total),
            cumulative=cost.cumulative,
            cumulative_share=share(cost.cumulative, total),
        )
        for name, cost in sorted(by_function(found).items(), key=lambda row: (-row[1].flat, -row[1].cumulative, row[0]))
    ]
    return OneProfile(
        schema=PROFILE_SCHEMA,
        mode="one",
        file=file_of(profile),
        sample_type=kind,
        unit=unit(profile, kind),
        total=total,
        functions=tuple(rows[:top]),
        functions_left_out=len(rows[top:]),
        warnings=tuple(_warnings(profile, kind)),
        goroutines=tuple(
            GoroutineGroup(**group._asdict()) for group in (groups(found)[:top] if kind == "goroutine" else ())
        ),
    )


def share(part: int, total: int) -> float | None:
    """Return a share of a total; None where that is not above 0."""
    return part / total if total > 0 else None


def two_moments(found: Difference, names: tuple[str, str], top: int) -> TwoMoments:
    """Show what lies between two profiles of one life."""
    rows = tuple(
        FunctionRow(
            function=one.name,
            flat=one.flat,
            flat_share=share(one.flat, found.total),
            cumulative=one.cumulative,
            cumulative_share=share(one.cumulative, found.total),
        )
        for one in found.functions
    )
    return TwoMoments(
        schema=PROFILE_SCHEMA,
        mode="difference",
        before=printable(names[0]),
        after=printable(names[1]),
        sample_type=found.kind,
        accounting=found.accounting,
        period_bytes=found.period,
        total=found.total,
        left_out=found.left_out,
        standard_error=found.standard_error,
        seconds=found.seconds,
        per_day=per_day(found.total / found.seconds) if found.seconds else None,
        functions=rows[:top],
        functions_left_out=len(rows[top:]),
        warnings=tuple(_of_difference(found)),
    )


def _of_difference(found: Difference) -> list[DataWarning]:
    said = []
    if found.left_out:
        amount = churn_bytes(found.left_out) if found.kind.endswith("_space") else f"{found.left_out:,} objects"
        text = f"not included: {amount} in stacks of net/http/pprof and runtime/pprof, which write the profiles"
        said.append(DataWarning(id="profiling_left_out", text=text))
    if found.period > 1:
        said.append(_estimate(found.period))
    if found.period > 1 and not found.stacks:
        least = churn_bytes(least_seen_bytes(found.period))
        said.append(
            DataWarning(id="few_samples", text=f"no sample is new: less than {least} was allocated, or kept (95 %)")
        )
    elif found.standard_error > _SPARSE * abs(found.total):
        said.append(DataWarning(id="few_samples", text="few samples: take the profiles further apart"))
    if found.seconds is None:
        said.append(DataWarning(id="no_rate", text="the profiles do not tell two moments: no rate"))
    elif found.accounting.startswith("go:"):
        text = "each shows its process as of the last garbage collection before it"
        said.append(DataWarning(id="as_of_collection", text=text))
    return said


def side_by_side(before: Profile, after: Profile, kind: str, top: int, why: str) -> TwoLives:
    """Show two lives: by shares, the largest change first."""
    rows = _pairs(before, after, kind)
    unlike = [f"{kind}: {before.accounting} and {after.accounting} count differently"]
    in_use = kind.startswith(("inuse", "goroutine", "peak"))
    alike = before.accounting == after.accounting
    return TwoLives(
        schema=PROFILE_SCHEMA,
        mode="side_by_side",
        before=file_of(before),
        after=file_of(after),
        why=why,
        may=(SHARES, *([IN_USE] if alike else [])),
        may_not=(ALLOCATED, *(unlike if not alike else [])),
        sample_type=kind,
        unit=unit(after, kind),
        before_total=totals(before)[kind],
        after_total=totals(after)[kind],
        functions=tuple(rows[:top]),
        functions_left_out=len(rows[top:]),
        warnings=tuple(dict.fromkeys([*_warnings(before, kind), *_warnings(after, kind)]))
        + (() if in_use else (_since_begin(kind),)),
    )


def _pairs(before: Profile, after: Profile, kind: str) -> list[FunctionPair]:
    old, new = stacks(before, kind), stacks(after, kind)
    totals_ = sum(old.values()), sum(new.values())
    costs = by_function(old), by_function(new)
    rows = []
    for name in dict.fromkeys([*costs[0], *costs[1]]):
        first, second = (cost.get(name, _NOTHING) for cost in costs)
        rows.append(
            FunctionPair(
                function=name,
                before_flat=first.flat,
                before_flat_share=share(first.flat, totals_[0]),
                after_flat=second.flat,
                after_flat_share=share(second.flat, totals_[1]),
                before_cumulative_share=share(first.cumulative, totals_[0]),
                after_cumulative_share=share(second.cumulative, totals_[1]),
            )
        )
    return sorted(rows, key=_moved)


def _moved(row: FunctionPair) -> tuple[float, float, str]:
    own = abs((row.after_flat_share or 0.0) - (row.before_flat_share or 0.0))
    return -own, -max(row.after_flat_share or 0.0, row.before_flat_share or 0.0), row.function


def _since_begin(kind: str) -> DataWarning:
    text = f"{kind} counts since each process began: compare its shares, not its amounts"
    return DataWarning(id="shares_only", text=text)


def _estimate(period: int) -> DataWarning:
    text = f"sampled, one allocation in {memory_bytes(period)}: an estimate, no count"
    return DataWarning(id="sampled_estimate", text=text)


def _warnings(profile: Profile, kind: str) -> list[DataWarning]:
    found = []
    if profile.period > 1 and unit(profile, kind) in {"bytes", "count"} and kind != "goroutine":
        found.append(_estimate(profile.period))
    frames = [frame for stack in profile.stacks for frame in stack.frames]
    if sum(frame.startswith("0x") or "+0x" in frame for frame in frames) > _UNKNOWN * len(frames):
        text = "functions have no names: go tool pprof -proto BINARY FILE > named.pb.gz puts them in"
        found.append(DataWarning(id="unnamed_functions", text=text))
    if not profile.stacks:
        found.append(DataWarning(id="empty_profile", text="it is empty"))
    return found


def common(before: Profile, after: Profile) -> str:
    """Choose the best sample type that both have; UsageFault where they have none in common."""
    kind = best(after)
    shared = [one for one in after.kinds if one in before.kinds]
    if not shared:
        kinds = f"{', '.join(before.kinds)} and {', '.join(after.kinds)}"
        raise UsageFault(
            "profiles_differ", f"{before.name} and {after.name} count different things: {kinds}", "name two of one kind"
        )
    return kind if kind in shared else shared[0]
