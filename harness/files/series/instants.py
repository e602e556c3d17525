"""Columns of time in any usual form, to seconds."""

import re
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.files.series import dates
from harness.files.series.table import Floats, sampled
from harness.units import SECONDS_A_DAY

_SINCE_1970_S = 3e8  # the middle of 1979: no machine was up for so long
_NO_TIME_S = 1e10  # the year 2286: a header whose unit leads there names another unit than its numbers have
_EPOCHS = ((1e17, 1e-9, "nanoseconds since 1970"), (1e14, 1e-6, "microseconds since 1970"),
           (1e11, 1e-3, "milliseconds since 1970"), (_SINCE_1970_S, 1.0, "seconds since 1970"))  # fmt: skip
_WORK = re.compile(
    r"(?i)\b(polls?|requests?|iterations?|rounds?|cycles?|operations?|ops|messages|events|count(er)?|work|n)\b"
)
_TIME = re.compile(
    r"(?i)(time|date|elapsed|epoch|\bts\b|\bwhen\b|\bat\b|seconds|\bsecs?\b|\bhours?\b|\bminutes?\b|uptime)"
)
_SUBSECOND = (
    (re.compile(r"(?i)(\bns\b|nanosec)"), 1e-9, "nanoseconds"),
    (re.compile(r"(\bus\b|[\u00b5\u03bc]s|(?i:microsec))"), 1e-6, "microseconds"),  # US is a place, and mu two letters
    (re.compile(r"(?i)(\bms\b|msec|millisec)"), 1e-3, "milliseconds"),
)
_ELAPSED = (
    (re.compile(r"(?i)(\bmins?\b|minutes?)"), 60.0, "minutes"),
    (re.compile(r"(?i)(\bh\b|\bhrs?\b|hours?)"), 3600.0, "hours"),
    (re.compile(r"(?i)\bdays?\b"), float(SECONDS_A_DAY), "days"),
    (re.compile(r"(?i)(\bs\b|secs?\b|seconds?)"), 1.0, "seconds"),
)
ISO = "ISO 8601"
TIME_OF_DAY = "time of day"
_DATE = re.compile(r"\d.*[-/: ,]|\d\.\d{1,2}\.\d{4}")  # dateutil takes a bare number for a day of this month
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_ZONE = re.compile(r"(?<=\d)([+-])(\d{2}):?(\d{2})$")


class Clock(NamedTuple):
    """Seconds, or units of work, and in which form they were written."""

    x: Floats
    form: str
    work: bool = False


def is_time(header: str) -> bool:
    return bool(_TIME.search(header.replace("_", " ")))


def is_work(header: str) -> bool:
    return bool(_WORK.search(header.replace("_", " "))) and not is_time(header)


def numbers(values: Floats, header: str) -> Clock:
    """Read a column of numbers: by the unit below a second that its header names, else by their size, or the header.

    The size tells only what counts from 1970: a machine's own clock of nanoseconds is as large as milliseconds of 1970.
    """
    if is_work(header):
        return Clock(values, f"work: {header}", work=True)
    known = sampled(values)
    middle = float(np.median(known)) if known.size else 0.0
    return _below_a_second(values, middle, header) or _by_size(values, middle) or _elapsed(values, header)


def _below_a_second(values: Floats, middle: float, header: str) -> Clock | None:
    found = next((one for one in _SUBSECOND if one[0].search(header.replace("_", " "))), None)
    if found is None or middle * found[1] >= _NO_TIME_S:
        return None
    since = " since 1970" if middle * found[1] >= _SINCE_1970_S else ""
    return Clock(values * found[1], f"{found[2]}{since}, by the header {header!r}")


def _by_size(values: Floats, middle: float) -> Clock | None:
    found = next((one for one in _EPOCHS if middle >= one[0]), None)
    return found and Clock(values if found[1] == 1 else values * found[1], found[2])


def _elapsed(values: Floats, header: str) -> Clock:
    found = next((one for one in _ELAPSED if one[0].search(header.replace("_", " "))), None)
    if found is None:
        return Clock(values, "seconds (assumed)")
    return Clock(values * found[1], f"{found[2]}, by the header {header!r}")


