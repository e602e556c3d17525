"""JSON lines between a subject and the run: one pure function from bytes to a type.

A subject is somebody's program: a line that is not of the protocol is reported as such and never trusted.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from harness.model import ReportedOutcome, Work

MAX_LINE_BYTES = 65_536
_MOST = 2**63 - 1
_MOST_LETTERS = 500
_Count = Annotated[int, Meta(ge=0, le=_MOST)]
_Moment = Annotated[int, Meta(ge=0, le=_MOST)]


class Ready(Struct, frozen=True, kw_only=True, tag_field="event", tag="ready"):
    """The watcher stands; nothing from now on can be missed."""

    at_ns: Annotated[_Moment, Meta(description="CLOCK_MONOTONIC, in nanoseconds")]
    ifname: Annotated[str, Meta(description="name of the watched interface")]
    ifindex: Annotated[int, Meta(description="index of the watched interface")]


class Found(Struct, frozen=True, kw_only=True, tag_field="event", tag="found"):
    """The name was resolved; the watcher waits for the word to go on and subscribe."""

    at_ns: Annotated[_Moment, Meta(description="CLOCK_MONOTONIC, in nanoseconds")]
    ifname: Annotated[str, Meta(description="name of the interface that was resolved")]
    ifindex: Annotated[int, Meta(description="index of that interface")]


class Lost(Struct, frozen=True, kw_only=True, tag_field="event", tag="lost"):
    """The watcher survived an overrun in which the kernel dropped that many events."""

    at_ns: Annotated[_Moment, Meta(description="CLOCK_MONOTONIC, in nanoseconds")]
    dropped: Annotated[_Count, Meta(description="events that were lost")]


class WorkLine(Struct, frozen=True, kw_only=True, tag_field="event", tag="work"):
    """What was done since the start; told when it is asked for, and at the end."""

    at_ns: Annotated[_Moment, Meta(description="CLOCK_MONOTONIC, in nanoseconds")]
    polls: Annotated[_Count, Meta(description="polls since the start")]
    events: Annotated[_Count, Meta(description="events received since the start")]
    allocated_bytes: Annotated[
        _Count | None, Meta(description="bytes allocated since the start, freed or not; null: not counted")
    ] = None
    allocations: Annotated[_Count | None, Meta(description="objects allocated since the start; null: not counted")] = (
        None
    )


class Dumps(Struct, frozen=True, kw_only=True, tag_field="event", tag="dumps"):
    """The dumps of kernel tables that were asked for since the start."""

    at_ns: Annotated[_Moment, Meta(description="CLOCK_MONOTONIC, in nanoseconds")]
    made: Annotated[_Count, Meta(description="dumps asked for")]
    marked: Annotated[_Count | None, Meta(description="those with NLM_F_DUMP_INTR set; null: not known")] = None
    retried: Annotated[
        _Count | None, Meta(description="those not used for it, and asked for again; null: not known")
    ] = None
    discarded_ns: Annotated[_Count | None, Meta(description="nanoseconds that those took; null: not known")] = None


class OutcomeLine(Struct, frozen=True, kw_only=True, tag_field="event", tag="outcome"):
    """The watcher's verdict about its interface; it ends after it."""

    at_ns: Annotated[_Moment, Meta(description="CLOCK_MONOTONIC, in nanoseconds")]
    restart: Annotated[bool, Meta(description="the watcher asks for a restart")]
    reason: Annotated[str, Meta(description="why, in one word")]
    message: Annotated[str | None, Meta(description="more words; null: none")] = None


class MalformedLine(Struct, frozen=True, kw_only=True):
    """A line that is not of the protocol; ``text`` is its beginning."""

    text: str


Line = Found | Ready | Lost | Dumps | Work | ReportedOutcome | MalformedLine
Told = Found | Ready | Lost | Dumps | WorkLine | OutcomeLine
"""What a subject may write, as it stands on the line."""
_DECODER: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)
_NOT_OURS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # what msgspec raises for bytes of all kinds


def decode(line: bytes) -> Line:
    """Read one line without its end; whatever it holds, the answer is one of the types of ``Line``."""
    try:
        told = _DECODER.decode(line)
    except _NOT_OURS:
        return MalformedLine(text=line[:200].decode(errors="replace"))
    if isinstance(told, Found | Ready | Lost | Dumps):
        return told
    if isinstance(told, OutcomeLine):
        message = None if told.message is None else told.message[:_MOST_LETTERS]
        return ReportedOutcome(
            at_ns=told.at_ns, restart=told.restart, reason=told.reason[:_MOST_LETTERS], message=message
        )
    return Work(
        at_ns=told.at_ns,
        polls=told.polls,
        events=told.events,
        allocated_bytes=told.allocated_bytes,
        allocations=told.allocations,
    )


class LineBuffer:
    """Bytes as they come, lines as they end. A line longer than ``MAX_LINE_BYTES`` is cut there."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Store bytes, and return the lines that they finished."""
        *ended, rest = data.split(b"\n")
        lines = []
        for end in ended:
            lines.append((self._rest + end)[:MAX_LINE_BYTES])
            self._rest = b""
        self._rest = (self._rest + rest)[:MAX_LINE_BYTES]
        return [line for line in lines if line.strip()]
