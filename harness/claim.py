"""The grammar of ``--claim``: one line of text to a claim of the plan. Pure and total.

::

    claim    = NAME "." QUANTITY ( state | relation amount )
    state    = "flat" | "growing"
    relation = "<=" | ">=" | "=" amount "+-" NUMBER "%"
    amount   = NUMBER [ UNIT ] | NUMBER "%" "of" NAME

Every text gives a ``ClaimPlan`` or a ``UsageFault`` with the column of what is wrong and an example that is right.
"""

import math
import re
from collections.abc import Collection, Sequence
from typing import NamedTuple, NoReturn, cast

import msgspec

from harness.errors import UsageFault
from harness.model import ClaimPlan, Quantity, Relation

EXAMPLES = (
    "new.growth flat",
    "old.growth growing",
    "new.rss_peak_bytes <= 60MiB",
    "new.descriptors flat",
    "new.bytes_per_day <= 1% of old",
    "new.growth <= 1MiB/h",
    "new.bytes_per_poll = 30kB +- 25%",
)
SOURCE = "--claim"


class _Kind(NamedTuple):
    """A quantity of the grammar: what it is in the analysis, its unit there, and whether it is judged as a trend."""

    quantity: Quantity
    unit: str
    trend: bool = False
    resource: str | None = None


_RESOURCES = {
    **dict.fromkeys(
        (
            "anonymous",
            "file_mapped",
            "shared_memory",
            "huge_pages",
            "lazily_freed",
            "of_children",
            "swap",
            "pss",
            "uss",
        ),
        "bytes/hour",
    ),
    **dict.fromkeys(
        (
            *("threads", "descriptors", "netlink_sockets", "inet_sockets", "unix_sockets"),
            *("files", "pipes", "event_descriptors", "children"),
        ),
        "an hour",
    ),
}
_NUMBERS: dict[Quantity, str] = {
    "rss_first_bytes": "bytes",
    "rss_last_bytes": "bytes",
    "rss_peak_bytes": "bytes",
    "pss_last_bytes": "bytes",
    "uss_last_bytes": "bytes",
    "bytes_per_day": "bytes/day",
    "idle_bytes_per_day": "bytes/day",
    "bytes_per_poll": "bytes/poll",
    "bytes_per_event": "bytes/event",
    "allocations_per_day": "allocations/day",
    "user_s": "s",
    "system_s": "s",
    "voluntary_switches": "switches",
    "involuntary_switches": "switches",
    "minor_faults": "faults",
    "detected": "events",
    "missed": "events",
    "false_positives": "events",
    "latency_p50_s": "s",
    "latency_p99_s": "s",
    "latency_max_s": "s",
    "dropped": "events",
}
QUANTITIES: dict[str, _Kind] = {
    "growth": _Kind("growth", "bytes/hour", trend=True),
    "compressed_growth": _Kind("compressed_growth", "bytes/poll", trend=True),
    **{name: _Kind("resource", unit, trend=True, resource=name) for name, unit in _RESOURCES.items()},
    **{name: _Kind(name, unit) for name, unit in _NUMBERS.items()},
}
"""What can be claimed: the quantities of a scenario's claims, and each resource by its name."""

