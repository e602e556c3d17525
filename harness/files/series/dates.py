"""Dates, times of day and times since a start, as people and programs write them, to seconds."""

import re
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Literal

import numpy as np
from dateutil import parser as dateutil

from harness.files.series.table import Floats
from harness.units import SECONDS_A_DAY

MOST_TEXT = 64
CLOCK = re.compile(r"(?<![\d:])(\d{1,2}):(\d{2})(?::(\d{2}(?:[.,]\d+)?))?(?:\s*([AaPp])[Mm])?(?![\d:])")
_NUMBERS = re.compile(
    r"(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?![\d./-])"
)  # day and month, or the reverse
_MONTHS, _TWO_DIGITS, _CENTURY, _LAST_CENTURY = 12, 99, 2000, 70
NO_CLOCK_S = 25.0 * 60  # no day has so many hours, and so this many minutes are no hours
_SPAN = re.compile(r"(?:(?:(\d+)-)?(\d+):)?(\d+):(\d{2}(?:[.,]\d+)?)")  # ps: [[DD-]hh:]mm:ss
_SPANS = re.compile(r"(?i)(elapsed|etime|uptime)")
_SPACED_ZONE = re.compile(r"(?<=\d) +(?=[+-]\d{2}:?\d{2}$)")
_NAMED_ZONE = re.compile(r"\s([+-]\d{2}:?\d{2})\s+[A-Z]{2,5}\b.*")  # what Go prints: the offset, and its name

Order = Literal["as named", "day first", "month first", "either"]  # as named: its dates say it, as 22 May does


def is_clock(text: str) -> bool:
    """Return whether a text is a time of day, and nothing else."""
    return bool(CLOCK.fullmatch(text.strip()))


def are_spans(texts: Sequence[str], title: str) -> bool:
    """Return whether a column counts from a start as ps does: by its header, its growing texts, or too many hours."""
    if not texts or not all(map(_SPAN.fullmatch, texts)):
        return False
    mixed = len({text.count(":") for text in texts}) > 1 or any("-" in text for text in texts)
    return bool(_SPANS.search(title)) or mixed or (texts[0].count(":") == 1 and max(map(span, texts)) >= NO_CLOCK_S)


def are_short(texts: Sequence[str]) -> bool:
    """Return whether all of a column are two numbers: hours and minutes, or minutes and seconds since a start."""
    return all(text.count(":") == 1 and is_clock(text) and _SPAN.fullmatch(text) for text in texts)


def span(text: str) -> float:
    """Read the seconds of ``[[DD-]hh:]mm:ss``; ValueError for anything else."""
    found = _SPAN.fullmatch(text.strip())
    if not found:
        raise ValueError(text)
    days, hours, minutes = (int(part or 0) for part in found.groups()[:3])
    return SECONDS_A_DAY * days + 3600.0 * hours + 60.0 * minutes + float(found[4].replace(",", "."))


def iso(text: str) -> float:
    """Read ISO 8601, also with a space before the zone, as ``date`` writes it; ValueError for anything else."""
    return _utc(datetime.fromisoformat(_SPACED_ZONE.sub("", text.strip().replace(",", "."))))


def order(texts: Sequence[str]) -> Order:
    """Tell which of two numbers before a year is the day, by a column's first dates: no month has a number above 12."""
    found = [one for text in texts if (one := _NUMBERS.search(text))]
    if not found:
        return "as named"
    day_first, month_first = (any(int(one[at]) > _MONTHS for one in found) for at in (1, 3))
    if day_first != month_first:
        return "day first" if day_first else "month first"
    return "day first" if not day_first and found[0][2] == "." else "either"


def date(text: str, known: Order = "as named") -> float:
    """Read what dateutil reads; ValueError for anything else. Of one day it is asked once: it takes 50 us."""
    clock = CLOCK.search(text)
    local = _day(_at_midnight(text), known).replace(tzinfo=UTC).timestamp() + (of_day(clock[0]) if clock else 0.0)
    return local if known == "either" else local - ahead(text, known)  # the days of either are looked at again


def ahead(text: str, known: Order) -> float:
    """Return by how many seconds the zone of a date is ahead of UTC; ValueError as of the date."""
    offset = _day(_at_midnight(text), known).utcoffset()
    return offset.total_seconds() if offset else 0.0


def _at_midnight(text: str) -> str:
    return CLOCK.sub("00:00:00", text, count=1)


@lru_cache(maxsize=1 << 12)
def _day(text: str, known: Order) -> datetime:
    """Read a date; ValueError for anything else: dateutil raises more than it documents."""
    text = _NUMBERS.sub(partial(_by_order, known=known), text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names of zones that it does not know
        try:
            moment: datetime = dateutil.parse(_NAMED_ZONE.sub(r" \1", text)[:MOST_TEXT])
        except (ArithmeticError, AttributeError, LookupError, TypeError) as cause:
            raise ValueError(text) from cause
    return moment


def _by_order(found: re.Match[str], known: Order) -> str:
    """Write a date of numbers as ISO 8601; ValueError where it has no such month. Either: day first where that fits."""
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    day, month = (second, first) if known == "month first" else (first, second)
    if known == "either" and month > _MONTHS:
        day, month = month, day
    if month > _MONTHS:
        raise ValueError(found[0])
    century = 0 if year > _TWO_DIGITS else _CENTURY - 100 * (year >= _LAST_CENTURY)
    return f"{century + year:04}-{month:02}-{day:02}"


def settled(seconds: Floats, ahead: Floats) -> tuple[Floats, Order | None]:
    """Decide a column that was read either way: the order in which less time passes between its rows.

    Days taken for months lie a month apart. None where both fit alike: then the month is first, as dateutil has it.
    """
    other = _exchanged(seconds) - ahead  # a day is one of its zone's clock
    seconds = seconds - ahead
    here, there = (float(np.abs(np.diff(one[np.isfinite(one)])).sum()) for one in (seconds, other))
    if abs(here - there) < 1:
        return other, None
    return (seconds, "day first") if here < there else (other, "month first")


def _exchanged(seconds: Floats) -> Floats:
    """Exchange day and month wherever the day could be a month."""
    found = seconds.copy()
    known = np.isfinite(seconds)
    days = (seconds[known] // SECONDS_A_DAY).astype("datetime64[D]")
    months, years = days.astype("datetime64[M]"), days.astype("datetime64[Y]").astype("datetime64[M]")
    day, month = (days - months.astype("datetime64[D]")).astype(int), (months - years).astype(int)
    exchanged = (years + day).astype("datetime64[D]") + month
    found[known] += np.where(day < _MONTHS, (exchanged - days).astype(int) * float(SECONDS_A_DAY), 0.0)
    return found


def _utc(moment: datetime) -> float:
    """Return a time without a zone as UTC: only differences count."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@lru_cache(maxsize=100_000)  # a day has 86,400 seconds
def of_day(text: str) -> float:
    """Read a time of day, with seconds or without; ValueError for anything else."""
    found = CLOCK.fullmatch(text.strip())
    if not found:
        raise ValueError(text)
    hours = int(found[1]) % 12 + 12 * (found[4] in "Pp") if found[4] else int(found[1])
    return 3600.0 * hours + 60.0 * int(found[2]) + float((found[3] or "0").replace(",", "."))
