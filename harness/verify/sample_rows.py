"""Rows of samples held against their own order, against their trial, and against what one process can show. Pure.

A row that contradicts the ones beside it is named with its line. What is not found: a changed number that still fits
between its neighbours; that is what SHA256SUMS is for.
"""

import csv
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from harness.model import Sample, SubjectRun, Trial
from harness.results.samples import unlike_columns
from harness.units import NS_A_SECOND

COLUMNS = Sample.__struct_fields__
SLACK_NS = 1_000_000  # a tick's time is read beside the trial's, not at once
SLACK_BYTES = 2**20  # the kernel counts resident pages on each CPU, and adds them up now and then
_NEVER_FALL = ("rss_peak_bytes", "user_s", "system_s", "minor_faults", "major_faults", "polls", "events")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A file of samples as it was read: each with the number of its line, and what could not be read."""

    numbered: tuple[tuple[int, Sample], ...]
    malformed: tuple[str, ...]


def read(lines: Iterable[str], *, torn: bool) -> Rows:
    """Read all rows; never raises for what they hold. ``torn``: the last line may be cut off, as by a crash."""
    found: list[tuple[int, Sample]] = []
    malformed: list[str] = []
    rows = csv.reader(_whole(lines) if torn else lines)
    try:
        header = next(rows, [])
        if (words := unlike_columns(header)) and not (torn and not header):
            malformed.append(f"line 1: {words}")
            return Rows(numbered=(), malformed=tuple(malformed))
        for row in rows:
            words, sample = _sample(row, COLUMNS[: len(header)])
            if sample is None:
                malformed.append(f"line {rows.line_num}: {words}")
            else:
                found.append((rows.line_num, sample))
    except csv.Error as cause:
        malformed.append(f"line {rows.line_num}: {cause}")
    return Rows(numbered=tuple(found), malformed=tuple(malformed))


def _whole(lines: Iterable[str]) -> Iterator[str]:
    """Leave out a last line that has no end."""
    return (line for line in lines if line.endswith("\n"))


def _sample(row: list[str], columns: Sequence[str]) -> tuple[str, Sample | None]:
    if len(row) != len(columns):
        return f"has {len(row)} fields; expected {len(columns)}", None
    try:
        sample = msgspec.convert(
            {name: text or None for name, text in zip(columns, row, strict=True)}, Sample, strict=False
        )
    except msgspec.ValidationError as cause:
        return str(cause), None
    for name, value in zip(COLUMNS, msgspec.structs.astuple(sample), strict=True):
        if value is not None and not 0 <= value < math.inf:
            return f"{name} is {value}; expected a number from 0 on", None
    return "", sample


def suspicious(rows: Rows, trial: Trial, run: SubjectRun, *, ours: bool) -> list[str]:
    """Name the rows that contradict each other or their trial.

    ``ours``: one process, whose totals never fall. Somebody else's program is read with children that come and go.
    """
    found = []
    before: Sample | None = None
    for line, sample in rows.numbered:
        found += [f"line {line}: {words}" for words in (*_in_trial(sample, trial), *_in_itself(sample))]
        if before is not None:
            found += [f"line {line}: {words}" for words in _in_order(before, sample, ours=ours)]
        before = sample
    if before is not None and run.exited_after_s is not None:
        lived_ns = run.exited_after_s * NS_A_SECOND + SLACK_NS
        if before.at_ns - trial.began_ns > lived_ns:
            found.append(
                f"the last row is at {before.at_ns:,}; the process was gone {run.exited_after_s:g} s after the "
                f"beginning"
            )
    if before is not None and ours and run.marks:
        found += _counted(rows.numbered[-1], run)
    return found


def uneven(counted: Mapping[str, int], trial: Trial) -> list[tuple[str, str]]:
    """Name who has another number of rows than most: all who live to the end are read on the same ticks."""
    living = {run.name: counted[run.name] for run in trial.runs if run.exited_after_s is None and run.name in counted}
    usual = max(1, Counter(living.values()).most_common(1)[0][0]) if living else 1
    return [(name, f"has {number:,} rows; expected {usual:,}") for name, number in living.items() if number != usual]


def _in_trial(sample: Sample, trial: Trial) -> list[str]:
    if trial.began_ns - SLACK_NS <= sample.at_ns <= trial.ended_ns + SLACK_NS:
        return []
    return [f"at_ns is {sample.at_ns:,}; the trial lasted from {trial.began_ns:,} to {trial.ended_ns:,}"]


def _in_itself(sample: Sample) -> list[str]:
    found = []
    if sample.rss_bytes > sample.rss_peak_bytes + SLACK_BYTES:
        found.append(f"rss_bytes is {sample.rss_bytes:,}, above its peak, which is {sample.rss_peak_bytes:,}")
    parts = [sample.rss_anon_bytes, sample.rss_file_bytes, sample.rss_shmem_bytes]
    if None not in parts and abs(sum(map(int, filter(None, parts))) - sample.rss_bytes) > SLACK_BYTES:
        found.append(f"rss_bytes is {sample.rss_bytes:,}, and its parts {parts} do not add up to it")
    return found


def _in_order(before: Sample, sample: Sample, *, ours: bool) -> list[str]:
    found = []
    if sample.at_ns <= before.at_ns:
        found.append(f"at_ns is {sample.at_ns:,}, not after the row before it, which is at {before.at_ns:,}")
    for name in _NEVER_FALL if ours else ():
        was, value = getattr(before, name), getattr(sample, name)
        slack = SLACK_BYTES if name == "rss_peak_bytes" else 0
        if was is not None and (value is None or value < was - slack):
            found.append(f"{name} is {value}, and was {was} one row before: it never falls")
    return found


def _counted(last: tuple[int, Sample], run: SubjectRun) -> list[str]:
    """Check the last row's counts against the last count that the subject told."""
    line, sample = last
    return [
        f"line {line}: {name} is {value:,}; when the trial was over result.json has {told:,}"
        for name in ("polls", "events")
        if (value := getattr(sample, name)) is not None and value > (told := getattr(run.marks[-1], name))
    ]
