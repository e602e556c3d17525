"""The clean arm: all subjects at the same time in the same namespace, nothing but the watcher in each."""

import random
import time
from collections.abc import Callable
from contextlib import suppress

from harness.lab.client import Lab
from harness.lab.orders import CyclePair
from harness.model import Plan, RunOutcome, Sample, SubjectRun, Trial, World
from harness.run.audience import Audience
from harness.run.cast import Cast
from harness.run.interrupt import Interrupt, Interrupted
from harness.run.sampler import Sampler
from harness.subjects import registry
from harness.subjects.process import Subject

NS = 1_000_000_000


class CleanArm:
    """One trial: start, wait until all are ready, sample on a grid, stop."""

    def __init__(self, lab: Lab, plan: Plan, world: World, audience: Audience, interrupt: Interrupt) -> None:
        """Remember the plan; nothing is started yet."""
        self._lab = lab
        self._plan = plan
        self._world = world
        self._audience = audience
        self._interrupt = interrupt
        self._cycled = 0

    def perform(self, index: int, keep: Callable[[int, str, Sample], None]) -> Trial:
        """Run the trial to its end, or to the interrupt: either way what was measured is in the trial."""
        with Cast(self._lab, self._interrupt) as cast:
            self._start(cast)
            cast.wait_until_ready()
            cast.mark()
            sampler = Sampler(
                cast.subjects,
                self._plan.sample_interval_s,
                lambda name, sample: keep(index, name, sample),
            )
            began = time.monotonic()
            early = {one.name for one in cast.subjects if not one.alive}
            with suppress(Interrupted):
                self._measure(cast, sampler, began)
            ended = time.monotonic()
            early |= {one.name for one in cast.subjects if not one.alive}
            cast.mark()
            cast.stop()
            return Trial(
                index=index,
                began_ns=int(began * NS),
                ended_ns=int(ended * NS),
                world=self._world,
                churned_pairs=self._cycled,
                runs=tuple(self._record(one, early=one.name in early) for one in cast.subjects),
            )

    def _start(self, cast: Cast) -> None:
        order = [one.name for one in self._plan.subjects]
        random.Random(self._plan.seed).shuffle(order)  # noqa: S311 - a reproducible order, not a secret
        for name in order:
            argv = registry.command(
                name,
                ifname=self._world.ifname,
                interval_s=self._plan.interval_s,
                polls=self._plan.polls if registry.find(name).polls else None,
            )
            cast.start(name, argv)

    def _measure(self, cast: Cast, sampler: Sampler, began: float) -> None:
        tick = 0
        while True:
            due = began + tick * self._plan.sample_interval_s
            over = self._over(cast, due - began)
            rows = sampler.tick(full=over)
            self._audience.living(rows, time.monotonic() - began, self._plan.duration_s)
            if over:
                return
            tick = max(tick + 1, int((time.monotonic() - began) / self._plan.sample_interval_s))
            self._live_until(cast, began, began + tick * self._plan.sample_interval_s)

    def _over(self, cast: Cast, elapsed: float) -> bool:
        if elapsed >= self._plan.duration_s or not any(one.alive for one in cast.subjects):
            return True
        return self._plan.polls is not None and self._polled_enough(cast, self._plan.polls)

    def _polled_enough(self, cast: Cast, polls: int) -> bool:
        pollers = [one for one in cast.subjects if registry.find(one.name).polls]
        return bool(pollers) and all(not one.alive or (one.work and one.work.polls >= polls) for one in pollers)

    def _live_until(self, cast: Cast, began: float, until: float) -> None:
        """Listen until the next tick; meanwhile let containers come and go at the plan's rate."""
        while (now := time.monotonic()) < until:
            due = self._next_cycle(began)
            if due <= now:
                self._lab.order(CyclePair(number=self._cycled))
                self._cycled += 1
                continue
            self._interrupt.check()
            cast.hear(min(until, due) - now)
        self._interrupt.check()

    def _next_cycle(self, began: float) -> float:
        rate = self._plan.churn_pairs_per_s
        return began + (self._cycled + 0.5) / rate if rate else float("inf")

    def _record(self, subject: Subject, *, early: bool) -> SubjectRun:
        return SubjectRun(
            name=subject.name,
            argv=subject.argv,
            pid=subject.process.pid,
            outcome=self._outcome(subject, early=early),
            exit_status=subject.exit_status,
            ready_ns=subject.ready.at_ns if subject.ready else None,
            marks=tuple(subject.works),
            said=tuple(subject.said),
            stderr_tail=subject.stderr_tail,
        )

    def _outcome(self, subject: Subject, *, early: bool) -> RunOutcome:
        if subject.exit_status != 0 and (early or subject.exit_status is not None):
            return "timed_out" if subject.exit_status in {-9, -15} and not early else "crashed"
        if subject.exit_status is None:
            return "timed_out"
        return "interrupted" if self._interrupt.asked else "completed"
