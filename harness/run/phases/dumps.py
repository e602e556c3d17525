"""Dumps under churn: links, addresses and routes come and go while subjects dump kernel tables.

The watched interface is made last, so that a dump ends with it and with what comes and goes, and is never touched. Who
says that its watch is over is asked nothing: the kernel is, whether the interface is still there; then the watch begins
again. A subscription makes its look-ups when it starts, so it is ended and begun again on purpose. At the end of each
rate the interface is deleted: a watcher whose state agrees with the kernel's says so.
"""

import math
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from harness.lab.client import Lab
from harness.lab.messages import Batch
from harness.model import DumpResult, DumpsPlan, Executable, SubjectPlan
from harness.run.context import RunContext
from harness.run.process_group import STOP_S, ProcessGroup
from harness.subjects import registry
from harness.subjects.process import Subject
from harness.units import NS_A_SECOND

IFNAME = "dump0"
EXIT = "exit"  # an end without a word
PATIENCE_S = 5.0  # with who tells of the deletion: many times the interval of a poll
LEAVING_S = 1.0
MOST_STARTS = 500  # of one program at one rate: one that ends at once would be started for ever
TICKS_A_SECOND = 10.0  # at most: each is a process of ip, which takes some milliseconds
_CHANGES_A_PAIR = 4  # both ends appear and vanish
_GROUP = 78


def pace(rate: float) -> tuple[int, float]:
    """Return how many pairs come and go at once, and the seconds from one such moment to the next."""
    pairs = max(1, math.ceil(rate / _CHANGES_A_PAIR / TICKS_A_SECOND))
    return pairs, pairs * _CHANGES_A_PAIR / rate


def lines(pairs: int) -> tuple[str, ...]:
    """Write what makes and removes that many pairs, addresses and routes, for ip."""
    numbers = range(pairs)
    return (
        *(f"link add come{n} group {_GROUP} type veth peer name go{n}" for n in numbers),
        *(f"address add 100.66.{n >> 8}.{n & 255}/32 dev lo" for n in numbers),
        *(f"route add 100.67.{n >> 8}.{n & 255}/32 dev lo" for n in numbers),
        *(f"route del 100.67.{n >> 8}.{n & 255}/32 dev lo" for n in numbers),
        *(f"address del 100.66.{n >> 8}.{n & 255}/32 dev lo" for n in numbers),
        f"link delete group {_GROUP}",
    )


def plays(one: SubjectPlan) -> bool:
    """Return whether a subject has a part in this: a process that runs already sees another namespace."""
    return one.role != "control" and not one.duplicate_of and one.source != "pid"


