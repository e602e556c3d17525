"""Kill netchurn, and everything that belongs to it, at any moment; take away what it needs: ``tests/chaos/chaos.py``.

Prints a table: what was done, how often, what was left behind, what was lost, and which promise was broken. Ends with
1 when anything was. The same seed draws the same moments; what a run is doing at that moment is the machine's choice.
As root it has a mount namespace for itself, and small disks in it.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).parent))  # the tests are no package
if TYPE_CHECKING:
    from tests.chaos import faults, kills
    from tests.chaos.hostwatch import HostWatch
    from tests.chaos.runs import Verdict
else:
    import faults
    import kills
    from hostwatch import HostWatch
    from runs import Verdict

SEED, TRIES, MINUTES, AT_ONCE_A_CORE = 5857, 10, 14.0, 2.5
OWN_MOUNTS = ("unshare", "--mount", "--propagation", "private", "--")
Attempt = Callable[[Path, str, float], tuple[bool, Verdict]]


@dataclass(kw_only=True)
class Row:
    """One line of the table."""

    what: str
    how: str
    attempt: Attempt
    tries: int
    done: int = 0
    met: int = 0
    verdicts: list[Verdict] = field(default_factory=list)

    def once(self, folder: Path, seed: str, slowness: float) -> None:
        """Try once more, and show at once what went wrong."""
        met, verdict = self.attempt(folder, seed, slowness)
        self.note(seed, met=met, verdict=verdict)

    def note(self, seed: str, *, met: bool, verdict: Verdict) -> None:
        """Count one try."""
        self.done += 1
        self.met += met
        self.verdicts.append(verdict)
        for said in (*verdict.leftovers, *verdict.losses, *verdict.wrong):
            sys.stderr.write(f"{self.what}, {self.how} ({seed}): {said}\n")

    def sums(self) -> list[int]:
        """Count: met, leftovers, losses, broken promises."""
        found = self.verdicts
        each = ([one.leftovers for one in found], [one.losses for one in found], [one.wrong for one in found])
        return [self.met, *(sum(map(len, lists)) for lists in each)]

    def statuses(self) -> str:
        """Name the exit statuses, each once."""
        known = sorted({one.status for one in self.verdicts if one.status is not None})
        return " ".join(str(status) for status in known) or "–"


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _arguments(argv)
    if os.geteuid() == 0 and not arguments.inside:
        again = [*OWN_MOUNTS, sys.executable, __file__, *(argv or sys.argv[1:]), "--inside"]
        return subprocess.run(again, check=False).returncode
    rows = [row for row in _rows(arguments.tries) if arguments.only in f"{row.what}, {row.how}"]
    watch, began = HostWatch(), time.monotonic()
    nothing = Row(what="nothing", how="undisturbed", tries=0, attempt=_kill(kills.ALL[0]))
    _try_all(nothing, rows, arguments.seed, began + 60 * arguments.minutes)
    rows.insert(0, nothing)
    watch.hear()
    sys.stdout.write(_table(rows) + f"\nhost watcher: {len(watch.ours)} events of ours, {len(watch.others)} of others")
    sys.stdout.write(f"\nseed {arguments.seed}, {time.monotonic() - began:.0f} s\n")
    return int(bool(watch.ours) or any(sum(row.sums()[1:]) for row in rows))


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--tries", type=int, default=TRIES, help="of each kill")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="begin nothing after so many")
    parser.add_argument("--only", default="", help="rows that have these words")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def _rows(tries: int) -> Iterator[Row]:
    for kill in kills.ALL:
        yield Row(what=kill.kind, how=kill.way, tries=tries, attempt=_kill(kill))
    for fault in faults.FAULTS:
        yield Row(what="fault", how=fault.name, tries=fault.tries if fault.needs() else 0, attempt=_fault(fault))


def _kill(kill: kills.Kill) -> Attempt:
    return lambda folder, seed, slowness: kills.attempt(kill, folder, seed, slowness=slowness)


def _fault(fault: faults.Fault) -> Attempt:
    return lambda folder, seed, _: (True, faults.attempt(fault, folder, seed))


def _try_all(nothing: Row, rows: list[Row], seed: int, until: float) -> None:
    """Try in an order of the seed's, as much at a time as two cores can stand; nothing new after ``until``.

    Before that as many runs live undisturbed: how long they take says when there is something to disturb.
    """
    order = [(row, number) for row in rows for number in range(row.tries)]
    random.Random(seed).shuffle(order)  # noqa: S311 - repeatable
    order.sort(key=lambda pair: pair[1])  # every row once, then every row again
    at_once = max(2, int(AT_ONCE_A_CORE * len(os.sched_getaffinity(0))))
    with tempfile.TemporaryDirectory(prefix="netchurn-chaos-") as name, ThreadPoolExecutor(at_once) as pool:
        Path(name).chmod(0o755)  # for those who are nobody
        fonts = Path(name) / "fonts"
        fonts.mkdir()
        fonts.chmod(0o1777)
        os.environ["MPLCONFIGDIR"] = str(fonts)

        first = list(pool.map(kills.slowness, (Path(name) / f"undisturbed-{place}" for place in range(at_once))))
        for _, verdict in first:
            nothing.note("nobody", met=True, verdict=verdict)
        slowness = sum(found for found, _ in first) / at_once

        def attempt(place: int, row: Row, number: int) -> None:
            if time.monotonic() < until:
                row.once(Path(name) / str(place), f"{seed} {number}", slowness)

        for one in [pool.submit(attempt, place, row, number) for place, (row, number) in enumerate(order)]:
            one.result()


def _table(rows: list[Row]) -> str:
    lines = ["| what | how | tries | met | leftovers | losses | broken promises | statuses |", "| --- " * 8 + "|"]
    lines += [f"| {row.what} | {row.how} | {row.done} | {_counts(row.sums())} | {row.statuses()} |" for row in rows]
    totals = [sum(numbers) for numbers in zip(*(row.sums() for row in rows), strict=True)]
    lines.append(f"| all | | {sum(row.done for row in rows)} | {_counts(totals)} | |")
    return "\n".join(lines)


def _counts(numbers: list[int]) -> str:
    return " | ".join(str(number) for number in numbers)


if __name__ == "__main__":
    sys.exit(main())
