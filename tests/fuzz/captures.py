"""memray captures that were cut off or changed: their reader is C++, so it runs in processes that may die."""

import subprocess
import sys
from pathlib import Path
from random import Random

from harness.probes.recordings.memray_totals import Allocated
from harness.verify.recount.captures import recounted

PROGRAM = "import json; [json.loads('[1, [2, {}]]') for _ in range(200)]"
A_BATCH = 20


def seed_capture(folder: Path) -> bytes:
    """Record a small program."""
    path = folder / "seed.bin"
    argv = [sys.executable, "-P", "-m", "memray", "run", "-q", "-f", "-o", str(path), "-c", PROGRAM]
    subprocess.run(argv, check=True, capture_output=True)
    return path.read_bytes()


def changed(data: bytes, random: Random) -> bytes:
    """Cut a capture off, or flip some of its bits: half of them in what stands at its beginning."""
    if random.random() < 0.3:
        return data[: random.randrange(len(data))]
    found = bytearray(data)
    for _ in range(random.choice((1, 1, 4, 32))):
        found[random.randrange(len(data) if random.random() < 0.5 else 512)] ^= 1 << random.randrange(8)
    return bytes(found)


def attempt(folder: Path, captures: list[bytes]) -> int:
    """Count a batch; give of how many it was said that they cannot be counted. Each is answered, and none ends us."""
    paths = []
    for number, data in enumerate(captures):
        paths.append(folder / f"{number}.bin")
        paths[-1].write_bytes(data)
    found = recounted(paths)
    assert len(found) == len(captures)
    assert all(isinstance(one, Allocated | str) for one in found)
    return sum(isinstance(one, str) for one in found)
