"""What all readers of series give: columns of numbers over time, before anything is judged."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from harness.errors import UsageFault

Floats = npt.NDArray[np.float64]
_SAMPLED = 100_000
Per = Literal["hour", "unit"]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the user chose. ``unit_bytes``: of one step of the numbers; ``every_s``: between readings without times."""

    columns: tuple[str, ...] = ()
    time: str | None = None
    unit_bytes: float | None = None
    every_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Series:
    """One series of memory. ``x``: seconds, or units of work; ``y``: bytes, NaN where a reading is missing.

    ``unit`` names the unit of the file and how it is known; ``clock`` how its times were read; ``lives`` numbers the
    process of each reading where the file tells it.
    """

    name: str
    kind: str
    x: Floats
    y: Floats
    per: Per = "hour"
    unit: str
    clock: str
    lives: npt.NDArray[np.int64] | None = None


def sampled(values: Floats) -> Floats:
    """Return the readings among some 100,000 evenly taken ones: enough to tell units, without a copy of ten million."""
    some = values[:: 1 + values.size // _SAMPLED]
    return some[np.isfinite(some)]


class SeriesFault(UsageFault):
    """A file does not hold a series that can be judged."""


def no_series(name: str, what: str, expected: str, id: str = "not_a_series") -> SeriesFault:  # noqa: A002 - as in errors
    """Build the error for a file that is something else."""
    return SeriesFault(id, f"{name} {what}", expected)
