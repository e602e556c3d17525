"""The clean arm: all subjects at the same time in the same namespace, nothing but the watcher in each."""

import os
import random
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from harness.lab.host import Place
from harness.lab.messages import CyclePair
from harness.model import Ending, Plan, RunOutcome, Sample, SubjectRun, Trial, World
from harness.probes import sockets
from harness.run.clocks import Clocks
from harness.run.interim import Looks
from harness.run.interrupt import Interrupt, Interrupted
from harness.run.pprof_fetches import Visits
from harness.run.presence import Presence
from harness.run.process_group import Cast
from harness.run.progress import Audience
from harness.run.sampler import Sampler
from harness.subjects import registry
from harness.subjects.process import Subject
from harness.units import NS_A_SECOND


class CleanArm:
    """One trial: start, wait until all are ready, sample on a grid, stop."""

    def __init__(  # noqa: PLR0913 - what an arm needs of the run
        self, lab: Place, plan: Plan, world: World, audience: Audience, interrupt: Interrupt, *, visits: Visits
    ) -> None:
        """Remember the plan; nothing is started yet."""
        self._lab = lab
        self._plan = plan
        self._world = world
        self._audience = audience
        self._interrupt = interrupt
        self._visits = visits
        self._clocks = Clocks()
        self._ended: Ending = "interrupt"
        self._cycled = 0
        self._early_s: dict[str, float] = {}
        self._presence = Presence(lab, world)

    def perform(self, index: int, keep: Callable[[int, str, Sample], None], looks: Looks) -> Trial:
        """Run the trial to its end, or to the interrupt: either way what was measured is in the trial."""
        with closing(looks), Cast(self._lab, self._interrupt) as cast:
            self._start(cast, index)
            cast.wait_until_ready()
            self._visits.begin(index, cast)
            cast.settle()
            dropped = self._dropped(cast)
            sampler = Sampler(
                cast.subjects,
                self._plan.sample_interval_s,
                lambda name, sample: keep(index, name, sample),
                self._lab.read,
            )
            began = time.monotonic()
            self._note_ends(cast, 0.0)
            with suppress(Interrupted):
                self._measure(cast, sampler, began, looks)
            ended = time.monotonic()
            self._note_ends(cast, ended - began)
            drops = {name: max(0, after - dropped[name]) for name, after in self._dropped(cast).items()}
            self._presence.look()
            cast.mark()
            self._visits.end(index)
            cast.stop()
            return Trial(
                index=index,
                began_ns=int(began * NS_A_SECOND),
                ended_ns=int(ended * NS_A_SECOND),
                world=self._world,
                churned_pairs=self._cycled,
                runs=tuple(self._record(one, drops[one.name]) for one in cast.subjects),
                ended=self._ended,
                looks=tuple(looks.done),
                jumps=tuple(self._clocks.jumps),
                link_change=self._presence.change,
            )

    def _dropped(self, cast: Cast) -> dict[str, int]:
        return {one.name: sockets.dropped(one.process.pid, self._lab.read) for one in cast.subjects}

    def _start(self, cast: Cast, index: int) -> None:
        order = [one for one in self._plan.subjects if one.origin == "builtin"]
        random.Random(self._plan.seed + index).shuffle(order)  # noqa: S311 - a reproducible order, not a secret
        for one in order:
            argv = registry.command(
                one.twin_of or one.name,
                ifname=self._world.ifname,
                interval_s=self._plan.interval_s,
                polls=self._plan.polls if one.polls else None,
                leak_bytes_per_s=self._plan.controls.leak_bytes_per_hour / 3600 if self._plan.controls else 0.0,
            )
            cast.start(one.name, argv)
        for guest in self._plan.subjects:
            if guest.origin == "exec":
                cast.start(guest.name, guest.command, guest=True, variables=dict(os.environ), may_be_root=True)
            elif guest.pid is not None:
                cast.observe(guest.name, guest.pid)

    def _measure(self, cast: Cast, sampler: Sampler, began: float, looks: Looks) -> None:
        tick = 0
        self._clocks = Clocks()
        while True:
            due = began + tick * self._plan.sample_interval_s
            over = self._over(cast, due - began, looks)
            rows = sampler.tick(full=over)
            self._clocks.look()
            self._presence.look()
            self._note_ends(cast, time.monotonic() - began)
            self._audience.living(rows, time.monotonic() - began, self._plan.duration_s)
            if over:
                return
            tick = max(tick + 1, int((time.monotonic() - began) / self._plan.sample_interval_s))
            self._live_until(cast, began, began + tick * self._plan.sample_interval_s)

    def _over(self, cast: Cast, elapsed: float, looks: Looks) -> bool:
        living = [one.name for one in cast.subjects if one.alive]
        reasons: tuple[tuple[Ending, bool], ...] = (
            ("time", elapsed >= self._plan.duration_s),
            ("deaths", not living),
            ("polls", self._plan.polls is not None and self._polled_enough(cast, self._plan.polls)),
            ("decided", looks.decided(elapsed, living)),
        )
        self._ended = next((reason for reason, holds in reasons if holds), "interrupt")
        return self._ended != "interrupt"

    def _polled_enough(self, cast: Cast, polls: int) -> bool:
        polling = {one.name for one in self._plan.subjects if one.polls}
        pollers = [one for one in cast.subjects if one.name in polling]
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

    def _note_ends(self, cast: Cast, elapsed: float) -> None:
        """Note who has ended by itself, and when."""
        for one in cast.subjects:
            if not one.alive:
                self._early_s.setdefault(one.name, round(elapsed, 3))

    def _record(self, subject: Subject, dropped: int) -> SubjectRun:
        return SubjectRun(
            name=subject.name,
            argv=subject.argv if subject.guest else (Path(subject.argv[0]).name, *subject.argv[1:]),
            pid=subject.process.pid,
            outcome=self._outcome(subject),
            exit_status=subject.exit_status,
            ready_ns=subject.ready.at_ns if subject.ready else None,
            marks=subject.works,
            said=tuple(subject.said),
            stderr_tail=subject.stderr_tail,
            early_s=self._early_s.get(subject.name),
            killed=subject.killed,
            dropped=dropped,
            garbage=subject.garbage,
            deaf=subject.deaf,
        )

    def _outcome(self, subject: Subject) -> RunOutcome:
        """Judge an end. A guest may end as it likes when it was told to, by SIGTERM or worse: it knows no ``stop``."""
        early, status = subject.name in self._early_s, subject.exit_status
        if early:
            return "crashed" if status else "completed"
        if self._interrupt.asked:
            return "interrupted"
        if subject.guest:
            return "completed"
        if status is None or status in {-9, -15}:
            return "timed_out"
        return "crashed" if status else "completed"
