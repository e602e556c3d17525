"""The subjects of one arm, listened to by one selector; the only waiting in the house happens here."""

import os
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Self

from harness.errors import LabFault, SubjectFault, UsageFault
from harness.lab.host import ProcessLauncher
from harness.lab.messages import KillProcessGroup, Signal
from harness.model import Executable, SubjectPlan
from harness.probes.process import executable
from harness.run.interrupt import Interrupt
from harness.subjects import external
from harness.subjects.process import ObservedProcess, Subject
from harness.subjects.signs import Signs

READY_S = 60.0
STOP_S = 30.0  # ours end within a second; a machine may be busy
TERM_S = 5.0
SETTLING_MARKS = 3
MOST_LAST_WORDS = 64  # readings; more than a pipe holds
EXTERNAL_MARK_S = 2.0
EXTERNAL_S = 1.0  # somebody else's program may speak the protocol; one that does says so at once


class ProcessGroup:
    """Starts subjects in the lab, hears them, ends them."""

    def __init__(self, lab: ProcessLauncher, interrupt: Interrupt) -> None:
        self._lab = lab
        self._interrupt = interrupt
        self._selector = selectors.DefaultSelector()
        self._homes: dict[int, ProcessLauncher] = {}  # of subjects that live in another place, by id
        self._selector.register(lab, selectors.EVENT_READ, lambda: self._lab_news(lab))
        self._selector.register(interrupt, selectors.EVENT_READ, interrupt.heard)
        self.subjects: list[Subject] = []

    def start(  # noqa: PLR0913 - what a process can be given
        self,
        name: str,
        argv: Sequence[str],
        *,
        external: bool = False,
        variables: dict[str, str] | None = None,
        may_be_root: bool = False,
        home: ProcessLauncher | None = None,
    ) -> Subject:
        """Start one subject; ``variables`` are its whole environment, this package's own if None.

        ``home`` is a place of its own, which no other subject lives in; None: that of the group.
        """
        process = (home or self._lab).spawn(argv, variables, may_be_root=may_be_root)
        subject = Subject(name, argv, process, external=external)
        if home is not None and home is not self._lab:
            self._homes[id(subject)] = home
            self._selector.register(home, selectors.EVENT_READ, lambda: self._lab_news(home))
        self.subjects.append(subject)
        self._selector.register(subject.process.stdout, selectors.EVENT_READ, subject.read_output)
        self._selector.register(subject.process.stderr, selectors.EVENT_READ, subject.read_errors)
        return subject

    def start_program(
        self, plan: SubjectPlan, ifname: str, *, events: bool = False, home: ProcessLauncher | None = None
    ) -> Subject:
        """Start a program of the user's, in the caller's environment and what its plan adds to it.

        With ``events`` its reports are taken as its plan says: by its end, by a line, or by the protocol.
        """
        argv = external.command(plan, ifname)
        variables = {**os.environ, **plan.environment}
        subject = self.start(plan.name, argv, external=True, variables=variables, may_be_root=True, home=home)
        subject.signs = Signs(plan.ready, plan.detect if events else None)
        return subject

    def discard(self, subject: Subject) -> None:
        """End a program, and forget it."""
        subject.signs.over = True
        self.terminate(subject)
        for descriptor in (subject.process.stdout, subject.process.stderr):
            with suppress(KeyError):
                self._selector.unregister(descriptor)
        subject.close()
        self.subjects.remove(subject)

    def await_programs(self, programs: Sequence[Subject]) -> None:
        """Wait until programs are ready: by a pattern where they have one, else by the protocol or a moment's time."""
        self.wait(lambda: all(one.ready or not one.alive for one in programs), EXTERNAL_S)
        self.wait(lambda: all(one.signs.ready or not one.alive for one in programs), READY_S)

    def programs(self) -> dict[str, Executable]:
        """Identify the programs of the user's that live, by name."""
        return {one.name: executable.read(one.process.pid) for one in self.subjects if one.external and one.alive}

    def observe(self, name: str, pid: int) -> Subject:
        """Add a process that runs already; UsageFault when it has ended."""
        try:
            subject = ObservedProcess(name, pid)
        except OSError as cause:
            raise UsageFault(
                "process_not_observable",
                f"{name}: process {pid} cannot be observed: {cause.strerror}",
                "ps -e lists those there are",
            ) from None
        self.subjects.append(subject)
        return subject

    def fileno(self) -> int:
        """Readable when there is something to listen to."""
        return self._selector.fileno()

    def attend(self, other: "ProcessGroup") -> None:
        """Listen to another group as well whenever this one is listened to."""

        def heard() -> bool:
            other.poll(0)
            return True

        self._selector.register(other, selectors.EVENT_READ, heard)

    @staticmethod
    def _lab_news(lab: ProcessLauncher) -> bool:
        lab.read_notifications()
        return True

    def _home(self, subject: Subject) -> ProcessLauncher:
        return self._homes.get(id(subject), self._lab)

    def _take_exits(self) -> None:
        for subject in self.subjects:
            status = self._home(subject).exits.get(subject.process.inner_pid)
            if subject.exit_status is None and status is not None:
                subject.ended(status)

    def poll(self, seconds: float) -> None:
        """Wait at most that long for something to be said, and take in all that was."""
        for key, _ in self._selector.select(max(0.0, seconds)):
            if not key.data():
                self._selector.unregister(key.fd)
        self._take_exits()

    def wait(self, condition: Callable[[], bool], seconds: float, *, heed_interrupt: bool = True) -> bool:
        """Listen until the condition holds (True) or the seconds are over (False); Interrupted on Ctrl-C."""
        deadline = time.monotonic() + seconds
        self._take_exits()
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if heed_interrupt:
                self._interrupt.check()
            self.poll(left)
        return True

    def wait_until_ready(self) -> None:
        """Wait for every subject's ready line; SubjectFault naming the one that died or kept silent.

        An external program has a moment to say that it speaks the protocol, and need not.
        """
        ours = [one for one in self.subjects if not one.external]
        self.wait(lambda: all(one.ready or not one.alive for one in ours), READY_S)
        theirs = [one for one in self.subjects if one.external and not isinstance(one, ObservedProcess)]
        self.await_programs(theirs)
        for subject in ours:
            if subject.ready is None:
                raise SubjectFault(
                    "subject_died",
                    _death(subject),
                    f"run it by hand: python -m harness.subjects.subject_main {subject.name} --ifname lo",
                )

    def mark(self, *chosen: Subject) -> None:
        """Ask the chosen, or all, for their work, and wait; a program that is late is not asked again."""
        asked = [(one, one.counts.heard) for one in chosen or self.subjects if one.alive and one.speaks]
        for subject, _ in asked:
            subject.send("mark")
        self._await_counts([pair for pair in asked if not pair[0].external], STOP_S)
        self._await_counts([pair for pair in asked if pair[0].external], EXTERNAL_MARK_S)
        for subject, had in asked:
            subject.unresponsive = subject.external and subject.alive and subject.counts.heard <= had

    def _await_counts(self, asked: Sequence[tuple[Subject, int]], patience: float) -> None:
        self.wait(
            lambda: all(one.counts.heard > had or not one.alive for one, had in asked), patience, heed_interrupt=False
        )

    def warm_up(self) -> None:
        """Mark until the first marks, which cost more than later ones, are over; then forget them, and mark."""
        for _ in range(SETTLING_MARKS):
            self.mark()
        for subject in self.subjects:
            subject.counts.clear()
        self.mark()

    def terminate(self, *chosen: Subject) -> None:
        """End the chosen, or all: asked first, then told by SIGTERM, then killed. Observed processes are left alone."""
        whom = [one for one in chosen or self.subjects if not isinstance(one, ObservedProcess)]
        for subject in whom:
            if subject.speaks:
                subject.send("stop")
        self._insist([one for one in whom if not one.speaks], ((0.0, signal.SIGTERM), (TERM_S, signal.SIGKILL)))
        self._insist(whom, ((STOP_S, signal.SIGTERM), (TERM_S, signal.SIGKILL)))
        for subject in whom:
            if subject.external:
                self._home(subject).request(
                    KillProcessGroup(number=subject.process.inner_pid)
                )  # what a shell left running
        self._drain(whom)

    def _insist(self, whom: Sequence[Subject], ladder: Sequence[tuple[float, signal.Signals]]) -> None:
        """Wait for their end; after each step's seconds, send its signal to those who still live."""
        for seconds, then in ladder:
            if self.wait(lambda: not any(one.alive for one in whom), seconds, heed_interrupt=False):
                return
            for subject in whom:
                if subject.alive:
                    self._kill(subject, then)
        self.wait(lambda: not any(one.alive for one in whom), TERM_S, heed_interrupt=False)

    def _kill(self, subject: Subject, number: signal.Signals) -> None:
        """Send a signal, by way of the agent to a process that is root's where this one is not."""
        if not subject.kill(number):
            with suppress(LabFault):
                self._home(subject).request(Signal(number=subject.process.inner_pid, signal=number))

    def _drain(self, whom: Sequence[Subject]) -> None:
        """Read the last output, which may still be in the pipes after the end is known."""
        for subject in whom:
            for read in (subject.read_output, subject.read_errors):
                for _ in range(MOST_LAST_WORDS):
                    if not read():
                        break

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill what lives, and listen to nobody any more."""
        for subject in self.subjects:
            if subject.alive:
                self._kill(subject, signal.SIGKILL)
        self._selector.close()
        for subject in self.subjects:
            subject.close()


def _death(subject: Subject) -> str:
    if subject.reported_outcome:
        last = subject.reported_outcome[-1]
        return f"subject {subject.name} gave up at start: {last.message or last.reason}"
    if subject.alive:
        return f"subject {subject.name} said nothing for {READY_S:.0f} s where a ready line was expected"
    return f"subject {subject.name} died at start with status {subject.exit_status}: {subject.last_words}"
