"""Raw facts of a run: what subjects told of their work, and made of scripted events, storms and changing tables."""

from typing import Annotated, Literal

from msgspec import Meta

from harness.model.terms import (
    Model,
)


class Work(Model, frozen=True, kw_only=True):
    """A subject's own counts."""

    at_ns: Annotated[int, Meta(description="CLOCK_MONOTONIC, in nanoseconds")]
    polls: Annotated[int, Meta(description="polls since the start")]
    events: Annotated[int, Meta(description="events received since the start")]
    allocated_bytes: Annotated[
        int | None, Meta(description="bytes allocated since the start, freed or not; null: not counted")
    ]
    allocations: Annotated[int | None, Meta(description="objects allocated since the start; null: not counted")]


class ReportedOutcome(Model, frozen=True, kw_only=True):
    """A subject's verdict about its interface."""

    at_ns: Annotated[int, Meta(description="CLOCK_MONOTONIC, in nanoseconds")]
    restart: Annotated[bool, Meta(description="the subject asks for a restart")]
    reason: Annotated[str, Meta(description="why, in one word")]
    message: Annotated[str | None, Meta(description="more words; null: none")]


class Observation(Model, frozen=True, kw_only=True):
    """What one subject reported of one event."""

    subject: Annotated[str, Meta(description="name of the subject")]
    reported_outcome: Annotated[
        ReportedOutcome | None,
        Meta(description="what it reported; reason stopped: it watched until it was asked to stop; null: nothing"),
    ]
    dropped: Annotated[int, Meta(description="events that the kernel dropped on its netlink sockets")]
    lost: Annotated[int | None, Meta(description="events that the subject says were lost; null: it did not say")]


class EventRun(Model, frozen=True, kw_only=True):
    """One event of a script, played once."""

    scripted_event: Annotated[str, Meta(description="name of the event")]
    round: Annotated[int, Meta(description="number of the round")]
    group: Annotated[int, Meta(description="number of the group")]
    began_ns: Annotated[int, Meta(description="CLOCK_MONOTONIC when the kernel got the change, in nanoseconds")]
    done_ns: Annotated[int, Meta(description="CLOCK_MONOTONIC when ip had returned, in nanoseconds")]
    observations: Annotated[tuple[Observation, ...], Meta(description="what each subject reported")]
    load_average_1m: Annotated[
        float | None, Meta(description="load average over one minute when it was over; null: not recorded")
    ] = None


class StormResult(Model, frozen=True, kw_only=True):
    """How one subject lived through one storm of unrelated events."""

    subject: Annotated[str, Meta(description="name of the subject")]
    kind: Annotated[
        Literal["overrun", "live"], Meta(description="overrun: while all were stopped; live: while they ran")
    ]
    rate: Annotated[float | None, Meta(description="events a second aimed at; null: as fast as the kernel goes")]
    sent: Annotated[int, Meta(description="events sent")]
    seconds: Annotated[float, Meta(description="seconds that sending took")]
    events_received: Annotated[int | None, Meta(description="link events that it counted; null: it does not count")]
    dropped: Annotated[
        int | None,
        Meta(description="events that the kernel dropped; null: it has no netlink socket, or closed it too early"),
    ]
    lost: Annotated[int | None, Meta(description="events that the subject says were lost; null: it did not say")]
    reported_outcome: Annotated[
        ReportedOutcome | None,
        Meta(description="an outcome is a false restart: the interface was not touched; null: none"),
    ]
    state_correct: Annotated[
        bool | None, Meta(description="its state agrees with the kernel's after the storm; null: it watches no more")
    ]
    voluntary_switches: Annotated[int, Meta(description="voluntary context switches during the storm")]
    user_s: Annotated[float, Meta(description="processor seconds in user mode during the storm")]
    system_s: Annotated[float, Meta(description="processor seconds in the kernel during the storm")]


class DumpResult(Model, frozen=True, kw_only=True):
    """What one subject made of kernel tables that changed at one rate, while its interface was never touched.

    Counts of dumps are the subject's own, by the protocol; None where it does not know them. ``ends`` counts by reason
    how often it said that its watch is over while the kernel had the interface with the name and index of the start;
    an end without a word is ``exit``.
    """

    subject: Annotated[str, Meta(description="name of the subject")]
    rate: Annotated[float, Meta(description="links that appear or vanish a second, as planned")]
    seconds: Annotated[float, Meta(description="length of the phase, as it was")]
    links: Annotated[int, Meta(description="links of the namespace while nothing comes or goes")]
    link_changes: Annotated[int, Meta(description="links that appeared or vanished, as the lab made them")]
    address_changes: Annotated[int, Meta(description="addresses that appeared or vanished")]
    route_changes: Annotated[int, Meta(description="routes that appeared or vanished")]
    starts: Annotated[int, Meta(description="watches begun, each with its look-up at start")]
    polls: Annotated[int | None, Meta(description="look-ups of a poller; None where it counts none")]
    made: Annotated[int | None, Meta(description="dumps asked for")]
    marked: Annotated[int | None, Meta(description="dumps with NLM_F_DUMP_INTR set in any part")]
    retried: Annotated[int | None, Meta(description="dumps that were not used, and asked for again")]
    discarded_s: Annotated[float | None, Meta(description="seconds that those took")]
    ends: Annotated[dict[str, int], Meta(description="false ends of a watch, by reason")]
    unwatched_s: Annotated[float, Meta(description="seconds from false ends to the next moment at which it was ready")]
    state_correct: Annotated[
        bool | None, Meta(description="told of the interface's deletion afterwards; None: it watched no more")
    ]
