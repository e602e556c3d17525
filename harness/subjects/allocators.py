"""Settings of allocators that give memory back sooner, and keep less: to tell an allocator's retention from a leak."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from harness.model import GO_HEAP_BYTES, SubjectPlan

MOST = 4  # settings of one program
_GO_BUILD_INFO = b"\xff Go buildinf:"  # debug/buildinfo of Go's standard library
_LIBRARY_FOLDERS = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib",
)
_PRELOADED = {"jemalloc": "libjemalloc.so.2", "mimalloc": "libmimalloc.so*"}
_GOGC = re.compile(r"GOGC=(\d{1,6}|off)")
_NEVER = 1_000_000  # percent: with GOGC=off
_MOST_READ = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting: a word for names, the words of a report, and the variables that make it."""

    name: str
    words: str
    environment: dict[str, str]


_GLIBC = Setting(
    name="one-arena",
    words="glibc with one arena and eager trimming",
    # Arenas of other threads, and the 128 KiB that stay at the top of a heap: mallopt(3).
    environment={"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "0", "MALLOC_MMAP_THRESHOLD_": "4096"},
)
_GO = Setting(
    name="gogc",
    words="GOGC=10 and GOMEMLIMIT=16MiB",
    environment={"GOGC": "10", "GOMEMLIMIT": "16MiB"},
)
_PYTHON = Setting(
    name="malloc",
    words="PYTHONMALLOC=malloc and glibc with one arena",
    environment={"PYTHONMALLOC": "malloc", **_GLIBC.environment},
)


def uncollected_bytes(subject: SubjectPlan) -> float:
    """Return the heap at which the collector of a Go program first runs; 0 of other programs.

    It is 4 MiB times GOGC over 100 (``heapMinimum`` in the runtime's mgcpacer.go). Until then garbage looks like a
    leak.
    """
    if _language(subject) != "go":
        return 0.0
    percent = _gogc(subject) or "100"
    return GO_HEAP_BYTES * (_NEVER if percent == "off" else int(percent)) / 100


def collected_early(subject: SubjectPlan) -> dict[str, str]:
    """Return the variables by which the collector of a Go program runs early; none where its user set GOGC.

    With GOGC=100 memory may be twice of what is kept, and climbs by 4 MiB at least before garbage is told from it.
    """
    return {} if subject.source != "exec" or _language(subject) != "go" or _gogc(subject) else {"GOGC": "10"}


def _gogc(subject: SubjectPlan) -> str:
    words = [*subject.command, *(f"{name}={value}" for name, value in subject.environment.items())]
    given = [found[1] for word in words if (found := _GOGC.fullmatch(word))]
    return given[-1] if given else ""


def settings(subject: SubjectPlan) -> tuple[Setting, ...]:
    """Return those that apply to a subject, by its executable: those of C where it is unknown."""
    language = _language(subject)
    if language == "go":
        return (_GO,)
    return (*([_PYTHON] if language == "python" else []), _GLIBC, *_preloaded())


def _language(subject: SubjectPlan) -> str:
    """Guess what a program is written in: Go writes its build into it, and Python is an interpreter."""
    if subject.source == "builtin":
        return subject.language
    for word in subject.command:
        path = Path(shutil.which(word) or word)
        if path.name in {"sh", "env", "setpriv"} or not path.is_file():
            continue
        if path.name.startswith("python"):
            return "python"
        with path.open("rb") as stream:
            content = stream.read(_MOST_READ)
        if content[:2] == b"#!" and b"python" in content[:200].splitlines()[0]:
            return "python"
        return "go" if _GO_BUILD_INFO in content else "unknown"
    return "unknown"


def _preloaded() -> list[Setting]:
    found = []
    for name, pattern in _PRELOADED.items():
        libraries = [path for folder in _LIBRARY_FOLDERS for path in sorted(Path(folder).glob(pattern))]
        if libraries:
            found.append(Setting(name=name, words=name, environment={"LD_PRELOAD": str(libraries[0])}))
    return found
