"""A complete result held against its own plan: what was to be measured is there, once, and nothing else is. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from harness.analysis.doses import dose_trial
from harness.model import COMPRESSED_TRIAL, NamespaceInfo, Plan, Result, SubjectPlan, SubjectRun, Trial
from harness.run.phases.dose import NEVER_S, WATCHED_KIND, WATCHED_LINKS
from harness.run.session import HOST, HOST_IFNAME, IFNAME, LONGEST_DAY_S
from harness.scenario import FEWEST_LINKS
from harness.units import NS_A_SECOND
from harness.verify.by_plan import expected as work
from harness.verify.by_plan import stimuli
from harness.verify.by_plan.expected import Key, Scope
from harness.verify.recount import recorded

MOST_NAMED = 20  # things of one kind that are missing, or too many
MOST_EXPECTED = 1_000_000  # of a plan from anybody; the largest run that was made has some ten thousand


def check(result: Result) -> list[str]:
    """Name what is missing, what is there twice, and what nobody planned."""
    if result.namespace is None or result.environment_after is None:
        return [
            f"{name}: a complete result has it, and it is not there"
            for name in ("namespace", "environment_after")
            if getattr(result, name) is None
        ]
    if beyond := _beyond(result):
        return beyond
    rest, doses = dose_trial.split(result)
    scope = _scope(rest, result.namespace)
    lived = _lived(_scope(doses, doses.namespace or result.namespace)) if doses else []
    return [
        *_lived(scope),
        *(f"trial of doses: {words}" for words in lived),
        *_held("captures", work.captures(scope), map(work.capture, result.captures)),
        *work.lived(scope),
        *_held("timings", work.timings(scope), work.timings_there(result)),
        *work.timed(scope),
        *_held("heaps", work.heaps(scope), ((one.subject, one.trial, *one.files) for one in result.heaps)),
        *_held("recordings", recorded.wanted(scope), recorded.there(result)),
        *_held("event_runs", work.event_runs(scope), work.event_runs_there(result)),
        *_held("storms", work.storms(scope), ((one.subject, one.kind, one.rate, one.sent) for one in result.storms)),
        *_held("dumps", work.dumps(scope), ((one.subject, one.rate) for one in result.dumps)),
    ]


def _beyond(result: Result) -> list[str]:
    """Name what makes it useless to list what the plan asks for."""
    if (size := _size(result.plan)) > MOST_EXPECTED:
        return [f"plan: {size:,} things would be there by it, more than any run has"]
    if (result.plan.storm is None) != (result.buffer_events is None):
        return [f"buffer_events is {result.buffer_events}, and the plan's storm is {result.plan.storm}"]
    return _skipped(result)


def _scope(result: Result, namespace: NamespaceInfo) -> Scope:
    subjects = tuple(one for one in result.plan.subjects if one.name not in result.skipped)
    return Scope(result, result.plan, subjects, namespace, {one.name: one for one in subjects})


def _lived(scope: Scope) -> list[str]:
    """Check where and how the processes of all trials lived."""
    return [
        *_worlds(scope),
        *_held("trials", _trials(scope), _trials_there(scope.result)),
        *(words for trial in scope.result.trials for words in _trial(trial, scope)),
        *stimuli.check(scope),
    ]


def _size(plan: Plan) -> int:
    """Estimate how much there is by a plan, before any of it is listed."""
    profile, storm = plan.profile, plan.storm
    steps = len(profile.step_pairs) + len(profile.step_links) if profile is not None else 0
    event_runs = sum(max(0, one.rounds) * max(0, one.groups) * len(one.scripted_events) for one in plan.scripts)
    rates = sum(len(one.rates) for one in (storm, plan.dumps) if one is not None)
    return len(plan.subjects) * (steps + plan.trials + event_runs + rates)


def _held(what: str, wanted: Iterable[Key], there: Iterable[Key]) -> list[str]:
    """Compare as bags; name each that is missing or one too many."""
    expected, found = Counter(wanted), Counter(there)
    missing = [f"{what}: {_shown(key)} is not there, and the plan has it" for key in expected - found]
    surplus = [
        f"{what}: {_shown(key)} is there {found[key]} times, and by the plan {expected[key]}"
        for key in found - expected
    ]
    return [*missing[:MOST_NAMED], *surplus[:MOST_NAMED]]


def _shown(key: Key) -> str:
    return ", ".join("as fast as it goes" if part is None else str(part) for part in key)


def _skipped(result: Result) -> list[str]:
    """Check the subjects that could not be measured against the only reason there is: no Go here."""
    go = {one.name for one in result.plan.subjects if one.source == "builtin" and one.language == "go"}
    if set(result.skipped) not in (set(), go):
        return [f"skipped: {', '.join(sorted(result.skipped))}; it may hold all Go subjects of the plan, or none"]
    if bool(result.environment.go) != bool(go and not result.skipped):
        return [
            f"environment.go is {result.environment.go}, and {len(go) - len(result.skipped)} Go subjects were measured"
        ]
    return []


# --- the namespace --------------------------------------------------------------------------------------------------


def _worlds(scope: Scope) -> list[str]:
    """Check the namespace against the plan, and each trial's against it. Programs of the user's may add links later."""
    plan, namespace = scope.plan, scope.namespace
    pairs, ifname = (plan.pairs, IFNAME) if plan.lab else (0, HOST_IFNAME)
    found = _unlike("namespace", namespace, msgspec.structs.replace(namespace, pairs=pairs, ifname=ifname))
    if plan.lab == (namespace.kind == HOST):
        found.append(f"namespace.kind is {namespace.kind}, and plan.lab is {plan.lab}")
    if plan.lab and work.base(namespace) < FEWEST_LINKS:
        found.append(
            f"namespace.links is {namespace.links}; {namespace.pairs} pairs alone have {2 * namespace.pairs:,} ends"
        )
    external = any(one.source == "exec" for one in scope.subjects)
    for trial in scope.result.trials:
        wanted = namespace
        if trial.pace == "compressed" and plan.compressed is not None:
            links = plan.compressed.links
            wanted = msgspec.structs.replace(namespace, links=links, pairs=(links - work.base(namespace)) // 2)
        elif plan.dose is not None:
            links, index = WATCHED_LINKS + 2 * plan.pairs, trial.namespace.ifindex
            wanted = msgspec.structs.replace(namespace, links=links, kind=WATCHED_KIND, ifindex=index)
        elif external and trial.index:
            wanted = msgspec.structs.replace(namespace, links=trial.namespace.links, ifindex=trial.namespace.ifindex)
        found += _unlike(f"trial {trial.index}, namespace", trial.namespace, wanted)
    return found


def _unlike(where: str, there: NamespaceInfo, wanted: NamespaceInfo) -> list[str]:
    return [
        f"{where}.{name} is {getattr(there, name)}; expected {getattr(wanted, name)}"
        for name in NamespaceInfo.__struct_fields__
        if getattr(there, name) != getattr(wanted, name)
    ]


# --- trials ---------------------------------------------------------------------------------------------------------


def _trials(scope: Scope) -> Iterator[Key]:
    """List each process of each trial: the compressed day, where a step has its links, and those at real pace."""
    day = scope.plan.compressed
    if day is not None and any(one.links == day.links for one in work.link_steps(scope)):
        yield from ((COMPRESSED_TRIAL, "compressed", one.name) for one in scope.subjects if one.name in day.subjects)
    if scope.plan.duration_s:
        yield from ((at, "real", one.name) for at in range(scope.plan.trials) for one in scope.subjects)


def _trials_there(result: Result) -> Iterator[Key]:
    for trial in result.trials:
        yield from ((trial.index, trial.pace, run.name) for run in trial.runs)


def _trial(trial: Trial, scope: Scope) -> list[str]:
    """Check one trial against why it ended, how many pairs may have come and gone, and each of its processes."""
    where = f"trial {trial.index}"
    plan, compressed = scope.plan, trial.pace == "compressed" and scope.plan.compressed
    seconds = (trial.ended_ns - trial.began_ns + 1000) / NS_A_SECOND  # times are rounded down
    may = _may_end(trial, scope, seconds)
    found = []
    if not (may.get(trial.stop_reason, False) if trial.stop_reason else any(may.values())):
        found.append(
            f"{where}: stop_reason is {trial.stop_reason} after {seconds:,.3f} s, and the plan asks for something else"
        )
    most = 0 if compressed else int(plan.churn_pairs_per_s * seconds + 1.5)
    if not 0 <= trial.churned_pairs <= most:
        found.append(f"{where}: churned_pairs is {trial.churned_pairs:,}; the plan allows {most:,} in that time")
    if trial.interim_looks and not plan.until_decided:
        found.append(f"{where}: interim_looks are there, and plan.until_decided is not")
    interval_s = 0.0 if compressed else plan.interval_s
    for run in trial.runs:
        if kind := scope.kinds.get(run.name):
            pause_s = _pause_s(kind, plan, interval_s)
            found += [f"{where}, {run.name}: {words}" for words in _run(run, kind, pause_s)]
    return found


def _may_end(trial: Trial, scope: Scope, seconds: float) -> dict[str, bool]:
    """Return for each reason that a trial can end for whether it may be that of this one."""
    plan, compressed = scope.plan, trial.pace == "compressed" and scope.plan.compressed
    polls = compressed.polls if compressed else plan.polls
    pollers = [run for run in trial.runs if run.name in scope.kinds and scope.kinds[run.name].polls]
    polled = all(_polls(run) >= (polls or 0) for run in pollers if run.exited_after_s is None)
    return {
        "time": seconds >= (LONGEST_DAY_S if compressed else plan.duration_s),
        "polls": polls is not None and polled,
        "decided": plan.until_decided and not compressed and bool(trial.interim_looks),
        "cycles": plan.dose is not None and plan.dose.cycles is not None,
        "deaths": all(run.exited_after_s is not None for run in trial.runs),
    }


def _pause_s(kind: SubjectPlan, plan: Plan, interval_s: float) -> float:
    """Return the pause between polls: that of its dose, for a copy whose stimulus they are."""
    if kind.arm is None or plan.dose is None or plan.dose.stimulus != "polls":
        return interval_s
    return 1 / kind.arm.dose if kind.arm.dose else NEVER_S


def _polls(run: SubjectRun) -> int:
    return run.marks[-1].polls if run.marks else 0


def _run(run: SubjectRun, kind: SubjectPlan, interval_s: float) -> list[str]:
    """Check one process against what its plan says of it."""
    found = [] if run.outcome != "interrupted" else ["outcome is interrupted, and the run came to its end"]
    if kind.source == "pid" and run.pid != kind.pid:
        found.append(f"pid is {run.pid}; the plan has {kind.pid}")
    if kind.source == "exec" and run.argv != kind.command:
        found.append("argv is not the command of the plan")
    if kind.source == "builtin" and not kind.polls and _polls(run):
        found.append(f"marks[-1].polls is {_polls(run):,}, and it does not poll")
    if kind.source == "builtin" and kind.polls and interval_s and run.marks and run.ready_ns is not None:
        most = (run.marks[-1].at_ns - run.ready_ns) / NS_A_SECOND / interval_s + 2
        if _polls(run) > most:
            found.append(f"marks[-1].polls is {_polls(run):,}; every {interval_s:g} s there are {most:,.0f} at most")
    return found
