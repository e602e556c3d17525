"""No unit test waits for ever: what a watcher blocks on is cut off, and the test fails where it hung."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest

sys.path.append(str(Path(__file__).parent))  # the tests are no package
if TYPE_CHECKING:
    from tests.unit.recordings import recording
else:
    from recordings import recording

__all__ = ["recording"]

HANG_S = 60  # whoever waits longer waits for something that never comes; no statement about speed


def _hung(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise TimeoutError(f"this test hung for {HANG_S} s")


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, _hung)
    signal.alarm(HANG_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
