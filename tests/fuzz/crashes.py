"""What counts as a crash, and where it is kept until somebody has made a test of it."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType


@dataclass
class Crashes:
    """Collects one input for each place that something was raised from; ``tried`` counts all of them."""

    folder: Path
    tried: int = 0
    found: dict[str, str] = field(default_factory=dict)

    def attempt(
        self, name: str, data: bytes, call: Callable[[bytes], object], allowed: tuple[type[Exception], ...]
    ) -> None:
        """Call, and keep the input where that ends in anything but what is allowed."""
        self.tried += 1
        try:
            call(data)
        except allowed:
            return
        except Exception as cause:  # noqa: BLE001 - that is what is looked for
            self._keep(name, data, cause)

    def _keep(self, name: str, data: bytes, cause: Exception) -> None:
        place = _place(cause.__traceback__)
        words = f"{type(cause).__name__} at {place}: {cause}"[:300]
        if place not in self.found:
            self.found[place] = words
            file = self.folder / f"{name.replace(' ', '-').replace('/', '')}-{len(self.found)}"
            file.write_bytes(data)
            file.with_suffix(".txt").write_text("".join(traceback.format_exception(cause)), errors="replace")


def _place(trace: TracebackType | None) -> str:
    last = traceback.extract_tb(trace)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"
