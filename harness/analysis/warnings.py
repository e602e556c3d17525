"""What a reader must know beside the numbers: a warning is data that travels with them."""

import signal

from harness.analysis.cost import churn
from harness.analysis.facts import Facts
from harness.analysis.growth.schedule import LEAST_S
from harness.analysis.memory.resources import NAMES, leaked
from harness.model import Control, Finding, Resource, SubjectPlan, SubjectRun, Trial
from harness.model.warning import DataWarning, WarningId
from harness.units import NS_A_SECOND, count, duration, memory_bytes

KERNEL_WIREGUARD = "wireguard"
NO_LAB = "host"
_ENOUGH_SHARE = 0.9
_BUSY_SHARE = 1.0
_REPEATS_SHARE = 0.001
_COUNTED_GARBAGE = 1000
_MOST_NAMED = 3


def warnings(facts: Facts, findings: tuple[Finding, ...], proofs: tuple[Control, ...]) -> tuple[DataWarning, ...]:
    """List all warnings of a run, the gravest first."""
    return (
        *_interrupted(facts),
        *_skipped(facts),
        *_controls(proofs),
        *_unproven(facts, proofs),
        *_deaths(facts),
        *_leaks(findings),
        *_external(facts),
        *_link_changes(facts),
        *_false_alarms(facts),
        *_slow_polls(facts),
        *_unprofiled(facts, findings),
        *_cut_short(facts),
        *_unsteady(facts),
        *_decided(facts),
        *_jumps(facts),
        *_short(facts),
        *_stand_in(facts),
        *_busy(facts),
        *facts.result.limitations,
    )


def _warn(kind: WarningId, text: str, subject: str | None = None) -> DataWarning:
    return DataWarning(id=kind, text=text, subject=subject)


def _interrupted(facts: Facts) -> list[DataWarning]:
    if facts.complete:
        return []
    if facts.running:
        return [_warn("run_running", "The run is still going on: what follows is what was measured until now.")]
    return [_warn("run_interrupted", "The run was interrupted: what follows is what was measured until then.")]


def _skipped(facts: Facts) -> list[DataWarning]:
    """Return each reason once, with the subject where it is the only one."""
    told: dict[str, list[str]] = {}
    for name, why in facts.result.skipped.items():
        told.setdefault(why.text, []).append(name)
    return [_warn("subject_skipped", why, _only(names)) for why, names in told.items()]


def _only(names: list[str]) -> str | None:
    return names[0] if len(names) == 1 else None


def _controls(proofs: tuple[Control, ...]) -> list[DataWarning]:
    return [
        _warn(
            "control_failed",
            f"Control {one.name} failed: {one.what} is {one.expected:,.0f} {one.unit}, and was measured as "
            f"{one.measured:,.0f}. No number of this run is to be trusted.",
            one.name,
        )
        for one in proofs
        if not one.ok
    ]


def _unproven(facts: Facts, proofs: tuple[Control, ...]) -> list[DataWarning]:
    planned = [one.name for one in facts.result.plan.subjects if one.role == "control"]
    missing = [
        name for name in planned if name not in {one.name for one in proofs} and name not in facts.result.skipped
    ]
    if not missing or not facts.complete:
        return []
    text = f"Not measured, and so no validation of this run: control {', '.join(missing)}."
    return [_warn("control_not_measured", text, _only(missing))]


def deaths(facts: Facts) -> list[tuple[str, str]]:
    """List who crashed or hung, and how, in the order of the trials."""
    return [
        (run.name, f"{_how(run)}{_in_trial(facts, trial)}{_last_line(run)}")
        for trial in facts.result.trials
        for run in trial.runs
        if run.outcome in {"crashed", "timed_out"}
    ]


def _deaths(facts: Facts) -> list[DataWarning]:
    outcomes = [run.outcome for trial in facts.result.trials for run in trial.runs]
    kinds = [one for one in outcomes if one in {"crashed", "timed_out"}]
    return [
        _warn("subject_crashed" if kind == "crashed" else "subject_timed_out", f"{name} {how}", name)
        for kind, (name, how) in zip(kinds, deaths(facts), strict=True)
    ]


def _how(run: SubjectRun) -> str:
    status = run.exit_status
    known = {one.value: one.name for one in signal.Signals}
    ended = known.get(-(status or 0), f"status {status}")
    return f"{run.outcome.replace('_', ' ')} with {ended}"


def _last_line(run: SubjectRun) -> str:
    lines = run.stderr_tail.strip().splitlines()
    return f"; its last words: {lines[-1]}" if lines else ""


def _in_trial(facts: Facts, trial: Trial) -> str:
    if trial.pace == "compressed":
        return " in the compressed day"
    if trial.pace == "dosed":
        return " in the trial of doses"
    return f" in trial {trial.index + 1}" if facts.result.plan.trials > 1 else ""


