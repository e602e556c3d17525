"""What was derived of each subject in the form of Go's benchmarks, which benchstat compares. Pure."""

import re

from harness.model import Analysis, Finding

_UNFIT = re.compile(r"[\s/=]+")


def benchstat(analysis: Analysis) -> bytes:
    """Write a line for each subject: the work that its churn was taken from, and its rates.

    The accounting mode is a key of the configuration, so that benchstat makes a table for each and no mean of two.
    """
    head = [
        "unit B/poll better=lower",
        "unit B/event better=lower",
        "unit allocs/day better=lower",
        "unit B/day better=lower",
        "unit RSS-B better=lower",
        f"scenario: {analysis.scenario}",
        f"run: {analysis.run_id}",
        f"kernel: {analysis.environment.kernel}",
    ]
    modes: dict[str, list[str]] = {}
    for one in analysis.subjects:
        if one.role != "control" and (line := _line(one)):
            modes.setdefault(one.churn.accounting if one.churn else "none", []).append(line)
    blocks = [f"\naccounting: {mode}\n" + "".join(f"{line}\n" for line in lines) for mode, lines in modes.items()]
    return "".join([*(f"{line}\n" for line in head), *blocks]).encode()


def _line(one: Finding) -> str | None:
    churn = one.churn
    work = (churn.polls or churn.events) if churn else 0
    values = [
        (churn.bytes_per_poll if churn else None, "B/poll"),
        (churn.bytes_per_event if churn else None, "B/event"),
        (churn.allocations_per_day if churn else None, "allocs/day"),
        (churn.bytes_per_day if churn else None, "B/day"),
        (one.memory.rss_last_bytes, "RSS-B"),
    ]
    known = [f"{value!r} {unit}" for value, unit in values if value is not None]
    name = f"BenchmarkWatch/subject={_UNFIT.sub('_', one.name)}"
    return f"{name} {max(work, 1)} {' '.join(known)}" if known else None
