"""The timed arm: time and processor per poll and per event, in processes of their own that nothing profiles.

A poller makes a number of polls, back to back, and then waits: the end of its last poll is its own word, and what it
used until then is read while it waits. The number is chosen from what a poll took the time before. Pollers take turns;
subscriptions live through the same events side by side, for they wait most of the time.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from harness.errors import SubjectFault
from harness.lab.client import Lab
from harness.lab.messages import ToggleMtu
from harness.model import ProfilePlan, SubjectPlan, SweepPlan, Timing, WorkUnit
from harness.run.context import RunContext
from harness.run.link_steps import LinkStep
from harness.run.process_group import ProcessGroup
from harness.subjects import registry
from harness.subjects.process import Subject
from harness.units import NS_A_SECOND

FIRST_POLLS = 200  # where nothing is known yet
MOST_POLLS = 1_000_000
SHORT = 0.5  # of the seconds wanted: what took less was guessed wrong, and is done once more
PATIENCE_S = 300.0
AWAKE_EVENTS = 16  # before the count begins: what is made once, on the first events


class TimingPhase:
    """Times every subject of the plan that this package brings."""

    def __init__(self, context: RunContext[Lab]) -> None:
        self._context = context
        self._subjects = [one for one in context.plan.subjects if one.source == "builtin" and one.role != "control"]
        self._took_s: dict[str, float] = {}  # a poll, for each link

    def run_step(self, sweep: SweepPlan, profile: ProfilePlan, step: LinkStep) -> list[Timing]:
        """Time all at one step."""
        here = [one for one in self._subjects if step.within(profile, one.name)]
        pollers = [one for one in here if one.polls]
        found = []
        for number, subject in enumerate(pollers):
            self._context.listener.step(f"timing at {step.links} links", number, len(pollers))
            timing = self._poller(sweep, step, subject)
            found.append(self._poller(sweep, step, subject) if timing.seconds < SHORT * sweep.seconds else timing)
        waiting = [one for one in here if not one.polls]
        return found + (self._subscribers(sweep, step, waiting) if waiting else [])

    def _poller(self, sweep: SweepPlan, step: LinkStep, plan: SubjectPlan) -> Timing:
        polls = self._polls(sweep, step, plan.name)
        with ProcessGroup(self._context.lab, self._context.interrupt) as processes:
            subject = self._start(processes, step, plan, polls)
            processes.wait_until_ready()
            before = _used(subject)
            if not processes.wait(lambda: not subject.alive or _made(subject) >= polls, PATIENCE_S):
                raise SubjectFault(
                    "subject_too_slow",
                    f"{plan.name} did not make {polls} polls within {PATIENCE_S:.0f} s",
                    "fewer links",
                )
            if not subject.alive or subject.ready is None or subject.work is None:
                raise _death(subject)
            seconds = (subject.work.at_ns - subject.ready.at_ns) / NS_A_SECOND
            self._took_s[plan.name] = seconds / polls / step.links
            timing = _timing(step, plan.name, "poll", polls, seconds, before, _used(subject))
            processes.terminate()
        return timing

    def _polls(self, sweep: SweepPlan, step: LinkStep, name: str) -> int:
        took_s = self._took_s.get(name)
        wanted = FIRST_POLLS if took_s is None else round(sweep.seconds / (took_s * step.links))
        return max(sweep.min_polls, min(MOST_POLLS, wanted))

    def _subscribers(self, sweep: SweepPlan, step: LinkStep, plans: Sequence[SubjectPlan]) -> list[Timing]:
        self._context.listener.step(f"sending {sweep.events} events at {step.links} links", 0, 1)
        with ProcessGroup(self._context.lab, self._context.interrupt) as processes:
            subjects = [self._start(processes, step, one, None) for one in plans]
            processes.wait_until_ready()
            self._context.lab.request(ToggleMtu(count=AWAKE_EVENTS))
            processes.mark()
            began = [(_used(one), one.works[-1].at_ns) for one in subjects]
            self._context.lab.request(ToggleMtu(count=sweep.events))
            processes.mark()
            found = []
            for subject, (before, at_ns) in zip(subjects, began, strict=True):
                if not subject.alive:
                    raise _death(subject)
                seconds = (subject.works[-1].at_ns - at_ns) / NS_A_SECOND
                found.append(_timing(step, subject.name, "event", sweep.events, seconds, before, _used(subject)))
            processes.terminate()
        return found

    def _start(self, processes: ProcessGroup, step: LinkStep, plan: SubjectPlan, polls: int | None) -> Subject:
        kind = plan.duplicate_of or plan.name
        return processes.start(plan.name, registry.command(kind, ifname=step.ifname, interval_s=0, polls=polls))


def _made(subject: Subject) -> int:
    return subject.work.polls if subject.work else 0


class _Used(NamedTuple):
    """What a process has used until now: seconds by the scheduler, by thread; user and system in ticks of 10 ms."""

    threads_s: dict[str, float]
    user_s: float
    system_s: float


def _used(subject: Subject) -> _Used:
    pid = subject.process.pid
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        raise _death(subject) from None
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        threads_s = {task.name: int((task / "schedstat").read_text().split()[0]) / NS_A_SECOND for task in tasks}
    except (OSError, IndexError, ValueError):  # a kernel that keeps no such count, or a thread that just ended
        return _Used({}, times.user, times.system)
    return _Used(threads_s, times.user, times.system)


def _scheduled_s(before: _Used, after: _Used) -> float | None:
    """Return the seconds between two readings; None where a thread of the first is gone, with what it used."""
    if not before.threads_s or before.threads_s.keys() - after.threads_s.keys():
        return None
    return round(sum(after.threads_s.values()) - sum(before.threads_s.values()), 9)


def _timing(  # noqa: PLR0913, PLR0917 - a measurement, and what it is of
    step: LinkStep,
    name: str,
    unit: WorkUnit,
    count: int,
    seconds: float,
    before: _Used,
    after: _Used,
) -> Timing:
    return Timing(
        subject=name,
        unit=unit,
        pairs=step.pairs,
        links=step.links,
        count=count,
        seconds=round(seconds, 9),
        cpu_s=_scheduled_s(before, after),
        user_s=round(after.user_s - before.user_s, 6),
        system_s=round(after.system_s - before.system_s, 6),
    )


def _death(subject: Subject) -> SubjectFault:
    return SubjectFault(
        "subject_died", f"{subject.name} ended while it was timed: {subject.last_words}", "leave it out with --subject"
    )