_STATES = ("flat", "growing")
_RELATIONS: dict[str, Relation] = {"<=": "at_most", ">=": "at_least", "=": "about"}
_BYTES = {
    "": 1.0,
    **{name: 1000.0**power for power, name in enumerate(("B", "kB", "MB", "GB", "TB"))},
    **{name: 1024.0**power for power, name in enumerate(("KiB", "MiB", "GiB", "TiB"), start=1)},
}
_SECONDS = {"": 1.0, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PER = {  # unit of a quantity to the words that may stand behind its amount
    "bytes/hour": ("/h", "/hour"),
    "bytes/day": ("/d", "/day"),
    "bytes/poll": ("/poll",),
    "bytes/event": ("/event",),
    "allocations/day": ("/d", "/day"),
    "an hour": ("/h", "/hour"),
}
_SUBJECT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\.([A-Za-z_0-9]+)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_WORD = re.compile(r"[A-Za-z]+")
_TOLERANCE = re.compile(r"\s*(?:\+-|±)\s*")
_OF = re.compile(r"\s*%\s*of\s+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SPACE = re.compile(r"\s*")


def read(texts: Sequence[str], names: Collection[str]) -> tuple[ClaimPlan, ...]:
    """Read claims about subjects of these names; UsageFault for the first that is wrong."""
    return tuple(
        _with_id(number, _Reader(text, names).claim()) for number, text in enumerate(dict.fromkeys(texts), start=1)
    )


def _with_id(number: int, claim: ClaimPlan) -> ClaimPlan:
    return msgspec.structs.replace(claim, id=f"claim-{number}")


class _Reader:
    """Reads one claim from left to right."""

    def __init__(self, text: str, names: Collection[str]) -> None:
        self._text = text
        self._names = names
        self._at = 0

    def claim(self) -> ClaimPlan:
        subject, kind = self._subject()
        state = next((one for one in _STATES if self._take(re.compile(rf"{one}(?!\S)"))), None)
        if state is not None:
            claim = self._state(subject, kind, state)
        else:
            claim = self._amount(subject, kind, self._relation(kind))
        self._end()
        return claim

    def _subject(self) -> tuple[str, _Kind]:
        found = self._take(_SUBJECT)
        if not found:
            self._fail("expected NAME.QUANTITY")
        name, word = found[1], found[2]
        if name not in self._names:
            self._at = found.start()
            self._fail(f"no subject is called {name!r}; the run has {', '.join(self._names)}")
        if word not in QUANTITIES:
            self._at = found.start(2)
            self._fail(f"no quantity is called {word!r}; there are {', '.join(QUANTITIES)}")
        return name, QUANTITIES[word]

    def _state(self, subject: str, kind: _Kind, state: str) -> ClaimPlan:
        if not kind.trend:
            trends = ", ".join(word for word, one in QUANTITIES.items() if one.trend)
            self._fail(f"only a trend is flat or growing: {trends}", f"{subject}.growth {state}")
        return self._plan(subject, kind, cast("Relation", state), 0.0)

    def _relation(self, kind: _Kind) -> Relation:
        found = self._take(re.compile(r"<=|>=|=")) or self._fail(
            f"expected {'flat, growing, ' if kind.trend else ''}<=, >= or ="
        )
        return _RELATIONS[found[0]]

    def _amount(self, subject: str, kind: _Kind, relation: Relation) -> ClaimPlan:
        number = self._number()
        if self._take(_OF):
            claim = self._share(subject, kind, relation, number / 100)
        else:
            claim = self._plan(subject, kind, relation, number * self._unit(kind))
        if relation != "about":
            return claim
        if not self._take(_TOLERANCE):
            self._fail("expected +- and a percentage: two measured numbers are never equal", EXAMPLES[-1])
        tolerance = self._number() / 100
        self._take(re.compile("%")) or self._fail("expected %", EXAMPLES[-1])
        return msgspec.structs.replace(claim, tolerance=tolerance)

    def _share(self, subject: str, kind: _Kind, relation: Relation, share: float) -> ClaimPlan:
        other = self._take(_NAME) or self._fail("expected the name of a subject")
        if other[0] not in self._names or other[0] == subject:
            self._at = other.start()
            self._fail(f"{other[0]!r} is no other subject; the run has {', '.join(self._names)}")
        claim = self._plan(subject, kind, relation, share)
        return msgspec.structs.replace(claim, share_of=other[0], unit=f"of {other[0]}")

    def _number(self) -> float:
        sign = -1.0 if self._take(re.compile("-")) else 1.0
        found = self._take(_NUMBER) or self._fail("expected a number")
        value = sign * float(found[0])
        return value if math.isfinite(value) else self._fail("the number is too large")

    def _unit(self, kind: _Kind) -> float:
        units = _BYTES if kind.unit.startswith("bytes") else _SECONDS if kind.unit == "s" else {"": 1.0}
        word = found[0] if (found := self._take(_WORD)) else ""
        if word not in units:
            self._at -= len(word)
            self._fail(f"{word!r} is no unit of this quantity; there are {', '.join(filter(None, units)) or 'none'}")
        for per in sorted(_PER.get(kind.unit, ()), key=len, reverse=True):
            if self._take(re.compile(rf"{per}(?!\w)")):
                break
        return units[word]

    def _plan(self, subject: str, kind: _Kind, relation: Relation, claimed: float) -> ClaimPlan:
        return ClaimPlan(
            id="",
            text=" ".join(self._text.split()),
            source=SOURCE,
            subject=subject,
            quantity=kind.quantity,
            relation=relation,
            claimed=claimed,
            unit=kind.unit,
            resource=kind.resource,
        )

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Step over white space and what matches; None, and no step, where nothing does."""
        space = _SPACE.match(self._text, self._at)
        found = pattern.match(self._text, space.end() if space else self._at)
        if found:
            self._at = found.end()
        return found

    def _end(self) -> None:
        if self._text[self._at :].strip():
            self._fail(f"{self._text[self._at :].strip()!r} is left over")

    def _fail(self, why: str, example: str = EXAMPLES[0]) -> NoReturn:
        raise UsageFault(
            "bad_claim", f"--claim {self._text!r}, column {self._at + 1}: {why}", f"for example --claim {example!r}"
        )
