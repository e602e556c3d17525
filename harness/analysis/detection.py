"""What each subject saw, missed and imagined, held against the script's own truth.

Latency runs from the moment at which the change was handed to the kernel, not from its completion: the kernel tells
watchers of a deletion before it waits for its readers and acknowledges, so that a latency from the completion would be
negative for anybody quick. Times of a happening of several steps include the steps.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from harness.analysis.facts import Facts
from harness.model import Cell, Detection, Episode, Happening, Loss, Observation, Said, Seen
from harness.units import NS_A_SECOND

_SAW = {"detected", "late"}
_WORST: tuple[Seen, ...] = ("quiet", "detected", "late", "missed", "false")


def judge(happening: Happening, episode: Episode, observation: Observation, late_s: float) -> tuple[Seen, str]:
    """Judge one observation: what was seen, and why it counts so."""
    said = observation.said
    if said is None or not said.restart:
        if happening.truth:
            return "missed", "said nothing"
        return "quiet", "rightly said nothing" if happening.trick != "stop" else "ended when asked to"
    if not happening.truth:
        return "false", f"said {said.reason}, and nothing had happened to the interface"
    if said.reason not in happening.truth:
        return "false", f"said {said.reason}, where {' or '.join(happening.truth)} is true"
    after_s = latency(episode, said)
    if after_s < 0:
        return "false", f"said {said.reason}, before it had happened"
    return "late" if after_s > late_s else "detected", f"said {said.reason}"


def latency(episode: Episode, said: Said) -> float:
    """Give the seconds from the change to the subject's word, by the one clock that all share."""
    return (said.at_ns - episode.began_ns) / NS_A_SECOND


def matrix(facts: Facts) -> tuple[Cell, ...]:
    """Judge every subject at every happening; of several rounds the worst counts."""
    return tuple(
        cell
        for script in facts.result.plan.scripts
        for happening in script.happenings
        for subject in facts.result.plan.subjects
        if (cell := _cell(facts, happening, subject.name, script.late_s)) is not None
    )


def _observed(facts: Facts, happening: Happening, subject: str) -> list[tuple[Episode, Observation]]:
    """List what a subject said of a happening; scripts that share the happening ask different subjects."""
    return [
        (episode, one)
        for episode in facts.result.episodes
        if episode.happening == happening.name and subject in happening.contract
        for one in episode.observations
        if one.subject == subject
    ]


def _cell(facts: Facts, happening: Happening, subject: str, late_s: float) -> Cell | None:
    observed = _observed(facts, happening, subject)
    if not observed:
        return None
    judged = [(*judge(happening, episode, one, late_s), one.said) for episode, one in observed]
    seen, why, said = max(judged, key=lambda row: _WORST.index(row[0]))
    answers = bool(happening.truth) or happening.trick == "stop"
    return Cell(
        subject=subject,
        happening=happening.name,
        expected=happening.contract[subject],
        seen=seen,
        said=said.reason if said else None,
        why=why,
        latencies_s=tuple(
            latency(episode, one.said)
            for episode, one in observed
            if answers and one.said and (one.said.restart or not happening.truth)
        ),
    )


def summarise(facts: Facts, subject: str) -> Detection | None:
    """Count a subject's detections over all episodes; None where nothing was scripted for it."""
    judged = [
        (judge(happening, episode, one, script.late_s)[0], happening, episode, one)
        for script in facts.result.plan.scripts
        for happening in script.happenings
        for episode, one in _observed(facts, happening, subject)
    ]
    if not judged:
        return None
    found = [seen for seen, *_ in judged]
    times = [latency(episode, one.said) for seen, _, episode, one in judged if one.said and seen in _SAW]
    return Detection(
        expected=sum(bool(happening.truth) for _, happening, _, _ in judged),
        detected=sum(seen in _SAW for seen in found),
        missed=found.count("missed"),
        false=found.count("false"),
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
    return Detection(
        expected=sum(one.agrees is not None for one in mine),
        detected=sum(one.agrees is True for one in mine),
        missed=sum(one.agrees is False for one in mine),
        false=sum(one.said is not None and one.said.restart for one in mine),
        latency_p50_s=None,
        latency_p99_s=None,
        latency_max_s=None,
        not_asked=sum(one.agrees is None for one in mine),
    )


def seen(facts: Facts, subject: str) -> Detection | None:
    """Count what a subject saw in script and storms together; latencies are the script's."""
    script, storms = summarise(facts, subject), weathered(facts, subject)
    if script is None or storms is None:
        return script or storms
    return msgspec.structs.replace(
        script,
        expected=script.expected + storms.expected,
        detected=script.detected + storms.detected,
        missed=script.missed + storms.missed,
        false=script.false + storms.false,
        not_asked=storms.not_asked,
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
    """Give the smallest observed time that at least ``share`` of all do not exceed; None of none."""
    return float(np.quantile(times, share, method="inverted_cdf")) if times else None