def _leaks(findings: tuple[Finding, ...]) -> list[DataWarning]:
    """List what grows in number, which is a finding of the run though memory may be flat."""
    return [
        _warn(
            "resource_leaks",
            f"{finding.name} leaks {NAMES[one.name]}: {_amount(one.first, one)} became "
            f"{_amount(one.last, one)}, {_amount(one.per_hour, one)} more an hour.",
            finding.name,
        )
        for finding in findings
        for one in leaked(finding.resources)
        if finding.role != "control"
    ]


def _amount(value: float | None, one: Resource) -> str:
    return memory_bytes(value or 0) if one.unit == "bytes" else count(value or 0)


def _external(facts: Facts) -> list[DataWarning]:
    """Report how the subjects that the user brought were measured, and how they ended; what concerns many once."""
    told: dict[tuple[WarningId, str], list[str]] = {}
    for one in facts.result.plan.subjects:
        for said in _program(facts, one) if one.source != "builtin" else ():
            told.setdefault(said, []).append(one.name)
    return [_warn(kind, f"{_names(names)} {words}", _only(names)) for (kind, words), names in told.items()]


def _names(names: list[str]) -> str:
    """Name one, or some of many, each of whom the words that follow are said of."""
    if len(names) == 1:
        return names[0]
    shown = names if len(names) <= _MOST_NAMED + 1 else [*names[:_MOST_NAMED], f"{len(names) - _MOST_NAMED} more"]
    return f"{', '.join(shown[:-1])} and {shown[-1]}: each"


def _program(facts: Facts, subject: SubjectPlan) -> list[tuple[WarningId, str]]:
    run = facts.run_of(subject.name)
    if run is None:
        return []
    found: list[tuple[WarningId, str]] = []
    if run.exited_after_s is not None and run.outcome == "completed":
        status = "" if run.exit_status is None else f" with status {run.exit_status}"
        words = f"ended by itself{status} after {duration(run.exited_after_s)}: what is said of it ends there."
        found.append(("exited_early", words))
    if run.sigkilled and run.exited_after_s is None:
        found.append(("sigkilled", "did not end when asked by SIGTERM, and was killed after it was measured."))
    if run.unresponsive:
        found.append(("unresponsive", "sent `ready` but did not answer `mark`; its own counters are ignored."))
    if churn.falls([one for one in run.marks if one.allocated_bytes is not None]):
        found.append(("counts_fall", "tells counts that fall, where they can only rise: they are not used."))
    if any(heap.subject == run.name for heap in facts.result.heaps):
        words = "is measured from outside, its children included; its runtime counts allocations, by pprof."
        found.append(("allocations_by_pprof", words))
    elif run.ready_ns is None and not any(one.subject == run.name for one in facts.result.recordings):
        words = "is measured from outside, its children included; its allocations are not counted."
        found.append(("allocations_not_counted", words))
    if run.malformed_lines:
        most = "at least " if run.malformed_lines >= _COUNTED_GARBAGE else ""
        words = f"wrote {most}{run.malformed_lines:,} lines that are not of the protocol; they were left unread."
        found.append(("malformed_lines", words))
    return found


def _link_changes(facts: Facts) -> list[DataWarning]:
    """Return since when the watched interface was another one, or none: whoever reported it from then on was right."""
    programs = [one.name for one in facts.result.plan.subjects if one.source == "exec"]
    whose = f" Nothing of netchurn removes it: look at {' and '.join(programs)}." if programs else ""
    return [
        _warn(
            "link_changed",
            f"{trial.namespace.ifname} was {change.kind}{_in_trial(facts, trial)}, {when}: from then "
            f"on it was not there to be watched, and a subject that reported it was right.{whose}",
        )
        for trial in facts.result.trials
        if (change := trial.link_change) is not None
        for when in [_between(change.after_ns - trial.began_ns, change.at_ns - trial.began_ns)]
    ]


def _between(after_ns: int, at_ns: int) -> str:
    if at_ns <= 0:
        return "before sampling began"
    first, last = (duration(round(max(0, one) / NS_A_SECOND, 1)) for one in (after_ns, at_ns))
    return f"between {first} and {last} after sampling began"


def _false_alarms(facts: Facts) -> list[DataWarning]:
    return [
        _warn(
            "false_alarm",
            f"{run.name} reported '{said.reason}' though nothing happened to the watched interface",
            run.name,
        )
        for trial in facts.result.trials
        for run in trial.runs
        for said in run.reported_outcome
        if said.restart and not (trial.link_change and said.at_ns >= trial.link_change.after_ns)
    ]


def _slow_polls(facts: Facts) -> list[DataWarning]:
    plan = facts.result.plan
    found = []
    for subject in plan.subjects:
        run, seconds = facts.run_of(subject.name), facts.watched_s(subject.name)
        if not (subject.polls and run and seconds and plan.interval_s) or subject.arm is not None:
            continue  # a copy that polls at a pace of its own is left out by that
        polls = run.marks[-1].polls - run.marks[0].polls
        expected = int(seconds / plan.interval_s)
        if polls < _ENOUGH_SHARE * expected - 1:
            text = f"{subject.name} made {polls} polls where {expected} were due: a look takes too long here"
            found.append(_warn("slow_polls", text, subject.name))
    return found


