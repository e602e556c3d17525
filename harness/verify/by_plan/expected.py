"""What must lie in a complete result by its plan: each capture, timing, visit, event and storm, by a key. Pure.

Some of it cannot be known from the plan: how often a Go subject polled, and which of its marks was counted.
"""

from collections.abc import Hashable, Iterator
from itertools import pairwise, product
from typing import NamedTuple

from harness.model import Capture, NamespaceInfo, Plan, Result, SubjectPlan
from harness.run.link_steps import LinkStep, steps
from harness.run.phases import dumps as dumps_phase
from harness.run.phases.go_counts import LEAST_POLLS
from harness.run.phases.timing import MOST_POLLS
from harness.run.session import IFNAME
from harness.subjects import registry

Key = tuple[Hashable, ...]


class Scope(NamedTuple):
    """A result, and the subjects of its plan that could be measured."""

    result: Result
    plan: Plan
    subjects: tuple[SubjectPlan, ...]
    namespace: NamespaceInfo
    kinds: dict[str, SubjectPlan]  # the same by name


def base(namespace: NamespaceInfo) -> int:
    """Count the links that are there before any pair."""
    return namespace.links - 2 * namespace.pairs


def link_steps(scope: Scope) -> list[LinkStep]:
    """List the numbers of links that the run went through."""
    profile = scope.plan.profile
    return steps(profile, base(scope.namespace), IFNAME) if profile is not None else []


# --- what was counted -----------------------------------------------------------------------------------------------


def _steps(scope: Scope) -> Iterator[tuple[LinkStep, bool]]:
    """Return each step at which something is counted, and whether all subjects are there; each further trial is one."""
    profile = scope.plan.profile
    for step in link_steps(scope):
        yield step, profile is not None and (profile.profile_at_every_step or step.pairs == scope.plan.pairs)
    for trial in scope.result.trials:
        if profile is not None and trial.pace == "real" and trial.index:
            yield LinkStep(pairs=scope.plan.pairs, links=trial.namespace.links, ifname=IFNAME, trial=trial.index), True


def _counted(scope: Scope, accounting: str) -> Iterator[tuple[LinkStep, bool, SubjectPlan]]:
    profile = scope.plan.profile
    for step, top in _steps(scope):
        for one in scope.subjects:
            here = profile is not None and step.within(profile, one.name) and one.accounting == accounting
            if here and (top or (one.polls and one.role != "control")):
                yield step, top, one


def captures(scope: Scope) -> Iterator[Key]:
    """List each capture that there must be: whose, of which work, and the file that it lies in."""
    profile = scope.plan.profile
    if profile is None:
        return
    for step, _, one in _counted(scope, registry.ALL_OBJECTS):
        where = (one.name, step.trial, step.pairs, step.links)
        labels = [(f"{n}polls", "idle", n, 0) for n in profile.polls] if one.polls else []
        if not one.polls:
            labels += [(f"{seconds:g}s", "idle", 0, 0) for seconds in profile.idle_s]
            labels += [(f"events{n}", "events", 0, n) for n in profile.events if one.role != "control"]
        yield from ((*where, *work, f"captures/{step.name(one.name, label)}.bin") for label, *work in labels)
    for step, _, one in _counted(scope, registry.SIZE_CLASSES):
        where = (one.name, step.trial, step.pairs, step.links)
        marks = [("idle", 0), ("idle", 0)]
        marks += [("events", n) for n in profile.events if not one.polls]
        for label, events in marks:
            yield (*where, label, None, events, f"captures/{step.name(one.name, label)}")


def capture(one: Capture) -> Key:
    """Report of a capture what the plan says; how often a Go subject polled is its own count, and which mark it is."""
    polls = None if one.accounting == registry.SIZE_CLASSES else one.polls
    return (one.subject, one.trial, one.pairs, one.links, one.kind, polls, one.events, _place(one))


def _place(one: Capture) -> str:
    """Return the file of a capture, or the folder in which a Go process left all of its marks."""
    return one.file.rpartition("/")[0] if one.accounting == registry.SIZE_CLASSES else one.file


def lived(scope: Scope) -> list[str]:
    """Check how long each lived against the plan, and a Go subject's marks against each other."""
    marks: dict[str, list[Capture]] = {}
    found = []
    for one in scope.result.captures:
        marks.setdefault(_place(one), []).append(one)
    for place, captures in marks.items():
        files = [one.file for one in captures]
        if files != sorted(set(files)):
            found.append(f"captures: {place} is not counted from one file after the other, each once")
        kind = scope.kinds.get(captures[0].subject)
        polls = kind is not None and kind.polls
        least = _least_s(captures, scope.plan, polls=polls)
        found += [
            f"captures: live_s of {one.file} is {one.live_s:g}; by the plan it is {seconds:g} at least"
            for one, seconds in zip(captures, least, strict=False)
            if not one.live_s >= seconds
        ]
        found += [f"captures: {place}: {words}" for words in _go_on(captures, polls=polls)]
    return found


