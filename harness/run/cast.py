"""The subjects of one arm, listened to by one selector; the only waiting in the house happens here."""

import selectors
import signal
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from harness.errors import SubjectFault
from harness.lab.client import Lab
from harness.run.interrupt import Interrupt
from harness.subjects.process import Subject

READY_S = 60.0
STOP_S = 30.0  # a dump of many thousand links cannot be cut short, and is not a hang
TERM_S = 5.0


class Cast:
    """Starts subjects in the lab, hears them, ends them."""

    def __init__(self, lab: Lab, interrupt: Interrupt) -> None:
        """Nobody is started yet."""
        self._lab = lab
        self._interrupt = interrupt
        self._selector = selectors.DefaultSelector()
        self._selector.register(lab, selectors.EVENT_READ, self._lab_news)
        self._selector.register(interrupt, selectors.EVENT_READ, interrupt.heard)
        self.subjects: list[Subject] = []

    def start(self, name: str, argv: Sequence[str]) -> Subject:
        """Start one subject."""
        subject = Subject(name, argv, self._lab.spawn(argv))
        self.subjects.append(subject)
        self._selector.register(subject.process.stdout, selectors.EVENT_READ, subject.hear)
        self._selector.register(subject.process.stderr, selectors.EVENT_READ, subject.hear_errors)
        return subject

    def _lab_news(self) -> bool:
        self._lab.news()
        return True

    def _take_exits(self) -> None:
        for subject in self.subjects:
            if subject.alive:
                subject.exit_status = self._lab.exits.get(subject.process.inner_pid)

    def hear(self, seconds: float) -> None:
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
            self.hear(left)
        return True

    def wait_until_ready(self) -> None:
        """Wait for every subject's ready line; SubjectFault naming the one that died or kept silent."""
        self.wait(lambda: all(one.ready or not one.alive for one in self.subjects), READY_S)
        for subject in self.subjects:
            if subject.ready is None:
                raise SubjectFault(
                    _death(subject), f"run it by hand: python -m harness.subjects.program {subject.name} --ifname lo"
                )

    def mark(self) -> None:
        """Ask all for their work, and wait for the answers."""
        asked = [(one, len(one.works)) for one in self.subjects if one.alive]
        for subject, _ in asked:
            subject.send("mark")
        self.wait(
            lambda: all(len(one.works) > had or not one.alive for one, had in asked), STOP_S, heed_interrupt=False
        )

    def stop(self, *chosen: Subject) -> None:
        """End the chosen, or all: asked first, then told by SIGTERM, then killed."""
        whom = chosen or tuple(self.subjects)
        for subject in whom:
            subject.send("stop")
        for seconds, then in ((STOP_S, signal.SIGTERM), (TERM_S, signal.SIGKILL), (TERM_S, None)):
            if self.wait(lambda: not any(one.alive for one in whom), seconds, heed_interrupt=False):
                break
            for subject in whom:
                if subject.alive and then is not None:
                    subject.kill(then)
        self._drain(whom)

    def _drain(self, whom: Sequence[Subject]) -> None:
        """Hear the last words, which may still be in the pipes when the end is already known."""
        for subject in whom:
            while subject.hear():
                pass
            while subject.hear_errors():
                pass

    def __enter__(self) -> Self:
        """Give the cast."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill whoever is left and close all pipes."""
        for subject in self.subjects:
            if subject.alive:
                subject.kill(signal.SIGKILL)
        self._selector.close()
        for subject in self.subjects:
            subject.close()


def _death(subject: Subject) -> str:
    if subject.said:
        return f"subject {subject.name} gave up at start: {subject.said[-1].message or subject.said[-1].reason}"
    if subject.alive:
        return f"subject {subject.name} said nothing for {READY_S:.0f} s where a ready line was expected"
    words = subject.stderr_tail.strip().splitlines()
    return (
        f"subject {subject.name} died at start with status {subject.exit_status}: {words[-1] if words else 'no words'}"
    )
