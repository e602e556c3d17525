"""What each subject saw, missed and imagined, held against the script's own truth.

Latency runs from the moment at which the change was handed to the kernel, not from its completion: the kernel tells
watchers of a deletion before it waits for its readers and acknowledges, so that a latency from the completion would be
negative for anybody quick. Times of an event of several steps include the steps.
"""

from collections.abc import Sequence
from functools import reduce

import msgspec
import numpy as np

from harness.analysis.facts import Facts
from harness.model import Cell, Detection, EventRun, Loss, Observation, ReportedOutcome, ScriptedEvent, Seen
from harness.units import NS_A_SECOND

UNNAMED = {"exited", "matched"}  # reasons of a program that shows that it noticed something, and not what
_SAW = {"detected", "late"}
_WORST: tuple[Seen, ...] = ("true_negative", "detected", "late", "missed", "false_positive")


def judge(
    scripted_event: ScriptedEvent, event_run: EventRun, observation: Observation, late_s: float
) -> tuple[Seen, str]:
    """Judge one observation: what was seen, and why it counts so."""
    said = observation.reported_outcome
    if said is None or not said.restart:
        if scripted_event.valid_reasons:
            return "missed", "said nothing"
        return "true_negative", "rightly said nothing" if scripted_event.injection != "stop" else "ended when asked to"
    if not scripted_event.valid_reasons:
        return "false_positive", f"said {said.reason}, and nothing had happened to the interface"
    if said.reason not in scripted_event.valid_reasons and said.reason not in UNNAMED:
        return "false_positive", f"said {said.reason}, where {' or '.join(scripted_event.valid_reasons)} is true"
    after_s = latency(event_run, said)
    if after_s < 0:
        return "false_positive", f"said {said.reason}, before it had happened"
    return "late" if after_s > late_s else "detected", f"said {said.reason}"


def latency(event_run: EventRun, said: ReportedOutcome) -> float:
    """Return the seconds from the change to the subject's word, by the one clock that all share."""
    return (said.at_ns - event_run.began_ns) / NS_A_SECOND


def matrix(facts: Facts) -> tuple[Cell, ...]:
    """Judge every subject at every event; of several rounds the worst counts."""
    return tuple(
        cell
        for script in facts.result.plan.scripts
        for scripted_event in script.scripted_events
        for subject in facts.result.plan.subjects
        if (cell := _cell(facts, scripted_event, subject.name, script.late_s)) is not None
    )


def _observed(facts: Facts, scripted_event: ScriptedEvent, subject: str) -> list[tuple[EventRun, Observation]]:
    """List what a subject reported of an event; scripts that share the event ask different subjects."""
    return [
        (event_run, one)
        for event_run in facts.result.event_runs
        if event_run.scripted_event == scripted_event.name and subject in scripted_event.expected_outcomes
        for one in event_run.observations
        if one.subject == subject
    ]


def _cell(facts: Facts, scripted_event: ScriptedEvent, subject: str, late_s: float) -> Cell | None:
    observed = _observed(facts, scripted_event, subject)
    if not observed:
        return None
    judged = [(*judge(scripted_event, event_run, one, late_s), one.reported_outcome) for event_run, one in observed]
    seen, why, said = max(judged, key=lambda row: _WORST.index(row[0]))
    answers = bool(scripted_event.valid_reasons) or scripted_event.injection == "stop"
    return Cell(
        subject=subject,
        scripted_event=scripted_event.name,
        expected=scripted_event.expected_outcomes[subject],
        seen=seen,
        reported_outcome=said.reason if said else None,
        why=why,
        latencies_s=tuple(
            latency(event_run, one.reported_outcome)
            for event_run, one in observed
            if answers and one.reported_outcome and (one.reported_outcome.restart or not scripted_event.valid_reasons)
        ),
    )


def summarise(facts: Facts, subject: str) -> Detection | None:
    """Count a subject's detections over all events; None where nothing was scripted for it."""
    judged = [
        (judge(scripted_event, event_run, one, script.late_s)[0], scripted_event, event_run, one)
        for script in facts.result.plan.scripts
        for scripted_event in script.scripted_events
        for event_run, one in _observed(facts, scripted_event, subject)
    ]
    if not judged:
        return None
    found = [seen for seen, *_ in judged]
    times = [
        latency(event_run, one.reported_outcome)
        for seen, _, event_run, one in judged
        if one.reported_outcome and seen in _SAW
    ]
    return Detection(
        expected=sum(bool(scripted_event.valid_reasons) for _, scripted_event, _, _ in judged),
        detected=sum(seen in _SAW for seen in found),
        missed=found.count("missed"),
        false_positives=found.count("false_positive"),
        latency_p50_s=quantile(times, 0.5),
        latency_p99_s=quantile(times, 0.99),
        latency_max_s=max(times, default=None),
    )


def weathered(facts: Facts, subject: str) -> Detection | None:
    """Count how a subject came through the storms; None where it was in none.

    Expected is one sighting a storm, of the deletion that follows it, of who lived to be asked; false are restarts that
    the storm caused.
    """
    mine = [one for one in facts.result.storms if one.subject == subject]
    if not mine:
        return None
    restarts = sum(one.reported_outcome is not None and one.reported_outcome.restart for one in mine)
    return by_last_word([one.state_correct for one in mine], restarts)


def dumped(facts: Facts, subject: str) -> Detection | None:
    """Count a subject's false ends, and whether it told of the deletion after each rate; None where it had no part."""
    mine = [one for one in facts.result.dumps if one.subject == subject]
    if not mine:
        return None
    return by_last_word([one.state_correct for one in mine], sum(sum(one.ends.values()) for one in mine))


def by_last_word(states_correct: Sequence[bool | None], false_positives: int) -> Detection:
    """Count who told of the deletion at the end of each disturbance; None: it watched no more."""
    return Detection(
        expected=sum(one is not None for one in states_correct),
        detected=sum(one is True for one in states_correct),
        missed=sum(one is False for one in states_correct),
        false_positives=false_positives,
        latency_p50_s=None,
        latency_p99_s=None,
        latency_max_s=None,
        not_asked=sum(one is None for one in states_correct),
    )


def seen(facts: Facts, subject: str) -> Detection | None:
    """Count what a subject saw in script, storms and changing tables together; latencies are the script's."""
    counts = (summarise(facts, subject), weathered(facts, subject), dumped(facts, subject))
    there = [one for one in counts if one is not None]
    return reduce(_together, there) if there else None


def _together(one: Detection, other: Detection) -> Detection:
    return msgspec.structs.replace(
        one,
        expected=one.expected + other.expected,
        detected=one.detected + other.detected,
        missed=one.missed + other.missed,
        false_positives=one.false_positives + other.false_positives,
        not_asked=one.not_asked + other.not_asked,
    )


def loss(facts: Facts, subject: str) -> Loss | None:
    """Add what the kernel dropped on a subject's sockets in all storms; None where that was read in none.

    A storm whose drops nobody could read counts for neither side. What was lost in one is not made good in another.
    """
    mine = [one for one in facts.result.storms if one.subject == subject and one.dropped is not None]
    if not mine:
        return None
    return Loss(
        dropped=sum(one.dropped or 0 for one in mine),
        reported=all((one.dropped or 0) == (one.lost or 0) for one in mine),
    )


def quantile(times: Sequence[float], share: float) -> float | None:
    """Return the smallest observed time that at least ``share`` of all do not exceed; None of none."""
    return float(np.quantile(times, share, method="inverted_cdf")) if times else None
