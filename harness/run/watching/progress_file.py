"""What a run that nobody watches leaves behind for those who come later: one small file, replaced as it goes on.

It lies in the result folder and is never part of it: the seal does not cover it. It holds how far the run is, by which
process, and at last how the run ended. The folder may be a stranger's: the file is read bounded and strictly, and its
words are made fit for a terminal.
"""

import os
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec

from harness.errors import ERRORS, ResultFault
from harness.model import MOST_SUBJECTS, Model
from harness.probes.process.procfs import began_ticks
from harness.results.descriptors import open_folder
from harness.results.folder import PROGRESS
from harness.run.watching.progress import Listener, SubjectStatus
from harness.safe_read import content
from harness.sanitize import printable_lines

EVERY_S = 1.0
MOST_BYTES = 2**20  # a thousand subjects have a tenth of it

Pid = Annotated[int, msgspec.Meta(ge=1, le=2**22)]  # PID_MAX_LIMIT of 64-bit Linux
Ticks = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e12)]
STATUSES = (0, 1, 2, 3, 4, 130)  # that netchurn run ends with


class End(Model, frozen=True, kw_only=True):
    """How a run ended."""

    status: Annotated[int, msgspec.Meta(description="exit status of the run")]
    report: Annotated[
        str | None,
        msgspec.Meta(description="path of the report, relative to the result folder; null: none was written"),
    ] = None
    said: Annotated[str, msgspec.Meta(description="last lines that the run printed")] = ""
    fault: Annotated[
        tuple[str, str, str] | None,
        msgspec.Meta(description="id, message and hint of the error; null: the run ended without one"),
    ] = None

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"status {self.status}")
        if self.fault is not None and self.fault[0] not in ERRORS:
            raise ValueError(f"error {self.fault[0]}")


class Progress(Model, frozen=True, kw_only=True):
    """How far a run is: a phase with what of it is done, or how its subjects stand."""

    pid: Annotated[Pid, msgspec.Meta(description="process id of the run")]
    began_ticks: Annotated[
        Ticks | None, msgspec.Meta(description="its start in clock ticks since boot; null: not known")
    ]
    text: Annotated[str, msgspec.Meta(description="the present phase; empty while subjects are sampled")] = ""
    done: Annotated[Seconds, msgspec.Meta(description="how much of the phase is done; seconds while sampling")] = 0
    total: Annotated[Seconds, msgspec.Meta(description="how much of the phase there is; seconds while sampling")] = 1
    subjects: Annotated[
        tuple[SubjectStatus, ...],
        msgspec.Meta(max_length=MOST_SUBJECTS, description="how each subject stands while it is sampled"),
    ] = ()
    end: Annotated[End | None, msgspec.Meta(description="how the run ended; null: it goes on")] = None

    def tell(self, listener: Listener) -> None:
        """Repeat it to a listener."""
        if self.subjects:
            listener.on_sample(self.subjects, self.done, self.total)
        elif self.text:
            listener.step(self.text, int(self.done), int(self.total))

    def lives(self) -> bool:
        """Return whether its process lives; False too where this process cannot see it."""
        return self.began_ticks is not None and _began(self.pid) == self.began_ticks


def read(folder: Path) -> Progress | None:
    """Read what a run left; None where it was not started so that it leaves something. ResultFault for anything else.

    It is replaced as a whole, so what is there can be read.
    """
    path = folder / PROGRESS
    try:
        return msgspec.convert(_printable(msgspec.json.decode(content(path, MOST_BYTES))), Progress)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as cause:
        why = cause.strerror if isinstance(cause, OSError) else cause
        raise ResultFault(
            "file_unreadable", f"{path} cannot be read: {why}", "netchurn report shows what was measured"
        ) from None


def _printable(value: Any) -> Any:
    """Make every text of a document one that a terminal may be sent."""
    match value:
        case str():
            return printable_lines(value)
        case list():
            return [_printable(one) for one in value]
        case dict():
            return {name: _printable(one) for name, one in value.items()}
        case _:
            return value


class ProgressFile:
    """Keeps the file. Once a second is enough, and what cannot be written is not worth the end of a run."""

    def __init__(self, folder: Path) -> None:
        self._folder = open_folder(folder)
        self._now = Progress(pid=os.getpid(), began_ticks=_began(os.getpid()))
        self._written = float("-inf")
        self._write()

    def step(self, text: str, done: int, total: int) -> None:
        """Keep a phase."""
        new = text != self._now.text
        self._now = msgspec.structs.replace(self._now, text=text, done=done, total=total, subjects=())
        self._write(at_once=new)

    def warn(self, text: str) -> None:
        """Leave it to the report."""

    def on_sample(self, subjects: tuple[SubjectStatus, ...], elapsed_s: float, total_s: float) -> None:
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
            self._folder.put(PROGRESS, msgspec.json.encode(self._now))
        except OSError:
            return


def _began(pid: int) -> int | None:
    try:
        return began_ticks(Path(f"/proc/{pid}/stat").read_text(errors="replace"))
    except (OSError, ValueError, IndexError):
        return None