def _least_s(captures: list[Capture], plan: Plan, *, polls: bool) -> tuple[float, ...]:
    """Return how long each of the captures of one place has to have lived: who waits is waited with."""
    if plan.profile is None or polls or captures[0].kind == "events":
        return (0.0,) * len(captures)
    seconds = plan.profile.idle_s
    if captures[0].accounting == registry.SIZE_CLASSES:
        return seconds
    return tuple(
        one for one in seconds if captures[0].file.endswith((f"-{one:g}s.bin", f"-{one:g}s-{captures[0].trial}.bin"))
    )


def _go_on(captures: list[Capture], *, polls: bool) -> Iterator[str]:
    """Check each mark of one process against the one before."""
    for before, after in pairwise(captures):
        for name in ("live_s", "polls", "bytes", "allocations"):
            was, value = getattr(before, name), getattr(after, name)
            if value < was:
                yield f"{name} is {value:,}, and was {was:,} one mark before: it never falls"
        if polls and after.polls - before.polls < LEAST_POLLS:
            yield f"polls is {after.polls:,}, and was {before.polls:,} one mark before; {LEAST_POLLS} are made at least"
    if not polls and any(one.polls for one in captures):
        yield "polls are counted of a subject that does not poll"


def timings(scope: Scope) -> Iterator[Key]:
    """List what was timed at each step: our own subjects, controls left out."""
    profile = scope.plan.profile
    for step in link_steps(scope) if scope.plan.sweep is not None else ():
        for one in scope.subjects:
            builtin = one.source == "builtin" and one.role != "control"
            if builtin and profile is not None and step.within(profile, one.name):
                yield (one.name, "poll" if one.polls else "event", step.pairs, step.links)


def timings_there(result: Result) -> Iterator[Key]:
    return ((one.subject, one.unit, one.pairs, one.links) for one in result.timings)


def timed(scope: Scope) -> list[str]:
    """Check the counts and times of timings against the plan."""
    sweep = scope.plan.sweep
    found = []
    for one in scope.result.timings:
        if sweep is None:
            break
        least, most = (sweep.events, sweep.events) if one.unit == "event" else (sweep.min_polls, MOST_POLLS)
        if not least <= one.count <= max(least, most):
            found.append(
                f"timings: count of {one.subject} at {one.links} links is {one.count:,}; the plan has {least:,}"
            )
        if not (one.seconds > 0 and min(one.cpu_s or 0.0, one.user_s, one.system_s) >= 0):
            found.append(f"timings: a time of {one.subject} at {one.links} links is below zero")
    return found


def heaps(scope: Scope) -> Iterator[Key]:
    """List what visits brought; one that failed has a note in its place."""
    there = {(one.subject, one.trial) for one in scope.result.heaps}
    failed = {one.subject for one in scope.result.limitations if one.id == "pprof_failed"}
    for one in scope.subjects:
        for at in range(scope.plan.trials) if one.pprof is not None else ():
            if one.name not in failed or (one.name, at) in there:
                yield (one.name, at, f"{at}-{one.name}-0", f"{at}-{one.name}-1")


# --- scripts and storms ---------------------------------------------------------------------------------------------


def event_runs(scope: Scope) -> Iterator[Key]:
    """List what each subject has to be seen in; what wireguard-go makes may be refused by a machine."""
    there = set(event_runs_there(scope.result))
    for script in scope.plan.scripts:
        for at, scripted_event, group in product(range(script.rounds), script.scripted_events, range(script.groups)):
            keys = [
                (scripted_event.name, at, group, one.name)
                for one in scope.subjects
                if one.name in scripted_event.expected_outcomes
            ]
            yield from (key for key in keys if scripted_event.link != "wireguard-go" or key in there)


def event_runs_there(result: Result) -> Iterator[Key]:
    for one in result.event_runs:
        yield from ((one.scripted_event, one.round, one.group, seen.subject) for seen in one.observations)


def dumps(scope: Scope) -> Iterator[Key]:
    """List who dumped changing tables, at which rate; programs of the user's among them."""
    rates = scope.plan.dumps.rates if scope.plan.dumps is not None else ()
    yield from ((one.name, rate) for one in scope.subjects if dumps_phase.plays(one) for rate in rates)


def storms(scope: Scope) -> Iterator[Key]:
    """List who lived through which storm, and of how many events."""
    storm, held = scope.plan.storm, scope.result.buffer_events
    if storm is None or held is None:
        return
    sent: list[Key] = [("overrun", None, int(held * storm.overrun))]
    sent += [("live", rate, int(rate * storm.seconds_a_rate)) for rate in storm.rates]
    sent += [("live", None, storm.live_events)] if storm.live_events else []
    for one in scope.subjects:
        if one.role != "control" and not one.duplicate_of and one.source == "builtin":
            yield from ((one.name, *key) for key in sent)
