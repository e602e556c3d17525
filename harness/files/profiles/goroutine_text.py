"""Go's goroutine profiles as text, ``debug=1`` and ``debug=2``, and the dump of a Go program that was sent SIGQUIT.

``debug=1`` counts goroutines by stack. ``debug=2`` has each with its state; the state is put above the stack, the
creator too, so that both can be seen and counted.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from harness.probes.pprof.pprof import Frames, Profile, Stack

_TOTAL = re.compile(r"goroutine profile: total \d+")
_COUNT = re.compile(r"(\d{1,12}) @((?: 0x[0-9a-fA-F]+)*)")
_FRAME = re.compile(r"#\s+0x[0-9a-fA-F]+\s+(\S.*?)\+0x[0-9a-fA-F]+\s")
_ONE = re.compile(r"goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[([^\],]{1,100})")
_CREATED = re.compile(r"created by (\S.*?)(?: in goroutine \d+)?$")


def is_goroutines(head: bytes) -> bool:
    text = head[:4096].decode("utf-8", errors="replace")
    return bool(_TOTAL.match(text) or _ONE.match(text) or re.search(r"(?m)^goroutine \d+ .*\[[^\]]+\]:$", text))


def parse(data: bytes, name: str) -> Profile:
    lines = data.decode("utf-8", errors="replace").splitlines()
    counted = bool(lines and _TOTAL.match(lines[0]))
    stacks = _counted(lines) if counted else _listed(lines)
    return Profile(
        name=name,
        kinds=("goroutine",),
        units=("count",),
        stacks=tuple(Stack(frames, 0, (number,)) for frames, number in stacks.items()),
        period=1,
        at_ns=None,
        duration_ns=None,
        what="a goroutine profile as text" if counted else "the goroutines of a Go program, with their states",
        accounting="go:goroutines",
    )


def _counted(lines: Iterable[str]) -> Counter[Frames]:
    found: Counter[Frames] = Counter()
    for head, body in _blocks(lines, _COUNT):
        names = [one[1] for line in body if (one := _FRAME.match(line))]
        found[tuple(reversed(names)) or ("?",)] += int(head[1])
    return found


def _listed(lines: Iterable[str]) -> Counter[Frames]:
    found: Counter[Frames] = Counter()
    for head, body in _blocks(lines, _ONE):
        calls = [name for line in body if (name := _called(line))]
        creator = next(
            (f"created by {one[1]}" for line in body if (one := _CREATED.match(line))), "not created by another"
        )
        found[f"[{head[1]}]", creator, *reversed(calls)] += 1
    return found


def _called(line: str) -> str:
    """Return the function of a line such as ``main.(*T).run(0xc000012345, {0x1, ...})``: arguments have no brackets."""
    name, _, arguments = line.rpartition("(")
    return name if arguments.endswith(")") and not line.startswith(("\t", " ", "created by")) else ""


def _blocks(lines: Iterable[str], head: re.Pattern[str]) -> Iterator[tuple[re.Match[str], list[str]]]:
    current: re.Match[str] | None = None
    body: list[str] = []
    for line in lines:
        if found := head.match(line):
            if current:
                yield current, body
            current, body = found, []
        elif current:
            body.append(line)
    if current:
        yield current, body
