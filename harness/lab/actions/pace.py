"""Does one thing again and again: at a rate held on absolute time, or a number of times as fast as it comes back."""

import threading
import time
from collections.abc import Callable

from msgspec import Struct

from harness.errors import NetchurnError
from harness.units import NS_A_SECOND


class Done(Struct, frozen=True, kw_only=True):
    """What was done until now. ``running``: more is to come. ``fault``: why it ended early, empty where it did not."""

    began_ns: int
    ended_ns: int
    performed: int
    failed: int = 0
    last_status: int | None = None
    behind_ns: int = 0
    busy_ns: int = 0
    running: bool = True
    fault: str = ""


class Pacer:
    """A thread that performs. What it falls behind it makes up for, as fast as it can; by how much it was late is kept.

    ``perform`` gets the number of the stimulus and returns an exit status; an OSError or a NetchurnError ends it.
    """

    def __init__(self, perform: Callable[[int], int], *, rate: float | None, count: int | None, first: int = 0) -> None:
        """Start at once; ``rate`` None: each as soon as the one before came back; ``count`` None: without end."""
        self._perform = perform
        self._rate = rate
        self._count = count
        self._first = first
        self._stop = threading.Event()
        now = time.monotonic_ns()
        self._done = Done(began_ns=now, ended_ns=now, performed=0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def done(self) -> Done:
        """Return what was done until now; of one that goes on, up to now."""
        done = self._done
        return done if not done.running else _replaced(done, ended_ns=time.monotonic_ns())

    def stop(self) -> Done:
        """Stop after the stimulus that is under way."""
        self._stop.set()
        self._thread.join()
        return self._done

    def _run(self) -> None:
        fault = ""
        try:
            while not self._over():
                self._once()
        except (OSError, NetchurnError) as cause:
            fault = str(cause)
        self._done = _replaced(self._done, ended_ns=time.monotonic_ns(), running=False, fault=fault)

    def _over(self) -> bool:
        """Wait until the next one is due; True if there is none."""
        if self._count is not None and self._done.performed >= self._count:
            return True
        late = time.monotonic_ns() - self._due()
        return self._stop.wait(max(0.0, -late / NS_A_SECOND)) if late < 0 else self._stop.is_set()

    def _due(self) -> int:
        return self._done.began_ns + int(self._done.performed / self._rate * NS_A_SECOND) if self._rate else 0

    def _once(self) -> None:
        done, began = self._done, time.monotonic_ns()
        status = self._perform(self._first + done.performed)
        ended = time.monotonic_ns()
        self._done = _replaced(
            done,
            ended_ns=ended,
            performed=done.performed + 1,
            failed=done.failed + bool(status),
            last_status=status or done.last_status,
            behind_ns=max(done.behind_ns, began - self._due()) if self._rate else 0,
            busy_ns=done.busy_ns + ended - began,
        )


def _replaced(done: Done, **changes: object) -> Done:
    fields = {name: getattr(done, name) for name in Done.__struct_fields__}
    return Done(**{**fields, **changes})