def _unprofiled(facts: Facts, findings: tuple[Finding, ...]) -> list[DataWarning]:
    plan = facts.result.plan
    if plan.scripts or plan.storm or plan.dumps or not plan.lab:
        return []
    if facts.result.plan.profile is None:
        return [_warn("churn_not_measured", "Churn was not measured: the run was made with --no-profile.")]
    external = {one.name for one in facts.result.plan.subjects if one.source != "builtin"}
    missing = [one.name for one in findings if one.churn is None and one.name not in external and one.role != "control"]
    text = f"Churn was not measured for {', '.join(missing)}."
    return [_warn("churn_not_measured", text, _only(missing))] if missing else []


def _cut_short(facts: Facts) -> list[DataWarning]:
    """Return who was measured among fewer pairs than the rest."""
    plan = facts.result.plan
    most = plan.profile.max_pairs if plan.profile else {}
    names = {one.name for one in plan.subjects}
    return [
        _warn(
            "fewer_pairs",
            f"{name} was measured at up to {pairs:,} pairs only (too slow beyond); its figures refer to that size.",
            name,
        )
        for name, pairs in most.items()
        if name in names and pairs < plan.pairs
    ]


def _unsteady(facts: Facts) -> list[DataWarning]:
    """Return where repeats of one subject's churn differ: totals are exact, so they should not."""
    found = []
    for subject in facts.result.plan.subjects:
        rates = churn.repeats(facts, subject)
        if subject.pprof is not None:
            continue  # its rates are no finer than visits can tell, and stand each with its resolution
        if len(rates) > 1 and max(rates) - min(rates) > _REPEATS_SHARE * max(rates):
            spread = 100 * (max(rates) - min(rates)) / max(rates)
            text = f"The churn of {subject.name} differs by {spread:.2g} % between {len(rates)} trials."
            found.append(_warn("churn_differs", text, subject.name))
    return found


def _short(facts: Facts) -> list[DataWarning]:
    if not facts.result.plan.duration_s:
        return []
    seconds = facts.lasted_s
    if seconds is None:
        text = "The run ended before the sampling phase did: memory and CPU are what was sampled until then."
        return [] if facts.running else [_warn("sampling_cut_short", text)]
    if seconds >= LEAST_S or facts.result.plan.dose is not None:
        return []
    text = f"The sampling phase lasted {duration(round(seconds))}: too short to say anything about growth."
    return [_warn("too_short", text)]


def _decided(facts: Facts) -> list[DataWarning]:
    """Return which trials ended before their time because everything was decided, and how often that was looked at."""
    return [
        _warn(
            "ended_early",
            f"The sampling phase ended{_in_trial(facts, one)} after {duration(round(lasted))} of "
            f"{duration(facts.result.plan.duration_s)}: at look number {len(one.interim_looks)} every verdict on "
            "growth was settled (--until-decided).",
        )
        for one in facts.result.trials
        if one.stop_reason == "decided"
        for lasted in [(one.ended_ns - one.began_ns) / NS_A_SECOND]
    ]


def _jumps(facts: Facts) -> list[DataWarning]:
    """Report that the machine slept, or that its wall clock was stepped: no time that is measured has either in it."""
    found = []
    for trial in facts.result.trials:
        slept = [one.seconds for one in trial.clock_jumps if one.kind == "slept"]
        stepped = [one.seconds for one in trial.clock_jumps if one.kind == "stepped"]
        if slept:
            text = (
                f"The machine slept{_in_trial(facts, trial)}, {_times(len(slept))}, for {duration(round(sum(slept)))}: "
                "times and rates are of when it was awake, and a jump of memory may be of its waking."
            )
            found.append(_warn("machine_slept", text))
        if stepped:
            text = (
                f"The wall clock was stepped{_in_trial(facts, trial)}, {_times(len(stepped))}, {sum(stepped):+.3f} s: "
                "nothing that is measured is timed by it; the moment in the run's name is."
            )
            found.append(_warn("clock_stepped", text))
    return found


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _stand_in(facts: Facts) -> list[DataWarning]:
    namespace = facts.namespace
    if namespace is None or namespace.kind.startswith((KERNEL_WIREGUARD, NO_LAB)):
        return []
    text = f"{namespace.ifname} is a {namespace.kind} link standing in for WireGuard, which this machine does not have."
    return [_warn("stand_in_link", text)]


def _busy(facts: Facts) -> list[DataWarning]:
    machine = facts.result.environment
    if machine.load_average_1m <= _BUSY_SHARE * machine.cpus:
        return []
    load = f"load {machine.load_average_1m:.1f} on {machine.cpus} CPUs"
    text = f"The machine was busy when the run began ({load}): CPU times and switches may be off, bytes are not."
    return [_warn("machine_busy", text)]
