"""A warning is data: it travels with the numbers that it concerns, and has an id that programs can rely on."""

from typing import Annotated, Literal

from msgspec import Meta

from harness.model.terms import Model

WarningId = Literal[  # docs/messages.md says what each stands for; a test compares
    "run_running",
    "run_interrupted",
    "sampling_cut_short",
    "ended_early",
    "too_short",
    "subject_skipped",
    "subject_crashed",
    "subject_timed_out",
    "exited_early",
    "sigkilled",
    "unresponsive",
    "malformed_lines",
    "counts_fall",
    "slow_polls",
    "false_alarm",
    "resource_leaks",
    "control_failed",
    "control_not_measured",
    "churn_not_measured",
    "churn_differs",
    "fewer_pairs",
    "allocations_not_counted",
    "allocations_by_pprof",
    "pprof_failed",
    "recording_failed",
    "pprof_shares_failed",
    "executable_changed",
    "link_changed",
    "stand_in_link",
    "host_sysfs",
    "machine_slept",
    "clock_stepped",
    "machine_busy",
    "not_sealed",
    "sampled_estimate",
    "few_samples",
    "unnamed_functions",
    "empty_profile",
    "profiling_left_out",
    "no_rate",
    "as_of_collection",
    "shares_only",
    "readings_missing",
    "zeros_left_out",
    "times_reordered",
    "time_gaps",
    "falls_undecided",
    "restarts_split",
    "readings_merged",
    "same_times",
    "nearest_times",
    "same_age",
]


class DataWarning(Model, frozen=True, kw_only=True):
    """What a reader must know besides the numbers. The id keeps its meaning; the text may change."""

    id: Annotated[WarningId, Meta(description="the kind of warning, which keeps its meaning: docs/messages.md")]
    text: Annotated[str, Meta(description="the warning in one or two sentences, the subject's name included")]
    subject: Annotated[
        str | None, Meta(description="the subject that it concerns; null: the run, or several subjects")
    ] = None
