"""Recordings that only their own tools read: memray's captures, heaptrack's files. Each by a process of its own."""

import shutil
import tempfile
from collections import defaultdict
from pathlib import Path
from subprocess import TimeoutExpired

import msgspec

from harness import subprocesses, workers
from harness.errors import ResultFault
from harness.probes.pprof.pprof import MAX_FRAMES, Frames, Profile, Stack
from harness.safe_read import content

PATIENCE_S = 300.0
MAX_FOLDED_BYTES = 256 * 2**20
_MOST_MEMORY = 4 * 2**30
_KINDS = ("inuse_objects", "inuse_space", "alloc_objects", "alloc_space")
_HEAPTRACK = {"inuse_space": "leaked", "alloc_objects": "allocations", "peak_space": "peak"}
_UNITS = {"inuse_space": "bytes", "alloc_objects": "count", "peak_space": "bytes"}


class _Stacks(msgspec.Struct):
    stacks: list[tuple[Frames, tuple[int, int, int, int]]]


def memray(path: Path) -> Profile:
    """Read a memray capture: in use is what was not freed when it ended. ResultFault where it is cut off."""
    with tempfile.TemporaryDirectory(prefix="netchurn-") as scratch:
        target, link = Path(scratch) / "stacks.json", Path(scratch) / "capture.bin"
        link.symlink_to(path.absolute())
        _run([*workers.MEMRAY_STACKS.command, str(target), str(link)], path, "memray cannot read it")
        found = msgspec.json.decode(content(target, MAX_FOLDED_BYTES), type=_Stacks)
    return _profile(
        path,
        _KINDS,
        ("count", "bytes", "count", "bytes"),
        {frames: list(values) for frames, values in found.stacks},
        "a memray capture",
        "python:as-captured",
    )


def heaptrack(path: Path) -> Profile:
    """Read a file of heaptrack through its own printer; ResultFault where that is missing or refuses."""
    printer = shutil.which("heaptrack_print")
    if printer is None:
        raise ResultFault(
            "tool_missing",
            f"{path} is heaptrack's, which heaptrack_print reads: not installed",
            "apt install heaptrack",
        )
    found: defaultdict[Frames, list[int]] = defaultdict(lambda: [0] * len(_HEAPTRACK))
    with tempfile.TemporaryDirectory(prefix="netchurn-") as scratch:
        for at, cost in enumerate(_HEAPTRACK.values()):
            target = Path(scratch) / f"{cost}.folded"
            limits = ["prlimit", f"--as={_MOST_MEMORY}", f"--cpu={PATIENCE_S:.0f}"] if shutil.which("prlimit") else []
            options = [f"--print-{what}=0" for what in ("peaks", "allocators", "temporary", "leaks")]
            drawn = ["-F", str(target), "--flamegraph-cost-type", cost, "-f", str(path.absolute())]
            _run([*limits, printer, *options, *drawn], path, "heaptrack_print cannot read it")
            for frames, value in folded(_text(target, path)).items():
                found[frames][at] += value
    units = tuple(_UNITS.values())
    return _profile(path, tuple(_HEAPTRACK), units, dict(found), "a recording of heaptrack", "heaptrack:all-malloc")


def folded(text: str) -> dict[Frames, int]:
    """Read folded stacks: functions between semicolons, a space, and a number; lines of another form are left out."""
    found: defaultdict[Frames, int] = defaultdict(int)
    for line in text.splitlines():
        names, _, number = line.rpartition(" ")
        if names and number.isdecimal() and len(number) < 20:  # noqa: PLR2004 - digits that no size has
            found[tuple(name for name in names.split(";") if name) or ("?",)] += int(number)
    return dict(found)


def _text(target: Path, path: Path) -> str:
    try:
        return content(target, MAX_FOLDED_BYTES).decode(errors="replace")
    except OSError as cause:
        raise ResultFault(
            "file_damaged", f"{path}: heaptrack_print wrote nothing that can be read: {cause.strerror}", "record again"
        ) from None


def _profile(  # noqa: PLR0913, PLR0917 - what a profile has
    path: Path,
    kinds: tuple[str, ...],
    units: tuple[str, ...],
    stacks: dict[Frames, "list[int]"],
    what: str,
    accounting: str,
) -> Profile:
    if sum(map(len, stacks)) > MAX_FRAMES:
        raise ResultFault(
            "file_too_large", f"{path} has stacks of more than {MAX_FRAMES:,} frames", "record a shorter time"
        )
    return Profile(
        name=str(path),
        kinds=kinds,
        units=units,
        stacks=tuple(Stack(frames, 0, tuple(values)) for frames, values in stacks.items()),
        period=1,
        at_ns=None,
        duration_ns=None,
        what=what,
        accounting=accounting,
    )


def _run(argv: list[str], path: Path, refused: str) -> None:
    process = subprocesses.start(argv)
    try:
        _, words = process.communicate(timeout=PATIENCE_S)
    except TimeoutExpired:
        process.kill()
        process.communicate()
        raise ResultFault(
            "file_too_large", f"{path} takes more than {PATIENCE_S:.0f} s to read", "record a shorter time"
        ) from None
    if process.returncode:
        last = words.decode(errors="replace").strip().splitlines()[-1:] or [f"exit status {process.returncode}"]
        raise ResultFault(
            "file_damaged", f"{path}: {refused}: {last[0][:200]}", "check that it was recorded to its end"
        )
