"""What ``judge --json`` prints: the verdict on series of memory that somebody recorded."""

from harness.model.findings import Growth
from harness.model.terms import GrowthVerdict, Model, Verdict

JUDGEMENT_SCHEMA = "netchurn.judge/1"


class WorkGrowth(Model, frozen=True, kw_only=True):
    """Growth over a counter of work in place of time. Rates are bytes per unit of that work."""

    verdict: GrowthVerdict
    bytes_per_unit: float | None
    low_per_unit: float | None
    high_per_unit: float | None
    confidence: float
    delta_per_unit: float
    units: float
    explanation: str


class JudgedSeries(Model, frozen=True, kw_only=True):
    """One series: what was read, what was left out, and the verdict on the stretch from ``judged_from_row`` on.

    One of ``growth`` and ``work_growth`` is there. ``unit`` and ``clock`` name what the file's numbers mean, and how
    that is known. ``notes`` state what was found wrong and how it was handled.
    """

    name: str
    file: str
    kind: str
    unit: str
    clock: str
    readings: int
    judged_readings: int
    seconds: float | None
    restarts: int
    first_bytes: float | None
    last_bytes: float | None
    peak_bytes: float | None
    growth: Growth | None
    work_growth: WorkGrowth | None = None
    notes: tuple[str, ...] = ()


class PairedDifference(Model, frozen=True, kw_only=True):
    """By how much the first series outgrows the second, at the times that both have."""

    first: str
    second: str
    readings: int
    growth: Growth | None
    notes: tuple[str, ...] = ()


class Judgement(Model, frozen=True, kw_only=True):
    """The document. ``max_growth_bytes_per_hour``: the bound that was asked for; None: none was."""

    schema: str
    netchurn: str
    verdict: Verdict
    sentence: str
    max_growth_bytes_per_hour: float | None
    series: tuple[JudgedSeries, ...]
    difference: PairedDifference | None = None
