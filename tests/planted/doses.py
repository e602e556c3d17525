"""Plant programs that grow for a known reason, in C, Python and Go, and hold the causes that are named to the truth.

``python tests/planted/doses.py`` takes some fifteen minutes, a C compiler and Go; ``--only containers`` makes one run
of it, ``--cycles`` the cycles in place of the doses. Prints a table, and ends with 1 where an innocent program is
called caused, a cause is not named, or a rate lies more than 10 % beside its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

SOURCES = Path(__file__).parent / "dosed"
LANGUAGES = ("c", "python", "go")
BYTES = (200, 4096)
INNOCENT = ("clock", "queue", "warm-up", "innocent")
# What malloc takes more than it is asked for, and a list or a chunk of pointers.
WITHIN = 0.1


class Run(NamedTuple):
    """One run: its stimulus, what the program that grows because of it is told, doses, and cycles."""

    stimulus: str
    how: str
    doses: str
    cycles: int
    innocent: tuple[str, ...] = INNOCENT


RUNS = (
    Run("link-events", "event", "0,20,200", 40_000),
    Run("containers", "container", "0,2,10", 2_000, ("innocent",)),
    Run("command=kill -USR1 {pid}", "command", "0,6,60", 4_000, ("clock",)),
)


class Row(NamedTuple):
    """What was found of one program, and what it is."""

    program: str
    truth: str
    verdict: str
    rate: float | None
    planted: int
    seconds: float | None = None

    @property
    def wrong(self) -> bool:
        """Return whether it was called what it is not."""
        return self.verdict not in {self.truth, "not_decided"}

    @property
    def missed(self) -> bool:
        """Return whether a cause was not named, or its rate not found."""
        if self.truth != "caused":
            return False
        return self.verdict != "caused" or abs((self.rate or 0.0) / self.planted - 1) > WITHIN


def build(folder: Path) -> dict[str, str]:
    """Build the three; give the command of each."""
    subprocess.run(["cc", "-O1", "-pthread", "-o", str(folder / "c"), str(SOURCES / "dosed.c")], check=True)
    subprocess.run(["go", "build", "-o", str(folder / "go"), "."], cwd=SOURCES / "go", check=True)
    return {"c": str(folder / "c"), "go": str(folder / "go"), "python": f"{sys.executable} {SOURCES / 'dosed.py'}"}


def programs(run: Run, commands: dict[str, str]) -> Iterator[tuple[str, str]]:
    """List names and commands. Go's collector begins early there, so that what is kept shows early, at 5 % more."""
    for language in LANGUAGES:
        early = "env GOGC=5 " if language == "go" else ""
        for size in BYTES:
            for how in (run.how, *run.innocent):
                yield f"{language}-{how}-{size}", f"{early}{commands[language]} {how} {size}"


def measure(run: Run, folder: Path, *, cycles: bool) -> list[Row]:
    """Make one run of all programs, and hold it to the truth."""
    given = [f"--exec={name}={command}" for name, command in programs(run, build(folder))]
    amount = ["--cycles", str(run.cycles)] if cycles else ["--doses", run.doses]
    argv = [sys.executable, "-P", "-m", "harness", "dose", *given, "--stimulus", run.stimulus, *amount]
    found = subprocess.run([*argv, "--json", "--quiet", "--no-report"], cwd=folder, stdout=subprocess.PIPE, check=False)
    analysis: dict[str, Any] = json.loads(found.stdout)
    (folder / "analysis.json").write_bytes(found.stdout)
    return [_row(one) for one in (*analysis["doses"], *analysis["cycles"])]


def _row(one: dict[str, Any]) -> Row:
    language, how, size = one["subject"].split("-")[0], "-".join(one["subject"].split("-")[1:-1]), one["subject"]
    truth = "not_caused" if how in INNOCENT else "caused"
    rate = one.get("bytes_per_stimulus", one.get("kept_bytes_per_cycle"))
    return Row(f"{language} {how}", truth, one["verdict"], rate, int(size.split("-")[-1]), one.get("seconds"))


def allocators(copies: int, folder: Path) -> tuple[int, int]:
    """Tell fragmentation from a leak of about the same slope; give of how many copies each was told right."""
    program = build(folder)["c"]
    told = [("fragment", "fragment 8192"), ("leak", "event 10000")]
    given = [f"--exec={name}-{at}={program} {how}" for name, how in told for at in range(copies)]
    argv = [sys.executable, "-P", "-m", "harness", "dose", *given, "--stimulus", "link-events", "--doses", "0,20"]
    rest = ["--allocator-check", "--duration", "60s", "--json", "--quiet", "--no-report"]
    found = subprocess.run([*argv, *rest], cwd=folder, stdout=subprocess.PIPE, check=False)
    right = {"fragment": 0, "leak": 0}
    for one in json.loads(found.stdout)["doses"]:
        kind = one["subject"].split("-")[0]
        right[kind] += one["verdict"] == "caused" and (one["allocator"] is not None) == (kind == "fragment")
        sys.stdout.write(f"{one['subject']} {one['verdict']} {one['bytes_per_stimulus']} {one['allocator']}\n")
    return right["fragment"], right["leak"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run, compare, and say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="STIMULUS")
    parser.add_argument("--cycles", action="store_true")
    parser.add_argument("--allocators", type=int, metavar="N", help="N copies each of fragmentation and of a leak")
    arguments = parser.parse_args(argv)
    if arguments.allocators:
        with tempfile.TemporaryDirectory() as folder:
            told = allocators(arguments.allocators, Path(folder))
        sys.stdout.write(f"fragmentation {told[0]}, leak {told[1]} of {arguments.allocators} each\n")
        return 0 if min(told) >= 0.95 * arguments.allocators else 1
    rows: list[Row] = []
    for run in RUNS:
        if arguments.only in run.stimulus:
            with tempfile.TemporaryDirectory() as folder:
                rows += measure(run, Path(folder), cycles=arguments.cycles)
    for row in rows:
        mark = "WRONG" if row.wrong else "missed" if row.missed else "ok"
        rate = "-" if row.rate is None else f"{row.rate:.1f}"
        sys.stdout.write(f"{mark:6} {row.program:18} {row.planted:5} {row.verdict:12} {rate}\n")
    caused = [row for row in rows if row.truth == "caused"]
    sys.stdout.write(
        f"{sum(not row.missed for row in caused)} of {len(caused)} causes named with their rate; "
        f"{sum(row.wrong for row in rows)} of {len(rows)} wrong\n"
    )
    return 1 if any(row.wrong or row.missed for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