class Watch:
    """One subject at one rate: its process, begun again whenever it ends, and what it said."""

    def __init__(self, plan: SubjectPlan, start: Callable[[], Subject], restart_every_s: float) -> None:
        """Start its process; of our own, the first watch is still to begin."""
        self.plan = plan
        self.subject = start()
        self.ends: Counter[str] = Counter()
        self.starts = 0
        self.polls: int | None = None
        self._earlier = [0, 0, 0, 0]  # dumps of processes that have ended: made, marked, retried, nanoseconds
        self._start = start
        self._restart_every_s = restart_every_s
        self._over_ns: int | None = None  # the moment of a false end, until a watch stands again
        self._unwatched_ns = 0
        self._stopping = False
        self._speaks = plan.source == "builtin"  # a program of the user's, once it has said ready
        self._counted = False  # the end of this watch

    def begin(self) -> None:
        """Begin a watch, by a word or with a process."""
        self.starts += 1
        self._stopping = self._counted = False
        self.subject.forget()
        if self.plan.source == "builtin":
            self.subject.send("again")

    def over(self) -> str | None:
        """Return why the watch is over; None while it goes on. An end that was asked for is ``stopped``."""
        if self.subject.reported_outcome:
            return self.subject.reported_outcome[0].reason
        return None if self.subject.alive else EXIT

    def note_ready(self) -> None:
        """Close the time without a watch, as soon as one stands again: a program that says nothing of it, at once."""
        ready = self.subject.ready
        self._speaks |= ready is not None
        if self._over_ns is None or self._counted or (ready is None and self._speaks):
            return
        until = ready.at_ns if ready is not None else time.monotonic_ns()
        self._unwatched_ns += max(0, until - self._over_ns)
        self._over_ns = None

    def note_end(self, reason: str, *, false: bool) -> None:
        """Record the end of a watch, once; ``false``: nobody asked for it, and the interface is there."""
        counted, self._counted = self._counted, True
        if counted or not false:
            return
        self.ends[reason] += 1
        if self._over_ns is None:
            outcome = self.subject.reported_outcome
            self._over_ns = outcome[0].at_ns if outcome else time.monotonic_ns()

    def add_work(self) -> None:
        """Add the polls of the watch that is over."""
        work = self.subject.work
        if self.plan.polls and work is not None:
            self.polls = (self.polls or 0) + work.polls

    def leaving(self) -> bool:
        """Return whether its program has told of an end, and has still a moment to end itself."""
        told = self.subject.reported_outcome
        running = self.plan.source != "builtin" and self.subject.alive
        return running and bool(told) and time.monotonic_ns() - told[0].at_ns < LEAVING_S * NS_A_SECOND

    def due(self) -> bool:
        """Return whether a subscription has watched for long enough to be begun again."""
        ready = self.subject.ready
        if self.plan.polls or self.plan.source != "builtin" or ready is None or self._stopping:
            return False
        return time.monotonic_ns() - ready.at_ns >= self._restart_every_s * NS_A_SECOND

    def stop(self) -> None:
        """Ask the watch to end."""
        self._stopping = True
        self.subject.send("stop")

    def restart(self, discard: Callable[[Subject], None]) -> bool:
        """Start a process that has ended once more; False where it was started often enough."""
        if self.starts >= MOST_STARTS:
            return False
        self._add_dumps()
        discard(self.subject)
        self.subject = self._start()
        return True

    def _add_dumps(self) -> None:
        if (dumps := self.subject.dumps) is not None:
            counts = (dumps.made, dumps.marked, dumps.retried, dumps.discarded_ns)
            self._earlier = [had + (new or 0) for had, new in zip(self._earlier, counts, strict=True)]

    def dumps(self) -> tuple[int | None, ...]:
        """Sum the dumps of all its processes: made, marked, retried, nanoseconds discarded; None: it does not know."""
        last = self.subject.dumps
        if last is None:
            known = any(self._earlier)
            return tuple(self._earlier) if known else (None,) * len(self._earlier)
        counts = (last.made, last.marked, last.retried, last.discarded_ns)
        return tuple(None if new is None else had + new for had, new in zip(self._earlier, counts, strict=True))

    def unwatched_s(self, now_ns: int) -> float:
        """Sum the time without a watch, until now."""
        open_ns = 0 if self._over_ns is None else now_ns - self._over_ns
        return (self._unwatched_ns + open_ns) / NS_A_SECOND


