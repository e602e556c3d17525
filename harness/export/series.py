"""What was sampled of a run over time, as OpenMetrics with times. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from harness.analysis.facts import Facts
from harness.model import Analysis, Result
from harness.units import NS_A_SECOND

_BEGAN = "%Y%m%dT%H%M%SZ"


class Metric(NamedTuple):
    """A field of a sample as a metric: its name, unit and help, and whether it only rises."""

    field: str
    name: str
    unit: str
    text: str
    counter: bool = False


METRICS = (
    Metric("rss_bytes", "netchurn_resident_memory_bytes", "bytes", "Resident memory of a subject."),
    Metric("pss_bytes", "netchurn_proportional_memory_bytes", "bytes", "Proportional set size of a subject."),
    Metric("user_s", "netchurn_cpu_user_seconds", "seconds", "Processor time in user mode.", counter=True),
    Metric("system_s", "netchurn_cpu_system_seconds", "seconds", "Processor time in the kernel.", counter=True),
    Metric("minor_faults", "netchurn_minor_faults", "", "Minor page faults.", counter=True),
)


def began_s(facts: Facts) -> float:
    """Return when the first trial began by the wall clock, of which a run notes its beginning and its end.

    What a run does before its first trial takes minutes, and what it does after its last seconds: so it is counted back
    from the end, unless that would lead before the beginning. Of a run without an end the beginning is all there is.
    """
    began, ended = _run_began_s(facts.result), _run_ended_s(facts.result)
    return began if ended is None else max(began, ended - (_last_ns(facts.result) - first_ns(facts)) / NS_A_SECOND)


def _run_began_s(result: Result) -> float:
    """Return the second that the run's id begins with; 0 where it begins otherwise."""
    try:
        return datetime.strptime(result.run_id.split("-", 1)[0], _BEGAN).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


def _run_ended_s(result: Result) -> float | None:
    """Return the second in which the run ended; None where it tells nothing of its trials.

    Storms and dumps take minutes after the last trial, and a clock that was set, or a machine that slept, parts the two
    clocks.
    """
    if result.environment_after is None or result.storms or result.dumps:
        return None
    if not result.trials or any(trial.clock_jumps for trial in result.trials):
        return None
    try:
        return datetime.fromisoformat(result.environment_after.started_at).timestamp()
    except ValueError:
        return None


def _last_ns(result: Result) -> int:
    """Return the last moment of a run that is known by the clock of the samples."""
    trials, events = (one.ended_ns for one in result.trials), (one.done_ns for one in result.event_runs)
    return max([*trials, *events, *(one.ended_ns for one in result.recordings)], default=0)


def openmetrics(facts: Facts, analysis: Analysis) -> bytes:
    """Write all samples with their times, and what was derived with that of the end: a file that promtool imports."""
    lines = [line for metric in METRICS for line in _family(metric, facts)]
    lines += _derived(analysis, _ended_s(facts))
    return "".join(f"{line}\n" for line in [*lines, "# EOF"]).encode()


def _family(metric: Metric, facts: Facts) -> Iterator[str]:
    yield f"# TYPE {metric.name} {'counter' if metric.counter else 'gauge'}"
    if metric.unit:
        yield f"# UNIT {metric.name} {metric.unit}"
    yield f"# HELP {metric.name} {metric.text}"
    began, zero_ns = began_s(facts), first_ns(facts)
    name = f"{metric.name}_total" if metric.counter else metric.name
    for trial, series in enumerate(facts.trials):
        for subject, samples in series.items():
            labels = f'{{subject="{_escaped(subject)}",trial="{trial}"}}'
            for sample in samples:
                value = getattr(sample, metric.field)
                if value is not None:
                    yield f"{name}{labels} {value} {began + (sample.at_ns - zero_ns) / NS_A_SECOND:.3f}"


def first_ns(facts: Facts) -> int:
    """Return when the first trial began, by the clock of the samples."""
    return min((trial.began_ns for trial in facts.result.trials), default=0)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _ended_s(facts: Facts) -> float:
    """Return when the last trial ended by the wall clock; a sample without a time is refused by promtool."""
    last_ns = max((trial.ended_ns for trial in facts.result.trials), default=0)
    return began_s(facts) + (last_ns - first_ns(facts)) / NS_A_SECOND


def _derived(analysis: Analysis, at_s: float) -> Iterator[str]:
    rows = {
        "netchurn_growth_bytes_per_hour": (
            "Slope of resident memory.",
            [(one.name, one.growth.bytes_per_hour if one.growth else None) for one in analysis.subjects],
        ),
        "netchurn_churn_bytes_per_day": (
            "Bytes allocated a day, by the accounting mode of each subject.",
            [(one.name, one.churn.bytes_per_day if one.churn else None) for one in analysis.subjects],
        ),
    }
    for name, (text, values) in rows.items():
        yield f"# TYPE {name} gauge"
        yield f"# HELP {name} {text}"
        for subject, value in values:
            if value is not None:
                yield f'{name}{{subject="{_escaped(subject)}"}} {value!r} {at_s:.3f}'
