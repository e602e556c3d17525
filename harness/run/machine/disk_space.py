"""What a run will write, said before it begins: samples by the plan's own arithmetic; captures are bounded by work."""

import shutil
from pathlib import Path

from harness.errors import UsageFault
from harness.model import Plan
from harness.probes.recordings import recorders
from harness.units import memory_bytes

ROW_BYTES = 240  # of ten rows of a large process that lived for a week, nine of 220 bytes and a full one of 390
SPARE = 64 * 2**20  # for captures and reports; a disk with less than that left is as good as full


def samples_bytes(plan: Plan) -> int:
    """Return the most that the rows of a run can take: a row a tick for each subject, in every trial."""
    ticks = plan.duration_s / plan.sample_interval_s + 2 if plan.duration_s else 0
    return int(ticks * ROW_BYTES * len(plan.subjects) * plan.trials)


def recordings_bytes(plan: Plan) -> int:
    """Return the most that the recordings of copies can take."""
    return sum(recorders.BOUNDS[how] for one in plan.subjects for how in one.record)


def check(plan: Plan, folder: Path) -> str:
    """Return what will be written at most; UsageFault where the disk has no room for it."""
    recordings = recordings_bytes(plan)
    recorded = f" and recordings of allocations {memory_bytes(recordings)}" if recordings else ""
    wanted, free = samples_bytes(plan), shutil.disk_usage(folder).free
    if wanted + recordings + SPARE > free:
        raise UsageFault(
            "no_space",
            f"samples can take {memory_bytes(wanted)}, and {folder} has {memory_bytes(free)} left",
            "free some space, choose another folder with --results, or a shorter --duration",
        )
    return f"samples can take {memory_bytes(wanted)}{recorded} of the {memory_bytes(free)} that {folder} has left"
