"""What each subject saw, missed and imagined, held against the script's own truth.

Latency runs from the moment at which the change was handed to the kernel, not from its completion: the kernel tells
watchers of a deletion before it waits for its readers and acknowledges, so that a latency from the completion would be
negative for anybody quick. Times of a happening of several steps include the steps.
"""

from collections.abc import Sequence

import numpy as np

from harness.analysis.facts import Facts
from harness.model import Cell, Detection, Episode, Happening, Observation, Said, Seen

_NS = 1e-9
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
    if latency(episode, said) > late_s:
        return "late", f"said {said.reason}"
    return "detected", f"said {said.reason}"


def latency(episode: Episode, said: Said) -> float:
    """Give the seconds from the change to the subject's word, by the one clock that all share."""
    return (said.at_ns - episode.began_ns) * _NS


def matrix(facts: Facts) -> tuple[Cell, ...]:
    """Judge every subject at every happening; of several rounds the worst counts."""
    script = facts.result.plan.script
    if script is None:
        return ()
    return tuple(
        cell
        for happening in script.happenings
        for subject in facts.result.plan.subjects
        if (cell := _cell(facts, happening, subject.name, script.late_s)) is not None
    )


def _cell(facts: Facts, happening: Happening, subject: str, late_s: float) -> Cell | None:
    judged = [
        (*judge(happening, episode, one, late_s), one.said, episode)
        for episode in facts.result.episodes
        if episode.happening == happening.name
        for one in episode.observations
        if one.subject == subject
    ]
    if not judged:
        return None
    seen, why, said, _ = max(judged, key=lambda row: _WORST.index(row[0]))
    spoke = [
        (one, episode) for _, _, one, episode in judged if one is not None and (one.restart or not happening.truth)
    ]
    timed = spoke if happening.truth or happening.trick == "stop" else []
    return Cell(
        subject=subject,
        happening=happening.name,
        expected=happening.contract[subject],
        seen=seen,
        said=said.reason if said else None,
        why=why,
        latencies_s=tuple(latency(episode, one) for one, episode in timed),
    )


def summarise(facts: Facts, subject: str) -> Detection | None:
    """Count a subject's detections over all episodes; None where nothing was scripted for it."""
    script = facts.result.plan.script
    if script is None:
        return None
    known = {one.name: one for one in script.happenings}
    judged = [
        (judge(known[episode.happening], episode, one, script.late_s)[0], episode, one)
        for episode in facts.result.episodes
        for one in episode.observations
        if one.subject == subject
    ]
    if not judged:
        return None
    found = [seen for seen, _, _ in judged]
    times = [latency(episode, one.said) for seen, episode, one in judged if one.said and seen in {"detected", "late"}]
    return Detection(
        expected=sum(bool(known[episode.happening].truth) for _, episode, _ in judged),
        detected=found.count("detected") + found.count("late"),
        missed=found.count("missed"),
        false=found.count("false"),
        latency_p50_s=quantile(times, 0.5),
        latency_p99_s=quantile(times, 0.99),
        latency_max_s=max(times, default=None),
    )


def quantile(times: Sequence[float], share: float) -> float | None:
    """Give the smallest observed time that at least ``share`` of all do not exceed; None of none."""
    return float(np.quantile(times, share, method="inverted_cdf")) if times else None
