"""What is wrong with a recorded series, found and stated: missing readings, zeros, gaps, disorder, restarts. Pure."""

from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.files.series.table import Floats, Series
from harness.model.warning import DataWarning, WarningId
from harness.units import count, duration, memory_bytes

GAP = 5.0  # times the usual distance: less is jitter of a loop or of a scrape
# A process that starts again is back where it began; a collector seldom gives back more than half.
RESTART = 0.5  # of what was resident: what is left after a fall that is taken for a restart wherever it ends
BACK = 0.8  # the same of a fall that ends where the series began
_BEGINNING = 0.1  # of the first level: how near to it that is
_AROUND = 3  # readings on each side of a fall that must agree with it
# A saw-tooth of a collector falls again and again: more falls than this are not taken for restarts without evidence.
MOST_FALLS = 3
_SAMPLED = 100_000  # distances that tell the usual one: a median of all would copy them
_NAMED = 3  # of several places, so many are written out

Mask = npt.NDArray[np.bool_]


class Clean(NamedTuple):
    """A series without what is missing, and the stretch of it that is judged.

    ``restarts``: indices of the first reading of each later life. ``falls``: how many falls nothing but the memory
    itself tells of, whether they were taken for restarts or are too many for that.
    """

    series: Series
    begin: int
    end: int
    restarts: tuple[int, ...]
    falls: int
    warnings: tuple[DataWarning, ...]

    @property
    def x(self) -> Floats:
        """Return the time, or work, of the stretch that is judged."""
        return self.series.x[self.begin : self.end]

    @property
    def y(self) -> Floats:
        """Return the bytes of the stretch that is judged."""
        return self.series.y[self.begin : self.end]


def clean(series: Series, *, split: bool = True) -> Clean:
    """Leave out what is no reading, put times in order, and find restarts; ``split`` judges the longest life alone."""
    kept, warnings = _readings(series)
    kept, disorder = _ordered(kept)
    warnings += disorder + _gaps(kept)
    places, falls = _restarts(kept) if split else ((), 0)
    begin, end = _longest(kept, places)
    return Clean(kept, begin, end, places, falls, tuple(warnings + _falls_found(kept, places, falls, begin, end)))


def _readings(series: Series) -> tuple[Series, list[DataWarning]]:
    there = np.isfinite(series.x) & np.isfinite(series.y)
    positive = there & (series.y > 0)
    zeros = int(there.sum() - positive.sum())
    missing = int(there.size - there.sum())
    warnings = []
    if missing:
        warnings.append(_warn("readings_missing", f"{count(missing)} rows without a reading are left out"))
    if zeros:
        warnings.append(_warn("zeros_left_out", f"{count(zeros)} zeros mean that nothing was read, and are left out"))
    return (_only(series, positive), warnings) if warnings else (series, warnings)


def _warn(name: WarningId, text: str) -> DataWarning:
    return DataWarning(id=name, text=text)


def _only(series: Series, kept: "Mask | npt.NDArray[np.int64]") -> Series:
    lives = None if series.lives is None else series.lives[kept]
    return replace(series, x=series.x[kept], y=series.y[kept], lives=lives)


def _ordered(series: Series) -> tuple[Series, list[DataWarning]]:
    back = int((np.diff(series.x) < 0).sum())
    if not back:
        return series, []
    return _only(series, np.argsort(series.x, kind="stable")), [
        _warn("times_reordered", f"times go back {count(back)} times: rows are put in order")
    ]


def _gaps(series: Series) -> list[DataWarning]:
    steps = np.diff(series.x)
    usual = float(np.median(steps[:: 1 + steps.size // _SAMPLED])) if steps.size else 0.0
    gaps = steps[steps > GAP * usual] if usual > 0 else steps[:0]
    if not gaps.size or series.per != "hour":
        return []
    longest, all_ = duration(round(float(gaps.max()))), duration(round(float(gaps.sum())))
    text = (
        f"{count(gaps.size)} gaps, {all_} in all, the longest {longest} "
        f"(usual: {duration(round(usual, 3))}); time goes on in them"
    )
    return [_warn("time_gaps", text)]


def _restarts(series: Series) -> tuple[tuple[int, ...], int]:
    """Return the places where another process begins; and how many falls are left that may be the collector's."""
    if series.lives is not None:
        return tuple((np.flatnonzero(np.diff(series.lives)) + 1).tolist()), 0
    falls = _falls(series.y)
    return ((), len(falls)) if len(falls) > MOST_FALLS else (falls, len(falls))


def _falls(y: Floats) -> tuple[int, ...]:
    at = np.flatnonzero(y[1:] < BACK * y[:-1]) + 1
    began = float(np.median(y[:_AROUND])) if y.size else 0.0
    found = []
    for place in at[:1000].tolist():
        before = float(np.median(y[max(0, place - _AROUND) : place]))
        after = float(np.median(y[place : place + _AROUND]))
        back = abs(after - began) <= _BEGINNING * began
        if after < (BACK if back else RESTART) * before:
            found.append(place)
    return tuple(found)


def _longest(series: Series, places: tuple[int, ...]) -> tuple[int, int]:
    edges = [0, *places, series.x.size]
    lives = list(pairwise(edges))
    return (
        max(lives, key=lambda life: (series.x[life[1] - 1] - series.x[life[0]], life[1])) if series.x.size else (0, 0)
    )


def _falls_found(series: Series, places: tuple[int, ...], falls: int, begin: int, end: int) -> list[DataWarning]:
    if falls and not places:
        why = "restarts, or memory that is given back; it is judged as one life"
        text = f"falls {count(falls)} times by more than half, or to where it began: {why}"
        return [_warn("falls_undecided", text)]
    if not places:
        return []
    how = (
        "by its process id"
        if series.lives is not None
        else "taken for it, since memory falls by more than half, or to where it began"
    )
    named = ", ".join(_fall(series, place) for place in places[:_NAMED]) + (" …" if len(places) > _NAMED else "")
    part = f"row {count(begin + 1)} to {count(end)}"
    text = f"{count(len(places))} restarts ({how}): {named}; only the longest life is judged, {part}"
    return [_warn("restarts_split", text)]


def _fall(series: Series, place: int) -> str:
    where = float(series.x[place] - series.x[0])
    at = duration(round(where)) if series.per == "hour" else f"unit {count(where)}"
    return f"{memory_bytes(series.y[place - 1])} to {memory_bytes(series.y[place])} at {at}"
