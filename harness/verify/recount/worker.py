"""Recounts memray captures, as a process of its own: a capture may come from anybody, and its reader is not safe.

``python -m harness.verify.recount.worker FOLDER`` counts every ``*.bin`` below FOLDER, where memray writes its
statistics, and prints JSON: for each either ``[bytes, allocations]`` or what is wrong with it.
"""

import resource
import sys
from pathlib import Path

import msgspec

from harness.errors import ResultFault
from harness.probes.recordings import memray_totals

MOST_MEMORY_BYTES = 4 * 2**30

Counted = dict[str, memray_totals.Allocated | str]


def main(folder: Path) -> None:
    """Count all together, or one by one where one cannot be read."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    least = MOST_MEMORY_BYTES if most == resource.RLIM_INFINITY else min(most, MOST_MEMORY_BYTES)
    resource.setrlimit(resource.RLIMIT_AS, (least, most))
    captures = sorted(folder.glob("*.bin"))
    try:
        found: Counted = dict(zip([one.name for one in captures], memray_totals.totals(captures), strict=True))
    except (ResultFault, ValueError, LookupError):
        found = {one.name: _alone(one) for one in captures}
    sys.stdout.buffer.write(msgspec.json.encode(found))


def _alone(capture: Path) -> memray_totals.Allocated | str:
    try:
        return memray_totals.totals([capture])[0]
    except ResultFault as fault:
        return fault.message
    except (ValueError, LookupError) as cause:
        return f"its statistics cannot be read: {cause}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
