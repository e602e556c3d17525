"""What a subject told of its work while it lived, in bounded memory: a week takes no more than an hour."""

from harness.model import Work

MOST = 2048  # counts; a subject tells one a second at most
MOST_EXACT = 256  # counts that carry bytes: answers of a Go program to marks, of which a run needs each


def at(before: Work, after: Work, at_ns: int) -> Work:
    """Return the work at a moment between two counts: all of it where neither differs, as of what waits for events."""
    share = min(1.0, max(0.0, (at_ns - before.at_ns) / max(1, after.at_ns - before.at_ns)))
    polls, events = (
        round(getattr(before, name) + share * (getattr(after, name) - getattr(before, name)))
        for name in ("polls", "events")
    )
    return Work(at_ns=at_ns, polls=polls, events=events, allocated_bytes=None, allocations=None)


class Counts:
    """Counts in the order in which they came, evenly thinned where there are too many.

    The first and the last are always there, and those that carry bytes, up to ``MOST_EXACT`` of them.
    """

    def __init__(self) -> None:
        self.heard = 0  # all that came since the start, or since the last ``clear``
        self._kept: list[Work] = []
        self._exact = 0
        self._gap_ns = 0  # what may be left out is kept at least so far apart

    def add(self, work: Work) -> None:
        self.heard += 1
        self._keep(work)
        if len(self._kept) > MOST:
            self._thin()

    def _keep(self, work: Work) -> None:
        last = self._kept[-1] if len(self._kept) > 1 else None
        if last and self._spare(last) and last.at_ns - self._kept[-2].at_ns < self._gap_ns:
            self._kept[-1] = work
        else:
            self._kept.append(work)
        if work.allocated_bytes is not None:
            self._exact += 1

    def _spare(self, work: Work) -> bool:
        return work.allocated_bytes is None or self._exact > MOST_EXACT

    def _thin(self) -> None:
        every = self._kept
        self._gap_ns = max(2 * self._gap_ns, 2 * (every[-1].at_ns - every[0].at_ns) // MOST, 1)
        self._kept, exact = [], self._exact
        for work in every:
            self._keep(work)
        self._exact = exact

    def clear(self) -> None:
        self.heard = self._exact = self._gap_ns = 0
        self._kept = []

    def kept(self) -> tuple[Work, ...]:
        """Return those that are there, oldest first."""
        return tuple(self._kept)

    @property
    def last(self) -> Work | None:
        return self._kept[-1] if self._kept else None

    def exact(self) -> list[Work]:
        """List those that carry bytes."""
        return [one for one in self._kept if one.allocated_bytes is not None]
