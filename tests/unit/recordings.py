"""Recordings as a run makes them, of small programs, for tests that read them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.probes.recordings import recorders

PROGRAM = """
import time
KEPT = []
def make(size):
    return bytes(size)
def keep():
    KEPT.append(make(10_000))
while True:
    keep()
    make(50_000)
    time.sleep(0.01)
"""


def recorded(folder: Path, text: str, *, seconds: float, bound: int | None = None) -> Path:
    """Record a program for so many seconds, from its first mark on; give the prefix of what is left."""
    prefix, script = folder / "recorded-memray-daemon", folder / "program.py"
    script.write_text(text)
    variables = recorders.variables(prefix, {})
    variables |= {} if bound is None else {"NETCHURN_RECORD_BYTES": str(bound)}
    process = subprocess.Popen([sys.executable, str(script)], env={**os.environ, **variables}, stderr=subprocess.PIPE)
    try:
        time.sleep(seconds)
        if process.poll() is None:
            recorders.ask_end("memray", prefix)
        deadline = time.monotonic() + 20
        while not recorders.ended("memray", prefix) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        process.kill()
        process.communicate()
    return prefix


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record a program that keeps 10,000 bytes each time that it makes 60,000; give the prefix."""
    return recorded(tmp_path_factory.mktemp("recorded"), PROGRAM, seconds=2.5)
