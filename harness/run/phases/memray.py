"""The profiling phase: processes of their own under memray, bounded by work, two durations each.

Pollers look back to back (what a look allocates does not depend on the pause before it), two and then five times; once
and then twice where a look takes half a minute (``harness.plan.profiling``).
Subscriptions sleep for two durations while nothing happens, then live through two numbers of unrelated link events.
Nothing here is ever read for RSS: memray adds some 36 MB and three to four times the CPU.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import NetchurnError, SubjectFault, UsageFault
from harness.lab.client import Lab
from harness.lab.messages import ToggleMtu
from harness.model import Capture, CaptureKind, ProfilePlan, SubjectPlan
from harness.probes.recordings import memray_totals
from harness.run.context import RunContext
from harness.run.link_steps import LinkStep
from harness.run.process_group import ProcessGroup
from harness.subjects import registry
from harness.subjects.process import Subject
from harness.units import NS_A_SECOND

PATIENCE_S = 300.0


@dataclass(frozen=True, kw_only=True)
class _Profiled:
    """A profiled process that has ended, and what it was for."""

    subject: Subject
    kind: CaptureKind
    file: Path
    sent: int = 0  # unrelated link events while it lived


class MemrayPhase:
    """Profiles every subject of the plan whose allocations memray can see."""

    def __init__(self, context: RunContext[Lab]) -> None:
        self._context = context
        self._subjects = [one for one in context.plan.subjects if one.accounting == registry.ALL_OBJECTS]

    def run_step(self, profile: ProfilePlan, step: LinkStep, *, top: bool) -> "CountedLater":
        """Profile at one step: pollers at every step, subscriptions at the top one, where their events are sent too."""
        chosen = [one for one in self._subjects if top or (one.polls and one.role != "control")]
        chosen = [one for one in chosen if step.within(profile, one.name)]
        done = self._idle(profile, step, chosen)
        if top:
            done += self._events(profile, step, [one for one in chosen if not one.polls and one.role != "control"])
        return self._count(step, done)

    def _start(  # noqa: PLR0913 - one profiled process takes six things to describe
        self,
        processes: ProcessGroup,
        step: LinkStep,
        subject: SubjectPlan,
        label: str,
        *,
        polls: int | None = None,
        sent: int = 0,
    ) -> _Profiled:
        file = self._context.captures / f"{step.name(subject.name, label)}.bin"
        argv = registry.command(
            subject.duplicate_of or subject.name, ifname=step.ifname, interval_s=0, polls=polls, capture=file
        )
        kind: CaptureKind = "events" if sent else "idle"
        return _Profiled(subject=processes.start(subject.name, argv), kind=kind, file=file, sent=sent)

    def _idle(self, profile: ProfilePlan, step: LinkStep, chosen: Sequence[SubjectPlan]) -> list[_Profiled]:
        with ProcessGroup(self._context.lab, self._context.interrupt) as processes:
            pollers = [
                self._start(processes, step, one, f"{polls}polls", polls=polls)
                for one in chosen
                if one.polls
                for polls in profile.polls
            ]
            sleepers = [
                (self._start(processes, step, one, f"{seconds:g}s"), seconds)
                for one in chosen
                if not one.polls
                for seconds in profile.idle_s
            ]
            processes.wait_until_ready()
            self._let_sleep(processes, sleepers)
            self._await_end(processes, [one.subject for one in pollers], f"profiling at {step.links} links")
            return [*pollers, *(one for one, _ in sleepers)]

    def _let_sleep(self, processes: ProcessGroup, sleepers: list[tuple[_Profiled, float]]) -> None:
        began = time.monotonic()
        if sleepers:
            self._context.spare()
        for sleeper, seconds in sorted(sleepers, key=lambda pair: pair[1]):
            processes.wait(lambda: False, began + seconds - time.monotonic())
            processes.terminate(sleeper.subject)

    def _events(self, profile: ProfilePlan, step: LinkStep, chosen: Sequence[SubjectPlan]) -> list[_Profiled]:
        with ProcessGroup(self._context.lab, self._context.interrupt) as processes:
            few, many = (
                [self._start(processes, step, one, f"events{count}", sent=count) for one in chosen]
                for count in profile.events
            )
            processes.wait_until_ready()
            self._context.lab.request(ToggleMtu(count=profile.events[0]))
            processes.terminate(*(one.subject for one in few))
            self._context.lab.request(ToggleMtu(count=profile.events[1] - profile.events[0]))
            processes.terminate(*(one.subject for one in many))
            return [*few, *many]

    def _await_end(self, processes: ProcessGroup, subjects: Sequence[Subject], text: str) -> None:
        def ended() -> bool:
            done = sum(not one.alive for one in subjects)
            self._context.listener.step(text, done, len(subjects))
            return done == len(subjects)

        if not processes.wait(ended, PATIENCE_S):
            slow = ", ".join(one.name for one in subjects if one.alive)
            raise SubjectFault(
                "subject_too_slow",
                f"{slow} under memray did not finish within {PATIENCE_S:.0f} s",
                "fewer links, or --no-profile",
            )
        processes.terminate(*subjects)

    def _count(self, step: LinkStep, done: Sequence[_Profiled]) -> "CountedLater":
        for one in done:
            if one.subject.exit_status != 0 or not one.subject.works or one.subject.ready is None:
                raise _failure(one.subject)
        return CountedLater(self._context, step, done)


class CountedLater:
    """The captures of one step, whose allocations are counted while other things are measured."""

    def __init__(self, context: RunContext[Lab], step: LinkStep, done: Sequence[_Profiled]) -> None:
        self._context = context
        self._step = step
        self._done = done
        self._counting = memray_totals.Counting([one.file for one in done], context.queue)

    @property
    def ended(self) -> bool:
        """Return whether it takes no time to have them."""
        return self._counting.ended

    def captures(self) -> tuple[Capture, ...]:
        """Return the captures, counted; ResultFault for one that is cut off."""
        counted = self._counting.totals(
            lambda number: self._context.listener.step("counting allocations", number, len(self._done))
        )
        return tuple(self._capture(one, total) for one, total in zip(self._done, counted, strict=True))

    def _capture(self, one: _Profiled, total: memray_totals.Allocated) -> Capture:
        subject = one.subject
        began = subject.ready.at_ns if subject.ready else 0
        work = subject.works[-1]
        return Capture(
            subject=subject.name,
            kind=one.kind,
            pairs=self._step.pairs,
            links=self._step.links,
            polls=work.polls,
            events=one.sent,  # those of the namespace, whether or not they reached this subject
            live_s=(work.at_ns - began) / NS_A_SECOND,
            bytes=total.bytes,
            allocations=total.allocations,
            accounting=registry.ALL_OBJECTS,
            file=f"{self._context.captures.name}/{one.file.name}",
            trial=self._step.trial,
        )


def _failure(subject: Subject) -> NetchurnError:
    words = subject.last_words
    if "No space left" in words:
        return UsageFault(
            "no_space", f"no space left for captures: {words}", "free some space, or choose another folder: --results"
        )
    return SubjectFault(
        "subject_died",
        f"subject {subject.name} under memray ended with status {subject.exit_status}: {words}",
        "run with --no-profile to measure memory alone",
    )
