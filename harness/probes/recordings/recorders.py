"""What each recorder of allocations needs of a program's environment, and what it leaves beside a recording.

``PREFIX.end`` asks memray's recorder for its end, ``PREFIX.marks`` has its moments; of heaptrack, which records as long
as the program lives, the moment of its start.
"""

import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import msgspec

from harness.model import Recorder, RecordingEnd, SubjectPlan
from harness.safe_read import content
from harness.units import MIB

BOUNDS: Mapping[Recorder, int] = {"memray": 64 * MIB, "heaptrack": 256 * MIB}
"""Bytes of one recording. memray writes 3 to 9 bytes an allocation, heaptrack 34 to 40 with its free."""
MOST_MARKS_BYTES = 256 * MIB  # a hundred days of them
_RECORDER = Path(__file__).parents[2] / "subjects" / "recorder"
_HEADROOM = 8 * MIB  # what memray can write between two looks of its recorder at the size, a tenth of a second apart
_PATH = "PYTHONPATH="
_ENV_WITH_VALUE = {"-u", "--unset", "-C", "--chdir"}  # options of env(1) whose value may be the next word
_LIBRARIES = tuple(map(Path, ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64")))
_SUFFIX: Mapping[Recorder, str] = {"memray": ".bin", "heaptrack": ".heaptrack"}


def name(how: Recorder, subject: str) -> str:
    """Return how the files of a recording begin."""
    return f"recorded-{how}-{subject}"


def file(how: Recorder, prefix: Path) -> Path:
    """Return the recording itself."""
    return Path(f"{prefix}{_SUFFIX[how]}")


def variables(prefix: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return what a Python program that memray records finds in its environment."""
    rest = inherited.get("PYTHONPATH", "")
    return {
        "PYTHONPATH": f"{_RECORDER}{os.pathsep}{rest}" if rest else str(_RECORDER),
        "NETCHURN_RECORD": str(prefix.absolute()),
        "NETCHURN_RECORD_BYTES": str(BOUNDS["memray"] - _HEADROOM),
        "NETCHURN_RECORD_MEMRAY": f"{_own_packages()}|{sys.version_info[0]}.{sys.version_info[1]}",
    }


def _own_packages() -> Path:
    """Return the folder that memray is installed in here; it is slow to load, and not needed."""
    spec = find_spec("memray")
    return Path(spec.origin).parents[1] if spec is not None and spec.origin else Path("/")


def copy(how: Recorder, plan: SubjectPlan, prefix: Path) -> SubjectPlan:
    """Return a program as its copy is started; ValueError with the reason where its recorder is missing."""
    at = _first_program(plan.command)
    if how == "memray":
        own = [one.removeprefix(_PATH) for one in plan.command[:at] if one.startswith(_PATH)]
        inherited = {**os.environ, **plan.environment, **({"PYTHONPATH": own[-1]} if own else {})}
        added = variables(prefix, inherited)
        words = tuple(f"{_PATH}{added['PYTHONPATH']}" if one.startswith(_PATH) else one for one in plan.command[:at])
        command = (*words, *plan.command[at:])
        return msgspec.structs.replace(plan, command=command, environment={**plan.environment, **added})
    library = preload()
    if library is None or interpreter() is None:
        raise ValueError("heaptrack is not installed: apt install heaptrack, or dnf install heaptrack")
    Path(f"{prefix}.marks").write_text(f"{time.monotonic_ns()}\n", encoding="ascii")
    # The library takes itself out of the environment of the first program that loads it.
    preloaded = (f"LD_PRELOAD={library}", f"DUMP_HEAPTRACK_OUTPUT={file(how, prefix).absolute()}")
    prlimit = shutil.which("prlimit")
    limit = (prlimit, f"--fsize={BOUNDS[how]}", "--") if prlimit else ()
    return msgspec.structs.replace(plan, command=(*limit, *plan.command[:at], *preloaded, *plan.command[at:]))


def _first_program(command: Sequence[str]) -> int:
    """Return where a command names what is run, behind each ``env`` with its options and variables."""
    at = 0
    while at < len(command) and Path(command[at]).name == "env":
        at += 1
        while at < len(command) and (command[at].startswith("-") or "=" in command[at]):
            at += 2 if command[at] in _ENV_WITH_VALUE else 1
    return at


def preload() -> Path | None:
    """Find heaptrack's library; None where it is not installed."""
    return next((one for folder in _LIBRARIES for one in folder.glob("heaptrack/libheaptrack_preload.so")), None)


def interpreter() -> Path | None:
    """Find heaptrack's interpreter of what its library writes; None where it is not installed."""
    return next((one for folder in _LIBRARIES for one in folder.glob("heaptrack/libexec/heaptrack_interpret")), None)


def filled(how: Recorder, prefix: Path) -> float:
    """Return how much of its bound a recording has reached; at 1 it has ended."""
    most = BOUNDS[how] - (_HEADROOM if how == "memray" else 0)
    try:
        return file(how, prefix).stat().st_size / most
    except OSError:
        return 0.0


def ask_end(how: Recorder, prefix: Path) -> None:
    """Ask a recorder to end."""
    if how == "memray":
        Path(f"{prefix}.end").touch()


def ended(how: Recorder, prefix: Path) -> bool:
    """Return whether a recorder has ended."""
    return bool(_words(prefix)) if how == "memray" else True


def failure(how: Recorder, prefix: Path) -> str:
    """Return why there is no recording; nothing where there is one."""
    with suppress(OSError):
        Path(f"{prefix}.end").unlink(missing_ok=True)
    if (words := _words(prefix)).startswith("failed: "):
        what = words.removeprefix("failed: ")
        return f"{what}; memray must be installed for the program's own Python" if "memray" in what else what
    if file(how, prefix).is_file():
        return ""
    if how == "memray":
        return "no Python started that heeds PYTHONPATH; is it a Python program, and not started with -I or -E?"
    return "its library was not loaded; is the program linked dynamically?"


def end(how: Recorder, prefix: Path) -> RecordingEnd:
    """Return why a recording ended."""
    if how == "heaptrack":
        return "bound" if file(how, prefix).stat().st_size >= BOUNDS[how] else "asked"
    words = _words(prefix)
    return next((one for one in ("asked", "bound", "exit") if one == words), "killed")


def _words(prefix: Path) -> str:
    """Return the last line of the marks where it is no moment."""
    try:
        text = content(Path(f"{prefix}.marks"), MOST_MARKS_BYTES).decode("ascii", "replace")
    except OSError:
        return ""
    last = (text.splitlines() or [""])[-1]
    return "" if last.isdecimal() else last
