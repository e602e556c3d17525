"""Amounts of memory as other tools write them: a unit beside the number, in the header, or nowhere."""

import re
from typing import NamedTuple

import numpy as np

from harness.files.series.table import Floats, sampled

_K, _KI = 1000.0, 1024.0
# Of what files say, not of what a user types (``units.size``). A kernel's kB has 1,024 bytes (proc(5), and ps and
# pidstat after it), and a file that says kB of resident memory has it from there. docker stats writes MiB for memory.
FACTORS = {
    "b": 1.0, "byte": 1.0, "bytes": 1.0,
    "k": _KI, "kb": _KI, "kib": _KI, "kbytes": _KI, "kilobytes": _KI,
    "m": _KI**2, "mb": _K**2, "mib": _KI**2, "mbytes": _K**2, "megabytes": _K**2,
    "g": _KI**3, "gb": _K**3, "gib": _KI**3, "gbytes": _K**3, "gigabytes": _K**3,
    "t": _KI**4, "tb": _K**4, "tib": _KI**4,
    "ki": _KI, "mi": _KI**2, "gi": _KI**3, "ti": _KI**4,
    "pages": 4096.0,
}  # fmt: skip
_BRACKETED = frozenset(
    ("b", "k", "m", "g", "t", "ki", "mi", "gi", "ti")
)  # in a header these are units in brackets only
_NAMES = {1.0: "bytes", _KI: "KiB", _KI**2: "MiB", _K**2: "MB", _KI**3: "GiB", _K**3: "GB", _KI**4: "TiB", _K**4: "TB"}
_AMOUNT = re.compile(r"([-+]?\d[\d.]*(?:[eE][-+]?\d+)?)\s*([A-Za-z]*)")
_WORDS = re.compile(r"[A-Za-z]+")
PAGE, _BLOCK = 4096, 4
_TOO_SMALL = 2**20  # bytes: no process of today is resident with less


class Unit(NamedTuple):
    """What one step of the numbers is in bytes, and how that is known."""

    factor: float
    source: str

    @property
    def name(self) -> str:
        return _NAMES.get(self.factor, f"{self.factor:g} bytes")


def amount(text: str) -> tuple[float, str]:
    """Read ``12.5MiB``, ``12.5MiB / 2GiB`` or ``1234``: the first number and its unit; ValueError for anything else."""
    found = _AMOUNT.match(text.strip())
    if not found:
        raise ValueError(text)
    return float(found[1]), found[2].lower()


def has_unit(text: str) -> bool:
    """Return whether a number has a unit of memory behind it."""
    try:
        return amount(text)[1] in FACTORS
    except ValueError:
        return False


def named(unit: str, source: str) -> Unit | None:
    """Return the unit of that name; None for one that is not of memory."""
    factor = FACTORS.get(unit.strip().lower())
    return None if factor is None else Unit(factor, source)


def from_header(header: str) -> Unit | None:
    """Read the unit that a header names: ``rss_bytes``, ``RSS (MiB)``, ``mem[kB]``; None where it names none."""
    ends = re.search(r"[(\[]([A-Za-z]+)[)\]]$", header)
    words = [word for word in _WORDS.findall(header.replace("_", " ")) if word.lower() in FACTORS]
    units = [word for word in words if word.lower() not in _BRACKETED or (ends and word == ends[1])]
    return named(units[-1], f"by the header {header!r}") if units else None


def guess(values: Floats) -> Unit:
    """Guess the unit of resident memory that has none: the kernel counts it in pages, so whole pages tell bytes."""
    known = sampled(values)
    known = known[known > 0]
    if not known.size:
        return Unit(1.0, "assumed: nothing tells it")
    if (known % PAGE == 0).all():
        return Unit(1.0, "guessed: all are whole pages of 4,096 bytes")
    whole = (known % _BLOCK == 0).all()
    if whole:
        return Unit(_KI, "guessed: all are whole pages of 4 KiB")
    if np.median(known) < _TOO_SMALL:
        fractions = (known % 1 != 0).any()
        unit = _KI**2 if fractions else _KI
        return Unit(unit, "guessed: as bytes it would be less than any process has")
    return Unit(1.0, "assumed: nothing tells it")