class Reader(NamedTuple):
    """How one text is read as seconds, and what the form is called."""

    read: Callable[[str], float]
    form: str
    ahead: "array[float] | None" = None  # of each row's zone, where only all rows tell the day from the month

    @property
    def block_type(self) -> Literal["S32"] | None:
        """Return the type by which numpy reads the times of a chunk at once; None where only ``column`` can."""
        return "S32" if self.form == ISO else None

    def column(self, values: Sequence[str]) -> Floats:
        """Read a column; NaN where a text has another form."""
        if self.ahead is not None:
            zone = partial(dates.ahead, known="either")
            self.ahead.extend(self._known(value, zone) for value in values)
        return np.array([self._known(value, self.read) for value in values], dtype=np.float64)

    @staticmethod
    def _known(value: str, read: Callable[[str], float]) -> float:
        try:
            return read(value)
        except (ValueError, OverflowError):
            return np.nan


OF_DAY = Reader(dates.of_day, TIME_OF_DAY)
_SPANS = Reader(dates.span, "minutes and seconds since a start")
_EITHER = Reader(dates.span, f"{TIME_OF_DAY} (assumed: hours and minutes)")  # or a span, if a later row tells so


def reader(examples: Sequence[str], title: str = "") -> Reader:
    """Choose by the first texts of a column and its header; ValueError where the first one is no time.

    ISO 8601, a time of day, a time since a start as ps writes it, or what dateutil reads.
    """
    texts = [text for example in examples if (text := example.strip())]
    first = texts[0] if texts else ""
    if dates.are_spans(texts, title):
        return _SPANS
    if texts and dates.are_short(texts):
        return _EITHER
    if dates.is_clock(first):
        return OF_DAY
    if _ISO.match(first):
        with suppress(ValueError):  # dateutil knows names of zones
            dates.iso(first)
            return Reader(dates.iso, ISO)
    if not _DATE.search(first) or len(first) > dates.MOST_TEXT:
        raise ValueError(first)
    order = dates.order(texts)
    dates.date(first, order)
    said = "" if order in {"as named", "either"} else f", {order}"
    return Reader(
        partial(dates.date, known=order), f"dates such as {first!r}{said}", array("d") if order == "either" else None
    )


def finished(seconds: Floats, reader: Reader) -> Clock:
    """Add the days to times of day, and choose where a column was read either way: as day or month, clock or span."""
    if reader.ahead is not None:
        seconds, order = dates.settled(seconds, np.array(reader.ahead))
        return Clock(seconds, f"{reader.form}, {order or 'month first (assumed)'}")
    if reader is _EITHER:
        if np.fmax.reduce(seconds, initial=0.0) >= dates.NO_CLOCK_S:
            return Clock(seconds, _SPANS.form)
        return Clock(_over_midnight(seconds * 60), reader.form)
    return Clock(_over_midnight(seconds) if reader.form == TIME_OF_DAY else seconds, reader.form)


def block(times: npt.NDArray[np.bytes_]) -> Floats:
    """Read ISO 8601 all at once, NaN where a cell is empty; ValueError for several zones, which need ``column``."""
    zone = _ZONE.search(times[0].decode("ascii")) if times.size else None
    letters = np.array(times).view(np.uint8).reshape(times.size, -1)
    if (letters[:, -1] != 0).any():
        raise ValueError(times[0])
    ahead_s = 0.0
    if zone:
        begin, end = zone.span()
        if (letters[:, begin:end] != np.frombuffer(zone[0].encode(), np.uint8)).any() or letters[:, end:].any():
            raise ValueError(times[0])
        letters[:, begin:] = 0
        ahead_s = float(f"{zone[1]}1") * (3600 * int(zone[2]) + 60 * int(zone[3]))
    if (letters == ord("+")).any():
        raise ValueError(times[0])
    letters[letters == ord("Z")] = 0
    instants = letters.view("S32").reshape(-1).astype("datetime64[us]")
    found: Floats = instants.astype(np.int64) / 1e6 - ahead_s
    found[np.isnat(instants)] = np.nan
    return found


def _over_midnight(seconds: Floats) -> Floats:
    """Add a day wherever the time of day falls by more than half a day; in place, as there may be ten million."""
    falls = np.flatnonzero(np.diff(seconds) < -SECONDS_A_DAY / 2) + 1
    for days, (begin, end) in enumerate(pairwise([*falls.tolist(), seconds.size]), start=1):
        seconds[begin:end] += SECONDS_A_DAY * days
    return seconds
