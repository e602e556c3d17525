"""Whether something can be read from now, whatever the number of its descriptor: select(2) knows none above 1,023."""

import selectors
from typing import Protocol


class HasFileno(Protocol):
    """What a selector takes."""

    def fileno(self) -> int:
        """Return the descriptor."""


def is_readable(what: HasFileno) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(what, selectors.EVENT_READ)
        return bool(selector.select(0))
