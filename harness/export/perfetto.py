"""What was sampled of a run over time, as a trace for Perfetto. Pure.

Source: perfetto.dev/docs/reference/trace-packet-proto. A trace is a list of packets: descriptors name tracks by a
number, events stand on them.
"""

from collections.abc import Iterator
from typing import Any

from harness.analysis.facts import Facts
from harness.export.series import first_ns
from harness.probes.pprof.message_class import message_class

_MESSAGES = {
    "CounterDescriptor": ("unit=3 uint64",),
    "TrackDescriptor": ("uuid=1 uint64", "name=2 bytes", "parent_uuid=5 uint64", "counter=8 CounterDescriptor"),
    "TrackEvent": ("type=9 uint64", "track_uuid=11 uint64", "name=23 bytes", "counter_value=30 int64"),
    "TracePacket": (
        "timestamp=8 uint64",
        "trusted_packet_sequence_id=10 uint64",
        "track_event=11 TrackEvent",
        "track_descriptor=60 TrackDescriptor",
    ),
    "Trace": ("packet=1 TracePacket*",),
}
_Trace = message_class("perfetto.protos", _MESSAGES, "Trace", "proto2")
_BYTES = 3  # CounterDescriptor.Unit.UNIT_SIZE_BYTES
_BEGIN, _END, _COUNTER = 1, 2, 4  # TrackEvent.Type
_RUN, _TRIALS, _EVENTS, _SUBJECTS = 1, 2, 3, 10  # numbers of the tracks; of subjects, from there on


def perfetto(facts: Facts) -> bytes:
    """Write a trace: a counter of resident memory for each subject, a slice for each trial, and scripted events.

    Times are nanoseconds since the first trial began.
    """
    packets = [*_tracks(facts), *_counters(facts), *_slices(facts)]
    data: bytes = _Trace(packet=[{**one, "trusted_packet_sequence_id": 1} for one in packets]).SerializeToString()
    return data


def _tracks(facts: Facts) -> Iterator[dict[str, Any]]:
    for number, name in ((_TRIALS, "trials"), (_EVENTS, "scripted events")):
        yield {"track_descriptor": {"uuid": number, "parent_uuid": _RUN, "name": name.encode()}}
    yield {"track_descriptor": {"uuid": _RUN, "name": b"netchurn"}}
    for number, subject in enumerate(facts.series, start=_SUBJECTS):
        named = {"uuid": number, "parent_uuid": _RUN, "name": f"RSS of {subject}".encode()}
        yield {"track_descriptor": {**named, "counter": {"unit": _BYTES}}}


def _counters(facts: Facts) -> Iterator[dict[str, Any]]:
    zero_ns = first_ns(facts)
    for number, samples in enumerate(facts.series.values(), start=_SUBJECTS):
        for sample in samples:
            event = {"type": _COUNTER, "track_uuid": number, "counter_value": sample.rss_bytes}
            yield {"timestamp": max(sample.at_ns - zero_ns, 0), "track_event": event}


def _slices(facts: Facts) -> Iterator[dict[str, Any]]:
    named = [(_TRIALS, f"trial {one.index} ({one.pace})", one.began_ns, one.ended_ns) for one in facts.result.trials]
    named += [(_EVENTS, one.scripted_event, one.began_ns, one.done_ns) for one in facts.result.event_runs]
    zero_ns = first_ns(facts)
    for track, name, began_ns, ended_ns in named:
        begin = {"type": _BEGIN, "track_uuid": track, "name": name.encode()}
        yield {"timestamp": max(began_ns - zero_ns, 0), "track_event": begin}
        yield {"timestamp": max(ended_ns - zero_ns, 0), "track_event": {"type": _END, "track_uuid": track}}
