"""Quantities: base units inside, people's units when printed.

Bytes of churn print in decimal units (1 GB = 10^9 bytes), because the claims under test do; resident memory prints
in binary ones (1 MiB = 2^20 bytes), because kernels do. Nothing here rounds what is stored.
"""

import math
import re
from decimal import Decimal

SECONDS_A_DAY = 86_400
SECONDS_AN_HOUR = 3600.0
MIB = 1024 * 1024
MAX_GROWTH = "4MiB/h"  # of memory, unless a scenario or a user says otherwise; why, docs/method.md says
NS_A_SECOND = 1_000_000_000
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_DURATIONS = re.compile(rf"{_DURATION.pattern}(?:\s*{_DURATION.pattern})*")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]i?B|B)")
_SIZES = {
    "b": 1.0,
    **{f"{one}b": 1000.0**at for at, one in enumerate("kmgt", 1)},
    **{f"{one}ib": 1024.0**at for at, one in enumerate("kmgt", 1)},
}
_PERIODS = {"s": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0, "week": 604_800.0}
_DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB")


def seconds(text: str) -> float:
    """Read a duration such as ``500ms``, ``60s``, ``2h``, ``1m 30s``; ValueError for anything else."""
    if text.strip() == "0":
        return 0.0
    if not _DURATIONS.fullmatch(text.strip()):
        raise ValueError(text)
    found = sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text))
    if not math.isfinite(found):
        raise ValueError(text)
    return found


def duration(value: float) -> str:
    """Print seconds the way they are typed: ``2s``, ``1m 30s``, ``1d``."""
    rest = round(value, 3)
    if rest < 1:
        return f"{value * 1000:.0f}ms" if value else "0s"
    parts = []
    for unit in ("d", "h", "m"):
        whole, rest = divmod(rest, _SECONDS[unit])
        if whole:
            parts.append(f"{whole:.0f}{unit}")
    if rest or not parts:
        parts.append(f"{rest:.3f}".rstrip("0").rstrip(".") + "s")
    return " ".join(parts)


def about(value: float) -> str:
    """Print estimated seconds, no finer than they can be known: ``8m``, ``2h 10m``, ``3d 4h``."""
    hour, minute = _SECONDS["h"], _SECONDS["m"]
    steps = ((SECONDS_A_DAY, hour), (hour, minute), (2 * minute, minute))
    step = next((step for least, step in steps if value > least), 1.0)
    return duration(max(1, -(-value // step)) * step)


def size(text: str) -> float:
    """Read an amount of memory such as ``100MiB``, ``4kB``, ``1.5 GB``, in bytes; ValueError for anything else."""
    found = _SIZE.fullmatch(text.strip())
    if not found or not math.isfinite(float(found[1])):
        raise ValueError(text)
    return float(found[1]) * _SIZES[found[2].lower()]


def growth_rate(text: str) -> float:
    """Read SIZE/TIME such as ``100MiB/30d``, ``4MiB/h``, ``1GB/day`` as bytes an hour; ValueError for the rest."""
    amount, slash, period = (part.strip() for part in text.partition("/"))
    if not slash:
        raise ValueError(text)
    lasts = _PERIODS.get(period) or seconds(period if period[:1].isdigit() else f"1{period}")
    found = size(amount) / lasts * _SECONDS["h"] if lasts else math.inf
    if not 0 < found < math.inf:
        raise ValueError(text)
    return found


def _scaled(value: float, base: int, names: tuple[str, ...]) -> str:
    size = float(value)
    for name in names[:-1]:
        if round(abs(size)) < base:  # what figures would print
            return f"{figures(size)} {name}"
        size /= base
    return f"{figures(size)} {names[-1]}"


def figures(value: float) -> str:
    """Three significant figures without exponent: ``0``, ``0.37``, ``6.29``, ``640``; whole numbers stay whole."""
    if value == 0:
        return "0"
    if abs(value) >= 100 or value == int(value):  # noqa: PLR2004 - three figures are whole from one hundred on
        return f"{value:,.0f}"
    return f"{Decimal(f'{value:.3g}'):f}"


def rounded(value: float) -> float:
    """Leave two significant figures of a factor: ``2,140`` times is ``2,100`` times."""
    return float(f"{value:.2g}")


def churn_bytes(value: float) -> str:
    """Bytes allocated, in decimal units: ``640 GB``."""
    return _scaled(value, 1000, _DECIMAL)


def memory_bytes(value: float) -> str:
    """Bytes resident, in binary units: ``33.2 MiB``."""
    return _scaled(value, 1024, _BINARY)


def per_day(rate_per_second: float) -> float:
    """Turn a rate per second into one per day of 86,400 s."""
    return rate_per_second * SECONDS_A_DAY


def polls_a_day(interval_s: float) -> float | None:
    """Count the polls a day at an interval in seconds; None for back-to-back polls, which have no day of their own."""
    return SECONDS_A_DAY / interval_s if interval_s else None


def count(value: float) -> str:
    """Print a whole number with thousands separated: ``190,431``."""
    return f"{value:,.0f}"


def moment(value: float | None) -> str:
    """Print a latency in seconds in the unit that suits it, microseconds to seconds; a dash where there is none."""
    if value is None:
        return "–"
    if value < 1e-3:  # noqa: PLR2004 - a millisecond
        return f"{figures(value * 1e6)} µs"
    return f"{figures(value * 1e3)} ms" if value < 1 else f"{figures(value)} s"
