"""What the phases of a run share."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, Self, TypeVar

from harness.lab.door import Kept
from harness.lab.host import ProcessLauncher
from harness.model import Plan
from harness.run.interrupt import Interrupt
from harness.run.watching.progress import Listener
from harness.subprocesses import Queue

Place_co = TypeVar("Place_co", bound=ProcessLauncher, covariant=True)


@dataclass(frozen=True, kw_only=True)
class RunContext(Generic[Place_co]):
    """Where subjects are started, what is to be measured, who is told, and the folder for captures."""

    lab: Place_co
    plan: Plan
    listener: Listener
    interrupt: Interrupt
    captures: Path
    queue: Queue = field(default_factory=Queue)  # of what reads captures meanwhile
    meanwhile: Callable[[], None] = lambda: None  # called on every tick of the sampling phase; takes no time
    spare: Callable[[], None] = lambda: None  # called where a phase does nothing but wait; may take a second
    kept: Kept | None = None  # what was opened before root was given up

    def with_plan(self, plan: Plan) -> Self:
        """Return the same for another plan."""
        return replace(self, plan=plan)
