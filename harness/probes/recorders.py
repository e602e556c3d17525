"""What each recorder of allocations needs of a program's environment, and what it leaves beside a recording.

``PREFIX.end`` asks memray's recorder for its end; heaptrack records as long as the program lives.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import memray

from harness.model import Recorder, RecordingEnd

MIB = 2**20
BOUNDS: Mapping[Recorder, int] = {"memray": 64 * MIB, "heaptrack": 256 * MIB}
"""Bytes of one recording. memray writes some 3 bytes an allocation or free, heaptrack some 20."""
_RECORDER = Path(__file__).parents[1] / "subjects" / "recorder"
_SUFFIX: Mapping[Recorder, str] = {"memray": ".bin", "heaptrack": ".heaptrack"}


def name(how: Recorder, subject: str) -> str:
    """Return how the files of a recording begin."""
    return f"recorded-{how}-{subject}"


def file(how: Recorder, prefix: Path) -> Path:
    """Return the recording itself."""
    return Path(f"{prefix}{_SUFFIX[how]}")


def variables(how: Recorder, prefix: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return what a program that is recorded finds in its environment."""
    del how
    rest = inherited.get("PYTHONPATH", "")
    return {
        "PYTHONPATH": f"{_RECORDER}{os.pathsep}{rest}" if rest else str(_RECORDER),
        "NETCHURN_RECORD": str(prefix.absolute()),
        "NETCHURN_RECORD_BYTES": str(BOUNDS["memray"]),
        "NETCHURN_RECORD_MEMRAY": f"{Path(memray.__file__).parents[1]}|{sys.version_info[0]}.{sys.version_info[1]}",
    }


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
    if not file(how, prefix).is_file():
        return "no Python started that heeds PYTHONPATH; is it a Python program, and not started with -I or -E?"
    return ""


def end(how: Recorder, prefix: Path) -> RecordingEnd:
    """Return why a recording ended."""
    words = _words(prefix) if how == "memray" else "asked"
    return next((one for one in ("asked", "bound", "exit") if one == words), "killed")


def _words(prefix: Path) -> str:
    """Return the last line of the marks where it is no moment."""
    try:
        text = Path(f"{prefix}.marks").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    last = (text.splitlines() or [""])[-1]
    return "" if last.isdecimal() else last
