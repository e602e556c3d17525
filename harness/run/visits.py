"""Visits to Go programs that serve pprof: one when the clean arm begins, one when it ends, both outside its samples."""

import os
import sys
from pathlib import Path

from harness import child
from harness.caller import gave_up_root
from harness.errors import NetchurnError
from harness.lab.door import environment
from harness.lab.here import Place
from harness.model import GoFunction, GoHeap, Plan, SubjectPlan
from harness.probes import goheap
from harness.reading import process_file
from harness.run.cast import Cast
from harness.run.interrupt import Interrupt
from harness.subjects.fetch import TIMEOUT_S

MOST_FUNCTIONS = 50


class Visits:
    """Fetches what the plan's subjects serve, and reads what it fetched. A failure is a note, and harms nobody else."""

    def __init__(self, lab: Place, plan: Plan, folder: Path, interrupt: Interrupt) -> None:
        """Nobody is visited yet. ``folder`` is where captures go."""
        self._lab = lab
        self._hosts = [one for one in plan.subjects if one.pprof is not None]
        self._folder = folder
        self._interrupt = interrupt
        self.notes: list[str] = []

    def visit(self, trial: int, number: int) -> None:
        """Visit everybody once."""
        for host in list(self._hosts):
            words = self._fetch(host, f"{trial}-{host.name}-{number}")
            if words is not None:
                self.notes.append(f"pprof of {host.name}: {words}")
                self._hosts.remove(host)

    def _fetch(self, host: SubjectPlan, prefix: str) -> str | None:
        """Fetch into files; the last words of what went wrong, or None."""
        self._folder.mkdir(exist_ok=True)
        argv = [
            sys.executable,
            "-P",
            "-m",
            "harness.subjects.fetch",
            host.pprof or "",
            str(self._folder),
            prefix,
        ]
        if host.pid is not None:
            return self._fetch_outside(host.pid, argv)
        with Cast(self._lab, self._interrupt) as cast:
            visitor = cast.start(prefix, argv, guest=True)
            cast.wait(lambda: not visitor.alive, 2 * TIMEOUT_S, heed_interrupt=False)
            cast.stop()
            return None if visitor.exit_status == 0 else _last(visitor.stderr_tail)

    def _fetch_outside(self, pid: int, argv: list[str]) -> str | None:
        """Fetch where a bystander lives: here, or in its own network namespace, which takes a privilege."""
        try:
            here = process_file(os.getpid(), "ns/net") == self._lab.read(pid, "ns/net")
        except OSError as cause:
            return f"its network namespace cannot be read: {cause.strerror}"
        if not here and gave_up_root():
            return "it lives in another network namespace, where only root may go: sudo env -u SUDO_UID netchurn may"
        there = [] if here else ["nsenter", f"--net=/proc/{pid}/ns/net", "--"]
        visitor = child.start([*there, *argv], environment())
        _, words = visitor.communicate()  # it ends within its own time
        return None if visitor.returncode == 0 else _last(words.decode(errors="replace"))

    def heaps(self, trial: int) -> list[GoHeap]:
        """Read what the two visits of a trial brought."""
        found = []
        for host in self._hosts:
            first, second = (f"{trial}-{host.name}-{number}" for number in (0, 1))
            try:
                between = goheap.between(goheap.mark(self._folder, first), goheap.mark(self._folder, second))
            except NetchurnError as fault:
                self.notes.append(f"pprof of {host.name}: {fault.message}")
                continue
            found.append(_heap(host.name, trial, between, (first, second)))
            if between.unsampled is not None:
                self.notes.append(f"pprof of {host.name}, shares by function: {between.unsampled}")
        return found


def _heap(name: str, trial: int, between: goheap.Between, files: tuple[str, str]) -> GoHeap:
    functions = between.sampled.functions[:MOST_FUNCTIONS] if between.sampled else ()
    return GoHeap(
        subject=name,
        trial=trial,
        bytes=between.bytes,
        allocations=between.allocations,
        seconds=between.seconds,
        collections=between.collections,
        fetch_cost_bytes=between.fetch_cost_bytes,
        accounting=between.accounting,
        functions=tuple(GoFunction(name=name, flat=flat, cumulative=all_) for name, flat, all_ in functions),
        sampled_bytes=between.sampled.total if between.sampled else None,
        files=files,
    )


def _last(words: str) -> str:
    return (words.strip().splitlines() or ["it said nothing"])[-1]
