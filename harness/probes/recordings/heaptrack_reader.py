"""Reads what heaptrack's library wrote of a native program, as a process of its own: it may come from anybody.

``python -m harness.probes.recordings.heaptrack_reader RECORDING BEGAN_NS ENDED_NS`` prints a ``Retention`` as JSON.
The library writes each malloc, calloc, realloc and free with its address, and numbers of stacks; heaptrack's own
interpreter names those. Both are lines of hexadecimal numbers: ``+ SIZE TRACE ADDRESS``, ``- ADDRESS``, ``c
MILLISECONDS``, and of the interpreter ``s LENGTH TEXT``, ``i ADDRESS MODULE [FUNCTION FILE LINE]...``, ``t PLACE
PARENT``, counted from 1.
"""

import re
import subprocess
import sys
from collections.abc import Iterable
from mmap import ACCESS_READ, mmap
from pathlib import Path

from harness.probes.recordings.keepers import Place, Places, Retention, Tally, print_reading
from harness.probes.recordings.recorders import interpreter

MOST_DEEP = 256
NS_A_MS = 1_000_000
MOST_DIGITS = 16
_STANDARD = re.compile(
    r"(?:lib(?:c|m|dl|rt|pthread|stdc\+\+|c\+\+|gcc_s|unwind|lzma|python[\d.]*|heaptrack_preload)[.-]|ld-|linux-vdso|python3?)"
)
_LANGUAGE = re.compile(r"(?:std|__gnu_cxx)::|new(?:\[\])?$|_?x?_cgo_|runtime\.|__")
_RUST = re.compile(r"<?(?:alloc|core|std|hashbrown)::|_ZN(?:5alloc|4core|3std|9hashbrown)\d")
_RUST_FILES = re.compile(r".*/(?:rustc/[0-9a-f]{8,}|rustlib/src/rust)/library/")
_TEMPLATE = re.compile(r"<[^<>]*>")
_INSTALLED = re.compile(r"/(?:usr/)?lib(?:32|64)?/")


def read(recording: Path, began_ns: int, ended_ns: int) -> Retention:
    """Read a recording; ValueError with the reason where it is none or ended too soon."""
    start = int(recording.with_suffix(".marks").read_text(encoding="ascii").split()[0])
    tally = Tally(moments(_last_ns(recording, start), began_ns, ended_ns))
    with recording.open(errors="replace") as lines:
        _replay(lines, tally, start)
    named = _named(recording)
    return tally.end({stack: named[stack] for stack in tally.stacks() if stack in named})


def moments(last_ns: int, began_ns: int, ended_ns: int) -> tuple[int, int, int]:
    """Return where what counts begins, has its middle, and ends; ValueError where it ended before it counts."""
    ended = min(last_ns, ended_ns)
    if ended <= began_ns:
        raise ValueError("it ended before the warm-up was over")
    return began_ns, (began_ns + ended) // 2, ended


def _last_ns(recording: Path, start: int) -> int:
    """Return the last moment that a recording has; its start where it has none."""
    if not recording.stat().st_size:
        return start
    with recording.open("rb") as stream, mmap(stream.fileno(), 0, access=ACCESS_READ) as data:
        at = data.rfind(b"\nc ")
        words = data[at + 3 : at + 3 + MOST_DIGITS].split()
    return start + int(words[0], 16) * NS_A_MS if at >= 0 and words else start


def _replay(lines: Iterable[str], tally: Tally, start: int) -> None:
    for line in lines:
        kind = line[:2]
        if kind == "+ ":
            parts = line.split()
            if len(parts) == 4:  # noqa: PLR2004 - as named; the last line may be cut off
                tally.add(int(parts[3], 16), int(parts[1], 16), int(parts[2], 16), native=True)
        elif kind == "- ":
            tally.free(int(line.split()[1], 16))
        elif kind == "c ":
            tally.reach(start + int(line.split()[1], 16) * NS_A_MS)
            if tally.phase == len(tally.moments):
                return


def _named(recording: Path) -> dict[int, Places]:
    """Have heaptrack's interpreter name the stacks."""
    program = interpreter()
    if program is None:
        raise ValueError("heaptrack_interpret is not there: apt install heaptrack, or dnf install heaptrack")
    with recording.open("rb") as stream:
        done = subprocess.run([program], stdin=stream, capture_output=True, check=False)
    return _stacks(done.stdout.decode(errors="replace").splitlines())


def _stacks(lines: Iterable[str]) -> dict[int, Places]:
    strings, places = [""], [()]
    found: dict[int, Places] = {0: ()}
    program = ""
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "s":
            strings.append(rest.partition(" ")[2])
            program = program or strings[-1]
        elif kind == "i":
            places.append(_at([int(one, 16) for one in rest.split()], strings, program))  # type: ignore[arg-type]
        elif kind == "t":
            at, parent = (int(one, 16) for one in rest.split())
            above = found.get(parent, ())
            found[len(found)] = (*above, *places[at])[-MOST_DEEP:]
    return found


def _at(numbers: list[int], strings: list[str], program: str) -> Places:
    """Return the functions at one address, the outermost first: the file has the inlined ones first."""
    module = strings[numbers[1]] if len(numbers) > 1 else ""
    rows = [numbers[at : at + 3] for at in range(2, len(numbers), 3)] or [[0, 0, 0]]
    name = module.rpartition("/")[2]
    return tuple(
        _place(strings[function] or f"{name or '?'}+{numbers[0]:#x}", strings[file], line, module, program)
        for function, file, line in reversed([row for row in rows if len(row) == 3])  # noqa: PLR2004 - as named
    )


def _place(function: str, file: str, line: int, module: str, program: str) -> Place:
    base = module.rpartition("/")[2]
    short = "/".join(file.split("/")[-2:]) or base
    rust = _RUST.match(function) or _RUST_FILES.match(file)
    if rust or _STANDARD.match(base) or _LANGUAGE.match(_qualified(function)):
        return Place(function, short, line, "standard")
    return Place(function, short, line, "own" if module == program or not _INSTALLED.match(module) else "library")


def _qualified(function: str) -> str:
    """Return the name of a C++ function without its return type, its parameters and those of templates."""
    before = ""
    while before != function:
        before, function = function, _TEMPLATE.sub("", function)
    return function.partition("(")[0].rpartition(" ")[2] or function


if __name__ == "__main__":
    print_reading(read, *sys.argv[1:], damaged=(OSError, ValueError, IndexError))
