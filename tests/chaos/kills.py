"""Each kind of process of ours, each way to end it, at moments that a seed decides; and what must come of it."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.chaos import remains
    from tests.chaos.runs import OWN, Run, Stream, Verdict
else:
    import remains
    from runs import OWN, Run, Verdict

KILL, TERM, INT, HUP = signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP
SIGNALS = (KILL, TERM, INT, HUP)
MEASURED = {0, 3}  # a run this short is inconclusive, or passes where nothing is claimed
INTERRUPTED, NOT_MEASURED, INVALID = 130, 2, 4
FULL_LENGTH_S, SHORT_LENGTH_S = 12.0, 5.0  # of an undisturbed run, on an idle machine
PROGRAM = "mine=sleep 600"


class Kill(NamedTuple):
    """One kind of process, ended in one way."""

    kind: str
    way: str


def words(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return [""]


def _python(pid: int) -> bool:
    return Path(words(pid)[0]).name.startswith("python")


def _module(name: str) -> Callable[[int], bool]:
    return lambda pid: _python(pid) and any(word.startswith(name) for word in words(pid))


KINDS: dict[str, Callable[[int], bool]] = {
    "command": lambda pid: _python(pid) and "harness" in words(pid),
    "detached command": lambda pid: _python(pid) and "--detach" in words(pid),
    "lab, outside": lambda pid: Path(words(pid)[0]).name in {"unshare", "setpriv", "sh"},
    "lab, inside": _module("harness.lab.agent"),
    "subject": _module("harness.subjects."),
    "program of --exec": lambda pid: words(pid) == ["sleep", "600"] or words(pid)[-2:] == ["/usr/bin/sleep", "600"],
    "profile reader": _module("memray"),
}
WAYS_OF_COMMAND = ("closed terminal", "closed stdout", "closed stderr", "SIGINT to its group")
ALL = [
    *(Kill(kind, number.name) for kind in KINDS for number in SIGNALS),
    *(Kill("command", way) for way in WAYS_OF_COMMAND),
]


def attempt(kill: Kill, folder: Path, seed: str, *, short: bool = False, slowness: float = 1.0) -> tuple[bool, Verdict]:
    """Disturb one run; say whether the moment met a process of that kind, and what came of it.

    One run in three is profiled as well, unless ``short`` forbids it. ``slowness`` is how much longer runs take here.
    """
    chance = random.Random(f"{seed} {kill.kind} {kill.way}")  # noqa: S311 - repeatable
    full = (chance.random() < 1 / 3 and not short) or kill.kind == "profile reader"
    moment = slowness * chance.uniform(0, FULL_LENGTH_S if full else SHORT_LENGTH_S)
    if kill.kind == "profile reader":
        moment = 0.0
    out, error = _streams(kill.way)
    detached = kill.kind == "detached command"
    rest = ("--detach",) if detached else chance.choice(((), ("--no-report",), ("--json",)))
    options = [*OWN, "--exec", PROGRAM, *(() if full else ("--no-profile",)), *rest]
    run = Run(folder, *options, out=out, error=error)
    run.listen(moment)
    if detached:  # what was listened to has ended long before
        time.sleep(max(0.0, run.began + moment - time.monotonic()))
    struck_ns = _strike(run, kill, chance)
    verdict = run.judge(struck_ns)
    if struck_ns is not None and verdict.status not in _allowed(kill, run):
        verdict.wrong.append(f"status {verdict.status} after {moment:.2f} s: {run.said()[-600:]}")
    return struck_ns is not None, verdict


def slowness(folder: Path) -> tuple[float, Verdict]:
    """Let one run live undisturbed; say how much longer than on an idle machine it takes, and what came of it."""
    run = Run(folder, *OWN, "--exec", PROGRAM, "--no-profile")
    run.note_worlds()
    verdict = run.judge(None)
    if verdict.status not in MEASURED:
        verdict.wrong.append(f"status {verdict.status}: {run.said()[-600:]}")
    return max(1.0, (time.monotonic() - run.began) / SHORT_LENGTH_S), verdict


def _streams(way: str) -> tuple["Stream", "Stream"]:
    if way == "closed terminal":
        return "terminal", "terminal"
    return "pipe" if way == "closed stdout" else "file", "pipe" if way == "closed stderr" else "file"


def _strike(run: Run, kill: Kill, chance: random.Random) -> int | None:
    """Do it, now or as soon as there is such a process; give the moment, or None if the run ended before."""
    victims = list[int]()
    while not victims:
        if _over(run, kill):
            return None
        victims = [pid for pid in run.note_worlds() if KINDS[kill.kind](pid)]
        run.listen(0.005)
    at_ns = time.monotonic_ns()
    if kill.way.startswith("closed"):
        run.hang_up()
    elif kill.way == "SIGINT to its group":
        os.killpg(run.process.pid, INT)
    else:
        victim = run.process.pid if kill.kind == "command" else chance.choice(sorted(victims))
        with suppress(ProcessLookupError):
            os.kill(victim, signal.Signals[kill.way])
    return at_ns


def _over(run: Run, kill: Kill) -> bool:
    """Say whether there is nobody left to disturb; of a run that was detached only its beginning ends."""
    ended = run.process.poll() is not None
    return ended and (kill.kind != "detached command" or not remains.processes_with(run.mark))


def _allowed(kill: Kill, run: Run) -> set[int | None]:
    """Give the exit statuses that were promised. A signal may come too late to change anything."""
    late: set[int | None] = set(MEASURED) if run.sealed() else set()
    nothing_yet = not run.folders()
    if kill.kind == "command":
        return late | _of_command(kill.way, done=run.sealed(), nothing_yet=nothing_yet)
    if kill.kind == "detached command":
        return {0, INTERRUPTED, -signal.Signals[kill.way]}  # of its beginning, which may be met as well
    if kill.kind.startswith("lab"):
        return {*MEASURED, NOT_MEASURED} if run.sealed() else {NOT_MEASURED}
    if kill.kind == "profile reader":
        return set(MEASURED)
    return {*MEASURED, INVALID}


def _of_command(way: str, *, done: bool, nothing_yet: bool) -> set[int | None]:
    if way in {"closed stdout", "closed stderr"}:
        return set(MEASURED)
    number = HUP if way == "closed terminal" else INT if way.startswith("SIGINT") else signal.Signals[way]
    if number == KILL:
        return {-KILL}
    return {INTERRUPTED, *({-number} if nothing_yet or done else ())}
