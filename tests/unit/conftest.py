"""No unit test waits for ever: what a watcher blocks on is cut off, and the test fails where it hung."""

import signal
from collections.abc import Iterator
from types import FrameType

import pytest

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