class DumpsPhase:
    """Changes tables at rising rates, and counts what subjects make of them."""

    def __init__(self, context: RunContext[Lab], dumps: DumpsPlan) -> None:
        """Remember the plan; nothing is started yet."""
        self._context = context
        self._dumps = dumps
        self.programs: dict[str, Executable] = {}  # of the user's, as they were started

    def perform(self, keep: Callable[[list[DumpResult]], None]) -> None:
        """Play all rates; hand on each one's rows as soon as it is over."""
        for done, rate in enumerate(self._dumps.rates):
            self._context.listener.step(f"{rate:g} link changes a second", done, len(self._dumps.rates))
            keep(self._play(rate))

    def _play(self, rate: float) -> list[DumpResult]:
        self._context.interrupt.check()
        made = f"link add {IFNAME} type veth peer name {IFNAME}p"
        self._context.lab.request(Batch(lines=(made, f"address add 100.65.0.2/24 dev {IFNAME}")))
        links, index = self._context.lab.links(IFNAME)
        with ProcessGroup(self._context.lab, self._context.interrupt) as processes:
            watches = [self._watch(processes, one) for one in self._context.plan.subjects if plays(one)]
            for one in watches:
                one.begin()
            self._await(processes, watches)
            began = time.monotonic()
            ticks = self._churn(processes, watches, rate, index)
            now_ns = time.monotonic_ns()
            seconds = time.monotonic() - began
            self._end_all(processes, watches)
            # What ours count after this is the deletion's; a program of the user's may tell its counts when it ends.
            early = {one.plan.name: _row(one, now_ns) for one in watches if one.plan.source == "builtin"}
            told = self._delete(processes, watches)
            rows = [early.get(one.plan.name) or _row(one, now_ns) for one in watches]
        changes = ticks * pace(rate)[0]
        return [
            row(
                rate=rate,
                seconds=round(seconds, 3),
                links=links,
                link_changes=_CHANGES_A_PAIR * changes,
                address_changes=2 * changes,
                route_changes=2 * changes,
                state_correct=correct,
            )
            for row, correct in zip(rows, told, strict=True)
        ]

    def _watch(self, processes: ProcessGroup, one: SubjectPlan) -> Watch:
        def start() -> Subject:
            if one.source == "exec":
                return processes.start_program(one, IFNAME, events=True)
            argv = registry.rounds_command(one.name, ifname=IFNAME, interval_s=self._dumps.interval_s)
            return processes.start(one.name, argv)

        return Watch(one, start, self._dumps.restart_every_s)

    def _await(self, processes: ProcessGroup, watches: list[Watch]) -> None:
        ours = [one for one in watches if one.plan.source == "builtin"]
        processes.wait(lambda: all(one.subject.ready or one.over() for one in ours), STOP_S)
        processes.await_programs([one.subject for one in watches if one.plan.source != "builtin"])
        self.programs.update(processes.programs())

    def _churn(self, processes: ProcessGroup, watches: list[Watch], rate: float, index: int) -> int:
        """Change the tables at that rate, and begin each watch again that is over; the number of changes at once."""
        pairs, every_s = pace(rate)
        batch, began, ticks = Batch(lines=lines(pairs)), time.monotonic(), 0
        while (passed := time.monotonic() - began) < self._dumps.seconds:
            self._context.interrupt.check()
            if passed >= ticks * every_s:
                self._context.lab.request(batch)
                ticks += 1
            processes.poll(max(0.0, min(began + ticks * every_s - time.monotonic(), every_s)))
            for one in watches:
                self._look(processes, one, index)
        return ticks

    def _look(self, processes: ProcessGroup, watch: Watch, index: int) -> None:
        watch.note_ready()
        reason = watch.over()
        if reason is None:
            if watch.due():
                watch.stop()
            return
        watch.note_end(reason, false=reason != "stopped" and self._context.lab.find(IFNAME, index) == (index, IFNAME))
        if watch.leaving():
            return
        watch.add_work()
        if watch.subject.alive or watch.restart(processes.discard):
            watch.begin()

    def _end_all(self, processes: ProcessGroup, watches: list[Watch]) -> None:
        """End all watches of our own, so that they tell what they counted; programs are left as they are."""
        ours = [one for one in watches if one.plan.source == "builtin"]
        for one in ours:
            if one.over() is None:
                one.stop()
        processes.wait(lambda: all(one.over() for one in ours), STOP_S)
        for one in ours:
            one.add_work()

    def _delete(self, processes: ProcessGroup, watches: list[Watch]) -> list[bool | None]:
        """Begin all watches once more, delete the interface, and see who tells; then end all."""
        for one in watches:
            if one.plan.source == "builtin":
                one.begin()
        self._await(processes, watches)
        watching = [one.over() is None for one in watches]
        self._context.lab.request(Batch(lines=(f"link delete {IFNAME}",)))
        processes.wait(lambda: all(one.over() for one in watches), PATIENCE_S)
        told = [one.over() is not None if watched else None for one, watched in zip(watches, watching, strict=True)]
        for one in watches:
            if one.plan.source != "builtin":
                processes.discard(one.subject)
        return told


def _row(watch: Watch, now_ns: int) -> Callable[..., DumpResult]:
    """Return what one subject counted until now: a row but for what all subjects share."""
    made, marked, retried, discarded_ns = watch.dumps()
    return partial(
        DumpResult,
        subject=watch.plan.name,
        starts=watch.starts,
        polls=watch.polls,
        made=made,
        marked=marked,
        retried=retried,
        discarded_s=None if discarded_ns is None else round(discarded_ns / NS_A_SECOND, 6),
        ends=dict(sorted(watch.ends.items())),
        unwatched_s=round(watch.unwatched_s(now_ns), 3),
    )
