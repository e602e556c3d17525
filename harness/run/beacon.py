"""What a run that nobody watches leaves behind for those who come later: one small file, replaced as it goes on.

It lies in the result folder and is never part of it: the seal does not cover it. It holds how far the run is, by which
process, and at last how the run ended.
"""

import os
import time
from pathlib import Path

import msgspec

from harness import folders, store
from harness.errors import ResultFault
from harness.model import Model
from harness.probes.procfs import began_ticks
from harness.run.audience import Alive, Audience

EVERY_S = 1.0


class End(Model, frozen=True, kw_only=True):
    """How a run ended. ``report`` is relative to the result folder; ``fault`` is a message and a hint."""

    status: int
    report: str | None = None
    said: str = ""
    fault: tuple[str, str] | None = None


class Progress(Model, frozen=True, kw_only=True):
    """How far a run is: a phase with what of it is done, or how its subjects stand, in seconds of the clean arm."""

    pid: int
    began_ticks: int | None  # of that process, since boot: another one may have its number one day
    text: str = ""
    done: float = 0
    total: float = 1
    subjects: tuple[Alive, ...] = ()
    end: End | None = None

    def tell(self, audience: Audience) -> None:
        """Repeat it to an audience."""
        if self.subjects:
            audience.living(self.subjects, self.done, self.total)
        elif self.text:
            audience.step(self.text, int(self.done), int(self.total))

    def holder(self) -> int | None:
        """Give a pidfd of the run's process; None where it has ended, or lives where this process cannot see it."""
        try:
            pidfd = os.pidfd_open(self.pid)
        except OSError:
            return None
        if _began(self.pid) == self.began_ticks is not None:
            return pidfd
        os.close(pidfd)
        return None


def read(folder: Path) -> Progress | None:
    """Read what a run left; None where it was not started so that it leaves something. ResultFault for anything else.

    It is replaced as a whole, so what is there can be read.
    """
    path = folder / store.PROGRESS
    try:
        return msgspec.json.decode(path.read_bytes(), type=Progress)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as cause:
        raise ResultFault(f"{path} cannot be read: {cause}", "netchurn report shows what was measured") from None


class Beacon:
    """Keeps the file. Once a second is enough, and what cannot be written is not worth the end of a run."""

    def __init__(self, folder: Path) -> None:
        """Say that the run has begun."""
        self._folder = folders.opened(folder)
        self._now = Progress(pid=os.getpid(), began_ticks=_began(os.getpid()))
        self._written = float("-inf")
        self._write()

    def step(self, text: str, done: int, total: int) -> None:
        """Keep a phase."""
        new = text != self._now.text
        self._now = msgspec.structs.replace(self._now, text=text, done=done, total=total, subjects=())
        self._write(at_once=new)

    def living(self, subjects: tuple[Alive, ...], elapsed_s: float, total_s: float) -> None:
        """Keep how the subjects stand."""
        self._now = msgspec.structs.replace(self._now, text="", done=elapsed_s, total=total_s, subjects=subjects)
        self._write()

    def end(self, end: End) -> None:
        """Keep how it ended: the last word."""
        self._now = msgspec.structs.replace(self._now, end=end)
        self._write(at_once=True)

    def _write(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if not at_once and now - self._written < EVERY_S:
            return
        self._written = now
        try:
            self._folder.put(store.PROGRESS, msgspec.json.encode(self._now))
        except OSError:
            return


def _began(pid: int) -> int | None:
    try:
        return began_ticks(Path(f"/proc/{pid}/stat").read_text(errors="replace"))
    except (OSError, ValueError, IndexError):
        return None
