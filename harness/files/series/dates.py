"""Dates, times of day and times since a start, as people and programs write them, to seconds."""

import re
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from dateutil import parser as dateutil

from harness.units import SECONDS_A_DAY

MOST_TEXT = 64
CLOCK = re.compile(r"(?<![\d:])(\d{1,2}):(\d{2})(?::(\d{2}(?:[.,]\d+)?))?(?:\s*([AaPp])[Mm])?(?![\d:])")
_LAST_HOUR = 24
_SPAN = re.compile(r"(?:(?:(\d+)-)?(\d+):)?(\d+):(\d{2}(?:[.,]\d+)?)")  # ps: [[DD-]hh:]mm:ss
_SPANS = re.compile(r"(?i)(elapsed|etime|uptime)")
_SPACED_ZONE = re.compile(r"(?<=\d) +(?=[+-]\d{2}:?\d{2}$)")
_NAMED_ZONE = re.compile(r"\s([+-]\d{2}:?\d{2})\s+[A-Z]{2,5}\b.*")  # what Go prints: the offset, and its name


def is_clock(text: str) -> bool:
    """Return whether a text is a time of day, and nothing else."""
    return bool(CLOCK.fullmatch(text.strip()))


def are_spans(texts: Sequence[str], title: str) -> bool:
    """Return whether a column counts from a start as ps does: by its header, or as no day has so many hours."""
    if not texts or not all(map(_SPAN.fullmatch, texts)):
        return False
    return bool(_SPANS.search(title)) or any(
        text.count(":") == 1 and int(text.split(":")[0]) > _LAST_HOUR for text in texts
    )


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


def date(text: str) -> float:
    """Read what dateutil reads; ValueError for anything else. Of one day it is asked once: it takes 50 us."""
    clock = CLOCK.search(text)
    if not clock:
        return _day(text)
    begin, end = clock.span()
    return _day(f"{text[:begin]}00:00:00{text[end:]}") + of_day(text[begin:end])


@lru_cache(maxsize=1 << 12)
def _day(text: str) -> float:
    """Read a date; ValueError for anything else: dateutil raises more than it documents."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names of zones that it does not know
        try:
            return _utc(dateutil.parse(_NAMED_ZONE.sub(r" \1", text)[:MOST_TEXT]))
        except (ArithmeticError, AttributeError, LookupError, TypeError) as cause:
            raise ValueError(text) from cause


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
