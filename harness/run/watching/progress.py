"""Who watches a run: told what happens, never asked."""

from pathlib import Path
from typing import Annotated, NamedTuple

from msgspec import Meta

Counted = Annotated[int, Meta(ge=0, le=2**62)]


class SubjectStatus(NamedTuple):
    """One subject of the sampling phase, now."""

    name: Annotated[str, Meta(description="name of the subject")]
    rss_bytes: Annotated[Counted | None, Meta(description="resident memory, in bytes; null: not measured")]
    polls: Annotated[Counted | None, Meta(description="polls since the start; null: it does not count")]
    events: Annotated[Counted | None, Meta(description="events since the start; null: it does not count")]
    alive: Annotated[bool, Meta(description="its process lives")]


class Listener:
    """Told what happens in a run; this one does nothing."""

    def on_start(self, folder: Path) -> None:
        """Note where the result goes, before anything is measured."""

    def step(self, text: str, done: int, total: int) -> None:
        """Note that ``done`` of ``total`` of a phase are through; a new text is a new phase."""

    def warn(self, text: str) -> None:
        """Note at once what the report will warn of."""

    def on_sample(self, subjects: tuple[SubjectStatus, ...], elapsed_s: float, total_s: float) -> None:
        """Note how the subjects stand, on every tick of the sampling phase."""
