"""Is the watched interface still the one that the subjects were started for? A program may change it."""

import time
from typing import Literal

import msgspec

from harness.lab.host import ProcessLauncher
from harness.model import LinkChange, NamespaceInfo


class Presence:
    """Looks at the interface when asked to, and remembers the first change.

    One that is gone at a look and there again at the next was made again: between the two steps lie milliseconds.
    """

    def __init__(self, lab: ProcessLauncher, namespace: NamespaceInfo) -> None:
        self._lab = lab
        self._world = namespace
        self._seen_ns = time.monotonic_ns()
        self.change: LinkChange | None = None
        self._settled = False

    def look(self) -> None:
        """Look once; the kernel finds one link by its name as fast among thousands as among two."""
        if self._settled:
            return
        now_ns = time.monotonic_ns()
        index, name = self._lab.find(self._world.ifname, self._world.ifindex)
        if self.change is not None:
            self._settled = True
            if index:
                self.change = msgspec.structs.replace(self.change, kind="recreated")
        elif index == self._world.ifindex:
            self._seen_ns = now_ns
        else:
            self.change = LinkChange(kind=_kind(index, name), after_ns=self._seen_ns, at_ns=time.monotonic_ns())
            self._settled = self.change.kind != "deleted"


def _kind(index: int, name: str) -> Literal["deleted", "renamed", "recreated"]:
    if index:
        return "recreated"
    return "renamed" if name else "deleted"
